//! Keeps the views: takes what commands cause, and writes it down now and then.
//!
//! Goal: what is in the files is a function of the commands, whenever it was written and however often the keeper began anew. Non-goal:
//! speed of the hot path; a follower of the journal runs it on a thread of its own.
//!
//! ```text
//!   before(command) ─► its interval, its hour: what is over is written ─► tick, tick, ... ─► applied(command) ─► commit now and then
//! ```

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::log::{Cover, Log, LogOptions, Rows};
use super::name::{HOUR_NS, directory};
use super::{Bar, BarLength, Standing, ViewsError, ViewsName};
use crate::book::Book;
use crate::config::Config;
use crate::exchange::Exchange;
use crate::journal::{Disk, directory as journal_directory};
use wire::tick::{Tick, TickKind};
use wire::views::{BarRow, DEPTH_LEVELS, DepthRow, LevelRow, TradeRow};
use wire::{InstrumentIndex, Nanos, Reserved, Seq, Side};

/// Rows that are held before they are written, bytes.
const HELD_BYTES_MAX: usize = 1 << 20;
/// What has happened is in the files after this time.
const COMMIT_AFTER: Duration = Duration::from_millis(200);

/// What views are kept, and where.
#[derive(Clone)]
pub struct ViewsOptions {
    /// The storage.
    pub disk: Arc<dyn Disk>,
    /// The journal's directory.
    pub journal: PathBuf,
    /// The journal's name.
    pub epoch: u64,
    /// Of the configuration that influences outcomes.
    pub fingerprint: u64,
    /// How many instruments there may be.
    pub instruments: usize,
    /// Whole hours that are kept.
    pub hours: u32,
    /// The most bytes of all files; 0: no bound.
    pub keep_bytes: u64,
    /// How long an interval of depth is, ms; a part of an hour.
    pub depth_interval_ms: u32,
}

impl ViewsOptions {
    /// As configured; `None` when they are off.
    #[must_use]
    pub fn of(config: &Config, epoch: u64, disk: Arc<dyn Disk>) -> Option<Self> {
        config.views.enabled.then(|| Self {
            disk,
            journal: config.journal.dir.clone(),
            epoch,
            fingerprint: config.fingerprint(),
            instruments: config.places(),
            hours: config.views.hours,
            keep_bytes: config.views.keep_bytes,
            depth_interval_ms: config.views.depth_interval_ms,
        })
    }

    /// How far the views of this journal are, up to a command; see [`Standing::look`].
    ///
    /// # Errors
    /// The file system refuses.
    pub fn standing(&self, limit: Seq, reaches: impl Fn(Seq) -> bool) -> Result<Standing, ViewsError> {
        Standing::look(&directory(&self.journal), self.epoch, limit, reaches)
    }
}

/// The views of a running venue.
pub struct Views {
    log: Log,
    interval_ns: u64,
    /// Everything up to this command is in the files.
    committed: Seq,
    /// After it, as the files say; `None` when they were begun here, or it was compared.
    expected: Option<u64>,
    /// The last command that was seen, and the numbers after it.
    cover: Cover,
    /// The number of the next trade.
    match_number: u64,
    /// The command whose consequences come now; `None` while they are in the files already.
    now: Option<(Seq, Nanos)>,
    trades: Rows,
    bars: Rows,
    depth: Rows,
    /// What an instrument traded in the second that runs, as far as it is not written.
    seconds: Vec<Option<Bar>>,
    /// The instruments that have something there.
    begun: Vec<InstrumentIndex>,
    /// Whether an instrument's levels have changed since its last row of depth; and which.
    is_changed: Vec<bool>,
    changed: Vec<InstrumentIndex>,
    due: Instant,
}

impl Views {
    /// Goes on where the files end; what is behind that end is cut off. Returns the keeper and what there is to tell.
    ///
    /// # Errors
    /// The file system refuses.
    pub fn open(options: &ViewsOptions, standing: &Standing) -> Result<(Self, Vec<String>), ViewsError> {
        let dir = directory(&options.journal);
        for name in &standing.behind {
            options.disk.remove(&name.path).map_err(ViewsError::io("remove", &name.path))?;
        }
        let end = standing.end.clone();
        if let Some((name, (len, _))) = &end
            && standing.torn > 0
        {
            cut(&*options.disk, &name.path, *len)?;
        }
        sweep(&*options.disk, &dir)?;
        let log = LogOptions {
            disk: Arc::clone(&options.disk),
            dir,
            epoch: options.epoch,
            fingerprint: options.fingerprint,
            hours: options.hours.into(),
            keep_bytes: options.keep_bytes,
            interval_ms: options.depth_interval_ms,
        };
        let Standing { seq, time, match_number, order_ref, .. } = *standing;
        let cover = Cover { after: seq, last: seq, time, match_number, order_ref };
        let views = Self {
            log: Log::new(log, end)?,
            interval_ns: u64::from(options.depth_interval_ms.max(1)) * 1_000_000,
            committed: seq,
            expected: (match_number > 0).then_some(match_number),
            cover,
            match_number,
            now: None,
            trades: Rows::default(),
            bars: Rows::default(),
            depth: Rows::default(),
            seconds: vec![None; options.instruments],
            begun: Vec::with_capacity(options.instruments),
            is_changed: vec![false; options.instruments],
            changed: Vec::with_capacity(options.instruments),
            due: Instant::now(),
        };
        Ok((views, standing.damage.clone()))
    }

