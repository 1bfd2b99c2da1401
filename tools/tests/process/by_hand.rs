//! `pinion send` and `pinion trade` beside a real appliance: exit statuses, what is printed, and a person before a terminal.

use crate::process::Finished;
use crate::site::{PINION, Site};
use crate::terminal::{Screen, line_of};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs;
use std::net::UdpSocket;
use std::process::Command;

/// `pinion COMMAND` with the site's settings behind the arguments.
fn command(site: &Site, command: &str, arguments: &[&str]) -> Command {
    let mut started = Command::new(PINION);
    started.arg(command).args(arguments).args(site.run_command(&[]).get_args().skip(1));
    started
}

fn send(site: &Site, line: &str) -> Finished {
    let arguments: Vec<&str> = line.split(' ').collect();
    site.spawn(command(site, "send", &arguments), "send").wait()
}

/// What it prints when it is sent, and that it ends with this status.
#[track_caller]
fn sent(site: &Site, line: &str, status: i32) -> String {
    let finished = send(site, line);
    assert_eq!(finished.status.code(), Some(status), "{line}: {finished:?}");
    finished.out
}

#[test]
fn every_kind_of_order_is_sent_and_answered() {
    let site = Site::new();
    let appliance = site.start();
    for (line, status, words) in [
        ("query", 0, vec!["AccountQueryResponse next_user_ref=1 "]),
        ("sell 100 PINION @ 10.05 --tif gtc --tag mine", 0, vec!["Accepted user_ref=1 ", "tif=GoodTillCancel", "mine"]),
        (
            "buy 30 PINION @10.05 --tif ioc",
            0,
            vec!["Accepted user_ref=2 ", "Executed user_ref=1 qty=30 price=10.05", "Executed user_ref=2 "],
        ),
        ("buy 500 PINION @ market --tif fok", 0, vec!["Accepted user_ref=3 ", "Canceled user_ref=3 qty=500", "(I)"]),
        ("buy 10 PINION @ 10.05 --post-only", 1, vec!["Rejected user_ref=4", "0x0105"]),
        ("buy 80 PINION @ 10.05 --min 80", 1, vec!["Rejected user_ref=5", "0x0106"]),
        (
            "buy 5 PINION @ 10.05 --self-match newest",
            0,
            vec!["Accepted user_ref=6", "AiqCanceled user_ref=6 qty=5", "CancelNewest"],
        ),
        ("buy 500 PINION @ 10 --display 50", 0, vec!["Accepted user_ref=7"]),
        (
            "short 60 PINION @ 10 --hidden",
            0,
            vec!["Accepted user_ref=8", "side=SellShort", "PriorityUpdate user_ref=7"],
        ),
        ("sell 10 PINION @ market --stop 9.5", 0, vec!["Accepted user_ref=9", "price=market"]),
        ("reduce 1 80", 0, vec!["Canceled user_ref=1 qty=20"]),
        ("replace 1 70 @ 10.06", 0, vec!["Replaced orig_user_ref=1 user_ref=10", "qty=40", "price=10.06"]),
        ("modify 10 exempt 60", 0, vec!["Modified user_ref=10 side=SellShortExempt qty=30"]),
        ("replace 10 25 @ 10.07 --re-enter", 0, vec!["Replaced orig_user_ref=10 user_ref=11", "qty=25"]),
        ("cancel 11", 0, vec!["Canceled user_ref=11 qty=25", "(U)"]),
        ("cancel 11", 1, vec!["CancelReject user_ref=11"]),
        ("replace 11 1 @ 10", 1, vec!["Rejected user_ref=12", "0x0107"]),
        ("buy 1 NOWHERE @ 10", 1, vec!["Rejected user_ref=13", "unknown symbol"]),
        ("buy 1 PINION @ 10 --tif gtt --expire 5", 1, vec!["Rejected user_ref=14", "0x0103"]),
        ("buy 1 PINION @ 1 --ref 40", 0, vec!["Accepted user_ref=40"]),
    ] {
        let out = sent(&site, line, status);
        for word in words {
            assert!(out.contains(word), "{line}: expected '{word}' in\n{out}");
        }
        // The answer is told with its time, and the question before the logout not at all.
        assert!(out.contains(" latency_ns="), "{line}: {out}");
        assert!(line == "query" || !out.contains("AccountQueryResponse"), "{line}: {out}");
    }
    let again = send(&site, "buy 1 PINION @ 1 --ref 40");
    again.expect_refusal(&["expected a number above 40"]);
    appliance.stop();
}

