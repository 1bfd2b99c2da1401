//! What an order that waits will do, beside its [`Order`](super::Order).

use wire::{InstrumentIndex, Price, Side};

use crate::book::command::{SelfMatch, TimeInForce};
use crate::book::ladder::LadderId;
use crate::book::slab::Record;
use crate::book::state_hash::{OrderState, StopTerms};

/// What an order does once it enters, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::book) struct Stop {
    pub instrument: InstrumentIndex,
    pub side: Side,
    pub stop: Price,
    pub limit: Price,
    pub tif: TimeInForce,
    pub post_only: bool,
    pub min_qty: u32,
    pub self_match: SelfMatch,
    pub display: u32,
    pub hidden: bool,
}

impl Stop {
    /// None.
    pub const EMPTY: Self = Self {
        instrument: InstrumentIndex(0),
        side: Side::Buy,
        stop: Price(0),
        limit: Price(0),
        tif: TimeInForce::Day,
        post_only: false,
        min_qty: 0,
        self_match: SelfMatch::Allow,
        display: 0,
        hidden: false,
    };

    /// The terms of an order that waited, or was elected, in another book.
    pub const fn restored(state: &OrderState, terms: StopTerms) -> Self {
        Self {
            instrument: state.instrument,
            side: state.side,
            stop: state.price,
            limit: terms.limit,
            tif: terms.tif,
            post_only: terms.post_only,
            min_qty: terms.min_qty,
            self_match: terms.self_match,
            display: state.display,
            hidden: terms.hidden,
        }
    }

    /// Where it waits.
    pub const fn ladder(&self) -> LadderId {
        LadderId::waiting(self.instrument, self.side)
    }

    /// Whether a trade at this price elects the order.
    pub fn is_reached(&self, trade: Price) -> bool {
        match self.side {
            Side::Buy => trade >= self.stop,
            Side::Sell => trade <= self.stop,
        }
    }

    /// What the state hash covers beside the order.
    pub const fn terms(&self) -> StopTerms {
        StopTerms {
            limit: self.limit,
            tif: self.tif,
            post_only: self.post_only,
            min_qty: self.min_qty,
            self_match: self.self_match,
            hidden: self.hidden,
        }
    }
}

impl Record for Stop {
    fn kept(&self) -> u32 {
        self.display
    }

    fn keep(&mut self, number: u32) {
        self.display = number;
    }
}
