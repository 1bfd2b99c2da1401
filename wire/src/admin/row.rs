//! What an operator may look at: questions, and rows in answer.
//!
//! Goal: each row stands for itself, and an end says how many there were and what they are worth. Non-goal: deciding who may see them; every
//! operator may.

use crate::layout::{codes, layout, newtype, text};
use crate::login::Username;
use crate::{InstrumentIndex, MemberId, Nanos, Price, Qty, Seq, SessionIndex, Symbol};

text!(
    /// The name of a firm.
    MemberName,
    16
);

newtype!(Wire Seq(u64), Wire SessionIndex(u16), Wire MemberId(u16));

codes! {
    /// What is asked for.
    Subject {
        /// A row for each session.
        Sessions = b'S',
        /// A row for each instrument.
        Instruments = b'I',
        /// One row.
        Status = b'T',
        /// A row for each command of an operator.
        Log = b'L',
    }
}

layout! { Wire, "administration Question",
    /// Asks for rows. They come, and then an end.
    pub struct Question: 14, type b'q' {
        /// Rows of what.
        1 => subject: Subject,
        /// Of `L`: so many at most, the newest ones; 0: as many as are kept.
        2 => count: u32,
        /// Of `L`: only commands before this place in the one order; 0: no bound.
        6 => before: u64,
    }
}

layout! { Wire, "administration Session",
    /// One login and what is known of it.
    pub struct SessionRow: 92, type b's' {
        /// Its index, by which commands name it.
        1 => session: SessionIndex,
        /// Its name.
        3 => username: Username,
        /// The firm that it trades for, by number.
        19 => member: MemberId,
        /// The same by name.
        21 => member_name: MemberName,
        /// Bit 0: logged in. Bit 1: locked itself. Bit 2: its member is locked. Bit 3: its key was changed by an operator.
        37 => flags: u8,
        /// Where its newest login came from, an IPv4 address; 0: there was none.
        38 => ip: u32,
        /// And the UDP port.
        42 => port: u16,
        /// Its orders in the books.
        44 => open_orders: u32,
        /// The number that its next message must have.
        48 => next_inbound: u64,
        /// The number that its next report will have.
        56 => next_outbound: u64,
        /// The last command of its own.
        64 => last_seq: Seq,
        /// When that came, or 0 where it came before this start.
        72 => last_time: Nanos,
        /// Of the key that it has from an operator; 0: it has that of the configuration.
        80 => fingerprint: u64,
        /// Zero.
        88 => reserved: crate::Reserved<4>,
    }
}

impl SessionRow {
    /// Logged in.
    pub const ALIVE: u8 = 1;
    /// Locked itself.
    pub const LOCKED: u8 = 2;
    /// Its member is locked.
    pub const MEMBER_LOCKED: u8 = 4;
    /// Its key was changed by an operator.
    pub const KEY_CHANGED: u8 = 8;
}

layout! { Wire, "administration Instrument",
    /// One instrument and its best prices.
    pub struct InstrumentRow: 64, type b'i' {
        /// Its number on the tick channel.
        1 => instrument: InstrumentIndex,
        /// Its name.
        5 => symbol: Symbol,
        /// The channel on which it is published.
        13 => channel: u8,
        /// Bit 0: halted. Bit 1: added by an operator.
        14 => flags: u8,
        /// Zero.
        15 => reserved: crate::Reserved<1>,
        /// The best bid.
        16 => bid_price: Price,
        /// What is displayed there; 0: there is no bid.
        24 => bid_quantity: Qty,
        /// The best ask.
        28 => ask_price: Price,
        /// What is displayed there; 0: there is no ask.
        36 => ask_quantity: Qty,
        /// Displayed orders, bids.
        40 => bid_orders: u32,
        /// Displayed orders, asks.
        44 => ask_orders: u32,
        /// The step between two prices, 1/10,000 units.
        48 => tick: i64,
        /// The step between two quantities.
        56 => lot: u32,
        /// Bit 0: the orders were counted; with very many in the books they are not.
        60 => counted: u8,
        /// Zero.
        61 => reserved_too: crate::Reserved<3>,
    }
}

impl InstrumentRow {
    /// Halted.
    pub const HALTED: u8 = 1;
    /// Added by an operator.
    pub const ADDED: u8 = 2;
}

layout! { Wire, "administration Status",
    /// The venue as a whole.
    pub struct StatusRow: 72, type b't' {
        /// The last command that has its place.
        1 => appended: Seq,
        /// The last one that is durable.
        9 => durable: Seq,
        /// The last one that this row knows of.
        17 => seq: Seq,
        /// When that came.
        25 => time: Nanos,
        /// Bit 0: draining. Bit 1: the market day is over. Bit 2: no new orders, for the journal's disk is nearly full. Bit 3: the venue is locked.
        /// Bit 4: a mass cancel is under way.
        33 => flags: u8,
        /// Orders in all books.
        34 => open_orders: u64,
        /// Sessions that are logged in.
        42 => sessions_alive: u32,
        /// Sessions that are locked, themselves or with their member.
        46 => sessions_locked: u32,
        /// All sessions.
        50 => sessions: u32,
        /// Instruments that are halted.
        54 => instruments_halted: u32,
        /// All instruments.
        58 => instruments: u32,
        /// How many instruments may still be added.
        62 => instruments_free: u32,
        /// Operators that are logged in.
        66 => operators: u32,
        /// Zero.
        70 => reserved: crate::Reserved<2>,
    }
}

impl StatusRow {
    /// Draining.
    pub const DRAINING: u8 = 1;
    /// The market day is over.
    pub const MARKET_CLOSED: u8 = 2;
    /// No new orders, for the journal's disk is nearly full.
    pub const ENTRY_CLOSED: u8 = 4;
    /// The venue is locked.
    pub const LOCKED: u8 = 8;
    /// A mass cancel is under way.
    pub const CANCELING: u8 = 16;
}

layout! { Wire, "administration End",
    /// There are no more rows.
    pub struct End: 15, type b'e' {
        /// Of what.
        1 => subject: Subject,
        /// Bit 0: the rows show the state after `seq`. Without it no follower runs (`snapshot.interval_ms` is 0), and the rows have names alone.
        2 => flags: u8,
        /// How many there were.
        3 => count: u32,
        /// What they show is the state after this command.
        7 => seq: Seq,
    }
}

impl End {
    /// The rows show the state.
    pub const KNOWN: u8 = 1;
}
