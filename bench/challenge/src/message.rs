//! What the benchmark tells an engine, in the layout of its C interface.

use wire::Side;

/// A new order.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct NewOrder {
    pub id: u64,
    pub seq: u64,
    pub price_ticks: i64,
    pub qty: u32,
    pub side: u8,
    pub immediate: u8,
    pub reserved: [u8; 2],
}

/// Remove an order.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Cancel {
    pub id: u64,
    pub seq: u64,
}

/// Take an order out and enter it anew.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Modify {
    pub id: u64,
    pub seq: u64,
    pub price_ticks: i64,
    pub qty: u32,
    pub side: u8,
    pub reserved: [u8; 3],
}

/// Which message a [`Message`] holds.
pub const NEW_ORDER: u8 = 0;
pub const CANCEL: u8 = 1;
pub const MODIFY: u8 = 2;

/// Any of them, for delivery in runs.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Message {
    pub kind: u8,
    pub reserved: [u8; 7],
    pub body: Body,
}

/// Read the one that [`Message::kind`] names.
#[derive(Clone, Copy)]
#[repr(C)]
pub union Body {
    pub new_order: NewOrder,
    pub cancel: Cancel,
    pub modify: Modify,
}

/// A side as the interface writes it: 0 buys.
#[inline]
pub const fn side_of(byte: u8) -> Side {
    if byte == 0 { Side::Buy } else { Side::Sell }
}

const _: () = assert!(size_of::<NewOrder>() == 32 && size_of::<Cancel>() == 16 && size_of::<Modify>() == 32);
const _: () = assert!(size_of::<Message>() == 40 && std::mem::offset_of!(Message, body) == 8);
