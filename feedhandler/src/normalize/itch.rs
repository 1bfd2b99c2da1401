//! NASDAQ ITCH 5.0 as ticks: a book order by order gives each level's total.
//!
//! Goal: after each message, who has taken the ticks holds the levels that the book has. Non-goal: the book
//! ([`crate::book`]).

use wire::itch::Message;
use wire::tick::{Tick, TickKind, TickSide};
use wire::{InstrumentIndex, Nanos, Price, Side, Symbol, TimeOfDay};

use super::{Day, Desk};
use crate::book::{BookLimits, BookListener, BookTrade, Books, LevelChange};

/// The books of a feed, and which numbers its instruments have here.
#[derive(Debug)]
pub struct ItchBooks {
    books: Books,
    /// By locate code.
    numbers: Vec<Option<InstrumentIndex>>,
    day: Day,
    last: Nanos,
}

impl ItchBooks {
    pub(super) fn new(day: Day) -> Self {
        Self { books: Books::new(&BookLimits::default()), numbers: Vec::new(), day, last: Nanos::default() }
    }

    /// The books themselves.
    #[must_use]
    pub const fn books(&self) -> &Books {
        &self.books
    }

    /// The instrument that a locate code of the feed names.
    #[must_use]
    pub fn number(&self, locate: u16) -> Option<InstrumentIndex> {
        self.numbers.get(usize::from(locate)).copied().flatten()
    }

    pub(super) fn message(&mut self, message: &[u8], desk: &mut Desk<'_>) {
        let Some(tag) = message.first() else {
            desk.counters.malformed += 1;
            return;
        };
        desk.counters.type_seen(*tag);
        if Message::size_of_type(*tag).is_none() {
            desk.counters.unknown_types += 1;
            return;
        }
        self.note_name(message, desk);
        let before = *self.books.counters();
        let mut listener = Listener { numbers: &self.numbers, day: self.day, last: &mut self.last, desk };
        self.books.apply(message, &mut listener);
        let after = self.books.counters();
        let counters = &mut *desk.counters;
        counters.unmapped += after.other - before.other;
        counters.malformed += after.malformed - before.malformed;
        counters.unknown_orders += after.unknown - before.unknown;
        counters.overdrawn += after.overdrawn - before.overdrawn;
        counters.refused += after.duplicates + after.refused - before.duplicates - before.refused;
        keep_last_quotes(desk.ready);
    }

    /// A trade of which no message of ITCH tells, with the side of the taker where it is known.
    pub(super) fn print(
        &mut self,
        locate: u16,
        time: TimeOfDay,
        price: Price,
        qty: u64,
        taker: Option<Side>,
        desk: &mut Desk<'_>,
    ) {
        let mut listener = Listener { numbers: &self.numbers, day: self.day, last: &mut self.last, desk };
        let Some((timestamp, symbol_id)) = listener.place(locate, time) else { return };
        let (quantity, side) = (desk.quantity(qty), taker.map_or(TickSide::None, TickSide::from));
        desk.ready.push(Tick { timestamp, symbol_id, price, quantity, side, kind: TickKind::Trade });
    }

    pub(super) fn clear(&mut self, desk: &mut Desk<'_>) {
        for locate in self.books.locates() {
            let Some(symbol_id) = self.numbers.get(usize::from(locate)).copied().flatten() else { continue };
            for side in [Side::Buy, Side::Sell] {
                let gone =
                    self.books.levels(locate, side).map(|level| quote(self.last, symbol_id, side, level.price, 0));
                desk.ready.extend(gone);
            }
        }
        self.books.clear();
        // Locate codes are of the day.
        self.numbers.clear();
    }

