//! The rules that the exchange is built with. They influence outcomes, so replay needs the very same ones.

use crate::instrument::Instrument;
use wire::MemberId;

/// What happens when a member's incoming order meets the same member's resting order.
pub use crate::book::SelfMatch;

/// A firm's rules; its [`MemberId`] is its position in [`Rules::members`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberRules {
    /// The mode for orders that name none.
    pub self_match: SelfMatch,
}

/// A login's rules; its session index is its position in [`Rules::sessions`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionRules {
    /// The firm on whose behalf the session trades.
    pub member: MemberId,
    /// How many orders it may have in the books at once.
    pub open_orders_max: u32,
}

/// A market-data channel's rules; its [`ChannelIndex`](wire::feed::ChannelIndex) is its position in [`Rules::channels`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChannelRules {
    /// Whether it has a depth stream beside its ticks.
    pub depth: bool,
}

/// Everything fixed that decides what a command does.
#[derive(Clone, Debug)]
pub struct Rules {
    /// What is traded.
    pub instruments: Vec<Instrument>,
    /// How many more an operator may add.
    pub instruments_added: u32,
    /// On which channels, at most [`CHANNELS_MAX`](wire::feed::CHANNELS_MAX).
    pub channels: Vec<ChannelRules>,
    /// Who trades.
    pub members: Vec<MemberRules>,
    /// Through which logins.
    pub sessions: Vec<SessionRules>,
    /// How many orders all books hold together.
    pub orders_max: u32,
    /// How many price levels all books hold together.
    pub levels_max: u32,
    /// How many orders may wait for a stop price, in all books together.
    pub stops_max: u32,
}
