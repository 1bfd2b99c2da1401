//! Holds rebuilt books against a snapshot of the venue.
//!
//! Goal: at one sequence number, order by order or level by level, everything is equal, or the first difference is named. Non-goal: repair;
//! what differs is a bug, ours or the venue's.
//!
//! ```text
//!   messages as they are told ──► kept from the beginning of the check on ─┐
//!   snapshot server ──► books after message G - 1 ──► with those from G on ┴─► books of now  ==  the handler's?
//! ```

use super::snapshot::Snapshot;
use super::tape::Kept;
use feedhandler::DepthBook;
use feedhandler::book::{BookLimits, Books};
use feedhandler::handler::Handler;
use std::net::SocketAddr;
use wire::feed::{StreamKind, located};
use wire::glimpse::Item;
use wire::mold::SessionId;
use wire::tick::Tick;
use wire::{InstrumentIndex, Price, Side};

/// Messages kept while a snapshot is on its way.
const KEPT_MAX: usize = 4 << 20;

/// What became of a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The books are equal after this message.
    Equal {
        /// The next message.
        next: u64,
        /// How many levels were compared.
        levels: u64,
        /// How many orders were.
        orders: u64,
    },
    /// They are not.
    Different {
        /// The next message.
        next: u64,
        /// The first difference.
        what: String,
    },
    /// It could not be told, and why; another attempt may.
    Open(String),
}

/// The venue's books, as they are read from a snapshot.
#[derive(Debug)]
enum Shadow {
    Depth(Box<Books>),
    Ticks(DepthBook),
}

/// A check under way.
#[derive(Debug)]
pub struct Check {
    snapshot: Snapshot,
    shadow: Shadow,
    /// The first message that the snapshot does not have, once it is whole.
    next: Option<u64>,
}

impl Check {
    /// Asks for a snapshot. From now on messages are to be kept.
    #[must_use]
    pub fn begin(server: SocketAddr, session: SessionId, kind: StreamKind, limits: &BookLimits) -> Self {
        let shadow = match kind {
            StreamKind::Depth => Shadow::Depth(Box::new(Books::new(limits))),
            StreamKind::Tick => Shadow::Ticks(DepthBook::new()),
        };
        Self { snapshot: Snapshot::begin(server, session, kind), shadow, next: None }
    }

    /// Goes on. `kept` are the messages that were told since the beginning; none may be missing. Returns what became of it, once known.
    pub fn turn(&mut self, handler: &Handler, kept: &[Kept]) -> Option<Outcome> {
        if handler.session() != Some(self.snapshot.session()) {
            return Some(Outcome::Open("another session has begun".to_owned()));
        }
        if kept.len() > KEPT_MAX {
            return Some(Outcome::Open(format!("no snapshot within {KEPT_MAX} messages")));
        }
        if self.next.is_none() {
            let shadow = &mut self.shadow;
            match self.snapshot.turn(|bytes, item| shadow.take(bytes, item)) {
                Ok(next) => self.next = next,
                Err(reason) => return Some(Outcome::Open(reason)),
            }
        }
        let next = self.next?;
        let now = handler.next_sequence();
        if handler.stale().is_some() || now < next {
            // We are behind the snapshot, or not sure of ourselves: that will pass.
            return None;
        }
        let first = now - kept.len() as u64;
        if next < first {
            return Some(Outcome::Open(format!(
                "the snapshot is of message {next}, before the check began at {first}"
            )));
        }
        for (sequence, bytes) in kept.iter().filter(|(sequence, _)| *sequence >= next) {
            match &mut self.shadow {
                Shadow::Depth(books) => books.apply(bytes, &mut ()),
                Shadow::Ticks(book) => {
                    if let Ok(tick) = Tick::decode(bytes) {
                        book.apply_in_order(*sequence, &tick);
                    }
                }
            }
        }
        Some(match (&self.shadow, handler.books(), handler.depth()) {
            (Shadow::Depth(theirs), Some(ours), _) => compare_orders(theirs, ours, now),
            (Shadow::Ticks(theirs), _, Some(ours)) => compare_levels(theirs, ours, now),
            _ => Outcome::Open("the stream is of another kind".to_owned()),
        })
    }
}

impl Shadow {
    /// Takes a message of the snapshot.
    fn take(&mut self, bytes: &[u8], item: &Item) {
        match (item, self) {
            (Item::Tick(tick), Self::Ticks(book)) => book.apply_in_order(0, tick),
            (Item::Itch(_), Self::Depth(books)) => books.apply(bytes, &mut ()),
            _ => {}
        }
    }
}

fn different(next: u64, instrument: Option<InstrumentIndex>, side: Side, what: &str) -> Outcome {
    let instrument = instrument.map_or_else(|| "0".to_owned(), |instrument| instrument.to_string());
    Outcome::Different { next, what: format!("symbol_id {instrument}, {side:?}: {what}") }
}

fn compare_orders(theirs: &Books, ours: &Books, next: u64) -> Outcome {
    let (mut levels, mut orders) = (0, 0);
    let mut locates: Vec<u16> = theirs.locates().chain(ours.locates()).collect();
    locates.sort_unstable();
    locates.dedup();
    for locate in locates {
        for side in [Side::Buy, Side::Sell] {
            let (mut expected, mut found) = (theirs.levels(locate, side), ours.levels(locate, side));
            loop {
                let (expected, found) = (expected.next(), found.next());
                if expected != found {
                    let what = format!("expected level {expected:?}, found {found:?}");
                    return different(next, located(locate), side, &what);
                }
                let Some(level) = found else { break };
                levels += 1;
                let queue = |books: &Books| books.queue(locate, side, level.price).collect::<Vec<_>>();
                let (expected, found) = (queue(theirs), queue(ours));
                if expected != found {
                    let at = expected.iter().zip(&found).take_while(|(expected, found)| expected == found).count();
                    let what = format!(
                        "at {} order {} of the queue: expected {:?}, found {:?}",
                        level.price,
                        at + 1,
                        expected.get(at),
                        found.get(at)
                    );
                    return different(next, located(locate), side, &what);
                }
                orders += found.len() as u64;
            }
        }
    }
    Outcome::Equal { next, levels, orders }
}

fn compare_levels(theirs: &DepthBook, ours: &DepthBook, next: u64) -> Outcome {
    let mut levels = 0;
    let mut instruments: Vec<InstrumentIndex> = theirs.iter().chain(ours.iter()).map(|(index, _)| index).collect();
    instruments.sort_unstable();
    instruments.dedup();
    for instrument in instruments {
        for side in [Side::Buy, Side::Sell] {
            let of = |book: &DepthBook| -> Vec<(Price, u32)> {
                let depth = book.get(instrument);
                depth.map_or_else(Vec::new, |depth| {
                    depth.levels(side).map(|level| (level.price, level.quantity)).collect()
                })
            };
            let (expected, found) = (of(theirs), of(ours));
            if expected != found {
                let at = expected.iter().zip(&found).take_while(|(expected, found)| expected == found).count();
                let what = format!("level {}: expected {:?}, found {:?}", at + 1, expected.get(at), found.get(at));
                return different(next, Some(instrument), side, &what);
            }
            levels += found.len() as u64;
        }
    }
    Outcome::Equal { next, levels, orders: 0 }
}
