//! The load of `wire` omits nothing and leaves nothing behind.
//!
//! No bound here is one of speed: a slower machine only makes more messages wait longer.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

fn bench(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pinion-bench"));
    command.args(arguments);
    command
}

/// A figure of the stalled appliance.
fn figure(json: &str, name: &str) -> u64 {
    let start = format!("\"subject\":\"stalled: report\",\"name\":\"{name}\",\"value\":");
    let at = json.find(&start).unwrap_or_else(|| panic!("no {name} in {json}"));
    let digits: String = json[at + start.len()..].chars().take_while(char::is_ascii_digit).collect();
    digits.parse().expect("a number")
}

fn stalled(more: &[&str]) -> String {
    let output = bench(&["wire", "--stall-ms", "10", "--json"]).args(more).output().expect("it starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("plain text")
}

/// The appliance stood still for 10 ms under 5,000 messages a second: 50 were due in it, and their latencies lie evenly between nothing and
/// the whole stall. A client that waits for answers before it sends on would have one long latency, and 3,000 messages without it.
fn the_stall_is_there(json: &str) {
    let stall_ns = figure(json, "stall_ns");
    assert!(stall_ns >= 10_000_000, "{stall_ns}");
    let due = figure(json, "due_in_it");
    assert!(due >= 50, "{due}");
    let waited = figure(json, "waited_half_of_it");
    assert!(
        waited >= due / 4,
        "{waited} of the {due} that were due waited for half of the stall; half of them must: {json}"
    );
    assert_eq!((figure(json, "sent"), figure(json, "answered") + figure(json, "lost")), (3_000, 3_000));
    // The worst 30 of 3,000 waited for two fifths of the stall at least.
    assert!(figure(json, "p99_ns") >= stall_ns / 5, "{json}");
    assert!(figure(json, "max_ns") >= stall_ns / 2, "{json}");
    assert!(figure(json, "late") >= due / 4, "{json}");
}

#[test]
fn a_stall_of_the_appliance_is_in_the_percentiles() {
    the_stall_is_there(&stalled(&[]));
}

#[test]
fn a_stall_is_there_over_loopback_too() {
    let json = stalled(&["--loopback", "--port", "socket"]);
    assert!(json.contains("\"network\":\"loopback"), "{json}");
    the_stall_is_there(&json);
}

/// A run that would go on for minutes, once it has processes on its far side.
fn running(dir: &Path) -> Child {
    let name = dir.to_str().expect("a plain path");
    let mut command = bench(&["wire", "--duration-ms", "600000", "--durability", "mapped", "--dir", name]);
    let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
    assert!(until(|| !far_sides(dir).is_empty()), "no appliance was started");
    child
}

fn until(done: impl Fn() -> bool) -> bool {
    let deadline = Instant::now() + Duration::from_secs(30);
    while Instant::now() < deadline {
        if done() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    false
}

/// Processes whose journal lies in this directory.
fn far_sides(dir: &Path) -> Vec<String> {
    let processes = fs::read_dir("/proc").expect("readable").filter_map(Result::ok);
    let lines = processes.filter_map(|process| fs::read_to_string(process.path().join("cmdline")).ok());
    lines.filter(|line| line.contains(&format!("journal.dir={}", dir.display()))).collect()
}

fn signal(child: &Child, signal: Signal) {
    let pid = i32::try_from(child.id()).expect("a process number");
    kill(Pid::from_raw(pid), signal).expect("it runs");
}

#[test]
fn a_signal_ends_it_and_everything_it_made() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut child = running(dir.path());
    signal(&child, Signal::SIGTERM);
    assert_eq!(child.wait().expect("it ends").code(), Some(1));
    assert_eq!(far_sides(dir.path()), Vec::<String>::new());
    assert_eq!(dir.path().read_dir().expect("readable").count(), 0, "nothing is left behind");
}

#[test]
fn its_processes_die_with_it_even_when_they_stand_still() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut child = running(dir.path());
    signal(&child, Signal::SIGKILL);
    assert!(!child.wait().expect("it ends").success());
    assert!(until(|| far_sides(dir.path()).is_empty()), "{:?}", far_sides(dir.path()));
}
