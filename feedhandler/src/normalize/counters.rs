//! What a normaliser met and made.
//!
//! Goal: each message has its place, so that "complete" can be checked. Non-goal: latency.

use wire::tick::{Tick, TickKind};

/// Counts since the normaliser was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NormalizeCounters {
    /// Messages taken.
    pub messages: u64,
    /// Trade ticks.
    pub trades: u64,
    /// Quote ticks.
    pub quotes: u64,
    /// Status ticks.
    pub statuses: u64,
    /// Messages of a known type that no tick tells of: directory, auction information and the like.
    pub unmapped: u64,
    /// Messages of a type that is not known.
    pub unknown_types: u64,
    /// Messages that are not what their type prescribes.
    pub malformed: u64,
    /// They name an order that is not there.
    pub unknown_orders: u64,
    /// They take more off an order than it has; all of it was taken.
    pub overdrawn: u64,
    /// Orders under the number of a live one, or more than there is room for; ignored.
    pub refused: u64,
    /// Messages about an instrument that no message named, or for which the directory has no room.
    pub nameless: u64,
    /// Quantities that do not fit a tick, shown as the largest that does.
    pub saturated: u64,
    /// Trades that the venue took back; their ticks stand.
    pub broken: u64,
    /// Messages that were declared lost.
    pub lost: u64,
    /// Levels cleared because another session began.
    pub cleared: u64,
    by_type: [u64; 256],
}

impl Default for NormalizeCounters {
    fn default() -> Self {
        Self {
            messages: 0,
            trades: 0,
            quotes: 0,
            statuses: 0,
            unmapped: 0,
            unknown_types: 0,
            malformed: 0,
            unknown_orders: 0,
            overdrawn: 0,
            refused: 0,
            nameless: 0,
            saturated: 0,
            broken: 0,
            lost: 0,
            cleared: 0,
            by_type: [0; 256],
        }
    }
}

impl NormalizeCounters {
    /// Ticks made.
    #[must_use]
    pub const fn ticks(&self) -> u64 {
        self.trades + self.quotes + self.statuses
    }

    /// Messages with this type byte.
    #[must_use]
    pub fn of_type(&self, tag: u8) -> u64 {
        self.by_type[usize::from(tag)]
    }

    /// The counters by name.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> {
        [
            ("messages", self.messages),
            ("ticks", self.ticks()),
            ("trades", self.trades),
            ("quotes", self.quotes),
            ("statuses", self.statuses),
            ("unmapped", self.unmapped),
            ("unknown_types", self.unknown_types),
            ("malformed", self.malformed),
            ("unknown_orders", self.unknown_orders),
            ("overdrawn", self.overdrawn),
            ("refused", self.refused),
            ("nameless", self.nameless),
            ("saturated", self.saturated),
            ("broken", self.broken),
            ("lost", self.lost),
            ("cleared", self.cleared),
        ]
        .into_iter()
    }

    pub(super) fn type_seen(&mut self, tag: u8) {
        self.by_type[usize::from(tag)] += 1;
    }

    pub(super) const fn count(&mut self, tick: &Tick) {
        match tick.kind {
            TickKind::Trade => self.trades += 1,
            TickKind::Quote => self.quotes += 1,
            TickKind::Status => self.statuses += 1,
        }
    }
}