#[test]
fn a_program_reads_reports_as_json() {
    let site = Site::new();
    let appliance = site.start();
    sent(&site, "sell 100 PINION @ 10.05", 0);
    let out = sent(&site, "buy 30 PINION @ 10.05 --json", 0);
    let reports: Vec<serde_json::Value> =
        out.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect();
    let kinds: Vec<_> = reports.iter().map(|line| line["report"]["type"].as_str().expect("a type")).collect();
    assert_eq!(kinds, ["Accepted", "Executed", "Executed"]);
    assert_eq!(reports[1]["report"]["price"], "10.05");
    assert!(reports[0]["latency_ns"].as_u64() > Some(0) && reports[1]["latency_ns"].is_null());
    let numbers: Vec<_> = reports.iter().map(|line| line["sequence"].as_u64().expect("a number")).collect();
    assert_eq!(
        numbers,
        [3, 4, 5],
        "the first was told to the first order, the second was its question before the logout"
    );
    let out = sent(&site, "buy 3 PINION @ 10.05 --post-only --json", 1);
    let report: serde_json::Value = serde_json::from_str(&out).expect("one object");
    assert_eq!((&report["report"]["code"], &report["report"]["user_ref"]), (&"0x0105".into(), &3.into()));
    appliance.stop();
}

#[test]
fn logins_keys_and_silence_are_told_apart() {
    let site = Site::new();
    // Nobody is there.
    let deaf = UdpSocket::bind(site.ports.order_entry()).expect("a claimed port");
    let finished = send(&site, "query --wait 1");
    finished.expect_refusal(&["heard nothing for 1", "is the appliance running"]);
    drop(deaf);
    for (line, words) in [
        ("buy 100 PINION", "expected buy QTY SYMBOL @ PRICE"),
        ("replace 3 10", "found no price"),
        ("sell 1 PINION @ 1 --bogus", "--bogus"),
        ("cancel", "expected cancel REF"),
    ] {
        let finished = send(&site, line);
        assert_eq!(finished.status.code(), Some(2), "{line}: {finished:?}");
        assert!(finished.err.contains(words) && finished.out.is_empty(), "{line}: {finished:?}");
    }
    let appliance = site.start();
    send(&site, "query --session nobody").expect_refusal(&["known are trader1, trader2"]);
    let key = site.path("key");
    let key_file = key.to_str().expect("text");
    fs::write(&key, "70696e696f6e2d646576656c6f706d656e742d6b65792d2d2d74726164657232\n").expect("written");
    sent(&site, &format!("query --session trader2 --key-file {key_file}"), 0);
    send(&site, &format!("query --key-file {key_file}")).expect_refusal(&["unknown user or another key"]);
    fs::write(&key, "secret").expect("written");
    send(&site, &format!("query --key-file {key_file}")).expect_refusal(&["64 hexadecimal digits", "found 6"]);
    // Orders stay, unless they are to go with the session.
    sent(&site, "sell 5 PINION @ 10", 0);
    let out = sent(&site, "sell 7 PINION @ 10 --cancel-on-disconnect", 0);
    assert!(out.contains("Accepted user_ref=2"), "{out}");
    let out = sent(&site, "buy 12 PINION @ 10 --tif ioc --session trader2", 0);
    assert!(out.contains("Canceled user_ref=1 qty=12"), "logging out with it cancels all orders of the session: {out}");
    appliance.stop();
}

/// What the help shows works as it stands there, but for the site's settings.
#[test]
fn the_examples_of_the_help_work() {
    let site = Site::new();
    let appliance = site.start();
    let help = |name: &str| {
        let mut command = Command::new(PINION);
        command.args([name, "--help"]);
        site.spawn(command, "help").wait().expect_success().out
    };
    let text = help("trade");
    let (_, script) = text.split_once("in its order:\n").expect("a script");
    let (script, _) = script.split_once("Behind `expect`").expect("its end");
    let file = site.path("script.txt");
    fs::write(&file, script).expect("written");
    // Alone in the book.
    let script = command(&site, "trade", &["--script", file.to_str().expect("text"), "--session", "trader2"]);
    let played = site.spawn(script, "trade").wait();
    assert!(played.err.contains("all 8 lines as expected"), "{played:?}");
    let text = help("send");
    let examples: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("  pinion send ")).collect();
    assert_eq!(examples.len(), 9, "{text}");
    for example in examples {
        let out = sent(&site, example, 0);
        assert!(!out.contains("Rejected"), "{example}: {out}");
    }
    appliance.stop();
}

const DAY: &str = "\
first: sell 100 PINION @ 10.05
expect accepted 100 @ 10.05
buy 30 PINION @ 10.05 --tif ioc
expect accepted
expect executed 30 @ 10.05 of first
expect executed 30 @ 10.05
cancel first
expect canceled 70 U
";

