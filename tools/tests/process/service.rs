//! Under a service manager: what it is told, what it is not told when a tile stands still, and units that it would take.

use crate::process::wait_until;
use crate::site::{Appliance, PINION, Site};
use nix::sys::ptrace;
use nix::sys::wait::{WaitPidFlag, waitpid};
use nix::unistd::Pid;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// The manager's end of the notification socket.
struct Manager {
    socket: UnixDatagram,
    path: PathBuf,
}

impl Manager {
    fn of(site: &Site) -> Self {
        let path = site.path("notify");
        let socket = UnixDatagram::bind(&path).expect("a name of its own");
        socket.set_nonblocking(true).expect("a socket");
        Self { socket, path }
    }

    /// Starts an appliance under it, watched with this patience if any.
    fn start(&self, site: &Site, watchdog_usec: Option<u64>) -> Appliance {
        let mut command = site.run_command(&[]);
        command.env("NOTIFY_SOCKET", &self.path).env_remove("WATCHDOG_PID").env_remove("WATCHDOG_USEC");
        if let Some(patience) = watchdog_usec {
            command.env("WATCHDOG_USEC", patience.to_string());
        }
        site.start_command(command)
    }

    /// What has come since the last time.
    fn heard(&self) -> Vec<String> {
        let mut buffer = [0; 512];
        let mut heard = Vec::new();
        while let Ok(len) = self.socket.recv(&mut buffer) {
            heard.push(String::from_utf8_lossy(&buffer[..len]).into_owned());
        }
        heard
    }
}

#[test]
fn the_manager_is_told_when_it_serves_and_when_it_stops() {
    let site = Site::new();
    let manager = Manager::of(&site);
    let appliance = manager.start(&site, None);
    let mut heard = Vec::new();
    wait_until("the word that it serves", || {
        heard.extend(manager.heard());
        heard.len() >= 2
    });
    appliance.stop();
    heard.extend(manager.heard());
    let ready = format!("READY=1\nSTATUS=orders at {}, began after seq 1", site.ports.order_entry());
    let expected = ["STATUS=replaying the journal", &ready, "STOPPING=1\nSTATUS=finishing what was taken in"];
    assert_eq!(heard, expected, "and no sign of life, for nobody watches");
}

#[test]
fn a_refused_start_is_never_called_ready() {
    let site = Site::new();
    site.start().stop();
    let manager = Manager::of(&site);
    let mut command = site.run_command(&["limits.orders=131072"]);
    command.env("NOTIFY_SOCKET", &manager.path);
    site.spawn(command, "refused").wait().expect_refusal(&["fingerprint"]);
    let heard = manager.heard();
    assert!(!heard.is_empty() && heard.iter().all(|message| !message.contains("READY=1")), "{heard:?}");
}

/// One thread of two is held; the appliance's main thread, which gives the signs of life, runs on.
#[test]
fn signs_of_life_end_while_a_tile_stands_still_and_come_back() {
    let site = Site::new().with("topology.cores=2");
    let manager = Manager::of(&site);
    let appliance = manager.start(&site, Some(200_000));
    let lives = || manager.heard().iter().filter(|message| *message == "WATCHDOG=1").count();
    for _ in 0..3 {
        wait_until("a sign of life", || lives() > 0);
    }
    let tile = thread_of(appliance.pid(), "match+jrnl");
    ptrace::seize(tile, ptrace::Options::empty()).expect("a thread of our child");
    ptrace::interrupt(tile).expect("seized");
    waitpid(tile, Some(WaitPidFlag::__WALL)).expect("it stops");
    // One may follow, for turns since the one before.
    lives();
    let (begin, mut late) = (Instant::now(), 0);
    while begin.elapsed() < Duration::from_millis(700) {
        std::thread::sleep(Duration::from_millis(20));
        late += lives();
    }
    // Before anything can fail: a process with a thread that is held could not even be killed.
    ptrace::detach(tile, None).expect("seized");
    assert!(late <= 1, "{late} signs of life within 700 ms, with a tile that stood still");
    wait_until("signs of life again", || lives() > 0);
    appliance.stop();
}

fn thread_of(pid: u32, name: &str) -> Pid {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).expect("it runs").map(|task| task.expect("an entry").path());
    let of_name = |task: &PathBuf| fs::read_to_string(task.join("comm")).is_ok_and(|comm| comm.trim() == name);
    let task = tasks.into_iter().find(of_name).unwrap_or_else(|| panic!("expected a thread {name}"));
    let number = task.file_name().and_then(|name| name.to_str()).and_then(|name| name.parse().ok());
    Pid::from_raw(number.expect("a number"))
}

/// Those that we ship, by name.
fn units() -> BTreeMap<String, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../packaging/systemd");
    let files = fs::read_dir(folder).expect("units are shipped").map(|entry| entry.expect("an entry").path());
    files
        .filter(|path| path.extension().is_some_and(|extension| extension == "service"))
        .map(|path| {
            let name = path.file_name().and_then(|name| name.to_str()).expect("a plain name").to_owned();
            (name, fs::read_to_string(path).expect("text"))
        })
        .collect()
}

