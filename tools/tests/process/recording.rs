//! The recording that travels with the project, and the answer published for it.

use crate::process::Finished;
use std::fs;
use std::path::{Path, PathBuf};

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data").join(name)
}

/// 39,878 messages.
pub fn flow() -> PathBuf {
    data("normal_s23_n20000.txt.xz")
}

/// The SHA-256 of the report stream that many engines agree on.
pub fn published_sha256() -> String {
    let text = fs::read_to_string(data("normal_s23_n20000.reports.sha256")).expect("it is in the repository");
    text.split_whitespace().next().expect("a hash").to_owned()
}

/// A replay of [`flow`] came to the published answer.
#[track_caller]
pub fn assert_published(replay: Finished) {
    let replay = replay.expect_success();
    let proof = format!("reports 43363 sha256 {}", published_sha256());
    let found = replay.out.lines().last().unwrap_or_default();
    assert_eq!(found, proof, "{}{}", replay.out, replay.err);
}
