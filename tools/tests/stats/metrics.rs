//! What Prometheus gets: the text, and the server against whoever comes.

use crate::made::Made;
use engine::counters::schema::{GROUPS, stage};
use netio::lab::excuse;
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::Duration;
use tools::stats::Health;
use tools::stats::prometheus::{Page, answer, exposition, exposition_without, listen};
use wire::counters::FieldKind;

/// What scripts/setup has taken from PyPI.
const PYTHON: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/python/bin/python3");
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/interop/metrics.py");

/// What somebody else's parser finds in it; `None` where it is not installed.
fn parsed(text: &str) -> Option<serde_json::Value> {
    if !Path::new(PYTHON).exists() {
        excuse("a parser from PyPI", &"run scripts/setup");
        return None;
    }
    let mut command = Command::new(PYTHON);
    command.arg(SCRIPT).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("python starts");
    child.stdin.take().expect("piped").write_all(text.as_bytes()).expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{}\n{text}", String::from_utf8_lossy(&output.stderr));
    Some(serde_json::from_slice(&output.stdout).expect("JSON"))
}

fn labels(pairs: &[(&str, &str)]) -> String {
    let sorted: BTreeMap<_, _> = pairs.iter().copied().chain([("appliance", "pinion")]).collect();
    let pairs: Vec<String> = sorted.iter().map(|(name, value)| format!("\"{name}\": \"{value}\"")).collect();
    format!("{{{}}}", pairs.join(", "))
}

#[test]
fn every_number_reaches_somebody_elses_parser() {
    let mut made = Made::new();
    made.run(3_000);
    // One that lies in the last bucket alone.
    made.region.row(&stage::GROUP, 10).add_duration(stage::duration, 100_000_000_000);
    made.set(&engine::counters::schema::appliance::GROUP, 0, engine::counters::schema::appliance::draining, 1);
    let look = made.run(100);
    let Some(found) = parsed(&exposition(&look, &Health::of(&look))) else { return };
    for group in GROUPS.iter().filter(|group| !look.rows(group.name).is_empty()) {
        for field in group.fields {
            let name = field.name.strip_suffix("_ns").map_or(field.name.to_owned(), |name| format!("{name}_seconds"));
            let (name, kind) = match field.kind {
                // The parser calls a counter by its name without `_total`.
                FieldKind::Counter => (name, "counter"),
                FieldKind::Histogram => (name + "_seconds", "histogram"),
                FieldKind::Gauge | FieldKind::Time => (name, "gauge"),
            };
            assert_eq!(
                found["families"][format!("pinion_{}_{name}", group.name)],
                kind,
                "{}.{}",
                group.name,
                field.name
            );
        }
    }
    let value = |name: &str, of: &[(&str, &str)]| {
        let key = name.to_owned() + &labels(of);
        found["values"][&key].as_f64().unwrap_or_else(|| panic!("no {key} in {found:#}"))
    };
    let near = |one: f64, two: f64| (one - two).abs() < 1e-9;
    assert!(near(value("pinion_up", &[]), 1.0) && near(value("pinion_health", &[("verdict", "healthy")]), 1.0));
    assert!(near(value("pinion_health", &[("verdict", "broken")]), 0.0));
    assert!(near(value("pinion_health_reasons", &[("rule", "drain"), ("grade", "note")]), 1.0));
    assert!(near(value("pinion_session_messages_total", &[("session", "trader1")]), 31.0 * 70.0));
    assert!(near(value("pinion_thread_working_seconds_total", &[("thread", "net+feed")]), 0.93));
    assert!(near(value("pinion_instrument_last_price", &[("instrument", "PINION")]), 100.05));
    assert!(near(value("pinion_instrument_bid_price", &[("instrument", "PINION")]), -0.25));
    let whole = |bound| value("pinion_stage_duration_seconds_bucket", &[("stage", "whole"), ("le", bound)]);
    // 31 of 20 µs, between 16.384 and 24.576 µs.
    assert!(near(whole("0.000016383"), 0.0) && near(whole("0.000024575"), 31.0) && near(whole("+Inf"), 32.0));
    let sum = value("pinion_stage_duration_seconds_sum", &[("stage", "whole")]);
    assert!(near(sum, 100.000_62), "{sum}");
    let Some(without) = parsed(&exposition_without()) else { return };
    let up = without["values"]["pinion_up{}"].as_f64();
    assert!(
        up.is_some_and(|up| near(up, 0.0)) && without["values"].as_object().is_some_and(|values| values.len() == 1),
        "{without}"
    );
}

#[test]
fn bounds_are_the_same_in_every_scrape() {
    let mut made = Made::new();
    let bounds = |text: &str| -> Vec<String> {
        let bucket = |line: &&str| line.starts_with("pinion_journal_sync_seconds_bucket");
        text.lines().filter(bucket).map(|line| line.rsplit_once(' ').expect("a value").0.to_owned()).collect()
    };
    let look = made.run(100);
    let before = exposition(&look, &Health::of(&look));
    for duration in [1, 500, 77_000, 9_000_000_000] {
        made.region
            .row(&engine::counters::schema::journal::GROUP, 0)
            .add_duration(engine::counters::schema::journal::sync, duration);
    }
    let look = made.run(100);
    let after = exposition(&look, &Health::of(&look));
    assert_eq!(bounds(&before), bounds(&after));
    assert!(bounds(&before).len() > 50 && bounds(&before).len() < 70, "{:?}", bounds(&before));
}

