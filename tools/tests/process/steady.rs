//! What a running appliance leaves alone: once it serves, its tiles meet no page fault, ask for no large table, and say how busy they are.

use crate::recording::{assert_published, flow};
use crate::site::{Appliance, Site, Summary};
use std::fs;

/// The page faults of each thread of a process so far, minor and major, by the thread's name.
fn faults(pid: u32) -> Vec<(String, [u64; 2])> {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).expect("the process runs");
    let mut faults: Vec<(String, [u64; 2])> = tasks
        .map(|task| {
            let stat = fs::read_to_string(task.expect("an entry").path().join("stat")).expect("the thread runs");
            let (name, rest) = stat.split_once('(').and_then(|(_, rest)| rest.rsplit_once(") ")).expect("a name");
            // Behind the name: state, parent, group, session, terminal, its group, flags, minor, of children, major.
            let fields: Vec<&str> = rest.split(' ').collect();
            (name.to_owned(), [7, 9].map(|field| fields[field].parse().expect("a number")))
        })
        .collect();
    faults.sort();
    faults
}

/// The names of the threads that poll tiles are made of these.
fn is_tile(name: &str) -> bool {
    name.split('+').all(|part| ["net", "match", "jrnl", "feed"].contains(&part))
}

#[test]
fn tiles_meet_no_page_fault() {
    let site = Site::new()
        .with("topology.threads=[[\"net\",\"feed\"],[\"matching\"],[\"journal\"]]")
        .with("journal.segment_bytes=4194304");
    let appliance = site.start();
    // The first of everything is behind it: a login, a segment, a packet of each kind.
    assert_published(site.replay(&flow(), &[]));
    let before = faults(appliance.pid());
    assert_eq!(before.iter().filter(|(name, _)| is_tile(name)).count(), 3, "{before:?}");
    site.replay(&flow(), &["--user", "trader2", "--key", TRADER2]).expect_success();
    let after = faults(appliance.pid());
    for ((name, before), (_, after)) in before.iter().zip(&after).filter(|((name, _), _)| is_tile(name)) {
        assert_eq!(before, after, "page faults of {name}, minor and major: expected no more");
    }
    let (err, summary) = stopped(appliance);
    assert!(summary.seq > 70_000, "the flow went through twice: {summary:?}");
    assert!(!err.contains("after the start"), "no large table was asked for late: {err}");
}

/// The key of the built-in second session.
const TRADER2: &str = "70696e696f6e2d646576656c6f706d656e742d6b65792d2d2d74726164657232";

fn stopped(appliance: Appliance) -> (String, Summary) {
    appliance.stop_saying()
}

#[test]
fn each_thread_says_how_busy_it_was() {
    let site = Site::new().with("topology.cores=2");
    let appliance = site.start();
    assert_published(site.replay(&flow(), &[]));
    let (err, _) = stopped(appliance);
    for (thread, tiles) in [("net+feed", ["net", "feed"]), ("match+jrnl", ["matching", "journal"])] {
        let line = err.lines().find_map(|line| line.strip_prefix(&format!("duty: {thread} ")));
        let line = line.unwrap_or_else(|| panic!("expected a line 'duty: {thread}' in {err}"));
        // 12.3% of 0.2 s, 284 of 2210 turns: net 282, feed 104
        let (_, counts) = line.split_once(" s, ").expect("a time");
        let (turns, _) = counts.split_once(" turns: ").expect("turns");
        let (working, turns) = turns.split_once(" of ").expect("two numbers");
        let [working, turns] = [working, turns].map(|number| number.parse::<u64>().expect("a number"));
        assert!(0 < working && working < turns, "{line}");
        for tile in tiles {
            let found = line.split_once(&format!(" {tile} ")).expect(tile).1.split(',').next().expect("a number");
            let found: u64 = found.parse().expect("a number");
            assert!(0 < found && found <= working, "{tile}: {line}");
        }
    }
}

#[test]
fn memory_is_locked_where_it_may_be() {
    let site = Site::new();
    let locked = |appliance: &Appliance| {
        let status = fs::read_to_string(format!("/proc/{}/status", appliance.pid())).expect("the process runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmLck:")).expect("a figure");
        line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number of KiB")
    };
    let appliance = site.start();
    let (kib, said) = (locked(&appliance), appliance.err());
    // Which of the two this machine lets us have, it says.
    assert_eq!(kib > 1_024, said.contains("; locked\n"), "{kib} KiB locked: {said}");
    appliance.stop();
    let site = site.with("memory.lock=off");
    let appliance = site.start();
    assert_eq!(locked(&appliance), 0);
    assert!(appliance.err().contains("; not locked\n"));
    appliance.stop();
}
