//! What the journal and its snapshots cost whoever matches, and how soon a venue stands again, with as many orders as one asks for.
//!
//! ```text
//!   fill: orders that rest ─► quiet | a snapshot is written | quiet | … ─► a second more ─► stop ─► start
//!                             '---- each message timed, in turns -----'      the tail         from cold files
//! ```
//! Goal: the pauses that a client would see, where they are caused, and the time of a start beside what no start can do without. Non-goal:
//! links and tiles (`pipeline`), the rate of replay (`recovery`).

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use crate::error::BenchError;
use crate::figure::{Figure, Row, Section};
use crate::flow::Flow;
use crate::host::file_system;
use crate::published::SEED;
use crate::sample::{durations, median, percentiles};
use crate::subject::journaled::{Unjournaled, Writer, take};
use crate::subject::login::{SECRET, START, log_in_journaled};
use crate::suite::journal::JournalArgs;
use clap::Args;
use engine::config::Config;
use engine::ground::Ground;
use engine::journal::{Journal, directory};
use engine::recovery::{From, Recovered, recover, recover_from};
use engine::snapshot::{Follower, Prepared, load_newest};
use engine::venue::Venue;
use feedhandler::flow::workload::Scenario;
use hdrhistogram::Histogram;
use netio::clock::Clock;
use nix::fcntl::{PosixFadviseAdvice, posix_fadvise};
use wire::login::Key;
use wire::mold::SessionId;
use wire::ouch::code::{Capacity, ClOrdId, CrossType, Display, TimeInForce, YesNo};
use wire::ouch::{Appendage, CancelOrder, EnterOrder, INBOUND_LEN_MAX, OrderSide};
use wire::{Price, Qty, Side, Symbol, UserRefNum};

const ORDERS: u32 = 1_000_000;
const INSTRUMENTS: u32 = 10_000;
const FLOW_ORDERS: u32 = 250_000;
const PASSES: u32 = 5;
/// Snapshots that are written while messages are timed.
const SNAPSHOTS: u32 = 5;
/// How long messages are timed before each.
const QUIET_NS: u64 = 1_000_000_000;
const TAIL_NS: u64 = 1_000_000_000;
/// Orders at one price.
const QUEUE: u32 = 25;

/// Measure what journal and snapshots cost the matching path, and a start with many orders.
#[derive(Debug, Default, Args)]
pub struct SnapshotArgs {
    /// Orders that rest
    #[arg(long, value_parser = clap::value_parser!(u32).range(1_000..=10_000_000))]
    orders: Option<u32>,
    /// Instruments that they are spread over
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=32_768))]
    instruments: Option<u32>,
    /// The flow whose appending is measured: the one that the book takes fastest when not given
    #[arg(long)]
    scenario: Option<Scenario>,
    /// Passes of which the median counts
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    passes: Option<u32>,
    #[command(flatten)]
    place: JournalArgs,
}

/// How much of everything.
struct Sizes {
    orders: u32,
    instruments: u32,
    flow_orders: u32,
    passes: u32,
    snapshots: u32,
    quiet_ns: u64,
    tail_ns: u64,
}

impl Sizes {
    fn new(args: &SnapshotArgs, smoke: bool) -> Self {
        let pick = |asked: Option<u32>, full, small| asked.unwrap_or(if smoke { small } else { full });
        Self {
            orders: pick(args.orders, ORDERS, 2_000),
            instruments: pick(args.instruments, INSTRUMENTS, 10),
            flow_orders: pick(None, FLOW_ORDERS, 2_000),
            passes: pick(args.passes, PASSES, 1),
            snapshots: if smoke { 1 } else { SNAPSHOTS },
            quiet_ns: if smoke { QUIET_NS / 100 } else { QUIET_NS },
            tail_ns: if smoke { TAIL_NS / 100 } else { TAIL_NS },
        }
    }
}

