//! The appliance in the harness's own process: it comes to the proved state, and the budget names every stage.

#[path = "pipeline/slowed.rs"]
mod slowed;

use std::process::{Command, Output};

fn bench(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pinion-bench"));
    command.args(["--smoke", "pipeline"]).args(arguments).output().expect("the program starts")
}

fn measured(arguments: &[&str]) -> String {
    let output = bench(arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("plain text")
}

/// The value of a figure in the JSON.
fn figure(json: &str, suite: &str, subject: &str, name: &str) -> u64 {
    let start = format!("\"suite\":\"{suite}\",\"subject\":\"{subject}\",\"name\":\"{name}\",\"value\":");
    let at = json.find(&start).unwrap_or_else(|| panic!("no {name} of {subject} in {json}"));
    let digits: String = json[at + start.len()..].chars().take_while(char::is_ascii_digit).collect();
    digits.parse().expect("a number")
}

const STAGES: [&str; 10] =
    ["receive", "session", "sequence", "decode", "risk", "match", "append", "durable", "encode", "send"];

#[test]
fn everything_at_once_passes_all_tiles() {
    let json = measured(&["--only", "flood", "--orders", "500", "--json"]);
    for scenario in ["static", "normal", "swing-25", "swing-40", "flash-crash"] {
        let subject = format!("{scenario}, mapped, 1 thread");
        assert!(figure(&json, "pipeline", &subject, "messages_per_s") > 0);
    }
    assert!(figure(&json, "pipeline", "normal, synced, 1 thread", "messages_per_s") > 0);
    assert!(figure(&json, "pipeline", "normal, mapped, 1 thread, traced one of 4", "time_ratio") > 0);
}

#[test]
fn by_the_clock_every_message_is_accounted_for() {
    let json = measured(&["--only", "open", "--orders", "500", "--rate", "10000", "--json"]);
    let subjects = [
        "normal, mapped, 1 thread, poisson at 10000/s",
        "normal, synced, 1 thread, poisson at 10000/s",
        "normal, mapped, 1 thread, sweep at 10000/s",
    ];
    for subject in subjects {
        let [sent, answered, lost] = ["sent", "answered", "lost"].map(|name| figure(&json, "pipeline", subject, name));
        assert!(sent > 500 && sent == answered + lost, "{subject}: {sent} {answered} {lost}");
        assert!(figure(&json, "pipeline", subject, "p50_ns") > 0);
    }
    assert!(json.contains("\"knee\":\"normal, mapped, 1 thread: "), "{json}");
}

#[test]
fn counting_is_held_against_not_counting() {
    let json = measured(&["--only", "counters", "--orders", "500", "--rate", "10000", "--json"]);
    for kind in ["counted", "counted and read"] {
        let subject = format!("normal, mapped, 1 thread, {kind}");
        assert!(figure(&json, "pipeline", &subject, "time_ratio") > 0);
    }
    for kind in ["not counted", "counted", "counted and read"] {
        let subject = format!("normal, mapped, 1 thread, poisson at 10000/s, {kind}");
        assert!(figure(&json, "pipeline", &subject, "p99_9_ns") > 0);
    }
}

#[test]
fn the_budget_has_every_stage_and_its_shares_are_the_whole() {
    let json = measured(&[
        "--only",
        "budget,budget-synced",
        "--orders",
        "500",
        "--rate",
        "10000",
        "--threads",
        "1,2",
        "--json",
    ]);
    for suite in ["budget", "budget, synced"] {
        // In tenths of a percent, each rounded down.
        let shares: u64 = STAGES.iter().map(|stage| figure(&json, suite, stage, "share_percent")).sum();
        assert!((990..=1_000).contains(&shares), "{suite}: {shares}");
        assert!(figure(&json, suite, "match", "p50_ns") > 0);
        assert!(figure(&json, suite, "whole", "p50_ns") >= figure(&json, suite, "match", "p50_ns"));
    }
    // On a disk that has to be waited for, that is where the time goes.
    assert!(figure(&json, "budget, synced", "durable", "p50_ns") > 0);
    assert!(json.contains("net+feed | matching+journal"), "{json}");
    assert!(json.contains(" 0 stamps found no room"), "{json}");
}

#[test]
fn a_flow_of_a_known_size_has_the_published_answer() {
    let json = measured(&["--only", "flood", "--scenario", "static", "--orders", "20000", "--json"]);
    let published = "75465244465e144211887b27fa9d16264940e34827fe1e54f9820195c7745fc3, the published one";
    assert!(json.contains(published), "{json}");
}
