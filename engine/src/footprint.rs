//! How much memory an appliance takes for its tables, computed from its configuration.
//!
//! Goal: a machine can be prepared before the appliance is started on it. Non-goal: the exact figure; `pinion run` says that when it has made
//! them. A test holds the two together: never less, and not much more.

use crate::config::{Config, PortKind};
use crate::limits::{COMMAND_LINK_SLOTS, DATAGRAM_LINK_SLOTS, MARKET_DATA_LINK_SLOTS, PACKET_LINK_SLOTS};
use crate::link::{Datagram, FeedEvent, JournalEntry};

/// One kind of tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// Of what.
    pub name: &'static str,
    /// What they take.
    pub bytes: u64,
}

/// Tables that begin on a huge page of their own, without the stores, of which each session has one.
pub const TABLES_MAX: u64 = 18;

/// What the limits are in bytes; `docs/operations.md` has the same figures, and a test measures them.
const FIVE_ORDERS: u64 = 384;
const LEVEL: u64 = 884;
const STOP: u64 = 40;
const INSTRUMENT: u64 = 374;
const REPORT: u64 = 128;
/// What the follower keeps of each order beside its books.
const RANK: u64 = 4;
/// What the index of keys has at the least, and all that is too small to be counted.
const BOOK_BASE: u64 = 2 << 20;

/// All parts. Each store is rounded up to whole huge pages, for there may be thousands.
#[must_use]
pub fn parts(config: &Config) -> Vec<Part> {
    let limits = &config.limits;
    let book = u64::from(limits.orders).div_ceil(5) * FIVE_ORDERS
        + u64::from(limits.levels) * LEVEL
        + u64::from(limits.stops()) * STOP
        + config.places() as u64 * INSTRUMENT
        + BOOK_BASE;
    let store = (u64::from(limits.session_store_messages) * REPORT).next_multiple_of(HUGE_PAGE);
    let follower = match config.snapshot.interval_ms {
        0 => 0,
        _ => {
            let reports =
                (u64::from(config.snapshot.session_reports).next_power_of_two() * REPORT).next_multiple_of(HUGE_PAGE);
            book + u64::from(limits.orders) * RANK + config.sessions.len() as u64 * reports
        }
    };
    let link = |slots: usize, slot: usize| slots as u64 * slot as u64;
    let links = link(2 * DATAGRAM_LINK_SLOTS + PACKET_LINK_SLOTS, size_of::<Datagram>())
        + link(COMMAND_LINK_SLOTS, size_of::<JournalEntry>())
        + link(MARKET_DATA_LINK_SLOTS, size_of::<FeedEvent>());
    let port = &config.network.port;
    let packets = match port.kind {
        // Nobody means AF_XDP on loopback, where it is not to be had.
        PortKind::Xdp | PortKind::Auto if !config.network.interface.is_loopback() => {
            // Of each queue that the port has; `pinion host` sees to it that there is one.
            let xdp = &port.xdp;
            u64::from(xdp.receive_slots + xdp.transmit_slots) * u64::from(xdp.frame_bytes)
        }
        _ => 0,
    };
    vec![
        Part { name: "book", bytes: book },
        Part { name: "session stores", bytes: config.sessions.len() as u64 * store },
        Part { name: "snapshot follower", bytes: follower },
        Part { name: "links", bytes: links },
        Part { name: "packets", bytes: packets },
    ]
}

const HUGE_PAGE: u64 = 2 << 20;