    /// Everything up to this command is in the files.
    #[must_use]
    pub const fn committed(&self) -> Seq {
        self.committed
    }

    /// A command comes; `exchange` is as it was before it. What is over by its time is written.
    ///
    /// # Errors
    /// The file system refuses, or the files do not follow from this journal.
    pub fn before(&mut self, seq: Seq, time: Nanos, exchange: &Exchange) -> Result<(), ViewsError> {
        self.now = (seq > self.committed).then_some((seq, time));
        if self.now.is_none() {
            return Ok(());
        }
        self.match_number = exchange.numbers().match_number.get();
        if let Some(expected) = self.expected.take()
            && seq.get() == self.committed.get() + 1
            && expected != self.match_number
        {
            let LogOptions { dir, .. } = self.log.options();
            return Err(ViewsError::Foreign {
                dir: dir.clone(),
                seq: self.committed,
                expected,
                found: self.match_number,
            });
        }
        if self.cover.last == self.committed && self.cover.last.get() + 1 < seq.get() {
            // What came before cannot be known any more; a reader sees it by the numbers.
            self.cover.after = Seq(seq.get() - 1);
        }
        let before = self.cover.time.get();
        if before / self.interval_ns != time.get() / self.interval_ns {
            self.take_depth(exchange.book());
        }
        if before / HOUR_NS != time.get() / HOUR_NS && self.cover.last > self.committed {
            self.commit(exchange.book())?;
        }
        Ok(())
    }

    /// The command causes a tick.
    pub fn tick(&mut self, tick: &Tick) {
        let Some((seq, time)) = self.now else { return };
        let instrument = tick.symbol_id;
        let Some(index) = usize::try_from(instrument.get()).ok().filter(|index| *index < self.seconds.len()) else {
            return;
        };
        match (tick.kind, tick.side.side()) {
            (TickKind::Trade, Some(taker_side)) => {
                let (match_number, price, qty) = (self.match_number, tick.price, tick.quantity);
                self.match_number += 1;
                let row = TradeRow { seq, time, match_number, price, instrument, qty, taker_side, reserved: Reserved };
                let bar = Bar::of(&row, BarLength::Second);
                let written = row.encode(extend(&mut self.trades.bytes, TradeRow::SIZE));
                push(&mut self.trades, written);
                match &mut self.seconds[index] {
                    Some(second) if second.begin == bar.begin => second.add(&bar),
                    Some(second) => {
                        push_bar(&mut self.bars, second);
                        *second = bar;
                    }
                    empty => {
                        *empty = Some(bar);
                        self.begun.push(instrument);
                    }
                }
            }
            (TickKind::Quote, Some(_)) if !self.is_changed[index] => {
                self.is_changed[index] = true;
                self.changed.push(instrument);
            }
            _ => {}
        }
    }

    /// The command is done; `exchange` is as it is behind it.
    ///
    /// # Errors
    /// The file system refuses.
    pub fn applied(&mut self, exchange: &Exchange) -> Result<(), ViewsError> {
        let Some((seq, time)) = self.now.take() else { return Ok(()) };
        let numbers = exchange.numbers();
        self.cover.last = seq;
        self.cover.time = time;
        (self.cover.match_number, self.cover.order_ref) = (numbers.match_number.get(), numbers.order_ref.0);
        let held = self.trades.bytes.len() + self.bars.bytes.len() + self.depth.bytes.len();
        if held >= HELD_BYTES_MAX { self.commit(exchange.book()) } else { Ok(()) }
    }

    /// Writes what there is, if it has waited long enough. To be called now and then, between commands.
    ///
    /// # Errors
    /// The file system refuses.
    pub fn turn(&mut self, exchange: &Exchange) -> Result<(), ViewsError> {
        let has_rows = self.trades.count + self.bars.count + self.depth.count > 0;
        if (has_rows || !self.begun.is_empty() || !self.changed.is_empty()) && Instant::now() >= self.due {
            self.commit(exchange.book())?;
        }
        Ok(())
    }

