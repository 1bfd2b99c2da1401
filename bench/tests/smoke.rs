//! The benchmark works: each suite runs at its smallest size, and a wrong answer has no figures.

use std::process::{Command, Output};

fn bench(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pinion-bench"));
    command.arg("--smoke").args(arguments).output().expect("the program starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("plain text")
}

fn measured(arguments: &[&str]) -> String {
    let output = bench(arguments);
    assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
    text(&output.stdout)
}

/// The value of a figure in the JSON.
fn figure(json: &str, subject: &str, name: &str) -> u64 {
    let start = format!("\"subject\":\"{subject}\",\"name\":\"{name}\",\"value\":");
    let at = json.find(&start).unwrap_or_else(|| panic!("no {name} of {subject} in {json}"));
    let digits: String = json[at + start.len()..].chars().take_while(char::is_ascii_digit).collect();
    digits.parse().expect("a number")
}

#[test]
fn the_core_is_measured_at_three_depths_and_gives_the_published_answer() {
    let json = measured(&["core", "--json"]);
    assert!(json.contains("7e32c8ad534265a77e66b9fc1df15cc61fe3030434a5b0ab9548704d23bb0395, the published one"));
    for depth in ["book", "exchange", "venue"] {
        for name in ["messages_per_s", "time_ratio", "p50_ns", "p99_ns", "p999_ns"] {
            assert!(figure(&json, depth, name) > 0, "{depth} {name}");
        }
    }
    assert_eq!(figure(&json, "book", "time_ratio"), 1_000);
}

#[test]
fn a_wrong_answer_has_no_figures() {
    let output = bench(&["core", "--only", "exchange", "--sha256", "00"]);
    assert_eq!((output.status.code(), text(&output.stdout).as_str()), (Some(1), ""));
    let said = text(&output.stderr);
    assert!(said.contains("exchange: expected the report stream with SHA-256 00, found"), "{said}");
}

#[test]
fn a_book_too_small_for_the_flow_is_a_wrong_answer() {
    let output = bench(&["core", "--only", "book", "--set", "limits.orders=16", "--set", "limits.levels=16"]);
    // The session's own limit is checked against the book's first: whichever speaks, there are no figures.
    assert_eq!((output.status.code(), text(&output.stdout).as_str()), (Some(1), ""));
}

#[test]
fn rings_are_measured_or_say_why_not() {
    let json = measured(&["rings", "--json"]);
    if json.contains("\"not measured\"") {
        return;
    }
    assert!(figure(&json, "one slot", "round_trip_p50_ns") > 0);
    for stream in ["stream by 1", "stream by 32"] {
        assert!(figure(&json, stream, "slots_per_s") > 0);
    }
}

#[test]
fn the_journal_is_measured_beside_its_disk() {
    let dir = tempfile::tempdir().expect("a directory");
    let json = measured(&["journal", "--json", "--dir", dir.path().to_str().expect("a plain path")]);
    assert!(figure(&json, "disk alone", "samples") > 0);
    assert!(figure(&json, "mapped", "records_per_s") > 0);
    assert!(figure(&json, "synced, alone", "commit_p50_ns") > 0);
    assert!(figure(&json, "synced, stream", "records_per_sync") > 0);
    assert_eq!(dir.path().read_dir().expect("readable").count(), 0, "nothing is left behind");
}

#[test]
fn without_a_suite_everything_is_on_one_screen() {
    let screen = measured(&[]);
    for line in ["core", "rings", "journal"] {
        assert!(screen.lines().any(|found| found == line), "{line} in {screen}");
    }
    assert!(screen.contains("smoke sizes: the figures mean nothing"));
    assert!(screen.lines().count() <= 50, "{screen}");
}
