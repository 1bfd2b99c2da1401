//! docs/operations.md lists what there is.

use crate::machine::shipped;
use engine::config::AlertWhat;
use tools::log::Kind;

/// The first cells of the table behind a heading.
fn cells(heading: &str) -> Vec<(String, String)> {
    let page = std::fs::read_to_string(shipped("docs/operations.md")).expect("the page");
    let rest = page.split_once(&format!("\n{heading}\n")).unwrap_or_else(|| panic!("no {heading}")).1;
    let rows = rest.lines().skip_while(|line| !line.starts_with('|')).take_while(|line| line.starts_with('|'));
    let row = |line: &str| {
        let mut cells = line.trim_matches('|').split('|').map(|cell| cell.trim().trim_matches('`').to_owned());
        (cells.next().unwrap_or_default(), cells.next().unwrap_or_default())
    };
    rows.skip(2).map(row).collect()
}

#[test]
fn every_kind_of_line_is_listed_with_its_level() {
    let expected: Vec<_> =
        Kind::ALL.iter().map(|kind| (kind.name().to_owned(), kind.level().name().to_owned())).collect();
    assert_eq!(cells("### Kinds of lines"), expected);
}

#[test]
fn every_rule_is_listed_with_its_limit() {
    let limit = |what: &AlertWhat| what.limit_key().unwrap_or("").to_owned();
    let expected: Vec<_> = AlertWhat::ALL.iter().map(|what| (what.name().to_owned(), limit(what))).collect();
    assert_eq!(cells("### Alert rules"), expected);
}
