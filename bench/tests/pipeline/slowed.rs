//! A matcher that is slow on purpose is found, and in the right stage.
//!
//! Goal: the budget tells a difference of 200 ns from noise, and where it is. The second build lies in a folder of its own, so that it is
//! never taken for the first.

use super::figure;
use std::path::PathBuf;
use std::process::Command;

/// Runs of each build, in turns.
const ROUNDS: usize = 5;
/// Stages beside the slowed one, on the same thread and as little disturbed by others.
const NEIGHBOURS: [&str; 3] = ["sequence", "decode", "risk"];

#[test]
#[ignore = "builds the harness a second time: some minutes"]
fn a_slowed_matcher_is_found_in_the_stage_match() {
    let (plain, slowed) = (PathBuf::from(env!("CARGO_BIN_EXE_pinion-bench")), slowed_build());
    let mut gained: Vec<[i64; 4]> = Vec::new();
    for round in 0..ROUNDS {
        let (first, second) = if round % 2 == 0 { (&plain, &slowed) } else { (&slowed, &plain) };
        let (first, second) = (budget(first), budget(second));
        let (plain, slowed) = if round % 2 == 0 { (first, second) } else { (second, first) };
        assert!(slowed.contains("slowed on purpose") && !plain.contains("slowed on purpose"));
        let p50 = |json: &str, stage| figure(json, "budget", stage, "p50_ns").cast_signed();
        let [sequence, decode, risk] = NEIGHBOURS.map(|stage| p50(&slowed, stage) - p50(&plain, stage));
        gained.push([p50(&slowed, "match") - p50(&plain, "match"), sequence, decode, risk]);
    }
    let middle = |at: usize| {
        let mut of: Vec<i64> = gained.iter().map(|gained| gained[at]).collect();
        of.sort_unstable();
        of[ROUNDS / 2]
    };
    assert!((100..2_000).contains(&middle(0)), "match, ns: {gained:?}");
    for at in 1..=NEIGHBOURS.len() {
        assert!(middle(at).abs() < middle(0) / 2, "{}, ns: {gained:?}", NEIGHBOURS[at - 1]);
    }
}

fn budget(program: &PathBuf) -> String {
    let arguments = ["--smoke", "--json", "pipeline", "--only", "budget", "--orders", "4000", "--rate", "10000"];
    let output = Command::new(program).args(arguments).output().expect("the program starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("plain text")
}

/// The harness with the engine's `slow-match`.
fn slowed_build() -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("slowed");
    // As this test was built, so that nothing but the feature is different.
    let (profile, name) = if cfg!(debug_assertions) { ("dev", "debug") } else { ("release", "release") };
    let built = Command::new(env!("CARGO"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["build", "--package", "bench", "--features", "slow-match", "--profile", profile, "--target-dir"])
        .arg(&folder)
        .status()
        .expect("cargo starts");
    assert!(built.success(), "the slowed build");
    folder.join(name).join("pinion-bench")
}
