//! The shape of files: one noun each, of a size that can be read; and nothing in them that belongs to one machine only.

use super::source::{File, code, files};

/// Lines of code, without blanks and comments, beyond which a file holds more than one noun.
const CODE_LINES_MAX: usize = 450;
/// Names that say nothing about what is inside.
const NAMES_FORBIDDEN: [&str; 7] = ["mod", "util", "utils", "common", "helpers", "types", "misc"];

/// Texts that tie the project to a machine or a registry. Cut in two so that this file does not hold them.
const TIES: [&str; 10] = [
    concat!("/wo", "rk/"),
    concat!("/tm", "p/"),
    concat!("/ro", "ot/"),
    concat!("/ho", "me/"),
    concat!("index.", "crates.io"),
    concat!("static.", "crates.io"),
    concat!("pypi", ".org"),
    concat!("pythonhosted", ".org"),
    concat!("npmjs", ".org"),
    concat!("deb.", "debian.org"),
];

/// What is wrong with the shape of a Rust file.
fn misshapen(file: &File) -> Vec<String> {
    let mut found = Vec::new();
    let lines = code(&file.text).lines().filter(|line| !line.trim().is_empty()).count();
    if lines > CODE_LINES_MAX {
        found.push(format!(
            "{}: {lines} lines of code, {CODE_LINES_MAX} at most: it holds more than one noun",
            file.path
        ));
    }
    let parts = file.path.trim_end_matches(".rs").split('/');
    for part in parts.filter(|part| NAMES_FORBIDDEN.contains(part)) {
        found.push(format!("{}: '{part}' says nothing about what is inside", file.path));
    }
    found
}

/// What ties a file to one machine, with the line.
fn ties(file: &File) -> Vec<String> {
    let lines = file.text.lines().enumerate();
    let tied =
        lines.flat_map(|(at, line)| TIES.iter().filter(move |tie| names(line, tie)).map(move |tie| (at + 1, tie)));
    tied.map(|(line, tie)| format!("{}:{line}: {tie}", file.path)).collect()
}

/// Whether a line names an absolute path or a host: not as the end of a longer path, as in `target/tmp/`.
fn names(line: &str, tie: &str) -> bool {
    line.match_indices(tie).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !tie.starts_with('/') || !before.is_some_and(|before| before.is_alphanumeric() || "/._-}*".contains(before))
    })
}

#[test]
fn files_are_one_noun_each() {
    let found: Vec<String> = files("").iter().filter(|file| file.path.ends_with(".rs")).flat_map(misshapen).collect();
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn nothing_is_tied_to_a_machine() {
    let found: Vec<String> = files("").iter().flat_map(ties).collect();
    assert!(found.is_empty(), "absolute paths of one machine, or registries:\n{}", found.join("\n"));
}

#[test]
fn a_misshapen_file_is_found() {
    let file = |path: &str, lines: usize| File { path: path.to_owned(), text: "x();\n// y\n\n".repeat(lines) };
    assert!(misshapen(&file("a/order.rs", CODE_LINES_MAX)).is_empty());
    for (path, lines) in
        [("a/order.rs", CODE_LINES_MAX + 1), ("a/mod.rs", 1), ("a/utils.rs", 1), ("tests/common/x.rs", 1)]
    {
        assert_eq!(misshapen(&file(path, lines)).len(), 1, "{path}");
    }
}

#[test]
fn a_tie_is_found() {
    let file = |text: String| File { path: "a".to_owned(), text };
    for tie in TIES {
        assert_eq!(ties(&file(format!("first\nsee {tie}x"))).len(), 1, "{tie}");
    }
    assert_eq!(ties(&file(format!("target{}x ..{}", TIES[1], TIES[0]))), Vec::<String>::new());
}
