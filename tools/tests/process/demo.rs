//! `pinion demo` between two network namespaces of its own: the same answers, and nothing left behind.

use crate::recording::published_sha256;
use crate::site::{PINION, Site};
use netio::lab::{Lab, excuse};
use std::fs;
use std::process::Command;

/// Plays it with a port that needs the lab, or says why not.
fn plays(port: &str, arguments: &[&str]) {
    if let Err(error) = Lab::make(1) {
        return excuse("network namespaces", &error);
    }
    let devices = || fs::read_to_string("/proc/net/dev").expect("the kernel tells").lines().count();
    let before = devices();
    let site = Site::new();
    let mut command = Command::new(PINION);
    // The clock's part has its own figures, of which none is looked at: the faster the better.
    command.args(["demo", "--rate", "100000"]).args(arguments);
    let finished = site.spawn(command, "demo").wait().expect_success();
    let proofs = finished.out.matches(&published_sha256()).count();
    assert_eq!(proofs, 2, "the published hash, once with each durability: {}", finished.out);
    assert!(finished.out.contains("\nall held"), "{}", finished.out);
    let row = finished.out.lines().find_map(|line| line.strip_prefix("port ")).expect("a row for the port");
    assert_eq!(row.split_whitespace().collect::<Vec<_>>(), [port, port]);
    assert_eq!(devices(), before, "the demo's devices are not this machine's");
}

#[test]
fn past_the_kernel_s_stack() {
    plays("xdp", &["--port", "xdp"]);
}

#[test]
fn the_kernel_s_own_stack() {
    plays("uring", &["--lab", "--port", "uring"]);
}

#[cfg(feature = "dpdk")]
#[test]
fn dpdk() {
    plays("dpdk", &["--port", "dpdk"]);
}
