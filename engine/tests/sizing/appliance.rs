//! A whole appliance of that size, from its configuration on.

use super::LIMITS;
use super::memory::{Taken, measure, turn};
use engine::appliance::{Appliance, endpoints};
use engine::config::Config;
use engine::exchange::Exchange;
use netio::host::{HostPort, PortKind};
use netio::pages;
use std::fmt::Write;
use std::path::Path;
use std::time::{Duration, Instant};

/// Each has a store of reports, which a thousand sessions would make many times as large as the book.
const SESSIONS: usize = 4;

/// A configuration with ten thousand instruments, as an operator's script would write it.
fn text(journal: &Path, (orders, levels, stops): (u32, u32, u32)) -> String {
    let mut text = format!(
        "[journal]\ndir = \"{}\"\nsegment_bytes = 16777216\n\
         [network]\norder_entry = \"127.0.0.1:0\"\nrerequest = \"127.0.0.1:0\"\n\
         [topology]\nwait = \"park\"\n\
         [limits]\norders = {orders}\nlevels = {levels}\nstops = {stops}\nsession_orders = {orders}\n\
         session_store_messages = 131072\n[[member]]\nname = \"m\"\n",
        journal.display()
    );
    let mut line = |entry: std::fmt::Arguments<'_>| writeln!(text, "{entry}").expect("a string takes any text");
    for number in 0..SESSIONS {
        line(format_args!("[[session]]\nusername = \"s{number}\"\nmember = \"m\"\nkey = \"{}\"", "5a".repeat(32)));
    }
    for number in 0..LIMITS.instruments {
        let tick = if number % 2 == 0 { "0.0001" } else { "0.01" };
        line(format_args!("[[instrument]]\nsymbol = \"I{number}\"\nid = {number}\ntick = \"{tick}\"\nlot = 1"));
    }
    text
}

fn load(text: &str) -> (Config, Duration) {
    let begin = Instant::now();
    let config = Config::parse(text, "sizing.toml").expect("valid");
    (config, begin.elapsed())
}

#[test]
fn ten_thousand_instruments_are_configured_and_found() {
    let _turn = turn();
    let dir = tempfile::tempdir().expect("a directory");
    let (config, loading) = load(&text(dir.path(), (1_000, 1_000, 100)));
    let (exchange, taken) = measure(|| Exchange::new(&config.rules()));
    eprintln!(
        "{loading:?} to read the configuration; an exchange of {} instruments takes {taken:?}",
        LIMITS.instruments
    );
    assert_eq!(exchange.instruments().len(), LIMITS.instruments as usize);
    for (index, instrument) in exchange.instruments().iter() {
        assert_eq!(exchange.instruments().find(instrument.symbol), Some(index));
        assert_eq!(instrument.symbol.name(), format!("I{index}"));
    }
    // A mistake is told with its line, far down as it is.
    let wrong = text(dir.path(), (1_000, 1_000, 100)) + "tik = 1\n";
    let line = format!("sizing.toml:{}:", wrong.lines().count());
    let error = Config::parse(&wrong, "sizing.toml").expect_err("an unknown key").to_string();
    assert!(error.starts_with(&line) && error.contains("did you mean 'instrument[9999].tick'?"), "{error}");
}

#[test]
#[ignore = "an appliance for ten million orders takes optimised code and 1.3 GB"]
fn an_appliance_of_that_size_starts_and_starts_again() {
    let _turn = turn();
    let dir = tempfile::tempdir().expect("a directory");
    let journal = dir.path().join("journal");
    let (config, loading) = load(&text(&journal, (LIMITS.orders, LIMITS.levels, LIMITS.stops)));
    eprintln!("{loading:?} to read the configuration");
    for life in ["first", "second"] {
        let port = HostPort::open(&PortKind::Socket.into(), &endpoints(&config)).expect("ports on loopback");
        let begin = Instant::now();
        let (appliance, taken) = measure(|| Appliance::start(&config, port).expect("an appliance"));
        eprintln!("{life} start: {:?}, {taken:?}; {}", begin.elapsed(), pages::huge_pages());
        // The book, the stores, and what does not grow: links, instruments, sessions.
        let stores = SESSIONS * 131_072 * 128;
        let expected = super::BYTES_MAX + stores + (64 << 20);
        let Taken { bytes, bytes_resident, .. } = taken;
        assert!(bytes < expected, "expected less than {expected} bytes, found {taken:?}");
        assert!(bytes_resident > bytes as u64 / 100 * 98, "every page is there: {taken:?}");
        let stopped = appliance.stop().expect("it ends in order");
        assert_eq!(stopped.next_tick - 1, u64::from(LIMITS.instruments), "a status tick for each instrument");
        assert_eq!(stopped.venue.exchange().instruments().len(), LIMITS.instruments as usize);
    }
}
