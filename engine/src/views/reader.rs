//! Reads views beside the appliance that keeps them, or on a copy.
//!
//! Goal: what is asked for in the order of time, in bounded memory, whatever the files hold. Non-goal: waiting for more.

use std::collections::BTreeMap;
use std::path::Path;

use super::name::directory;
use super::{Bar, BarLength, Block, Blocks, Depth, ViewsError, ViewsName};
use wire::views::TradeRow;
use wire::{InstrumentIndex, Nanos, Seq};

/// A span of time, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// The first moment.
    pub from: Nanos,
    /// The last.
    pub to: Nanos,
}

impl Range {
    /// All of it.
    pub const ALL: Self = Self { from: Nanos(0), to: Nanos(u64::MAX) };

    /// Whether a moment lies in it.
    #[must_use]
    pub fn has(&self, time: Nanos) -> bool {
        (self.from..=self.to).contains(&time)
    }

    /// Whether the file may hold something of it. A row of depth may be dated with the first moment of the next hour.
    fn meets(&self, name: &ViewsName) -> bool {
        name.end() >= self.from && name.begin() <= self.to
    }
}

/// The files of one journal's views.
#[derive(Debug)]
pub struct Reader {
    names: Vec<ViewsName>,
    /// What was found damaged or missing, a sentence each.
    pub told: Vec<String>,
    /// Up to which command they go, and when it was received; as far as something was read.
    pub end: Option<(Seq, Nanos)>,
}

impl Reader {
    /// The views of the journal in a directory. Of several journals' the newest hour decides.
    ///
    /// # Errors
    /// There are none, or the directory cannot be listed.
    pub fn open(journal: &Path) -> Result<Self, ViewsError> {
        let dir = directory(journal);
        let mut names = ViewsName::list(&dir)?;
        let Some(newest) = names.iter().max_by_key(|name| (name.hour, name.part)).map(|name| name.epoch) else {
            return Err(ViewsError::None(dir));
        };
        names.retain(|name| name.epoch == newest);
        Ok(Self { names, told: Vec::new(), end: None })
    }

    /// When the oldest hour that is kept begins.
    #[must_use]
    pub fn oldest(&self) -> Option<Nanos> {
        self.names.first().map(ViewsName::begin)
    }

    /// The trades in a span of time, in order; with `last`, only the last so many of each instrument.
    ///
    /// # Errors
    /// The file system refuses.
    pub fn trades(
        &mut self,
        range: Range,
        wants: impl Fn(InstrumentIndex) -> bool,
        last: Option<usize>,
        mut sink: impl FnMut(TradeRow),
    ) -> Result<(), ViewsError> {
        let Some(last) = last else {
            return self.each(range, |blocks, block, _| {
                blocks.trades(block, |row| {
                    if wants(row.instrument) && range.has(row.time) {
                        sink(row);
                    }
                })
            });
        };
        let mut kept: BTreeMap<InstrumentIndex, std::collections::VecDeque<TradeRow>> = BTreeMap::new();
        self.each(range, |blocks, block, _| {
            blocks.trades(block, |row| {
                if wants(row.instrument) && range.has(row.time) {
                    let rows = kept.entry(row.instrument).or_default();
                    if rows.len() == last {
                        rows.pop_front();
                    }
                    if last > 0 {
                        rows.push_back(row);
                    }
                }
            })
        })?;
        let mut rows: Vec<TradeRow> = kept.into_values().flatten().collect();
        rows.sort_by_key(|row| row.match_number);
        rows.into_iter().for_each(sink);
        Ok(())
    }

    /// The bars that begin in a span of time, in order of their beginning, then by instrument. Each is whole: trades before and behind the
    /// span that belong to it are in it.
    ///
    /// # Errors
    /// The file system refuses.
    pub fn bars(
        &mut self,
        length: BarLength,
        range: Range,
        wants: impl Fn(InstrumentIndex) -> bool,
        mut sink: impl FnMut(Bar),
    ) -> Result<(), ViewsError> {
        let last_end = Nanos(length.begin(range.to).get().saturating_add(length.nanos() - 1));
        let files = Range { from: length.begin(range.from), to: last_end };
        let mut open: BTreeMap<(Nanos, InstrumentIndex), Bar> = BTreeMap::new();
        self.each(files, |blocks, block, before| {
            blocks.bars(block, |bar| {
                let bar = bar.within(length);
                if wants(bar.instrument) && range.has(bar.begin) {
                    open.entry((bar.begin, bar.instrument)).and_modify(|whole| whole.add(&bar)).or_insert(bar);
                }
            })?;
            // Nothing behind this block belongs to a bar that had ended before it.
            let ended = length.begin(before);
            while let Some(entry) = open.first_entry().filter(|entry| entry.key().0 < ended) {
                sink(entry.remove());
            }
            Ok(())
        })?;
        open.into_values().for_each(sink);
        Ok(())
    }

    /// The depth in a span of time, in order of time, then by instrument.
    ///
    /// # Errors
    /// The file system refuses.
    pub fn depth(
        &mut self,
        range: Range,
        wants: impl Fn(InstrumentIndex) -> bool,
        mut sink: impl FnMut(Depth),
    ) -> Result<(), ViewsError> {
        let mut open: BTreeMap<(Nanos, InstrumentIndex), Depth> = BTreeMap::new();
        self.each(range, |blocks, block, before| {
            blocks.depth(block, |depth| {
                if wants(depth.instrument) && range.has(depth.time) {
                    open.insert((depth.time, depth.instrument), depth);
                }
            })?;
            while let Some(entry) = open.first_entry().filter(|entry| entry.key().0 < before) {
                sink(entry.remove());
            }
            Ok(())
        })?;
        open.into_values().for_each(sink);
        Ok(())
    }

    /// Goes through the blocks of the files that a span of time meets; with each comes the time of the last command before it.
    fn each(
        &mut self,
        range: Range,
        mut see: impl FnMut(&mut Blocks, &Block, Nanos) -> Result<(), ViewsError>,
    ) -> Result<(), ViewsError> {
        let newest = self.names.len().saturating_sub(1);
        let mut before = Nanos(0);
        let mut covered: Option<Seq> = None;
        for (at, name) in self.names.iter().enumerate().filter(|(_, name)| range.meets(name)) {
            let mut go = || -> Result<(), ViewsError> {
                let mut blocks = Blocks::open(name)?;
                while let Some(block) = blocks.next()? {
                    let header = &block.header;
                    if let Some(covered) = covered.filter(|covered| *covered < header.after) {
                        let (from, to) = (covered.get() + 1, header.after);
                        self.told.push(format!("{}: records {from} to {to} are missing", name.path.display()));
                    }
                    see(&mut blocks, &block, before)?;
                    covered = Some(header.last);
                    before = header.time;
                    self.end = Some((header.last, header.time));
                }
                Ok(())
            };
            match go() {
                Ok(()) => {}
                // What is being written, or was torn by the end of the process, is not there yet.
                Err(ViewsError::Torn { .. }) if at == newest => {}
                Err(error @ (ViewsError::Damaged { .. } | ViewsError::Torn { .. })) => {
                    self.told.push(error.to_string())
                }
                // Removed since: it was the oldest.
                Err(ViewsError::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}