/// Measures.
///
/// # Errors
/// A start does not come to where the venue stood, or the disk refuses.
pub fn run(args: &SnapshotArgs, smoke: bool, clock: &Clock) -> Result<Section, BenchError> {
    let sizes = Sizes::new(args, smoke);
    let scratch = args.place.scratch()?;
    let scenario = args.scenario.unwrap_or(Scenario::Static);
    let mut rows = vec![appending(&scratch.path().join("appending"), scenario, &sizes, clock)?];
    let dir = scratch.path().join("large");
    let config = config(&dir, &sizes)?;
    let (timed, end) = large(&config, &sizes, clock)?;
    rows.extend(timed);
    rows.push(start(&config, &end, clock)?);
    let facts = vec![
        ("state", format!("{} orders rest in {} instruments, {QUEUE} at a price", sizes.orders, sizes.instruments)),
        ("snapshot", format!("{} bytes, of {} orders", end.snapshot_bytes, sizes.orders)),
        ("tail", format!("{} records behind the snapshot", end.tail)),
        ("file system", file_system(scratch.path())),
    ];
    Ok(Section { name: "snapshot", facts, rows, series: vec![] })
}

/// The same flow with and without a journal, in turns.
fn appending(dir: &Path, scenario: Scenario, sizes: &Sizes, clock: &Clock) -> Result<Row, BenchError> {
    let overrides = [("journal.durability", "mapped"), ("snapshot.interval_ms", "0")];
    let overrides: Vec<_> = overrides.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    let mut config = Config::default().with_overrides(&overrides)?;
    let flow = Flow::generated(scenario, sizes.flow_orders, SEED, &config)?;
    let (mut withs_ns, mut withouts_ns, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for pass in 0..sizes.passes {
        config.journal.dir = dir.join(pass.to_string());
        let Recovered { mut venue, journal, .. } = recover_from(From::Genesis, &config, &Ground::default(), START)?;
        let Journal { appender, helper, .. } = journal;
        let threads = helper.spawn().map_err(BenchError::Thread)?;
        let mut writer = Writer::new(appender);
        let token = log_in_journaled(&mut venue, &config, &mut |command| writer.append(command))?;
        let with_ns = fed(&flow, &mut venue, token, &mut writer, clock)?;
        writer.end()?;
        threads.stop()?;
        let journaled = venue.exchange().state_hash();
        drop(venue);
        fs::remove_dir_all(&config.journal.dir).map_err(BenchError::io("remove the journal"))?;

        let mut venue = engine::recovery::venue(&config, SECRET);
        let token = log_in_journaled(&mut venue, &config, &mut |_| {})?;
        let without_ns = fed(&flow, &mut venue, token, &mut Unjournaled::default(), clock)?;
        equal(&[journaled], &[venue.exchange().state_hash()])?;
        ratios.push(Figure::ratio("time_ratio", with_ns, without_ns).value);
        withs_ns.push(with_ns);
        withouts_ns.push(without_ns);
    }
    let messages = flow.len() as u64;
    let fastest = |times: &[u64]| times.iter().copied().min().unwrap_or(0);
    let figures = vec![
        Figure::ratio("time_ratio", median(&ratios), 1_000),
        Figure::ratio("fastest_ratio", fastest(&withs_ns), fastest(&withouts_ns)),
        Figure::rate("messages_per_s", messages, median(&withs_ns)),
        Figure::rate("unjournaled_per_s", messages, median(&withouts_ns)),
    ];
    let excludes = "links between tiles; the helpers have the other core";
    Ok(Row { name: format!("appending, mapped, {scenario}").into(), figures, excludes })
}

fn fed(
    flow: &Flow,
    venue: &mut Venue,
    token: SessionId,
    out: &mut impl engine::venue::Outputs,
    clock: &Clock,
) -> Result<u64, BenchError> {
    let before = clock.now();
    for (message, sequence) in flow.messages().iter().zip(1_u64..) {
        take(venue, token, sequence, message, out)?;
    }
    Ok(clock.now() - before)
}

/// Where the large venue stood at its end.
struct End {
    seq: u64,
    state_hash: u64,
    snapshot_bytes: u64,
    tail: u64,
}

/// The rules of a venue with room for the orders and as many again.
fn config(dir: &Path, sizes: &Sizes) -> Result<Config, BenchError> {
    let orders = u64::from(sizes.orders) + 1_000_000;
    let levels = orders / u64::from(QUEUE) + 2 * u64::from(sizes.instruments) + 1_000_000;
    let mut text = format!(
        "[journal]\ndir = \"{}\"\ndurability = \"mapped\"\n[snapshot]\nkeep = 2\n\
         [limits]\norders = {orders}\nlevels = {levels}\nsession_orders = {orders}\nsession_store_messages = 131072\n\
         [[member]]\nname = \"m\"\n[[session]]\nusername = \"s\"\nmember = \"m\"\nkey = \"{}\"\n",
        dir.display(),
        "5a".repeat(32)
    );
    for number in 0..sizes.instruments {
        // A string takes any text.
        let _ = writeln!(text, "[[instrument]]\nsymbol = \"I{number}\"\nid = {number}\ntick = \"0.01\"\nlot = 1");
    }
    Ok(Config::parse(&text, "the benchmark's rules")?)
}

/// A venue with its journal, and whoever sends it orders.
struct Large<'a> {
    venue: Venue,
    writer: Writer,
    token: SessionId,
    sizes: &'a Sizes,
    /// Messages sent.
    sequence: u64,
    /// Orders entered.
    entered: u32,
}