    /// Writes everything up to the last command, and returns once it is on stable storage: before a snapshot of the state behind that command,
    /// so that no snapshot is ahead of the views.
    ///
    /// # Errors
    /// The file system refuses.
    pub fn save(&mut self, exchange: &Exchange) -> Result<(), ViewsError> {
        self.commit(exchange.book())?;
        self.log.sync()
    }

    fn commit(&mut self, book: &Book) -> Result<(), ViewsError> {
        if self.cover.last <= self.committed {
            return Ok(());
        }
        for instrument in self.begun.drain(..) {
            let second = usize::try_from(instrument.get()).ok().and_then(|index| self.seconds[index].take());
            if let Some(second) = second {
                push_bar(&mut self.bars, &second);
            }
        }
        self.take_depth(book);
        self.log.append(&self.cover, [&self.trades, &self.bars, &self.depth])?;
        for rows in [&mut self.trades, &mut self.bars, &mut self.depth] {
            rows.clear();
        }
        self.committed = self.cover.last;
        self.cover.after = self.committed;
        self.due = Instant::now() + COMMIT_AFTER;
        Ok(())
    }

    /// Makes rows of what has changed, as it stands at the end of the interval of the last command.
    fn take_depth(&mut self, book: &Book) {
        let time = Nanos((self.cover.time.get() / self.interval_ns + 1) * self.interval_ns);
        for instrument in self.changed.drain(..) {
            if let Ok(index) = usize::try_from(instrument.get()) {
                self.is_changed[index] = false;
            }
            push_depth(&mut self.depth, book, instrument, time);
        }
    }
}

fn push(rows: &mut Rows, written: Option<usize>) {
    debug_assert!(written.is_some(), "room was made for the row");
    rows.count += 1;
}

/// Room for a row at the end.
fn extend(bytes: &mut Vec<u8>, len: usize) -> &mut [u8] {
    let begin = bytes.len();
    bytes.resize(begin + len, 0);
    &mut bytes[begin..]
}

fn push_bar(rows: &mut Rows, bar: &Bar) {
    let written = BarRow::from(bar).encode(extend(&mut rows.bytes, BarRow::SIZE));
    push(rows, written);
}

fn push_depth(rows: &mut Rows, book: &Book, instrument: InstrumentIndex, time: Nanos) {
    let begin = rows.bytes.len();
    extend(&mut rows.bytes, DepthRow::SIZE);
    let [bids, asks] = [Side::Buy, Side::Sell].map(|side| {
        let mut count: u8 = 0;
        for level in book.shown_levels(instrument, side).take(DEPTH_LEVELS) {
            let (price, qty) = level;
            let written = LevelRow { price, qty }.encode(extend(&mut rows.bytes, LevelRow::SIZE));
            debug_assert!(written.is_some(), "room was made for the level");
            count += 1;
        }
        count
    });
    let written = DepthRow { time, instrument, bids, asks, zero: 0 }.encode(&mut rows.bytes[begin..]);
    push(rows, written);
}

/// Cuts a file by writing what stays of it anew: whoever reads it meanwhile goes on with the old one.
fn cut(disk: &dyn Disk, path: &Path, len: u64) -> Result<(), ViewsError> {
    const PIECE: usize = 1 << 20;
    let from = File::open(path).map_err(ViewsError::io("open", path))?;
    let aside = journal_directory::temporary_path(path);
    let to = disk.create(&aside).map_err(ViewsError::io("create", &aside))?;
    let mut at = 0;
    let mut bytes = vec![0; PIECE];
    while at < len {
        let piece = usize::try_from(len - at).map_or(PIECE, |left| left.min(PIECE));
        from.read_exact_at(&mut bytes[..piece], at).map_err(ViewsError::io("read", path))?;
        disk.write_at(&to, &bytes[..piece], at).map_err(ViewsError::io("write", &aside))?;
        at += piece as u64;
    }
    disk.sync(&to).map_err(ViewsError::io("sync", &aside))?;
    disk.rename(&aside, path).map_err(ViewsError::io("rename", &aside))
}

/// Removes files that were being made when their maker died.
fn sweep(disk: &dyn Disk, dir: &Path) -> Result<(), ViewsError> {
    let Ok(entries) = fs::read_dir(dir) else { return Ok(()) };
    let made = journal_directory::temporary_path(Path::new(""));
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.to_string_lossy().ends_with(&*made.to_string_lossy()) {
            disk.remove(&path).map_err(ViewsError::io("remove", &path))?;
        }
    }
    Ok(())
}

/// Removes all files of a journal's views: they do not follow from it.
///
/// # Errors
/// The file system refuses.
pub fn remove_all(options: &ViewsOptions) -> Result<(), ViewsError> {
    let dir = directory(&options.journal);
    for name in ViewsName::list(&dir)?.iter().filter(|name| name.epoch == options.epoch) {
        options.disk.remove(&name.path).map_err(ViewsError::io("remove", &name.path))?;
    }
    Ok(())
}