    /// Learns which instrument a locate code names, from the first message that tells.
    fn note_name(&mut self, message: &[u8], desk: &mut Desk<'_>) {
        let Some(locate) = message.get(1..3).and_then(|locate| locate.try_into().ok()).map(u16::from_be_bytes) else {
            return;
        };
        // A directory message may give the code to another instrument.
        if message[0] != b'R' && self.number(locate).is_some() {
            return;
        }
        let Some(name) = Message::decode(message).ok().and_then(|message| name_in(&message)) else { return };
        let at = usize::from(locate);
        if self.numbers.len() <= at {
            self.numbers.resize(at + 1, None);
        }
        self.numbers[at] = desk.symbols.number(name);
    }
}

/// The instrument that a message names by name, of those that make ticks or books.
const fn name_in(message: &Message) -> Option<Symbol> {
    match message {
        Message::StockDirectory(message) => Some(message.symbol),
        Message::TradingAction(message) => Some(message.symbol),
        Message::AddOrder(message) => Some(message.symbol),
        Message::AddOrderAttributed(message) => Some(message.symbol),
        Message::Trade(message) => Some(message.symbol),
        Message::CrossTrade(message) => Some(message.symbol),
        _ => None,
    }
}

/// Of several new totals of one level, which a message may cause that moves an order within its level, the last one counts.
fn keep_last_quotes(ticks: &mut Vec<Tick>) {
    let same = |a: &Tick, b: &Tick| {
        a.kind == TickKind::Quote && b.kind == TickKind::Quote && (a.side, a.price) == (b.side, b.price)
    };
    if let [.., first, second] = &ticks[..]
        && same(first, second)
    {
        ticks.remove(ticks.len() - 2);
    }
}

fn quote(timestamp: Nanos, symbol_id: InstrumentIndex, side: Side, price: Price, quantity: u32) -> Tick {
    Tick { timestamp, symbol_id, price, quantity, side: side.into(), kind: TickKind::Quote }
}

struct Listener<'a, 'b> {
    numbers: &'a [Option<InstrumentIndex>],
    day: Day,
    last: &'a mut Nanos,
    desk: &'a mut Desk<'b>,
}

impl Listener<'_, '_> {
    /// The moment of a message, and the number of its instrument.
    fn place(&mut self, locate: u16, time: TimeOfDay) -> Option<(Nanos, InstrumentIndex)> {
        *self.last = self.day.at(time);
        let number = self.numbers.get(usize::from(locate)).copied().flatten();
        self.desk.counters.nameless += u64::from(number.is_none());
        Some((*self.last, number?))
    }
}

impl BookListener for Listener<'_, '_> {
    fn level(&mut self, change: LevelChange) {
        let Some((at, symbol_id)) = self.place(change.locate, change.time) else { return };
        let quantity = self.desk.quantity(change.total);
        self.desk.ready.push(quote(at, symbol_id, change.side, change.price, quantity));
    }

    fn trade(&mut self, trade: &BookTrade) {
        if !trade.printable || trade.qty == 0 {
            self.desk.counters.unmapped += 1;
            return;
        }
        let Some((timestamp, symbol_id)) = self.place(trade.locate, trade.time) else { return };
        let side = trade.maker.map_or(TickSide::None, |(_, side)| side.opposite().into());
        let (quantity, price) = (self.desk.quantity(trade.qty), trade.price);
        self.desk.ready.push(Tick { timestamp, symbol_id, price, quantity, side, kind: TickKind::Trade });
    }

    fn trade_broken(&mut self, _: u16, _: wire::MatchNumber) {
        self.desk.counters.broken += 1;
    }

    fn instrument(&mut self, _: u16, _: Symbol) {
        self.desk.counters.unmapped += 1;
    }

    fn status(&mut self, locate: u16, status: u8, time: TimeOfDay) {
        let Some((timestamp, symbol_id)) = self.place(locate, time) else { return };
        let (price, quantity) = (Price(0), u32::from(status));
        let (side, kind) = (TickSide::None, TickKind::Status);
        self.desk.ready.push(Tick { timestamp, symbol_id, price, quantity, side, kind });
    }

    fn system(&mut self, _: u8, time: TimeOfDay) {
        *self.last = self.day.at(time);
        self.desk.counters.unmapped += 1;
    }
}
