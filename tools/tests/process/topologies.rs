//! However the tiles are placed, whatever the durability, by either port: the same answer.

use crate::process::Process;
use crate::recording::{assert_published, flow};
use crate::site::{PINION, Site};
use std::process::Command;

/// Whether the kernel lets us use io_uring; without it there is nothing to compare with.
fn has_uring(site: &Site) -> bool {
    let mut command = Command::new(PINION);
    command.args(["listen", "--port", "uring", "--seconds", "0", "--group", &site.ports.tick_line().to_string()]);
    let listen: Process = site.spawn(command, "uring");
    let listen = listen.wait();
    if !listen.status.success() {
        eprintln!("io_uring is not to be had here: {}", listen.err.trim());
    }
    listen.status.success()
}

fn gives_the_published_answer(cores: u32) {
    for durability in ["mapped", "synced"] {
        for port in ["uring", "socket"] {
            let site = Site::new()
                .with(format!("topology.cores={cores}"))
                .with(format!("journal.durability={durability}"))
                .with(format!("network.port={port}"));
            if port == "uring" && !has_uring(&site) {
                continue;
            }
            let appliance = site.start();
            assert_published(site.replay(&flow(), &["--port", port]));
            let summary = appliance.stop();
            assert_eq!(summary.counter("logins"), 1, "{summary:?}");
            assert_eq!(summary.counter("logouts"), 1, "{summary:?}");
        }
    }
}

#[test]
fn one_thread() {
    gives_the_published_answer(1);
}

#[test]
fn two_threads() {
    gives_the_published_answer(2);
}

#[test]
fn four_threads() {
    gives_the_published_answer(4);
}
