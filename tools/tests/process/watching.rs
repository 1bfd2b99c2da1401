//! Troubles of a real appliance, each named by an alert or by `pinion doctor`: whoever is killed, held, without room, unheard or flooded.

use crate::loop_disk::{LoopDisk, small_site};
use crate::ports::Ports;
use crate::process::{Finished, Process, wait_until};
use crate::site::{PINION, Site};
use crate::trader::Trader;
use netio::host::{HostPort, PortKind, PortOptions};
use netio::{Endpoint, Port};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs;
use std::net::UdpSocket;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// A subcommand with the settings of the site's appliance, and more of them.
fn command(site: &Site, name: &str, more: &[&str]) -> Command {
    let mut command = Command::new(PINION);
    command.arg(name).args(site.run_command(&[]).get_args().skip(1));
    command.args(more.iter().flat_map(|setting| ["--set", *setting]));
    command
}

fn watch(site: &Site, more: &[&str]) -> Process {
    site.spawn(command(site, "watch", more), "watch")
}

fn doctor(site: &Site) -> Finished {
    site.spawn(command(site, "doctor", &[]), "doctor").wait()
}

/// Waits for a line, and tells how long it took: `tests/watch` proves that rules fire in time, by a clock that no busy machine moves.
#[track_caller]
fn hear(what: &str, mut said: impl FnMut() -> String) {
    let begin = Instant::now();
    let mut last = String::new();
    wait_until(what, || {
        last = said();
        assert!(begin.elapsed() < Duration::from_secs(20), "expected '{what}' in: {last}");
        last.contains(what)
    });
    eprintln!("{what}: after {} ms", begin.elapsed().as_millis());
}

fn signal(pid: u32, signal: Signal) {
    kill(Pid::from_raw(i32::try_from(pid).expect("a process")), signal).expect("it is there");
}

#[test]
fn who_is_held_or_killed_is_named_from_outside() {
    let site = Site::new().with("feed.heartbeat_ms=200");
    let appliance = site.start();
    let watcher = watch(&site, &[]);
    // It has seen it alive.
    thread::sleep(Duration::from_millis(600));
    signal(appliance.pid(), Signal::SIGSTOP);
    hear("alert heartbeat: firing: no sign of life of thread", || watcher.out());
    hear("alert broken: firing: broken: process", || watcher.out());
    hear("alert line: firing: nothing is heard on line main.tick", || watcher.out());
    signal(appliance.pid(), Signal::SIGCONT);
    hear("alert line: resolved", || watcher.out());
    hear("alert broken: resolved", || watcher.out());
    appliance.kill();
    hear("alert broken: firing: gone: process", || watcher.out());
    let told = doctor(&site);
    assert_eq!(told.status.code(), Some(1));
    assert!(
        told.out.contains("appliance     problem process") && told.out.contains("ended without being told to"),
        "{}",
        told.out
    );
    let appliance = site.start();
    let is_broken =
        || watcher.out().lines().rfind(|line| line.starts_with("alert broken: ")).map(|line| line.contains("firing"));
    wait_until("the new one to be seen", || is_broken() == Some(false));
    let told = doctor(&site);
    assert!(told.out.contains("appliance     ok      process"), "{}", told.out);
    assert!(told.out.contains("the appliance's, process"), "{}", told.out);
    assert!(told.out.contains("journal       ok      in use by the appliance"), "{}", told.out);
    appliance.stop();
    thread::sleep(Duration::from_millis(500));
    assert_eq!(is_broken(), Some(false), "an orderly end wakes nobody: {}", watcher.out());
    watcher.signal(Signal::SIGTERM);
    assert!(watcher.wait().status.code().is_some());
}

