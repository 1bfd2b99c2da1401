//! A venue with many orders: messages timed while its follower writes snapshots, and while it does not.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use super::Sizes;
use crate::error::BenchError;
use crate::figure::{Figure, Row};
use crate::sample::{durations, median, percentiles};
use crate::stream::resting;
use crate::subject::journaled::{Writer, take};
use crate::subject::login::{START, log_in_journaled};
use engine::config::Config;
use engine::ground::Ground;
use engine::journal::Journal;
use engine::recovery::{From, Recovered, recover_from};
use engine::snapshot::{Follower, Prepared};
use engine::venue::Venue;
use hdrhistogram::Histogram;
use netio::clock::Clock;
use wire::mold::SessionId;
use wire::ouch::{CancelOrder, INBOUND_LEN_MAX};
use wire::{Qty, UserRefNum};

/// Where the large venue stood at its end.
pub struct End {
    /// The last command.
    pub seq: u64,
    /// What the state hashes to.
    pub state_hash: u64,
    /// Length of the last snapshot's file.
    pub snapshot_bytes: u64,
    /// Records behind it.
    pub tail: u64,
}

/// The rules of a venue with room for the orders and more.
///
/// # Errors
/// The sizes contradict each other.
pub fn config(dir: &Path, sizes: &Sizes) -> Result<Config, BenchError> {
    let orders = u64::from(sizes.orders) + 1_000_000;
    let levels = orders.min(orders / u64::from(resting::QUEUE) + 2 * u64::from(sizes.instruments) + 1_000_000);
    let mut text = format!(
        "[journal]\ndir = \"{}\"\ndurability = \"mapped\"\n[snapshot]\nkeep = 2\n\
         [limits]\norders = {orders}\nlevels = {levels}\nsession_orders = {orders}\nsession_store_messages = 131072\n\
         [[member]]\nname = \"m\"\n[[session]]\nusername = \"s\"\nmember = \"m\"\nkey = \"{}\"\n",
        dir.display(),
        "5a".repeat(32)
    );
    text.push_str(&resting::instruments(sizes.instruments));
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
        let mut bytes = [0; INBOUND_LEN_MAX];
        let len = resting::enter(number, self.sizes.instruments, &mut bytes);
        let len = len.ok_or(BenchError::Login { expected: "an order that fits" })?;
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

/// Fills the books and times messages beside snapshots.
///
/// # Errors
/// A message was not taken, or the disk refuses.
pub fn run(config: &Config, sizes: &Sizes, clock: &Clock) -> Result<(Vec<Row>, End), BenchError> {
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
