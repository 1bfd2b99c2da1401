//! Rolling views: the same as computed naively from the journal, however often their keeper was stopped, wherever its files end.

use crate::site::{Site, config};
use engine::config::Config;
use engine::journal::LocalDisk;
use engine::past::{Effect, Walk};
use engine::snapshot::{Follower, Prepared};
use engine::views::{Bar, BarLength, Depth, Range, Reader, ViewsFollower, ViewsName, ViewsTold, directory};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use wire::tick::TickKind;
use wire::views::{DEPTH_LEVELS, LevelRow, TradeRow};
use wire::{InstrumentIndex, Nanos, Reserved, Side};

const INTERVAL_NS: u64 = 100_000_000;

/// Everything that views hold.
#[derive(Debug, Default, PartialEq)]
struct All {
    trades: Vec<TradeRow>,
    bars: BTreeMap<BarLength, Vec<Bar>>,
    depth: Vec<Depth>,
}

impl All {
    fn read(config: &Config) -> (Self, Vec<String>) {
        let mut reader = Reader::open(&config.journal.dir).expect("views");
        let mut all = Self::default();
        reader.trades(Range::ALL, |_| true, None, |row| all.trades.push(row)).expect("read");
        for length in BarLength::ALL {
            let bars = all.bars.entry(length).or_default();
            reader.bars(length, Range::ALL, |_| true, |bar| bars.push(bar)).expect("read");
        }
        reader.depth(Range::ALL, |_| true, |depth| all.depth.push(depth)).expect("read");
        reader.told.sort();
        reader.told.dedup();
        (all, reader.told)
    }

    /// The same from the journal alone, in the plainest way.
    fn naive(config: &Config) -> Self {
        let mut all = Self::default();
        let mut walk = Walk::open(config, &config.journal.dir).expect("a journal");
        let mut depths: BTreeMap<(Nanos, InstrumentIndex), Depth> = BTreeMap::new();
        let mut match_number = 1;
        while let Some(step) = walk.next().expect("whole") {
            let (seq, time) = (step.record.seq, step.record.receive_time);
            let mut quoted = BTreeSet::new();
            for effect in step.effects() {
                let Effect::Tick(tick) = effect else { continue };
                match tick.kind {
                    TickKind::Trade => {
                        let taker_side = tick.side.side().expect("a side");
                        let (price, qty, instrument) = (tick.price, tick.quantity, tick.symbol_id);
                        all.trades.push(TradeRow {
                            seq,
                            time,
                            match_number,
                            price,
                            instrument,
                            qty,
                            taker_side,
                            reserved: Reserved,
                        });
                        match_number += 1;
                    }
                    TickKind::Quote => {
                        quoted.insert(tick.symbol_id);
                    }
                    TickKind::Status => {}
                }
            }
            for instrument in quoted {
                let side = |side| {
                    let levels = step.exchange.book().levels(instrument, side).take(DEPTH_LEVELS);
                    levels.map(|level| LevelRow { price: level.price, qty: level.qty }).collect()
                };
                let end = Nanos((time.get() / INTERVAL_NS + 1) * INTERVAL_NS);
                let depth = Depth { time: end, instrument, bids: side(Side::Buy), asks: side(Side::Sell) };
                depths.insert((end, instrument), depth);
            }
        }
        all.depth = depths.into_values().collect();
        for length in BarLength::ALL {
            all.bars.insert(length, naive_bars(&all.trades, length.nanos()));
        }
        all
    }
}

/// Bars by the definition of each of their fields.
fn naive_bars(trades: &[TradeRow], length_ns: u64) -> Vec<Bar> {
    let mut spans: BTreeMap<(u64, InstrumentIndex), Vec<&TradeRow>> = BTreeMap::new();
    for trade in trades {
        spans.entry((trade.time.get() / length_ns, trade.instrument)).or_default().push(trade);
    }
    let bar = |((span, instrument), trades): ((u64, InstrumentIndex), Vec<&TradeRow>)| Bar {
        instrument,
        begin: Nanos(span * length_ns),
        open: trades[0].price,
        high: trades.iter().map(|trade| trade.price).max().expect("one at least"),
        low: trades.iter().map(|trade| trade.price).min().expect("one at least"),
        close: trades[trades.len() - 1].price,
        volume: trades.iter().map(|trade| u64::from(trade.qty)).sum(),
        notional: trades.iter().map(|trade| i128::from(trade.price.get()) * i128::from(trade.qty)).sum(),
        trades: trades.len() as u64,
    };
    spans.into_iter().map(bar).collect()
}

fn follower(site: &Site) -> (Follower, ViewsTold) {
    let watch = site.journal.watch.clone();
    let (views, told) = ViewsFollower::of(&site.harness.config, Arc::new(LocalDisk), watch.clone()).expect("on");
    let prepared = Prepared::new(&site.harness.config, Arc::new(LocalDisk)).expect("a snapshot or none");
    (prepared.with(Box::new(views)).follow(watch).expect("a journal"), told)
}

