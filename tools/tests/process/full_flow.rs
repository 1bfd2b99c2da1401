//! The whole recording of two million messages, over a bad network and across kills: takes optimised code, so only when asked for.

use crate::journal_dump::assert_each_once;
use crate::process::wait_until;
use crate::site::Site;
use std::fs;
use std::path::{Path, PathBuf};

/// The recording and its published hash; `None`, and told, where the shared data is absent.
pub fn recording() -> Option<(PathBuf, String)> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/consensus");
    let file = dir.join("normal_s23_n1000000.txt.xz");
    if !file.exists() {
        assert!(std::env::var_os("CI").is_none(), "expected {}", file.display());
        eprintln!("skipped: {} is absent", file.display());
        return None;
    }
    let hashes = fs::read_to_string(dir.join("reference_hashes.txt")).expect("the hashes lie beside the recordings");
    let line = hashes.lines().find(|line| line.ends_with("  normal_seed23_count1000000_reports.txt"));
    let hash = line.and_then(|line| line.split_whitespace().next());
    Some((file, hash.expect("a hash of this recording's reports").to_owned()))
}

#[test]
#[ignore = "two million messages take optimised code"]
fn over_a_bad_network_and_across_kills() {
    let Some((file, published)) = recording() else { return };
    let site = Site::new()
        .with("topology.cores=2")
        .with("journal.segment_bytes=16777216")
        .with("limits.orders=1048576")
        .with("limits.levels=262144")
        .with("limits.session_orders=1048576")
        .with("network.faults=drop=0.1%,duplicate=0.1%,reorder=0.1%,seed=11");
    let reports = site.path("reports.txt");
    let more =
        ["--faults", "drop=0.1%,duplicate=0.1%,reorder=0.1%,seed=12", "--reports", reports.to_str().expect("plain")];
    let mut appliance = site.start();
    let mut replay = site.spawn(site.replay_command(&file, &more), "replay");
    for megabytes in [5, 20, 35] {
        wait_until("the reports to grow", || {
            assert!(!replay.has_ended(), "the replay ended early: {}{}", replay.out(), replay.err());
            assert!(appliance.is_alive(), "the appliance ended by itself");
            fs::metadata(&reports).map_or(0, |file| file.len()) > megabytes << 20
        });
        appliance.kill();
        appliance = site.start();
    }
    let replay = replay.wait().expect_success();
    let proof = replay.out.lines().last().unwrap_or_default();
    assert!(proof.ends_with(&format!(" sha256 {published}")), "expected {published}, found {proof}");
    let summary = appliance.stop();
    assert!(summary.counter("messages") > 0, "the last kill came after the replay: {summary:?}");
    assert_each_once(&site.applied_messages());
}
