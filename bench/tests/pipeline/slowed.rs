//! A matcher that is slow on purpose is found by the comparison, and in the right stage.
//!
//! Goal: the budget tells a difference of 200 ns from noise, and where it is.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Runs of each program, in turns.
const ROUNDS: &str = "16";
/// Stages beside the slowed one, on the same thread and as little disturbed by others.
const NEIGHBOURS: [&str; 3] = ["sequence", "decode", "risk"];

#[test]
#[ignore = "measures, with nothing beside it"]
fn a_slowed_matcher_is_found_in_the_stage_match() {
    let dir = tempfile::tempdir().expect("a folder");
    let output = Command::new(env!("CARGO_BIN_EXE_pinion-bench"))
        .args(["--smoke", "--json", "--rounds", ROUNDS, "compare", "--against"])
        .arg(slowed(dir.path()))
        .args(["--", "pipeline", "--only", "budget", "--orders", "10000", "--rate", "40000"])
        .output()
        .expect("the program starts");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    // The ratios are of this program by the slowed one.
    let matching = Judged::of(&said, "match");
    assert_eq!(matching.verdict, "faster", "{said}");
    let slower = 1.0 / matching.ratio;
    assert!((1.2..10.0).contains(&slower), "{said}");
    // The counter moves in steps of 10 ns, and a stage may take no more than some of these.
    for stage in NEIGHBOURS {
        let beside = 1.0 / Judged::of(&said, stage).ratio;
        assert!(beside - 1.0 < (slower - 1.0) / 2.0, "{stage}: {said}");
    }
}

/// What the comparison says of the fastest tenth of a stage, which a busy machine disturbs least.
struct Judged {
    ratio: f64,
    verdict: String,
}

impl Judged {
    fn of(json: &str, stage: &str) -> Self {
        let json: serde_json::Value = serde_json::from_str(json).expect("JSON");
        let figures = json["figures"].as_array().expect("figures");
        let is = |figure: &&serde_json::Value| {
            (figure["suite"].as_str(), figure["subject"].as_str(), figure["name"].as_str())
                == (Some("budget"), Some(stage), Some("p10_ns"))
        };
        let figure = figures.iter().find(is).unwrap_or_else(|| panic!("no p10 of {stage} in {json}"));
        let verdict = figure["verdict"].as_str().expect("a verdict").to_owned();
        Self { ratio: figure["ratio"].as_f64().expect("a ratio"), verdict }
    }
}

/// A program that is this one, with matching slowed.
fn slowed(dir: &Path) -> PathBuf {
    let path = dir.join("slowed");
    let text = format!("#!/bin/sh\nexec '{}' \"$@\" --slow-match\n", env!("CARGO_BIN_EXE_pinion-bench"));
    fs::write(&path, text).expect("a script");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("an executable");
    path
}
