//! An instrument that an operator adds while everybody is there: what shows instruments shows its name.

use crate::process::{Finished, Process, wait_until};
use crate::site::{PINION, Site};
use crate::terminal::{Screen, line_of};
use nix::sys::signal::Signal;
use serde_json::Value;
use std::process::Command;

/// A subcommand with the settings of the site's appliance.
fn command(site: &Site, words: &[&str]) -> Command {
    let mut command = Command::new(PINION);
    command.args(words).args(site.run_command(&[]).get_args().skip(1));
    command
}

/// Lists `NEW`, and trades 30 of it at 10.05.
fn add_and_trade(site: &Site) {
    let run = |words: &[&str]| site.spawn(command(site, words), words[0]).wait().expect_success();
    let (mut add, to) = (Command::new(PINION), site.ports.admin().to_string());
    add.args(["admin", "--to", &to, "instrument", "add", "NEW", "--tick", "0.01"]);
    site.spawn(add, "admin").wait().expect_success();
    run(&["send", "sell", "100", "NEW", "@", "10.05"]);
    run(&["send", "buy", "30", "NEW", "@", "10.05", "--tif", "ioc"]);
}

#[test]
fn whoever_listens_learns_its_name() {
    let site = Site::new().with("snapshot.interval_ms=20").with("feed.snapshot_max_age_ms=20");
    let appliance = site.start();
    let listen = |stream: &str, snapshot: &[&str]| {
        let words = [&["listen", "--stream", stream, "--summary", "--json"][..], snapshot].concat();
        let process = site.spawn(command(&site, &words), stream);
        wait_until("the whole book", || process.err().contains("books are whole"));
        process
    };
    let (ticks, depth) = (listen("ticks", &[]), listen("depth", &[]));
    // A tick has no name, and nobody is there to be asked for one.
    let alone = listen("ticks", &["--snapshot", "none"]);
    let line = line_of(&command(&site, &["listen", "--stream", "ticks"]));
    let screen = Screen::run(&site.path("screen"), (100, 30), &line);
    if let Some(screen) = &screen {
        screen.wait("a whole book", |text| text.contains("WHOLE") && text.contains("PINION"));
    }
    add_and_trade(&site);
    wait_until("its name", || ticks.err().contains("symbol_id 4 is NEW"));
    if let Some(screen) = &screen {
        screen.wait("its name", |text| text.contains("symbol_id 4 is NEW"));
        screen.press("/");
        screen.enter("new");
        screen.wait("its book", |text| text.contains(" NEW ") && text.contains("last 10.05") && text.contains("70"));
        screen.press("q");
        screen.wait("the end", |text| text.contains("ended with 0"));
    }
    let summary = |process: Process| -> Value {
        process.signal(Signal::SIGTERM);
        serde_json::from_str(process.wait().expect_success().out.trim()).expect("one object")
    };
    let of = |summary: &Value, symbol: &str| -> Value {
        let instruments = summary["instruments"].as_array().expect("a list");
        instruments
            .iter()
            .find(|one| one["symbol"] == symbol)
            .cloned()
            .unwrap_or_else(|| panic!("no {symbol}: {summary}"))
    };
    for process in [ticks, depth] {
        let new = of(&summary(process), "NEW");
        assert_eq!(
            (new["symbol_id"].as_u64(), new["trades"].as_u64(), new["volume"].as_u64()),
            (Some(4), Some(1), Some(30))
        );
        assert_eq!(new["ask"]["quantity"], 70, "{new}");
    }
    assert_eq!(of(&summary(alone), "4")["volume"], 30);
    appliance.stop();
}

#[test]
fn the_views_call_it_by_its_name() {
    let site = Site::new().with("snapshot.interval_ms=20").with("views.depth_interval_ms=10");
    let appliance = site.start();
    add_and_trade(&site);
    let journal = site.journal();
    let view = |what: &str, more: &[&str]| -> Finished {
        let words = [&["view", what, journal.to_str().expect("text"), "--format", "csv"][..], more].concat();
        site.pinion(&words)
    };
    wait_until("the trade", || view("trades", &[]).out.lines().count() == 2);
    for what in ["trades", "bars", "vwap"] {
        let said = view(what, &[]).expect_success();
        assert!(said.out.contains(",NEW,"), "{what}: {}", said.out);
        assert_eq!(view(what, &["--symbol", "NEW"]).expect_success().out, said.out, "{what}");
    }
    wait_until("its depth", || view("depth", &["--symbol", "NEW"]).out.contains(",NEW,"));
    assert_eq!(view("trades", &["--symbol", "PINION"]).expect_success().out.lines().count(), 1);
    let unknown = view("trades", &["--symbol", "NONE"]);
    assert!(unknown.status.code() == Some(2) && unknown.err.contains("CHAR, NEW"), "{unknown:?}");
    // A journal of other rules tells no names, and that is said.
    let other = view("trades", &["--set", "limits.instruments_added=65"]);
    assert!(other.status.code() == Some(1) && other.out.contains(",4,"), "{other:?}");
    assert!(other.err.contains("are shown by their number"), "{}", other.err);
    appliance.stop();
}
