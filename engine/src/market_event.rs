//! Market data on its way out: what both streams of a channel are made of, in the order in which it happened.
//!
//! Goal: one value for whatever keeps, carries or replays market data. Non-goal: bytes.

use crate::depth::DepthEvent;
use crate::instrument::Listings;
use wire::feed::{Stream, StreamKind};
use wire::tick::Tick;

/// One thing that subscribers hear of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MarketEvent {
    /// The next tick of a channel.
    Tick(Tick),
    /// The next message of a channel's depth stream.
    Depth(DepthEvent),
}

impl MarketEvent {
    /// The stream that it goes to.
    #[must_use]
    pub fn stream(&self, instruments: &impl Listings) -> Stream {
        match self {
            Self::Tick(tick) => Stream::new(instruments.listed(tick.symbol_id).channel, StreamKind::Tick),
            Self::Depth(event) => Stream::new(event.channel(instruments), StreamKind::Depth),
        }
    }
}
