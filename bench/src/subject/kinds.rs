//! How many events of each kind: enough to tell that an operation did what its name says.

use std::hint::black_box;

use super::Ear;
use crate::stream::operations::Operation;
use engine::book::BookEvent;

/// Events by their kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kinds {
    /// Orders entered.
    pub accepted: u64,
    /// Orders replaced.
    pub replaced: u64,
    /// Trades.
    pub trades: u64,
    /// Cancels, of a part or of the whole.
    pub canceled: u64,
    /// Changes of a level.
    pub levels: u64,
    /// Refusals.
    pub rejected: u64,
}

impl Kinds {
    /// What one operation shall cause.
    #[must_use]
    pub const fn of(operation: Operation) -> Self {
        let none = Self { accepted: 0, replaced: 0, trades: 0, canceled: 0, levels: 0, rejected: 0 };
        match operation {
            Operation::AddNewLevel | Operation::AddToLevel => Self { accepted: 1, levels: 1, ..none },
            Operation::CancelFirst
            | Operation::CancelMiddle
            | Operation::CancelLast
            | Operation::CancelOnly
            | Operation::Reduce => Self { canceled: 1, levels: 1, ..none },
            Operation::Modify => Self { replaced: 1, levels: 2, ..none },
            Operation::HitOne => Self { accepted: 1, trades: 1, levels: 1, ..none },
            Operation::Sweep10 => Self { accepted: 1, trades: 10, levels: 10, ..none },
            Operation::HitNone => Self { accepted: 1, canceled: 1, ..none },
            Operation::CancelGone => Self { rejected: 1, ..none },
        }
    }

    /// What so many of them shall cause.
    #[must_use]
    pub const fn times(self, count: u64) -> Self {
        Self {
            accepted: self.accepted * count,
            replaced: self.replaced * count,
            trades: self.trades * count,
            canceled: self.canceled * count,
            levels: self.levels * count,
            rejected: self.rejected * count,
        }
    }
}

impl Ear for Kinds {
    #[inline(always)]
    fn event(&mut self, event: &BookEvent) {
        black_box(event);
        match event {
            BookEvent::Accepted { .. } => self.accepted += 1,
            BookEvent::Replaced { .. } => self.replaced += 1,
            BookEvent::Trade { .. } => self.trades += 1,
            BookEvent::Canceled { .. } => self.canceled += 1,
            BookEvent::Level { .. } => self.levels += 1,
            BookEvent::Rejected { .. } => self.rejected += 1,
            // No operation asks for a stop order, so none is elected.
            BookEvent::Elected { .. } | BookEvent::Rested { .. } | BookEvent::Refreshed { .. } => {}
        }
    }

    fn report(&mut self, _message: &[u8]) {}

    fn packet(&mut self, _bytes: &[u8]) {}
}
