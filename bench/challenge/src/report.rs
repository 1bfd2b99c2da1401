//! What an engine answers, in the layout of the benchmark's C interface: one cache line a report.

use wire::{Price, Qty, Side};

/// The six answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum ReportKind {
    Accepted = 0,
    Trade = 1,
    Canceled = 2,
    Modified = 3,
    CancelRejected = 4,
    ModifyRejected = 5,
}

/// An answer. What a kind does not use is zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Report {
    pub kind: u8,
    pub side: u8,
    pub reserved: [u8; 6],
    /// The message that caused it.
    pub seq: u64,
    /// The order that it concerns; of a trade, the incoming one.
    pub id: u64,
    pub price_ticks: i64,
    pub qty: u32,
    pub reserved2: u32,
    pub maker_id: u64,
    pub taker_id: u64,
    pub reserved3: u64,
}

const _: () = assert!(size_of::<Report>() == 64, "the interface wants a cache line a report");

impl Report {
    /// About an order.
    #[inline]
    pub fn of_order(kind: ReportKind, seq: u64, id: u64, side: Side, price: Price, qty: Qty) -> Self {
        let side = side as u8;
        Self { kind: kind as u8, side, seq, id, price_ticks: price.0, qty: qty.0, ..Self::default() }
    }

    /// A trade, at the maker's price.
    #[inline]
    pub fn trade(seq: u64, maker_id: u64, taker_id: u64, side: Side, price: Price, qty: Qty) -> Self {
        Self { maker_id, taker_id, ..Self::of_order(ReportKind::Trade, seq, taker_id, side, price, qty) }
    }

    /// A refusal: of an order that is not in the book there is nothing to say but its id.
    #[inline]
    pub fn refusal(kind: ReportKind, seq: u64, id: u64) -> Self {
        Self { kind: kind as u8, seq, id, ..Self::default() }
    }
}
