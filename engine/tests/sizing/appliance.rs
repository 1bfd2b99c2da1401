//! A whole appliance of that size, from its configuration on.

use super::LIMITS;
use super::memory::{Taken, measure, turn};
use engine::appliance::{Appliance, endpoints};
use engine::config::Config;
use engine::exchange::Exchange;
use engine::footprint;
use netio::host::{HostPort, PortKind};
use netio::memory::MemoryPort;
use netio::pages;
use std::fmt::Write;
use std::path::Path;
use std::time::{Duration, Instant};
use wire::feed::{ChannelIndex, Stream, StreamKind};

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

/// What a machine is prepared for is what an appliance takes: never less, and not a quarter more.
#[test]
fn the_computed_footprint_holds_the_tables_of_an_appliance() {
    let _turn = turn();
    for limits in [(1_000, 1_000, 100), (400_000, 50_000, 20_000)] {
        let dir = tempfile::tempdir().expect("a directory");
        let (config, _) = load(&text(dir.path(), limits));
        let computed: u64 = footprint::parts(&config).iter().map(|part| part.bytes).sum();
        let tables = footprint::TABLES_MAX * (2 << 20);
        let (port, _peer) = MemoryPort::pair(&endpoints(&config), &endpoints(&config), 64).expect("a port");
        let before = pages::huge_pages();
        let (appliance, taken) = measure(|| Appliance::start(&config, port).expect("an appliance"));
        let after = pages::huge_pages();
        let large = |pages: pages::HugePages| pages.bytes_hugetlb + pages.bytes_transparent_asked;
        let large = large(after) - large(before);
        eprintln!("{limits:?}: computed {computed}, taken {taken:?}, {large} in large tables");
        assert!(computed + tables >= large, "expected at least {large} bytes, computed {computed} and {tables}");
        // The follower's tables are made by another thread, which only the pages show.
        let bytes = large.max(taken.bytes as u64);
        assert!(computed + tables >= bytes && computed <= bytes / 4 * 5 + tables, "computed {computed}, found {bytes}");
        appliance.stop().expect("it ends in order");
    }
}

#[test]
#[ignore = "an appliance for ten million orders takes optimised code and 1.3 GB"]
fn an_appliance_of_that_size_starts_and_starts_again() {
    let _turn = turn();
    let dir = tempfile::tempdir().expect("a directory");
    let journal = dir.path().join("journal");
    let (mut config, loading) = load(&text(&journal, (LIMITS.orders, LIMITS.levels, LIMITS.stops)));
    // The follower would take the books' memory once more.
    config.snapshot.interval_ms = 0;
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
        let ticks = Stream::new(ChannelIndex(0), StreamKind::Tick);
        let next = u64::from(LIMITS.instruments) + 1;
        assert_eq!(stopped.next(ticks), Some(next), "a status tick for each instrument");
        assert_eq!(stopped.venue.exchange().instruments().len(), LIMITS.instruments as usize);
    }
}
