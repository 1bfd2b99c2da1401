//! A matcher that is slow on purpose is found by the comparison, and in the right stage.
//!
//! Goal: the budget tells a difference of 200 ns from noise, and where it is. The second build lies in a folder of its own, so that it is
//! never taken for the first.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Runs of each build, in turns.
const ROUNDS: &str = "16";
/// Stages beside the slowed one, on the same thread and as little disturbed by others.
const NEIGHBOURS: [&str; 3] = ["sequence", "decode", "risk"];

#[test]
#[ignore = "builds the harness a second time: some minutes"]
fn a_slowed_matcher_is_found_in_the_stage_match() {
    let plain = env!("CARGO_BIN_EXE_pinion-bench");
    let output = Command::new(slowed_build())
        .args(["--smoke", "--json", "--rounds", ROUNDS, "compare", "--against", plain, "--"])
        .args(["pipeline", "--only", "budget", "--orders", "10000", "--rate", "40000"])
        .output()
        .expect("the program starts");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    let slowed = Judged::of(&said, "match");
    assert_eq!(slowed.verdict, "slower", "{said}");
    assert!((1.2..10.0).contains(&slowed.ratio), "{said}");
    // The counter moves in steps of 10 ns, and a stage may take no more than some of these.
    for stage in NEIGHBOURS {
        let beside = Judged::of(&said, stage);
        assert!(beside.ratio - 1.0 < (slowed.ratio - 1.0) / 2.0, "{stage}: {said}");
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

/// The harness with the engine's `slow-match`, built as this test was, so that nothing but the feature is different.
fn slowed_build() -> PathBuf {
    // What was built lies in a folder that is named after its profile, but for that of the first.
    let folder = Path::new(env!("CARGO_BIN_EXE_pinion-bench")).parent().and_then(Path::file_name);
    let name = folder.and_then(OsStr::to_str).expect("a folder with a name");
    let profile = if name == "debug" { "dev" } else { name };
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("slowed");
    let built = Command::new(env!("CARGO"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["build", "--package", "bench", "--features", "slow-match", "--profile", profile, "--target-dir"])
        .arg(&folder)
        .status()
        .expect("cargo starts");
    assert!(built.success(), "the slowed build");
    folder.join(name).join("pinion-bench")
}
