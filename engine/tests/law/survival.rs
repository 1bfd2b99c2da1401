//! The page "what survives what": each cell names tests, and those exist.

use super::source::{File, root, rust_files};
use std::fs;

/// The table: rows of three cells.
fn rows(page: &str) -> Vec<[&str; 3]> {
    let section = page.split("\n## What survives what").nth(1).unwrap_or_default();
    let section = section.split("\n## ").next().unwrap_or_default();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"));
    let rows = rows.filter_map(|row| row.split(" | ").collect::<Vec<_>>().try_into().ok());
    // The first is the head.
    rows.skip(1).collect()
}

/// The tests that a cell names, by file and name.
fn tests(cell: &str) -> Vec<(&str, &str)> {
    cell.split('`').skip(1).step_by(2).filter_map(|name| name.split_once("::")).collect()
}

/// What is wrong with a table, among these files.
fn breaches(page: &str, files: &[File]) -> Vec<String> {
    let exists = |file: &str, test: &str| {
        let named = files.iter().filter(|found| found.path.ends_with(&format!("/tests/{file}.rs")));
        let wanted = format!("fn {test}()");
        named.into_iter().any(|found| {
            let lines: Vec<&str> = found.text.lines().map(str::trim).collect();
            let place = lines.iter().position(|line| line.starts_with(&wanted));
            place.is_some_and(|place| lines[..place].iter().rev().take(2).any(|line| *line == "#[test]"))
        })
    };
    let mut breaches = Vec::new();
    for [event, synced, mapped] in rows(page) {
        if tests(synced).is_empty() {
            breaches.push(format!("{event}: synced names no test"));
        }
        if tests(mapped).is_empty() && !mapped.ends_with("the same") {
            breaches.push(format!("{event}: mapped names no test, and is not said to be the same"));
        }
        for (file, test) in tests(synced).into_iter().chain(tests(mapped)) {
            if !exists(file, test) {
                breaches.push(format!("{event}: there is no test {test} in tests/{file}.rs"));
            }
        }
    }
    breaches
}

#[test]
fn every_cell_names_tests_that_exist() {
    let page = fs::read_to_string(root().join("docs/operations.md")).expect("readable");
    let breaches = breaches(&page, &rust_files());
    assert!(breaches.is_empty(), "\n{}", breaches.join("\n"));
    assert!(rows(&page).len() > 15, "the table is gone");
}

#[test]
fn a_cell_without_a_test_is_found() {
    let file = File {
        path: "engine/tests/journal/life.rs".to_owned(),
        text: "#[test]\n#[ignore]\nfn a() {\n}\nfn b() {}".to_owned(),
    };
    let page = "\n## What survives what\n\n| event | synced | mapped |\n|---|---|---|\n| x | y: `journal/life::a` | the same |\n\
                | z | n | `journal/life::b`, `journal/power::a` |\n\n## Next\n| u | v | w |\n";
    let found = breaches(page, &[file]);
    assert_eq!(found.len(), 3, "{found:?}");
    assert!(found[0].contains("z: synced names no test") && found[1].contains("no test b"), "{found:?}");
}