fn pages(page: Page) -> (u16, String) {
    match page {
        Page::Metrics => (200, "pinion_up 1\n".to_owned()),
        Page::Health => (503, "broken\n".to_owned()),
    }
}

/// The status of an answer, and what is behind its empty line.
fn answered(request: &str) -> (u16, String) {
    let text = String::from_utf8(answer(request.as_bytes(), &pages)).expect("text");
    read(&text)
}

fn read(text: &str) -> (u16, String) {
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no head in '{text}'"));
    let status = head.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)?.parse().ok()).expect("a status");
    assert!(head.contains("\r\nConnection: close") && head.contains("\r\nContent-Length: "), "{head}");
    (status, body.to_owned())
}

#[test]
fn requests_and_what_is_none() {
    let page = "pinion_up 1\n".to_owned();
    assert_eq!(answered("GET /metrics HTTP/1.1\r\nHost: here\r\n\r\n"), (200, page.clone()));
    assert_eq!(answered("GET /metrics?x=1 HTTP/1.0\r\n\r\n"), (200, page));
    assert_eq!(answered("HEAD /metrics HTTP/1.1\r\n\r\n"), (200, String::new()));
    assert_eq!(answered("GET /health HTTP/1.1\r\n\r\n"), (503, "broken\n".to_owned()));
    assert_eq!(answered("GET / HTTP/1.1\r\n\r\n").0, 200);
    for (request, status) in [
        ("GET /other HTTP/1.1\r\n\r\n", 404),
        ("GET /metrics/ HTTP/1.1\r\n\r\n", 404),
        ("POST /metrics HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc", 405),
        ("GET /metrics HTTP/2\r\n\r\n", 400),
        ("GET /metrics\r\n\r\n", 400),
        ("GET  /metrics HTTP/1.1\r\n\r\n", 400),
        ("\r\n\r\n", 400),
        ("", 400),
        ("GET /metrics HTTP/1.1\r\n", 400),
        ("\u{0}\u{1}\u{2}é→\r\n\r\n", 400),
    ] {
        assert_eq!(answered(request).0, status, "{request:?}");
    }
    assert_eq!(answered(&"x".repeat(9_000)).0, 431);
    // A length that is right is what lets a client keep what it got.
    let text = String::from_utf8(answer(b"HEAD /metrics HTTP/1.1\r\n\r\n", &pages)).expect("text");
    assert!(text.contains("Content-Length: 12\r\n") && text.contains("text/plain; version=0.0.4"), "{text}");
}

/// A server on loopback, for as long as the process lives.
fn server() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback");
    let address = listener.local_addr().expect("bound");
    thread::spawn(move || listen(&listener, Arc::new(pages)));
    address
}

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).expect("it listens");
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a socket of ours");
    stream
}

fn said(mut stream: TcpStream) -> String {
    let mut text = String::new();
    let _ = stream.read_to_string(&mut text);
    text
}

fn scrape(address: SocketAddr) -> (u16, String) {
    let mut stream = connect(address);
    stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n").expect("sent");
    read(&said(stream))
}

#[test]
fn silent_and_slow_clients_are_bounded_and_go() {
    let address = server();
    assert_eq!(scrape(address).0, 200);
    let silent: Vec<TcpStream> = (0..8).map(|_| connect(address)).collect();
    // All places are taken now, and whoever comes is told so at once.
    let mut turned_away = String::new();
    while !turned_away.contains("503") {
        turned_away = said(connect(address));
    }
    assert!(turned_away.contains("too many connections"), "{turned_away}");
    // Those that say nothing are put off without a word, and those that drip are, too.
    let drips = thread::spawn(move || {
        let mut stream = silent.first().expect("eight");
        for _ in 0..200 {
            if stream.write_all(b"x").is_err() {
                return true;
            }
            thread::sleep(Duration::from_millis(50));
        }
        false
    });
    let mut status = 0;
    while status != 200 {
        thread::sleep(Duration::from_millis(50));
        status = read(&said({
            let mut stream = connect(address);
            let _ = stream.write_all(b"GET /metrics HTTP/1.1\r\n\r\n");
            stream
        }))
        .0;
    }
    assert!(drips.join().expect("no panic"), "a client may drip for ten seconds");
}

#[test]
fn rubbish_is_answered_and_harms_nobody() {
    let address = server();
    let mut state = 0x9E37_79B9_u64;
    for round in 0..50 {
        let mut stream = connect(address);
        let bytes: Vec<u8> = (0..round * 40)
            .map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                state.to_be_bytes()[0]
            })
            .collect();
        let _ = stream.write_all(&bytes);
        let _ = stream.shutdown(Shutdown::Write);
        let text = said(stream);
        assert!(text.is_empty() || text.starts_with("HTTP/1.1 4"), "{text}");
    }
    // More than anybody has a reason to say.
    let mut stream = connect(address);
    let _ = stream.write_all(&[b'a'; 20_000]);
    let text = said(stream);
    assert!(text.is_empty() || text.starts_with("HTTP/1.1 431"), "{text}");
    assert_eq!(scrape(address).0, 200);
}