/// As much as there is, and one turn more, in which views that were behind go live.
fn follow(follower: &mut Follower) {
    while follower.follow().expect("the same state") > 0 {}
    for _ in 0..200 {
        follower.follow().expect("the same state");
    }
}

struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

fn views_config(dir: &std::path::Path) -> Config {
    let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    // The whole journal stays within the hours that are kept.
    config(dir, "mapped").with_overrides(&[pair("views.hours", "744")]).expect("valid overrides")
}

fn same(config: &Config) -> All {
    let (found, told) = All::read(config);
    let expected = All::naive(config);
    assert_eq!(told, Vec::<String>::new());
    assert!(expected.trades.len() > 100 && !expected.depth.is_empty(), "there is something to compare");
    // Not `assert_eq`: nobody reads thousands of rows.
    assert!(found.trades == expected.trades, "{} trades, expected {}", found.trades.len(), expected.trades.len());
    assert!(found.bars == expected.bars, "other bars");
    assert!(found.depth == expected.depth, "{} of depth, expected {}", found.depth.len(), expected.depth.len());
    found
}

#[test]
fn they_are_the_same_however_often_the_appliance_was_stopped() {
    for seed in 0..5 {
        let dir = tempfile::tempdir().expect("a directory");
        let config = views_config(dir.path());
        let mut dice = Dice(seed);
        for life in 0..5 {
            let mut site = Site::open(&config);
            let (mut follower, told) = follower(&site);
            for _ in 0..dice.roll(40) + 5 {
                site.trade(usize::try_from(dice.roll(60)).expect("small"));
                site.harness.advance(dice.roll(200_000_000));
                match dice.roll(6) {
                    0 => drop(follower.save().expect("room")),
                    1 => std::thread::sleep(std::time::Duration::from_millis(1)),
                    2 => {}
                    _ => drop(follower.follow().expect("the same state")),
                }
            }
            if life == 4 {
                follow(&mut follower);
                site.trade(4);
                follow(&mut follower);
                follower.save().expect("room");
            }
            // Dropped without a last snapshot or a last block: what a kill leaves.
            assert_eq!(told.take(), Vec::<String>::new(), "seed {seed}, life {life}");
        }
        same(&config);
    }
}

/// The end of the last file cut at any byte is where a kill or a loss of power may have left it.
#[test]
fn a_file_that_ends_anywhere_is_taken_up_again() {
    let dir = tempfile::tempdir().expect("a directory");
    let config = views_config(dir.path());
    let mut site = Site::open(&config);
    let (mut first, _) = follower(&site);
    site.trade(400);
    follow(&mut first);
    first.save().expect("room");
    drop((site, first));
    let names = ViewsName::list(&directory(&config.journal.dir)).expect("listed");
    let last = names.last().expect("a file").path.clone();
    let whole = fs::read(&last).expect("readable");
    let expected = same(&config);
    for step in 0..40 {
        let len = whole.len() * step / 40;
        fs::write(&last, &whole[..len]).expect("written");
        let site = Site::open(&config);
        let (mut again, told) = follower(&site);
        follow(&mut again);
        again.save().expect("room");
        let told = told.take();
        assert!(told.is_empty() || len < 64, "only a header that is cut off is worth a word: {told:?}");
        drop((site, again));
        assert!(same(&config).trades == expected.trades, "{len} bytes");
    }
}

#[test]
fn a_damaged_file_is_named_and_made_again() {
    let dir = tempfile::tempdir().expect("a directory");
    let config = views_config(dir.path());
    for _ in 0..4 {
        let mut site = Site::open(&config);
        let (mut follower, _) = follower(&site);
        for _ in 0..4 {
            site.trade(400);
            follow(&mut follower);
            follower.save().expect("room");
        }
    }
    same(&config);
    let names = ViewsName::list(&directory(&config.journal.dir)).expect("listed");
    assert!(names.len() > 1, "several hours");
    for (victim, at) in [(0, 10), (0, 70), (0, 200), (names.len() - 1, 30), (names.len() - 1, 90), (1, 120)] {
        let path = &names[victim].path;
        let file = OpenOptions::new().read(true).write(true).open(path).expect("there");
        let mut byte = [0];
        file.read_exact_at(&mut byte, at).expect("read");
        file.write_all_at(&[byte[0] ^ 1], at).expect("written");
        let (_, told) = All::read(&config);
        assert!(told.iter().any(|told| told.contains(&path.display().to_string())), "{told:?}");
        let site = Site::open(&config);
        let (mut follower, told) = follower(&site);
        follow(&mut follower);
        follower.save().expect("room");
        drop((site, follower));
        let told = told.take();
        let named = told.iter().any(|told| told.contains(&path.display().to_string()));
        // What is in a block of an older hour is looked at by readers only.
        assert!(named || (victim == 0 && at == 200), "byte {at} of {}: {told:?}", path.display());
        if !named {
            let offset = offset_told(&All::read(&config).1);
            file.set_len(offset).expect("as the message says");
            let site = Site::open(&config);
            let (mut follower, _) = self::follower(&site);
            follow(&mut follower);
            follower.save().expect("room");
        }
        same(&config);
    }
}

