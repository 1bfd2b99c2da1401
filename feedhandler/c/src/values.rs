//! What is passed in and out by value: numbers with names, and plain structures. The header is made of this file, too.
//!
//! Goal: any bytes that C may hand over are understood or refused. Non-goal: the functions (`abi.rs`).

use feedhandler::handler::{Delivery, HandlerOptions, Join, RerequestOptions, SnapshotOptions, Stale, StaleReason};
use wire::feed::StreamKind;

/// A stream of 26-byte ticks; instruments are named by symbol_id.
pub const PINION_TICKS: u8 = 0;
/// A stream of ITCH 5.0 messages; instruments are named by locate code.
pub const PINION_DEPTH: u8 = 1;

/// Messages are told one after the other.
pub const PINION_IN_ORDER: u8 = 0;
/// Messages are told as they come; what fills a gap comes late.
pub const PINION_LIVE: u8 = 1;

/// Books begin with a snapshot.
pub const PINION_JOIN_SNAPSHOT: u8 = 0;
/// Books begin with the session's first message.
pub const PINION_JOIN_START: u8 = 1;
/// Books begin with the first packet that comes, and are never whole unless it is the session's first.
pub const PINION_JOIN_FIRST_PACKET: u8 = 2;

/// The source of a packet that the re-request server sent.
pub const PINION_FROM_REREQUEST: u32 = 0xFFFF_FFFF;

/// Bids.
pub const PINION_BUY: u8 = 0x42;
/// Asks.
pub const PINION_SELL: u8 = 0x53;
/// No side is told.
pub const PINION_NO_SIDE: u8 = 0x20;

/// There is nothing to do.
pub const PINION_ACTION_NONE: u8 = 0;
/// Send `bytes` to the re-request server.
pub const PINION_ACTION_REQUEST: u8 = 1;
/// Connect to the snapshot server, send it `bytes`, and hand over what comes.
pub const PINION_ACTION_OPEN_SNAPSHOT: u8 = 2;
/// Close the connection to the snapshot server.
pub const PINION_ACTION_CLOSE_SNAPSHOT: u8 = 3;

/// Books are those of the venue.
pub const PINION_FRESH: u8 = 0;
/// No packet has come yet.
pub const PINION_STALE_WAITING: u8 = 1;
/// We have just begun, and a snapshot is on its way.
pub const PINION_STALE_JOINING: u8 = 2;
/// Another session has begun.
pub const PINION_STALE_NEW_SESSION: u8 = 3;
/// The publisher began anew with an older state.
pub const PINION_STALE_REGRESSED: u8 = 4;
/// A message did not fit the books.
pub const PINION_STALE_DAMAGED: u8 = 5;
/// More is missing than could be kept behind it.
pub const PINION_STALE_OVERRUN: u8 = 6;
/// Messages are missing.
pub const PINION_STALE_GAP: u8 = 7;
/// No line has said anything new for too long.
pub const PINION_STALE_SILENT: u8 = 8;
/// We began in the middle.
pub const PINION_STALE_PARTIAL: u8 = 9;
/// Messages were given up.
pub const PINION_STALE_LOST: u8 = 10;

/// No time: pinion_handler_poll need not be called before something comes.
pub const PINION_NEVER: u64 = 0xFFFF_FFFF_FFFF_FFFF;

/// What a handler is told at the beginning. Take it from pinion_options and change what you will.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct PinionOptions {
    /// PINION_TICKS or PINION_DEPTH.
    pub kind: u8,
    /// PINION_IN_ORDER or PINION_LIVE.
    pub delivery: u8,
    /// PINION_JOIN_SNAPSHOT, PINION_JOIN_START or PINION_JOIN_FIRST_PACKET.
    pub join: u8,
    /// Whether missing messages can be asked for again.
    pub rerequest: bool,
    /// Whether snapshots can be had.
    pub snapshot: bool,
    /// Whether a message that does not fit the books makes them stale.
    pub strict: bool,
    /// How many lines carry the stream.
    pub lines: u32,
    /// Messages kept behind a gap.
    pub window: u32,
    /// Instruments and orders that are expected.
    pub instruments: u32,
    /// Orders that are expected to be alive at one time.
    pub orders: u32,
    /// How long a gap may stay open before it is asked for.
    pub line_wait_ns: u64,
    /// Silence after which a line, and with all of them the books, are not relied on.
    pub silence_ns: u64,
}

