//! `pinion sim` on the command line.

use std::process::{Command, Output};

fn sim(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pinion"));
    command.arg("sim").args(arguments).output().expect("it runs")
}

#[test]
fn a_day_without_a_finding_is_success() {
    let output = sim(&["--seed", "5", "--steps", "300"]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.starts_with("seed 5: ") && text.ends_with("nothing found\n"), "{text}");
    let output = sim(&["--seeds", "5..7", "--steps", "200", "--json"]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.starts_with("{\"seeds\":2,") && text.contains("\"failure\":null"), "{text}");
}

#[test]
fn a_finding_is_told_with_its_trace_and_the_way_back_to_it() {
    let output = sim(&["--seed", "0", "--steps", "600", "--canary", "skipped-tick"]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{text}");
    let again = text.lines().last().expect("a line").strip_prefix("again: pinion sim ").expect("a command");
    assert!(text.contains("FAIL seed 0: feed in step"), "{text}");
    let arguments: Vec<&str> = again.split(' ').chain(["--as-is"]).collect();
    let output = sim(&arguments);
    assert_eq!(output.status.code(), Some(1), "{again}");
    assert!(String::from_utf8_lossy(&output.stdout).contains("FAIL seed 0: feed in step"), "{again}");
}

#[test]
fn wrong_usage_is_told_apart() {
    for arguments in [&["--seeds", "5"][..], &["--seeds", "7..5"], &["--without", "rain"], &["--durability", "maybe"]] {
        assert_eq!(sim(arguments).status.code(), Some(2), "{arguments:?}");
    }
}
