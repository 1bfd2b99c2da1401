//! The Python client of docs/examples, which knows the protocol's page and nothing else, against the real program.

use crate::process::Finished;
use crate::site::Site;
use std::path::Path;
use std::process::Command;

/// What it says in a first session; of the ticks, the first four are the opening of the four instruments.
const REPORTS: [&str; 7] = [
    "logged in: message 1 and report 1 come next",
    "report 1: order 1 accepted: B 100 PINION at 10.0000",
    "report 2: order 2 accepted: S 60 PINION at 10.0000",
    "report 3: order 1 executed: 60 at 10.0000, liquidity A, trade 1",
    "report 4: order 2 executed: 60 at 10.0000, liquidity R, trade 1",
    "report 5: order 1 canceled: 40, reason U",
    "logged out",
];
const TICKS: [&str; 4] = [
    "tick 5: Q symbol 0 B 100 at 10.0000",
    "tick 6: T symbol 0 S 60 at 10.0000",
    "tick 7: Q symbol 0 B 40 at 10.0000",
    "tick 8: Q symbol 0 B 0 at 10.0000",
];

/// Runs it with more options; `None` where there is no Python.
fn client(site: &Site, more: &[&str]) -> Option<Finished> {
    let is_there = Command::new("python3").arg("--version").output().is_ok_and(|output| output.status.success());
    if !is_there {
        assert!(std::env::var_os("CI").is_none(), "expected python3, found none: run scripts/setup");
        eprintln!("skipped: there is no python3");
        return None;
    }
    let mut command = Command::new("python3");
    command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/examples/client.py"));
    command.args(["--server", &site.ports.order_entry().to_string()]);
    command.args(["--rerequest", &site.ports.rerequest().to_string()]);
    command.args(["--ticks", &site.ports.tick_line().to_string()]).args(more);
    Some(site.spawn(command, "client").wait())
}

/// What it said; whether it is in time for the opening of the instruments is left to chance.
fn lines(finished: Finished) -> Vec<String> {
    let said = finished.expect_success().out;
    said.lines().filter(|line| !line.contains(": H symbol ")).map(str::to_owned).collect()
}

#[test]
fn trades_and_watches() {
    let site = Site::new().with("feed.heartbeat_ms=500");
    let appliance = site.start();
    let Some(first) = client(&site, &[]) else { return };
    let found = lines(first);
    assert_eq!(found, [&REPORTS[..], &TICKS[..]].concat());

    // Another login goes on with the numbers, here in another instrument.
    let second = lines(client(&site, &["--symbol", "BOB"]).expect("it was there a moment ago"));
    assert_eq!(second[0], "logged in: message 4 and report 6 come next");
    assert_eq!(second[4], "report 9: order 4 executed: 60 at 10.0000, liquidity R, trade 2");
    assert_eq!(second[8], "tick 10: T symbol 2 S 60 at 10.0000");
    let summary = appliance.stop();
    assert_eq!((summary.counter("logins"), summary.counter("logouts"), summary.counter("malformed")), (2, 2, 0));
    // The example of the page beside it is what it really says.
    let page = include_str!("../../../docs/examples/README.md");
    assert!(page.contains(&found.join("\n")), "docs/examples/README.md shows something else");
}

#[test]
fn repairs_a_bad_network() {
    let site =
        Site::new().with("network.faults=drop=30%,duplicate=30%,reorder=30%,seed=5").with("feed.heartbeat_ms=500");
    let appliance = site.start();
    let Some(finished) = client(&site, &[]) else { return };
    assert_eq!(lines(finished)[..REPORTS.len()], REPORTS);
    appliance.stop();
    assert_eq!(site.applied_messages().len(), 3);
}

#[test]
fn is_refused_with_a_wrong_key() {
    let site = Site::new();
    let _appliance = site.start();
    let Some(finished) = client(&site, &["--key", &"ff".repeat(32)]) else { return };
    finished.expect_refusal(&["login refused, reason A"]);
}
