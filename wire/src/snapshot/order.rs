//! Live orders in a snapshot.

use crate::Reserved;
use crate::layout::layout;

/// The order is good till canceled.
pub const ORDER_IS_GTC: u8 = 1;
/// The order waits for its stop price or was elected: a [`StopImage`] follows.
pub const ORDER_IS_STOP: u8 = 2;

layout! { Disk, "snapshot order",
    /// A live order. Orders follow by ladder, then best price first, then place in the queue; elected ones come last.
    pub struct OrderImage: 64 {
        /// Session and `UserRefNum`: session * 2^32 + number.
        0 => key: u64,
        /// The venue's number of it.
        8 => order_ref: u64,
        /// Number of its queue joining.
        16 => stamp: u64,
        /// Where it stands; of a stop order the stop price. 1/10,000 of a currency unit.
        24 => price: i64,
        /// Instrument * 8 + place * 2 + side. Places: displayed, hidden, waiting, elected; sides: buy, sell.
        32 => ladder: u32,
        /// Open quantity, lots.
        36 => leaves: u32,
        /// What it shows.
        40 => shown: u32,
        /// Its iceberg slice, 0 for none.
        44 => display: u32,
        /// The total that may ever execute.
        48 => liable: u32,
        /// Its member.
        52 => owner: u16,
        /// The `ORDER_*` bits.
        54 => flags: u8,
        /// The exchange's byte.
        55 => mark: u8,
        /// Its place among its session's orders, the oldest entry being 0.
        56 => rank: u32,
        /// Zero.
        60 => reserved: Reserved<4>,
    }
}

layout! { Disk, "snapshot stop",
    /// What a stop order does once it enters.
    pub struct StopImage: 16 {
        /// Its limit.
        0 => limit: i64,
        /// The least that must trade on entry.
        8 => min_qty: u32,
        /// Day, good till canceled, immediate or cancel, fill or kill: 0 to 3.
        12 => tif: u8,
        /// Allow, cancel newest, oldest, both, decrement: 0 to 4.
        13 => self_match: u8,
        /// 1: refuse rather than trade on entry.
        14 => post_only: u8,
        /// 1: show nothing.
        15 => hidden: u8,
    }
}
