//! A running thread seen from outside: its system calls, by strace, and its page faults, by what the kernel counts.

use std::collections::BTreeMap;
use std::fs;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use netio::lab::excuse;

/// What a thread did while it was looked at.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Observed {
    /// Each system call and how often.
    pub calls: BTreeMap<String, u64>,
    /// Pages that were not there when they were touched, for each look.
    pub faults: u64,
}

/// Looks at a thread of this process for so long, first at its faults, then at its calls. `None`, and a word on stderr, where
/// it cannot be looked at.
pub fn observe(thread: i32, time: Duration) -> Option<Observed> {
    let before = faults(thread);
    thread::sleep(time);
    let faults = faults(thread) - before;
    let log = std::env::temp_dir().join(format!("pinion-steady-{}-{thread}", std::process::id()));
    let strace = Command::new("strace")
        .args(["-qq", "-o", log.to_str().unwrap(), "-p", &thread.to_string()])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn();
    let strace = match strace {
        Ok(strace) => strace,
        Err(error) => {
            excuse("strace", &error);
            return None;
        }
    };
    thread::sleep(time);
    let is_attached = fs::read_to_string(format!("/proc/self/task/{thread}/status"))
        .is_ok_and(|status| status.contains(&format!("TracerPid:\t{}", strace.id())));
    let id = nix::unistd::Pid::from_raw(i32::try_from(strace.id()).unwrap());
    // It lets the thread go before it ends.
    let _ = nix::sys::signal::kill(id, nix::sys::signal::Signal::SIGINT);
    let output = strace.wait_with_output().unwrap();
    let text = fs::read_to_string(&log).unwrap_or_default();
    let _ = fs::remove_file(&log);
    if !is_attached {
        excuse("leave to look at a thread", &String::from_utf8_lossy(&output.stderr).trim());
        return None;
    }
    let mut calls = BTreeMap::new();
    for name in text.lines().filter_map(|line| line.split_once('(')).map(|(name, _)| name) {
        *calls.entry(name.to_owned()).or_default() += 1;
    }
    Some(Observed { calls, faults })
}

/// Minor and major ones: fields 10 and 12 of `stat`, whose second one is a name in parentheses.
fn faults(thread: i32) -> u64 {
    let stat = fs::read_to_string(format!("/proc/self/task/{thread}/stat")).unwrap();
    let rest = stat.rsplit_once(')').unwrap().1;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    fields[7].parse::<u64>().unwrap() + fields[9].parse::<u64>().unwrap()
}
