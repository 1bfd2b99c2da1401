//! `pinion listen` beside a real appliance: on a terminal, as lines, and held against the venue's snapshots.

use crate::process::{Process, wait_until};
use crate::recording::{assert_published, flow};
use crate::site::{PINION, Site};
use crate::terminal::{Screen, line_of};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs;
use std::process::Command;

/// A site whose channel has two lines of depth of its own.
fn site() -> Site {
    let site = Site::new().with("snapshot.interval_ms=20").with("feed.snapshot_max_age_ms=20");
    let tick = site.ports.tick_line();
    let [_, _, high, low] = tick.ip().octets();
    let port = tick.port();
    site.with(format!("channel.0.depth_lines=[\"239.27.{high}.{low}:{port}\", \"239.28.{high}.{low}:{port}\"]"))
}

/// `pinion listen` with the site's settings.
fn listen(site: &Site, more: &[&str]) -> Command {
    let mut command = Command::new(PINION);
    command.arg("listen").args(more).args(site.run_command(&[]).get_args().skip(1));
    command
}

/// Listens in the background; it has joined when this returns.
fn listening(site: &Site, more: &[&str]) -> Process {
    let process = site.spawn(listen(site, more), "listen");
    wait_until("the listener to have joined", || process.err().contains("port: "));
    process
}

#[test]
fn a_rebuilt_book_is_checked_while_orders_flow() {
    let site = site();
    let appliance = site.start();
    let record = site.path("feed.pcap");
    let recorded = record.to_str().expect("text");
    let more = ["--stream", "depth", "--check-every", "1", "--plain", "--record", recorded];
    let depth = listening(&site, &more);
    let ticks = listening(&site, &["--stream", "ticks", "--check-every", "1", "--summary", "--json"]);
    for process in [&depth, &ticks] {
        wait_until("the first check", || process.err().contains("check: equal"));
    }
    assert_published(site.replay(&flow(), &[]));
    // What was checked before the flow was an empty book.
    let checks = |process: &Process| process.err().matches("check: equal").count();
    let (of_depth, of_ticks) = (checks(&depth), checks(&ticks));
    wait_until("checks of the full book", || checks(&depth) > of_depth + 1 && checks(&ticks) > of_ticks + 1);
    let late = site.spawn(listen(&site, &["--stream", "depth", "--check", "--plain"]), "late").wait().expect_success();
    assert!(late.err.contains("check: equal before message") && !late.err.contains(": 0 levels"), "{}", late.err);
    for process in [&depth, &ticks] {
        process.signal(Signal::SIGTERM);
    }
    let (depth, ticks) = (depth.wait().expect_success(), ticks.wait().expect_success());
    let lines: Vec<&str> = depth.out.lines().collect();
    assert!(lines.len() > 30_000 && lines.iter().any(|line| line.contains(" AddOrder order_ref=")), "{}", lines.len());
    let numbers = lines.iter().map(|line| line.split(' ').next().and_then(|number| number.parse::<u64>().ok()));
    let numbers: Vec<u64> = numbers.map(|number| number.expect("a sequence number")).collect();
    assert!(numbers.windows(2).all(|pair| pair[1] == pair[0] + 1), "each message once, in order");
    let summary: serde_json::Value = serde_json::from_str(ticks.out.trim()).expect("one object");
    assert!(summary["trades"].as_u64() > Some(100) && summary["missing"] == 0 && summary["lost"] == 0, "{summary}");
    assert!(fs::metadata(&record).expect("recorded").len() > 100_000);
    appliance.stop();
}

#[test]
fn what_cannot_be_checked_or_found_is_said() {
    let site = site();
    let appliance = site.start();
    let check =
        site.spawn(listen(&site, &["--check", "--plain", "--snapshot", "none", "--rerequest", "none"]), "listen");
    let finished = check.wait();
    assert_eq!(finished.status.code(), Some(1), "{finished:?}");
    assert!(finished.err.contains("there is no snapshot server"), "{}", finished.err);
    appliance.stop();
    for (more, words) in [
        (vec!["--channel", "other"], "known are main"),
        (vec!["--group", "10.0.0.1:5"], "expected a multicast address"),
        (vec!["--rerequest", "here"], "expected an address"),
    ] {
        let refused = site.spawn(listen(&site, &more), "listen").wait();
        assert!(!refused.status.success() && refused.err.contains(words), "{}", refused.err);
    }
}

#[test]
fn the_live_view_shows_the_book_and_gives_the_terminal_back() {
    let site = site();
    let appliance = site.start();
    assert_published(site.replay(&flow(), &[]));
    // What another subscriber says of the best prices.
    let summary = site.spawn(listen(&site, &["--stream", "depth", "--summary", "--json", "--seconds", "1"]), "listen");
    let summary: serde_json::Value =
        serde_json::from_str(summary.wait().expect_success().out.trim()).expect("one object");
    let best =
        ["bid", "ask"].map(|side| summary["instruments"][0][side]["price"].as_str().expect("a price").to_owned());
    for (size, ends) in [((80, 24), "q"), ((200, 50), "a signal")] {
        let line = line_of(&listen(&site, &["--check"]));
        let Some(screen) = Screen::run(&site.path(format!("screen-{}", size.0)), size, &line) else { return };
        let text = screen.wait("a whole book", |text| text.contains("WHOLE") && text.contains("check: equal"));
        assert!(screen.is_taken(), "it draws on a screen of its own");
        assert!(text.contains("main depth") && text.contains("PINION") && text.contains("line B"), "{text}");
        assert_eq!(text.lines().count(), usize::from(size.1), "{text}");
        assert!(best.iter().all(|price| text.contains(price.as_str())), "{best:?} in {text}");
        screen.press("p");
        screen.wait("a pause", |text| text.contains("PAUSED"));
        screen.press("p");
        screen.press("s");
        screen.wait("the other stream", |text| text.contains("main ticks") && text.contains("WHOLE"));
        match ends {
            "q" => screen.press("q"),
            _ => {
                let child = i32::try_from(screen.child()).expect("a process");
                kill(Pid::from_raw(child), Signal::SIGTERM).expect("it runs");
            }
        }
        let text = screen.wait("the end", |text| text.contains("it echoes"));
        assert!(text.contains("ended with 0") && !screen.is_taken(), "after {ends}: {text}");
    }
    appliance.stop();
}