/// A level has a new total.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct PinionLevel {
    /// In 1/10,000 of the currency unit.
    pub price: i64,
    /// Displayed quantity; 0: the level is gone.
    pub total: u64,
    /// Orders; 0 in ticks, which do not tell.
    pub orders: u32,
    /// Locate code or symbol_id.
    pub instrument: u32,
    /// PINION_BUY or PINION_SELL.
    pub side: u8,
}

/// A trade.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct PinionTrade {
    /// In 1/10,000 of the currency unit.
    pub price: i64,
    /// What was traded.
    pub qty: u64,
    /// Its number; 0 in ticks, which do not tell.
    pub match_number: u64,
    /// Locate code or symbol_id.
    pub instrument: u32,
    /// The side of the order that was resting; PINION_NO_SIDE where it is not told.
    pub maker: u8,
    /// Counts for volume.
    pub printable: bool,
}

/// What is to be done.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct PinionAction {
    /// PINION_ACTION_REQUEST, PINION_ACTION_OPEN_SNAPSHOT, PINION_ACTION_CLOSE_SNAPSHOT or PINION_ACTION_NONE.
    pub kind: u8,
    /// How many bytes are to be sent.
    pub len: u8,
    /// What is to be sent.
    pub bytes: [u8; 64],
}

/// What was counted.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct PinionCounters {
    /// Packets of the session.
    pub packets: u64,
    /// Messages that went into the books.
    pub messages: u64,
    /// Messages that had come before.
    pub duplicates: u64,
    /// Gaps.
    pub gaps: u64,
    /// Messages given up.
    pub lost: u64,
    /// Requests made.
    pub requests: u64,
    /// Snapshots taken.
    pub snapshots: u64,
    /// Packets that are not MoldUDP64.
    pub malformed: u64,
    /// Packets of another session.
    pub wrong_session: u64,
}

/// The options, unless they hold a number that is none of those named here.
pub(crate) fn options_of(options: &PinionOptions) -> Option<HandlerOptions> {
    let kind = match options.kind {
        PINION_TICKS => StreamKind::Tick,
        PINION_DEPTH => StreamKind::Depth,
        _ => return None,
    };
    let delivery = match options.delivery {
        PINION_IN_ORDER => Delivery::InOrder,
        PINION_LIVE => Delivery::Live,
        _ => return None,
    };
    let join = match options.join {
        PINION_JOIN_SNAPSHOT => Join::Snapshot,
        PINION_JOIN_START => Join::Start,
        PINION_JOIN_FIRST_PACKET => Join::FirstPacket,
        _ => return None,
    };
    let mut all = HandlerOptions::new(kind);
    (all.books.instruments, all.books.orders) = (options.instruments as usize, options.orders as usize);
    Some(HandlerOptions {
        delivery,
        join,
        lines: options.lines as usize,
        window: options.window as usize,
        rerequest: options.rerequest.then(RerequestOptions::default),
        snapshot: options.snapshot.then(SnapshotOptions::default),
        strict: options.strict,
        line_wait_ns: options.line_wait_ns,
        silence_ns: options.silence_ns,
        ..all
    })
}

/// The number of a reason.
pub(crate) const fn reason_of(stale: Option<Stale>) -> u8 {
    let Some(Stale { reason, .. }) = stale else { return PINION_FRESH };
    match reason {
        StaleReason::Waiting => PINION_STALE_WAITING,
        StaleReason::Joining => PINION_STALE_JOINING,
        StaleReason::NewSession => PINION_STALE_NEW_SESSION,
        StaleReason::Regressed => PINION_STALE_REGRESSED,
        StaleReason::Damaged => PINION_STALE_DAMAGED,
        StaleReason::Overrun => PINION_STALE_OVERRUN,
        StaleReason::Gap => PINION_STALE_GAP,
        StaleReason::Silent => PINION_STALE_SILENT,
        StaleReason::Partial => PINION_STALE_PARTIAL,
        StaleReason::Lost => PINION_STALE_LOST,
    }
}
