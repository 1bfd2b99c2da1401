//! The trace: when a message reached each [`Milestone`], by the processor's cycle counter.
//!
//! ```text
//!   net ──► link ──► matching ──► link ──► net          each tile keeps stamps of its own, in memory that it was given;
//!    │                 │  └─► journal ─┐     │          after the run they are joined by sequence number
//!    ▼                 ▼               ▼     ▼
//!  (with the       Receive … Match,  Append  Send
//!   datagram)      Durable, Encode
//! ```
//! The tiles take the trace as a type. With [`Off`], which is the default, every call below is empty and every question about it is
//! answered at compile time, so what only serves the trace is not there. One binary has both.
//!
//! [`Live`] is the trace of a running appliance, read while it runs. Goal: where the time of one message goes, at a cost that is known.
//! Non-goal: following every message of a day; showing figures.

mod journey;
mod live;
mod stamps;

pub use crate::milestone::Milestone;
pub use journey::{Journey, Journeys, STAGES, join};
pub(crate) use live::Known;
pub use live::{Live, LiveTable};
pub use stamps::{Stamp, Stamps};

use wire::Seq;

/// Takes the stamps of one tile.
pub trait Trace: Send + 'static {
    /// Whether anything is kept.
    const ON: bool;

    /// The counter now; never 0, which in a link means "no stamp".
    fn ticks(&self) -> u64;

    /// One of 2 to this power commands is followed.
    fn power(&self) -> u32;

    /// Keeps a stamp, where there is room.
    fn keep(&mut self, stamp: Stamp);

    /// Whether the command of this number is followed. Of each block of numbers one is, at a place that moves on from block to block:
    /// packets and bursts have powers of two for their sizes, too, and one that always stood first in them would not be like the others.
    #[inline]
    fn follows(&self, seq: Seq) -> bool {
        Self::ON && (seq.0 ^ seq.0 >> self.power()) & ((1 << self.power()) - 1) == 0
    }

    /// The first one above `seq` that is followed.
    #[inline]
    fn next_followed(&self, seq: Seq) -> Seq {
        let (block, mask) = (seq.0 >> self.power(), (1 << self.power()) - 1);
        let of = |block: u64| block << self.power() | (block & mask);
        Seq(if of(block) > seq.0 { of(block) } else { of(block + 1) })
    }

    /// A command reached a milestone just now.
    #[inline]
    fn reached(&mut self, seq: Seq, milestone: Milestone) {
        if self.follows(seq) {
            let ticks = self.ticks();
            self.keep(Stamp { key: seq.0, milestone, ticks });
        }
    }
}

/// No trace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Off;

impl Trace for Off {
    const ON: bool = false;

    #[inline]
    fn ticks(&self) -> u64 {
        0
    }

    #[inline]
    fn power(&self) -> u32 {
        0
    }

    #[inline]
    fn keep(&mut self, _stamp: Stamp) {}
}
