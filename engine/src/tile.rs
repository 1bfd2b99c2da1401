//! Tiles: stages with their links, and the one loop that polls them.
//!
//! A stage knows no threads, sockets of its own making, or clocks; the loop gives it the time. Tiles that share a core share a thread
//! and are polled in data-flow order, so one core runs a message to completion.

mod duty;
mod feed;
mod journal;
mod matching;
mod net;
mod run;
mod wait;

pub use duty::Duty;
pub use feed::{FeedCounts, FeedLine, FeedStage, FeedStream};
pub use journal::JournalStage;
pub use matching::{MatchingOutputs, MatchingStage};
pub use net::NetStage;
pub(crate) use run::turn_order;
pub use run::{Control, Phase, TileThread};
pub use wait::Wait;

use crate::meter::TileOwn;
use crate::trace::{Off, Trace};
use crate::venue::Venue;
use netio::port::{Port, PortCounters, PortError};
use wire::Nanos;
use wire::feed::Stream;

/// Why a stage cannot go on; the appliance stops.
#[derive(Debug, thiserror::Error)]
pub enum StageError {
    /// The port is broken for good.
    #[error("the port failed: {0}")]
    Port(#[from] PortError),
    /// The journal cannot make anything durable any more.
    #[error("the journal failed: {0}")]
    Journal(String),
}

/// Something that is polled.
pub trait Stage {
    /// Does a bounded amount of work and says how much; 0 is idle.
    ///
    /// # Errors
    /// The stage cannot go on.
    fn poll(&mut self, now: Nanos) -> Result<usize, StageError>;
}

/// The four tiles by name, in data-flow order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TileKind {
    /// Port to links and back.
    Net,
    /// Gateway and exchange.
    Matching,
    /// Commands to disk.
    Journal,
    /// Market data to packets.
    Feed,
}

impl TileKind {
    /// All of them, in data-flow order.
    pub const ALL: [Self; 4] = [Self::Net, Self::Matching, Self::Journal, Self::Feed];

    /// Its name in the configuration.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Net => "net",
            Self::Matching => "matching",
            Self::Journal => "journal",
            Self::Feed => "feed",
        }
    }
}

/// The name of a thread with these tiles: their first letters, for `top -H`.
#[must_use]
pub fn thread_name(kinds: &[TileKind]) -> String {
    kinds
        .iter()
        .map(|kind| match kind {
            TileKind::Net => "net",
            TileKind::Matching => "match",
            TileKind::Journal => "jrnl",
            TileKind::Feed => "feed",
        })
        .collect::<Vec<_>>()
        .join("+")
}

/// A stage of one of the four kinds, with its links.
pub enum Tile<P: Port, T: Trace = Off> {
    /// See [`NetStage`].
    Net(NetStage<P, T>),
    /// See [`MatchingStage`].
    Matching(Box<MatchingStage<T>>),
    /// See [`JournalStage`].
    Journal(JournalStage<T>),
    /// See [`FeedStage`].
    Feed(Box<FeedStage>),
}

impl<P: Port, T: Trace> Tile<P, T> {
    /// Which one it is.
    #[must_use]
    pub const fn kind(&self) -> TileKind {
        match self {
            Self::Net(_) => TileKind::Net,
            Self::Matching(_) => TileKind::Matching,
            Self::Journal(_) => TileKind::Journal,
            Self::Feed(_) => TileKind::Feed,
        }
    }
}

/// What is worth knowing of a tile that has ended.
pub enum Remains<T = Off> {
    /// What the port counted. The port itself was closed by its own thread, which some ports need.
    Net(PortCounters, T),
    /// The venue as it stood.
    Matching(Box<Venue>, T),
    /// The journal itself lies on disk.
    Journal(T),
    /// What comes next on each stream.
    Feed(Vec<(Stream, u64)>),
}

impl<P: Port, T: Trace> Tile<P, T> {
    /// The tile at the port, if it is this one.
    pub const fn net(&mut self) -> Option<&mut NetStage<P, T>> {
        match self {
            Self::Net(net) => Some(net),
            _ => None,
        }
    }

    /// Polls that had input and no room for what it causes.
    pub(crate) const fn stalls(&self) -> u64 {
        match self {
            Self::Net(net) => net.stalls(),
            Self::Matching(matching) => matching.stalls(),
            Self::Journal(journal) => journal.stalls(),
            Self::Feed(feed) => feed.stalls(),
        }
    }

    /// Stores what only a tile of its kind counts: a bounded part of it, or all.
    pub(crate) fn store(&mut self, own: &mut TileOwn, all: bool) {
        match (self, own) {
            (Self::Net(net), TileOwn::Net(meter)) => net.store(meter),
            (Self::Matching(matching), TileOwn::Matching(meter)) => matching.store(meter, all),
            (Self::Journal(journal), TileOwn::Journal(meter)) => journal.store(meter),
            (Self::Feed(feed), TileOwn::Feed(meter)) => feed.store(meter),
            _ => debug_assert!(false, "a tile has the meter that was made for it"),
        }
    }

    /// Stores a little more, in a turn without work.
    #[inline]
    pub(crate) fn store_more(&mut self, own: &mut TileOwn) {
        if let (Self::Matching(matching), TileOwn::Matching(meter)) = (self, own) {
            matching.store_more(meter);
        }
    }

    /// Takes the tile apart, on the thread that polled it.
    #[must_use]
    pub fn into_remains(self) -> Remains<T> {
        match self {
            Self::Net(net) => Remains::Net(net.port_counters(), net.into_trace()),
            Self::Matching(matching) => {
                let (venue, trace) = matching.into_venue();
                Remains::Matching(Box::new(venue), trace)
            }
            Self::Journal(journal) => Remains::Journal(journal.into_trace()),
            Self::Feed(feed) => Remains::Feed(feed.next_sequences()),
        }
    }
}

impl<P: Port, T: Trace> Stage for Tile<P, T> {
    fn poll(&mut self, now: Nanos) -> Result<usize, StageError> {
        match self {
            Self::Net(stage) => stage.poll(now),
            Self::Matching(stage) => stage.poll(now),
            Self::Journal(stage) => stage.poll(now),
            Self::Feed(stage) => stage.poll(now),
        }
    }
}