/// Whether a program is there; in CI it must be.
fn is_there(program: &str) -> bool {
    let found = Command::new(program).arg("--version").output().is_ok_and(|output| output.status.success());
    assert!(found || std::env::var_os("CI").is_none(), "expected {program}, found none: run scripts/setup");
    if !found {
        eprintln!("skipped: there is no {program}");
    }
    found
}

#[test]
fn systemd_takes_the_units() {
    if !is_there("systemd-analyze") {
        return;
    }
    let site = Site::new();
    for (name, text) in units() {
        // It looks whether the program is there.
        fs::write(site.path(&name), text.replace("/usr/bin/pinion", PINION)).expect("the test's own file");
    }
    let mut verify = Command::new("systemd-analyze");
    verify.args(["verify", "--man=no"]).args(units().keys().map(|name| site.path(name)));
    let verified = verify.output().expect("it runs");
    let said = String::from_utf8_lossy(&verified.stderr);
    // Of other units of this machine it may say what it likes.
    let ours: Vec<&str> = said.lines().filter(|line| line.contains("pinion")).collect();
    assert!(verified.status.success() && ours.is_empty(), "{said}");
}

/// What the units run is what the program understands: arguments that it does not know end with status 2 before `--help` is looked at.
#[test]
fn the_program_takes_what_the_units_give_it() {
    let mut commands = 0;
    for (name, text) in units() {
        for line in text.lines() {
            let Some((key, command)) = line.split_once('=').filter(|(key, _)| key.starts_with("Exec")) else {
                continue;
            };
            let arguments = command.strip_prefix("/usr/bin/pinion ").expect("the packaged program");
            let output = Command::new(PINION).args(arguments.split(' ')).arg("--help").output().expect("it runs");
            assert!(output.status.success(), "{name}: {key}: {}", String::from_utf8_lossy(&output.stderr));
            commands += 1;
        }
    }
    assert!(commands >= 4, "{commands} commands in the units");
}

/// The sets of system calls by name, each with what it stands for.
fn syscall_sets() -> BTreeMap<String, Vec<String>> {
    let output = Command::new("systemd-analyze").args(["syscall-filter", "--no-pager"]).output().expect("it runs");
    let text = String::from_utf8(output.stdout).expect("text");
    let mut sets: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut current = String::new();
    for line in text.lines() {
        if line.starts_with('@') {
            line.clone_into(&mut current);
        } else if let Some(member) = line.strip_prefix("    ").filter(|member| !member.starts_with('#')) {
            sets.entry(current.clone()).or_default().push(member.to_owned());
        }
    }
    sets
}

fn expand(name: &str, sets: &BTreeMap<String, Vec<String>>, into: &mut BTreeSet<String>) {
    match sets.get(name) {
        Some(members) => members.iter().for_each(|member| expand(member, sets, into)),
        None => _ = into.insert(name.to_owned()),
    }
}

/// An appliance under `strace`: nothing that it calls from its start to its end, an order between them, is beyond the unit's filter.
#[test]
fn the_filter_of_the_unit_allows_what_the_appliance_calls() {
    if !is_there("systemd-analyze") || !is_there("strace") {
        return;
    }
    let unit = &units()["pinion.service"];
    let filter = unit.lines().find_map(|line| line.strip_prefix("SystemCallFilter=")).expect("a filter");
    let (sets, mut allowed) = (syscall_sets(), BTreeSet::new());
    filter.split(' ').for_each(|name| expand(name, &sets, &mut allowed));
    assert!(
        allowed.contains("io_uring_enter") && allowed.contains("bpf") && !allowed.contains("reboot"),
        "{allowed:?}"
    );

    let site = Site::new().with("journal.durability=synced");
    let counts = site.path("calls");
    let plain = site.run_command(&[]);
    let mut command = Command::new("strace");
    // -D: the appliance is our child, and the tracer its own.
    command
        .args(["-D", "-f", "-qq", "-c", "-U", "name", "-o"])
        .arg(&counts)
        .arg(plain.get_program())
        .args(plain.get_args());
    let appliance = site.start_command(command);
    let mut send = Command::new(PINION);
    send.args(["send", "--server", &site.ports.order_entry().to_string(), "buy", "100", "PINION", "@", "10"]);
    site.spawn(send, "send").wait().expect_success();
    appliance.stop();
    let mut called = BTreeSet::new();
    wait_until("the tracer's list", || {
        let text = fs::read_to_string(&counts).unwrap_or_default();
        // A name a line, below a line of dashes, and then their sum.
        let is_name =
            |name: &&str| name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
        let names = text.lines().map(str::trim).filter(is_name).filter(|name| !["", "syscall", "total"].contains(name));
        called = names.map(str::to_owned).collect();
        called.contains("mmap")
    });
    assert!(called.len() > 20, "{called:?}");
    let forbidden: Vec<&String> = called.difference(&allowed).collect();
    assert!(forbidden.is_empty(), "beyond the filter: {forbidden:?}");
}