impl Large<'_> {
    fn send(&mut self, message: &[u8]) -> Result<(), BenchError> {
        self.sequence += 1;
        take(&mut self.venue, self.token, self.sequence, message, &mut self.writer)
    }

    /// Enters the next order: it rests, among others of its price.
    fn enter(&mut self) -> Result<(), BenchError> {
        let number = self.entered;
        self.entered += 1;
        let (instrument, place) = (number % self.sizes.instruments, number / self.sizes.instruments);
        let step = i64::from(place / (2 * QUEUE) % 4_000) * 100;
        let (side, price) = match place % 2 {
            0 => (Side::Buy, 1_000_000 - step),
            _ => (Side::Sell, 1_000_100 + step),
        };
        let order = EnterOrder {
            user_ref: UserRefNum(number + 1),
            side: OrderSide::from(side),
            qty: Qty(10),
            symbol: Symbol::new(&format!("I{instrument}")).ok_or(BenchError::Login { expected: "a symbol" })?,
            price: Price(price),
            time_in_force: TimeInForce::Day,
            display: Display::Visible,
            capacity: Capacity::Principal,
            sweep: YesNo::No,
            cross_type: CrossType::Continuous,
            cl_ord_id: ClOrdId::BLANK,
            appendage: Appendage::default(),
        };
        let mut bytes = [0; INBOUND_LEN_MAX];
        let len = order.encode(&mut bytes).ok_or(BenchError::Login { expected: "an order that fits" })?;
        self.send(&bytes[..len])
    }

    /// Cancels an order of some time ago.
    fn cancel(&mut self, number: u32) -> Result<(), BenchError> {
        let mut bytes = [0; INBOUND_LEN_MAX];
        let cancel = CancelOrder { user_ref: UserRefNum(number), qty: Qty::ZERO };
        let len = cancel.encode(&mut bytes).ok_or(BenchError::Login { expected: "a cancel that fits" })?;
        self.send(&bytes[..len])
    }
}

/// What the follower's thread is asked for, and what it is at.
#[derive(Default)]
struct Asked {
    snapshots: AtomicU64,
    saving: AtomicBool,
    ending: AtomicBool,
}

/// Messages, timed.
struct Times {
    quiet: Histogram<u64>,
    saving: Histogram<u64>,
    rotations: Histogram<u64>,
    snapshots_ns: Vec<u64>,
}