#[test]
fn a_line_that_stops_is_named_and_the_other_is_not() {
    let site = Site::new().with("feed.heartbeat_ms=200").with("channel.0.depth_lines=[]");
    let appliance = site.start();
    // Line B: the test's own copy of line A.
    let ports = Ports::claim();
    let (a, b) = (site.ports.tick_line(), ports.tick_line());
    // By a socket that shares the group's port with the watcher.
    let options = PortOptions { kind: PortKind::Socket, ..PortOptions::default() };
    let here = *site.ports.order_entry().ip();
    let line_a = Endpoint::multicast(*a.ip(), a.port(), here);
    let mut relay = HostPort::open(&options, &[line_a]).expect("loopback does multicast");
    let out = UdpSocket::bind((here, 0)).expect("a port");
    out.set_multicast_loop_v4(true).expect("ours");
    let runs = Arc::new(AtomicBool::new(true));
    let running = Arc::clone(&runs);
    let copies = thread::spawn(move || {
        while running.load(Ordering::Relaxed) {
            let copied = relay.receive(64, |received| drop(out.send_to(received.payload, b)));
            if copied.expect("a socket") == 0 {
                thread::sleep(Duration::from_millis(1));
            }
        }
    });
    let lines = format!("channel.0.tick_lines=[\"{a}\", \"{b}\"]");
    let watcher = watch(&site, &[&lines]);
    thread::sleep(Duration::from_millis(1_000));
    // A busy machine may have silenced one for a moment.
    let fires = |line: &std::net::SocketAddrV4| {
        let out = watcher.out();
        let of =
            |state: &str| out.lines().filter(|text| text.contains(state) && text.contains(&line.to_string())).count();
        of("line: firing") > of("line: resolved")
    };
    wait_until("both lines to be heard", || !fires(&a) && !fires(&b));
    runs.store(false, Ordering::Relaxed);
    copies.join().expect("no panic");
    hear(&format!("alert line: firing: nothing is heard on line main.tick {b}"), || watcher.out());
    wait_until("B alone to be silent", || fires(&b) && !fires(&a));
    drop(watcher);
    appliance.stop();
}

#[test]
fn a_runaway_session_and_a_lost_one_are_named_and_set_off_a_program() {
    let rule = ["alert.0.what=rate_above", "alert.0.limit_per_s=500", "alert.0.of=trader1", "alert.0.name=runaway"];
    let mut site = Site::new().with("session_rules.timeout_ms=1000").with("session_rules.heartbeat_ms=100");
    let file = site.path("told");
    for setting in rule {
        site = site.with(setting);
    }
    let exec = format!(
        "alert.0.exec=[\"/bin/sh\", \"-c\", \"echo $PINION_ALERT_STATE $PINION_ALERT_OF >> {}\"]",
        file.display()
    );
    let site = site.with(exec);
    let appliance = site.start();
    let trader = Trader::begin(&site, 5_000);
    hear("alert runaway: firing: session trader1 sends", || appliance.err());
    hear("session trader1: logged in", || appliance.err());
    hear("firing trader1\n", || fs::read_to_string(&file).unwrap_or_default());
    let told = trader.end(&site, || drop(appliance.stop()));
    assert!(told > 0);
}

#[test]
fn a_disk_that_fills_is_named() {
    let site = small_site().with("alert.3.limit_bytes=33554432");
    let Some(_disk) = LoopDisk::mount(&site, "a disk that fills up", 96, 120) else { return };
    let appliance = site.start();
    assert!(!appliance.err().contains("alert disk_room"), "{}", appliance.err());
    let file = site.journal().join("something else");
    fs::write(&file, vec![1; 68 << 20]).expect("there is room");
    hear("alert disk_room: firing: the journal's disk has", || appliance.err());
    hear("new orders are rejected from now on", || appliance.err());
    let told = doctor(&site);
    assert_eq!(told.status.code(), Some(1));
    assert!(told.out.contains("less than the floor of 16 MiB: new orders are rejected"), "{}", told.out);
    fs::remove_file(&file).expect("the test's own file");
    hear("alert disk_room: resolved", || appliance.err());
    appliance.stop();
}

#[test]
fn a_log_that_is_rotated_goes_on_in_the_new_file() {
    let site = Site::new();
    let (log, moved) = (site.path("pinion.log"), site.path("pinion.log.1"));
    let site = site.with(format!("log.file={}", log.display())).with("log.format=json");
    let appliance = site.start();
    let read = |path| fs::read_to_string(path).unwrap_or_default();
    assert!(read(&log).contains("\"kind\":\"serving\""), "{}", read(&log));
    fs::rename(&log, &moved).expect("a file to move");
    signal(appliance.pid(), Signal::SIGHUP);
    hear("\"kind\":\"log_reopened\"", || read(&log));
    signal(appliance.pid(), Signal::SIGUSR1);
    hear("\"kind\":\"market_closed\"", || read(&log));
    signal(appliance.pid(), Signal::SIGTERM);
    let ended = appliance.ended();
    assert!(ended.status.success() && ended.err.is_empty(), "{ended:?}");
    let all = format!("{}{}", read(&moved), read(&log));
    for line in all.lines() {
        let line: serde_json::Value = serde_json::from_str(line).expect("JSON");
        assert_eq!(line["appliance"], "pinion", "{line}");
    }
    assert!(all.lines().last().is_some_and(|line| line.contains("\"kind\":\"stopped\"")), "{all}");
}
