//! This machine: looking harms nothing, and two pages are taken and given back.

use crate::machine::{PINION, told};
use netio::lab::excuse;
use nix::unistd::geteuid;
use std::fs;
use std::process::Command;

const POOL: &str = "/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages";

#[test]
fn this_machine_can_be_looked_at_by_anyone() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut command = Command::new(PINION);
    command.current_dir(dir.path()).args(["host", "check"]);
    let told = told(command);
    assert!(told.code <= 1, "{told:?}");
    for stage in ["pages", "cores", "clock", "nic", "dpdk"] {
        assert!(told.out.lines().any(|line| line.starts_with(stage)), "{stage}: {}", told.out);
    }
}

/// Nothing else of the machine is touched: only the stage `pages` is asked for, by a declaration of two pages more.
#[test]
fn two_pages_are_reserved_and_given_back() {
    let before = match fs::read_to_string(POOL) {
        Ok(before) => before,
        Err(error) => return excuse("reserved huge pages of 2 MiB", &error),
    };
    if !geteuid().is_root() {
        return excuse("root", &"it reserves pages");
    }
    if fs::exists("/run/pinion/host.changes").unwrap_or(true) {
        eprintln!("somebody has prepared this machine: nothing tested");
        return;
    }
    if let Err(error) = fs::write(POOL, &before) {
        return excuse("a pool that can be written", &error);
    }
    let pages: u64 = before.trim().parse().expect("a number of pages");
    let dir = tempfile::tempdir().expect("a directory");
    fs::write(dir.path().join("hugepages.conf"), format!("2M {} any\n", pages + 2)).expect("a file");
    let host = |action: &str| {
        let mut command = Command::new(PINION);
        command.current_dir(dir.path()).args(["host", action, "pages"]);
        told(command)
    };
    let init = host("init");
    let reserved = fs::read_to_string(POOL).expect("a number of pages");
    let fini = host("fini");
    assert!(init.out.contains(&format!("+ echo {} > {POOL}", pages + 2)), "{}", init.out);
    let reserved: u64 = reserved.trim().parse().expect("a number of pages");
    assert!(reserved >= pages + 2, "expected {} pages, found {reserved}: {init:?}", pages + 2);
    assert_eq!(fini.code, 0, "{fini:?}");
    assert!(fini.out.contains(&format!("+ echo {pages} > {POOL}")), "{}", fini.out);
    assert!(!fs::exists("/run/pinion/host.changes").unwrap_or(true), "nothing is left behind");
}