#[test]
fn a_script_certifies_a_venue() {
    let site = Site::new();
    let appliance = site.start();
    let file = site.path("certification.txt");
    let path = file.to_str().expect("text");
    let play = |more: &[&str]| site.spawn(command(&site, "trade", more), "trade").wait();
    fs::write(&file, DAY).expect("written");
    let played = play(&["--script", path]).expect_success();
    assert!(played.out.contains("< canceled 1 70 U asked for by the client\n"), "{}", played.out);
    assert!(played.err.contains("all 8 lines as expected"), "{}", played.err);
    fs::write(&file, DAY.replace("canceled 70", "canceled 71")).expect("written");
    play(&["--script", path]).expect_refusal(&["line 8: expected canceled 71 U, heard canceled 3 70 U"]);
    fs::write(&file, "expect filled").expect("written");
    let refused = play(&["--script", path]);
    assert_eq!(refused.status.code(), Some(2), "{refused:?}");
    let refused = play(&[]);
    assert_eq!(refused.status.code(), Some(2), "{refused:?}");
    assert!(refused.err.contains("expected a terminal"), "{}", refused.err);
    appliance.stop();
}

/// A person enters orders, sees them in the ladder and among the own ones, trades, cancels and leaves.
#[test]
fn a_person_trades_on_a_terminal() {
    let site = Site::new().with("snapshot.interval_ms=20").with("feed.snapshot_max_age_ms=20");
    let appliance = site.start();
    sent(&site, "sell 300 PINION @ 10.07 --session trader2", 0);
    for (size, ends) in [((80, 24), "c"), ((200, 50), "a signal")] {
        let line = line_of(&command(&site, "trade", &["--session", "trader1"]));
        let Some(screen) = Screen::run(&site.path(format!("trade-{}", size.0)), size, &line) else { return };
        screen.wait("a session and a book", |text| text.contains(" UP  WHOLE") && text.contains("10.07"));
        assert!(screen.is_taken(), "it draws on a screen of its own");
        screen.press(":");
        screen.enter("buy 50 PINION @ 10.05");
        let text = screen.wait("the order in the ladder", |text| text.contains("*50") && text.contains("accepted"));
        assert_eq!(text.lines().count(), usize::from(size.1), "{text}");
        assert!(text.contains("own orders: 1 open"), "{text}");
        // By key, at the cursor, which goes to the offer.
        screen.press("PageUp");
        screen.press("b");
        screen.wait("a trade", |text| {
            text.contains("executed") && text.contains("last 10.07") && text.contains("filled")
        });
        screen.press("r");
        screen.wait("a line to correct", |text| text.contains(":replace "));
        screen.press("BSpace");
        screen.press("4");
        screen.press("Enter");
        screen.wait("the order at its new price", |text| {
            text.contains("replaced") && text.contains("*50 ") && text.contains("10.04")
        });
        screen.press(":");
        screen.enter("sell 5 PINION @ 10.06");
        screen.wait("two orders", |text| text.contains("own orders: 2 open"));
        screen.press("c");
        screen.wait("one order", |text| text.contains("own orders: 1 open") && text.contains("canceled"));
        screen.press("?");
        screen.wait("help", |text| text.contains("any key goes back") && text.contains("--self-match"));
        screen.press("Escape");
        screen.wait("no help", |text| !text.contains("any key goes back"));
        if ends == "c" {
            screen.press("q");
            screen.wait("a question", |text| text.contains("1 open. Quit: y leaves them"));
            screen.press("c");
        } else {
            kill(Pid::from_raw(i32::try_from(screen.child()).expect("a process")), Signal::SIGTERM).expect("it runs");
        }
        let text = screen.wait("the end", |text| text.contains("it echoes"));
        assert!(text.contains("ended with 0") && !screen.is_taken(), "after {ends}: {text}");
        assert_eq!(text.contains("1 orders of trader1 stay in the book"), ends != "c", "{text}");
    }
    // What the signal left there is known to whoever comes next.
    let line = line_of(&command(&site, "trade", &["--session", "trader1"]));
    let Some(screen) = Screen::run(&site.path("again"), (80, 24), &line) else { return };
    screen.wait("the order of before", |text| text.contains("own orders: 1 open") && text.contains("*50"));
    screen.press("C");
    screen.wait("a question", |text| text.contains("Cancel 1 open orders?"));
    screen.press("y");
    screen.wait("no order", |text| text.contains("own orders: 0 open"));
    screen.press("q");
    screen.wait("the end", |text| text.contains("ended with 0"));
    appliance.stop();
    // Nobody is there any more: it says so, and the terminal is whole.
    let line = line_of(&command(&site, "trade", &["--wait", "1"]));
    let Some(screen) = Screen::run(&site.path("nobody"), (80, 24), &line) else { return };
    let text = screen.wait("the end", |text| text.contains("it echoes"));
    assert!(text.contains("ended with 1") && text.contains("expected an answer from") && !screen.is_taken(), "{text}");
}