fn large(config: &Config, sizes: &Sizes, clock: &Clock) -> Result<(Vec<Row>, End), BenchError> {
    let Recovered { venue, journal, .. } = recover_from(From::Genesis, config, &Ground::default(), START)?;
    let Journal { appender, helper, watch, .. } = journal;
    let threads = helper.spawn().map_err(BenchError::Thread)?;
    let follower = Prepared::new(config, Ground::default().disk)?.follow(watch.clone())?;
    let asked = Asked::default();
    let mut writer = Writer::new(appender);
    let mut venue = venue;
    let token = log_in_journaled(&mut venue, config, &mut |command| writer.append(command))?;
    let mut large = Large { venue, writer, token, sizes, sequence: 0, entered: 0 };
    let (times, end) = thread::scope(|scope| {
        let follower_clock = clock.clone();
        let follows = scope.spawn(|| follow(follower, &asked, follower_clock));
        let timed = drive(&mut large, &asked, clock);
        asked.ending.store(true, Ordering::Release);
        let saved = follows.join().map_err(|_| BenchError::Login { expected: "a follower that lives" })?;
        let (snapshots_ns, saved) = saved?;
        let (mut times, tail) = timed?;
        times.snapshots_ns = snapshots_ns;
        let end = End {
            seq: large.venue.seq().0,
            state_hash: large.venue.exchange().state_hash(),
            snapshot_bytes: saved,
            tail,
        };
        Ok::<_, BenchError>((times, end))
    })?;
    large.writer.end()?;
    threads.stop()?;
    Ok((rows(&times), end))
}

/// Follows the journal and takes a snapshot whenever asked. Returns how long each took, and the length of the last.
fn follow(mut follower: Follower, asked: &Asked, clock: Clock) -> Result<(Vec<u64>, u64), BenchError> {
    let (mut taken_ns, mut len) = (Vec::new(), 0);
    while !asked.ending.load(Ordering::Acquire) {
        if follower.follow()? == 0 {
            thread::sleep(std::time::Duration::from_millis(1));
        }
        if asked.snapshots.load(Ordering::Acquire) > taken_ns.len() as u64 {
            while follower.follow()? > 1_000 {}
            asked.saving.store(true, Ordering::Release);
            let before = clock.now();
            let saved = follower.save()?;
            taken_ns.push(clock.now() - before);
            asked.saving.store(false, Ordering::Release);
            len = saved.map_or(len, |saved| saved.file_len);
        }
    }
    Ok((taken_ns, len))
}

/// Fills the books; then times messages, with and without a snapshot under way; then makes a tail. Returns its records, too.
fn drive(large: &mut Large<'_>, asked: &Asked, clock: &Clock) -> Result<(Times, u64), BenchError> {
    while large.entered < large.sizes.orders {
        large.enter()?;
    }
    let mut times = Times { quiet: durations(), saving: durations(), rotations: durations(), snapshots_ns: Vec::new() };
    let mut canceled = 0;
    let mut timed = |large: &mut Large<'_>, times: &mut Times| -> Result<(), BenchError> {
        let saving = asked.saving.load(Ordering::Acquire);
        let segment = large.writer.position().segment;
        let before = clock.now();
        // One in, one out: the state keeps its size.
        if large.sequence.is_multiple_of(2) {
            large.enter()?;
        } else {
            canceled += 1;
            large.cancel(canceled)?;
        }
        let taken_ns = (clock.now() - before).max(1);
        if large.writer.position().segment != segment {
            times.rotations.saturating_record(taken_ns);
        }
        if saving {
            times.saving.saturating_record(taken_ns)
        } else {
            times.quiet.saturating_record(taken_ns)
        }
        Ok(())
    };
    for number in 1..=u64::from(large.sizes.snapshots) {
        let until = clock.now() + large.sizes.quiet_ns;
        while clock.now() < until {
            timed(large, &mut times)?;
        }
        asked.snapshots.store(number, Ordering::Release);
        while !asked.saving.load(Ordering::Acquire) {
            thread::yield_now();
        }
        while asked.saving.load(Ordering::Acquire) {
            timed(large, &mut times)?;
        }
    }
    let behind = large.venue.seq().0;
    let until = clock.now() + large.sizes.tail_ns;
    while clock.now() < until {
        timed(large, &mut times)?;
    }
    Ok((times, large.venue.seq().0 - behind))
}