#[test]
fn the_last_trades_and_a_span_of_time_can_be_asked_for() {
    let dir = tempfile::tempdir().expect("a directory");
    let config = views_config(dir.path());
    let mut site = Site::open(&config);
    let (mut follower, _) = follower(&site);
    for _ in 0..30 {
        site.trade(40);
        site.harness.advance(400_000_000);
        follow(&mut follower);
    }
    follower.save().expect("room");
    let all = same(&config);
    let mut reader = Reader::open(&config.journal.dir).expect("views");
    let mut found = Vec::new();
    reader.trades(Range::ALL, |_| true, Some(7), |row| found.push(row)).expect("read");
    assert_eq!(found, all.trades[all.trades.len() - 7..], "one instrument");
    let (from, to) = (all.trades[10].time, all.trades[all.trades.len() - 10].time);
    let range = Range { from, to };
    let mut found = Vec::new();
    reader.trades(range, |_| true, None, |row| found.push(row)).expect("read");
    let expected: Vec<_> = all.trades.iter().copied().filter(|row| range.has(row.time)).collect();
    assert_eq!(found, expected);
    let mut found = Vec::new();
    reader.bars(BarLength::Second, range, |_| true, |bar| found.push(bar)).expect("read");
    let expected: Vec<_> = all.bars[&BarLength::Second].iter().copied().filter(|bar| range.has(bar.begin)).collect();
    assert_eq!(found, expected);
    reader.trades(Range::ALL, |_| false, None, |_| panic!("not asked for")).expect("read");
}

/// Where a message says that a file is to be cut.
fn offset_told(told: &[String]) -> u64 {
    let text = told.first().and_then(|told| told.split("truncate -s ").nth(1)).expect("what to do");
    text.split(' ').next().expect("a number").parse().expect("a number")
}

/// What is too old or too much goes, the oldest first, and a restart keeps to it.
#[test]
fn old_hours_go() {
    let dir = tempfile::tempdir().expect("a directory");
    let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    let config = config(dir.path(), "mapped").with_overrides(&[pair("views.hours", "1")]).expect("valid overrides");
    for _ in 0..6 {
        let mut site = Site::open(&config);
        let (mut follower, _) = follower(&site);
        site.trade(2_400);
        follow(&mut follower);
        follower.save().expect("room");
    }
    let names = ViewsName::list(&directory(&config.journal.dir)).expect("listed");
    let hours: BTreeSet<u64> = names.iter().map(|name| name.hour).collect();
    assert!(hours.len() == 2 && hours.last().expect("one") - hours.first().expect("one") == 1, "{hours:?}");
    let (all, told) = All::read(&config);
    assert!(told.is_empty(), "{told:?}");
    let naive = All::naive(&config);
    assert!(all.trades.len() < naive.trades.len() && naive.trades.ends_with(&all.trades));
}

fn copied(from: &std::path::Path, to: &std::path::Path) {
    fs::create_dir_all(to).expect("a directory");
    for entry in fs::read_dir(from).expect("there").flatten() {
        if entry.path().is_file() {
            fs::copy(entry.path(), to.join(entry.file_name())).expect("copied");
        }
    }
}

/// A journal that has lost its end under `mapped`: the views know commands that never were, and other ones get their numbers.
#[test]
fn what_the_journal_lost_the_views_lose_too() {
    for is_seen in [true, false] {
        let dir = tempfile::tempdir().expect("a directory");
        let config = views_config(dir.path());
        let kept = dir.path().join("kept");
        let mut site = Site::open(&config);
        let (mut first, _) = follower(&site);
        site.trade(400);
        follow(&mut first);
        first.save().expect("room");
        copied(&config.journal.dir, &kept);
        site.trade(120);
        follow(&mut first);
        first.save().expect("room");
        drop((site, first));
        for entry in fs::read_dir(&config.journal.dir).expect("there").flatten().filter(|entry| entry.path().is_file())
        {
            fs::remove_file(entry.path()).expect("the test's own file");
        }
        copied(&kept, &config.journal.dir);
        if is_seen {
            let mut site = Site::open(&config);
            let (mut again, told) = follower(&site);
            site.trade(800);
            follow(&mut again);
            again.save().expect("room");
            assert_eq!(told.take(), Vec::<String>::new());
            same(&config);
            continue;
        }
        // Nobody keeps views until the journal is longer than it was: then they do not follow from it, which shows by its numbers.
        let mut site = Site::open(&config);
        site.trade(2_000);
        drop(site);
        let site = Site::open(&config);
        let (mut again, told) = follower(&site);
        follow(&mut again);
        let told = told.take();
        assert!(told.iter().any(|told| told.contains("do not belong to this journal")), "{told:?}");
        drop((site, again));
        let site = Site::open(&config);
        let (mut again, told) = follower(&site);
        follow(&mut again);
        again.save().expect("room");
        assert_eq!(told.take(), Vec::<String>::new());
        drop((site, again));
        same(&config);
    }
}
