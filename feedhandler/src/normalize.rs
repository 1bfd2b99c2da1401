//! Other venues' market data in, 26-byte ticks out.
//!
//! Goal: one form for whatever is listened to: NASDAQ ITCH 5.0 (order by order, so a book is kept), IEX DEEP 1.0 (levels as they
//! are), LOBSTER recordings. Sans-I/O: bytes go in, ticks come out, time comes with the bytes. What is not understood is
//! counted by its reason, never guessed. Non-goal: sockets, files, pacing (`pinion normalize` has these).
//!
//! ```text
//!  datagrams ─► Inlet (framing, order over two lines; requests for what both lost) ─► Normalizer (book, names, time) ─► TickPackets
//!  files ───────────────────────────────────────────────────────────────────────────►┘
//! ```
//!
//! | they say | a tick says |
//! |---|---|
//! | add, cancel, delete, replace of an order; price level update | `Q` with the level's new total |
//! | execution of a displayed order | `T` at its price, with the taker's side; then `Q` |
//! | execution at another price | `T` there, unless the venue does not print it; then `Q` |
//! | trade of a hidden order, auction, DEEP's trade report | `T` without a side |
//! | trading action, trading status | `H`: `T` trading, `H` halted, `P` paused, `Q` quoting only |
//! | DEEP's operational halt | `H` halted; when it is lifted, the status that holds |
//! | another session | `Q` 0 for every level that stood |
//! | directory | nothing: the name gets its `symbol_id` |
//! | broken trade, auction information, short sale status and the like | nothing, counted |

mod asking;
pub mod counters;
pub mod day;
pub mod deep;
mod held;
pub mod inlet;
pub mod itch;
pub mod lobster;
pub mod packets;
pub mod sequencer;
pub mod symbols;

pub use asking::AskingCounters;
pub use counters::NormalizeCounters;
pub use day::{Date, Day, Zone};
pub use inlet::{Framing, Inlet};
pub use packets::TickPackets;
pub use sequencer::Sequenced;
pub use symbols::Symbols;

use wire::tick::Tick;

use crate::flow::lobster::LobsterEvent;
use deep::DeepBooks;
use itch::ItchBooks;

/// Turns the messages of one venue into ticks.
#[derive(Debug)]
pub struct Normalizer {
    venue: Venue,
    symbols: Symbols,
    counters: NormalizeCounters,
    /// Ticks of the message at hand.
    ready: Vec<Tick>,
}

#[derive(Debug)]
enum Venue {
    Itch(Box<ItchBooks>),
    Deep(Box<DeepBooks>),
}

/// What a message is turned into, and what is known and counted on the way.
struct Desk<'a> {
    symbols: &'a mut Symbols,
    counters: &'a mut NormalizeCounters,
    ready: &'a mut Vec<Tick>,
}

impl Normalizer {
    /// For NASDAQ ITCH 5.0 of this day; its messages tell no date. Also for recordings that are turned into it.
    #[must_use]
    pub fn itch(day: Day, symbols: Symbols) -> Self {
        Self::new(Venue::Itch(Box::new(ItchBooks::new(day))), symbols)
    }

    /// For IEX DEEP 1.0.
    #[must_use]
    pub fn deep(symbols: Symbols) -> Self {
        Self::new(Venue::Deep(Box::new(DeepBooks::new())), symbols)
    }

    fn new(venue: Venue, symbols: Symbols) -> Self {
        Self { venue, symbols, counters: NormalizeCounters::default(), ready: Vec::with_capacity(64) }
    }

    /// Takes one message, in the order of the stream.
    pub fn message(&mut self, message: &[u8], sink: &mut impl FnMut(&Tick)) {
        let Self { venue, symbols, counters, ready } = self;
        counters.messages += 1;
        let mut desk = Desk { symbols, counters, ready };
        match venue {
            Venue::Itch(books) => books.message(message, &mut desk),
            Venue::Deep(books) => books.message(message, &mut desk),
        }
        self.hand_out(sink);
    }

    /// Takes one step of a LOBSTER recording; counted and dropped by a normaliser of DEEP.
    pub fn lobster(&mut self, event: &LobsterEvent, sink: &mut impl FnMut(&Tick)) {
        let Self { venue, symbols, counters, ready } = self;
        counters.messages += 1;
        let mut desk = Desk { symbols, counters, ready };
        match venue {
            Venue::Itch(books) => lobster::event(event, books, &mut desk),
            Venue::Deep(_) => counters.malformed += 1,
        }
        self.hand_out(sink);
    }

    /// What the stream says: its next message, a loss, another session.
    pub fn sequenced(&mut self, event: Sequenced<'_>, sink: &mut impl FnMut(&Tick)) {
        match event {
            Sequenced::Message(message) => self.message(message, sink),
            Sequenced::Lost { from, to } => self.lost(to - from, sink),
            Sequenced::Session => self.restart(sink),
        }
    }

    /// Messages were lost: the books may be wrong from now on, and an event that was under way is taken for over.
    pub fn lost(&mut self, messages: u64, sink: &mut impl FnMut(&Tick)) {
        let Self { venue, symbols, counters, ready } = self;
        counters.lost = counters.lost.saturating_add(messages);
        if let Venue::Deep(books) = venue {
            books.release(&mut Desk { symbols, counters, ready });
        }
        self.hand_out(sink);
    }

    /// Another session begins: nothing that stood is known to stand. Also for the end of the input, where it is to leave nothing
    /// standing.
    pub fn restart(&mut self, sink: &mut impl FnMut(&Tick)) {
        let Self { venue, symbols, counters, ready } = self;
        let before = ready.len();
        let mut desk = Desk { symbols, counters, ready };
        match venue {
            Venue::Itch(books) => books.clear(&mut desk),
            Venue::Deep(books) => books.clear(&mut desk),
        }
        let cleared = u64::try_from(ready.len() - before).unwrap_or(u64::MAX);
        counters.cleared = counters.cleared.saturating_add(cleared);
        self.hand_out(sink);
    }

    /// Whether the venue said in a message that none follows: DEEP's way to end a session, which IEX-TP has no packet for.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        match &self.venue {
            Venue::Itch(_) => false,
            Venue::Deep(books) => books.has_ended(),
        }
    }

    /// Names and their numbers, grown by those that were met.
    #[must_use]
    pub const fn symbols(&self) -> &Symbols {
        &self.symbols
    }

    /// What was met.
    #[must_use]
    pub const fn counters(&self) -> &NormalizeCounters {
        &self.counters
    }

    /// The books that are kept of an order-by-order feed.
    #[must_use]
    pub fn itch_books(&self) -> Option<&ItchBooks> {
        match &self.venue {
            Venue::Itch(books) => Some(books),
            Venue::Deep(_) => None,
        }
    }

    fn hand_out(&mut self, sink: &mut impl FnMut(&Tick)) {
        for tick in self.ready.drain(..) {
            self.counters.count(&tick);
            sink(&tick);
        }
    }
}

impl Desk<'_> {
    /// A quantity as a tick holds it; one that is too large is counted and shown as the largest.
    fn quantity(&mut self, quantity: u64) -> u32 {
        u32::try_from(quantity).unwrap_or_else(|_| {
            self.counters.saturated += 1;
            u32::MAX
        })
    }
}