fn rows(times: &Times) -> Vec<Row> {
    let names = |histogram: &Histogram<u64>| {
        let mut figures: Vec<_> = percentiles(["p50_ns", "p99_ns", "p999_ns"], histogram).collect();
        figures.push(Figure::ns("worst_ns", histogram.max()));
        figures
    };
    let p99_ns = times.quiet.value_at_quantile(0.99);
    let mut saving = names(&times.saving);
    let p999 = |histogram: &Histogram<u64>| histogram.value_at_quantile(0.999);
    saving.insert(0, Figure::ratio("p999_ratio", p999(&times.saving), p999(&times.quiet)));
    saving.push(Figure::ns("snapshot_ns", median(&times.snapshots_ns)));
    let excludes = "links and tiles; one message at a time, as fast as they go";
    let rotations = vec![
        Figure::count("rotations", times.rotations.len()),
        Figure::ratio("worst_to_p99", times.rotations.max(), p99_ns),
        Figure::ns("p50_ns", times.rotations.value_at_quantile(0.5)),
        Figure::ns("worst_ns", times.rotations.max()),
    ];
    vec![
        Row { name: "matching, quiet".into(), figures: names(&times.quiet), excludes },
        Row { name: "matching, snapshot under way".into(), figures: saving, excludes },
        Row { name: "matching, first of a segment".into(), figures: rotations, excludes },
    ]
}

/// A start from cold files, beside reading the snapshot's file cold, and making a venue of it from memory.
fn start(config: &Config, end: &End, clock: &Clock) -> Result<Row, BenchError> {
    let dir = config.journal.dir.as_path();
    forget(dir)?;
    let newest = fs::read_dir(dir).map_err(BenchError::io("list the journal"))?;
    let newest: Option<PathBuf> = newest
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|end| end == "snap"))
        .max();
    let newest = newest.ok_or(BenchError::Login { expected: "a snapshot" })?;
    let before = clock.now();
    let mut bytes = Vec::new();
    File::open(&newest)
        .and_then(|mut file| file.read_to_end(&mut bytes))
        .map_err(BenchError::io("read the snapshot"))?;
    let read_ns = clock.now() - before;
    drop(bytes);

    let epoch = directory::epoch(dir)?.unwrap_or_default();
    let before = clock.now();
    let (loaded, _) = load_newest(dir, epoch, config.fingerprint(), || engine::recovery::venue(config, Key([0; 32])))?;
    let load_ns = clock.now() - before;
    drop(loaded);

    forget(dir)?;
    let before = clock.now();
    let recovered = recover(config, &Ground::default(), START)?;
    let taken_ns = clock.now() - before;
    let state_hash = recovered.venue.exchange().state_hash();
    equal(&[recovered.venue.seq().0, state_hash], &[end.seq, end.state_hash])?;
    let figures = vec![
        Figure::ratio("floor_ratio", taken_ns, read_ns + load_ns),
        Figure::ns("time_ns", taken_ns),
        Figure::ns("read_ns", read_ns),
        Figure::ns("load_ns", load_ns),
    ];
    let excludes = "opening ports, starting threads; the follower, which reads the same snapshot beside it";
    Ok(Row { name: "start, files cold".into(), figures, excludes })
}

/// Has the kernel forget what it holds of the files: they are read from the disk again.
fn forget(dir: &Path) -> Result<(), BenchError> {
    for entry in fs::read_dir(dir).map_err(BenchError::io("list the journal"))?.flatten() {
        let file = File::open(entry.path()).map_err(BenchError::io("open a file of the journal"))?;
        if entry.path().is_file() {
            file.sync_all().map_err(BenchError::io("sync a file of the journal"))?;
            posix_fadvise(&file, 0, 0, PosixFadviseAdvice::POSIX_FADV_DONTNEED)
                .map_err(|error| BenchError::io("drop a file from memory")(error.into()))?;
        }
    }
    Ok(())
}

fn equal(found: &[u64], expected: &[u64]) -> Result<(), BenchError> {
    if found == expected {
        return Ok(());
    }
    let (expected, found) = (format!("{expected:x?}"), format!("{found:x?}"));
    Err(BenchError::Unequal { subject: "snapshot", expected, found })
}
