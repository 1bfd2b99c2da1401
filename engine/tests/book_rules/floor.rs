//! The book and its twin side by side, for the rules of stop orders.

use engine::book::{Book, BookCommand, BookEvent, BookLimits, CancelReason, NewOrder, Place, Replace, TimeInForce};
use engine::twin::TwinBook;
use wire::{OrderRef, Price, Side};

use super::bench::{LIMITS, buy, key, line, sell};

/// Of slices that elections use up; no order of a test has it.
const NEXT_REF: OrderRef = OrderRef(1_000_000);

/// The book and its twin, which must say the same.
pub struct Floor {
    pub book: Book,
    pub twin: TwinBook,
}

impl Floor {
    pub fn new() -> Self {
        Self::with(&LIMITS)
    }

    pub fn with(limits: &BookLimits) -> Self {
        Self { book: Book::new(limits), twin: TwinBook::new(limits) }
    }

    /// A floor with a last trade at this price and nothing in the book.
    pub fn traded_at(price: i64) -> Self {
        let mut floor = Self::new();
        floor.trade_at(price);
        floor
    }

    pub fn trade_at(&mut self, price: i64) {
        self.apply(BookCommand::New(sell(901, price, 1)));
        let events = self.apply(BookCommand::New(NewOrder { tif: TimeInForce::Ioc, ..buy(902, price, 1) }));
        assert_eq!(events[1], format!("trade 901 with 902 1@{price} leaves 0 and 0"));
    }

    /// Carries out one command, and no election.
    pub fn apply(&mut self, command: BookCommand) -> Vec<String> {
        let mut events = Vec::new();
        self.twin.apply(&command, &mut |event| events.extend(line(&event)));
        let mut ours = Vec::new();
        self.book.apply(&command, &mut |event: BookEvent| ours.extend(line(&event)));
        assert_eq!(ours, events, "{command:?}");
        self.compare();
        events
    }

    /// Takes one elected order in.
    pub fn elect(&mut self) -> Vec<String> {
        let mut events = Vec::new();
        let elected = self.twin.elect(NEXT_REF, &mut |event| events.extend(line(&event)));
        let mut ours = Vec::new();
        assert_eq!(self.book.elect(NEXT_REF, &mut |event: BookEvent| ours.extend(line(&event))), elected);
        assert_eq!(ours, events);
        self.compare();
        events
    }

    fn compare(&self) {
        let book = &self.book;
        book.audit().expect("a consistent book");
        assert_eq!(book.state_hash(), self.twin.state_hash());
        assert_eq!(book.has_elected(), self.twin.has_elected());
        assert_eq!((book.order_count(), book.level_count()), (self.twin.live_keys().count(), self.twin.level_count()));
    }

    pub fn enter(&mut self, order: NewOrder) -> Vec<String> {
        self.apply(BookCommand::New(order))
    }

    /// Enters orders of which none trades or is refused.
    pub fn rest(&mut self, orders: impl IntoIterator<Item = NewOrder>) {
        for order in orders {
            let events = self.enter(order);
            assert!(events[0].starts_with("accepted") && events.len() <= 2, "{order:?} gives {events:?}");
        }
    }

    pub fn replace(&mut self, replace: Replace) -> Vec<String> {
        self.apply(BookCommand::Replace(replace))
    }

    pub fn cancel(&mut self, number: u32) -> Vec<String> {
        self.apply(BookCommand::Cancel { key: key(number), reason: CancelReason::User })
    }

    /// The events of all elections until none is left.
    pub fn cascade(&mut self) -> Vec<String> {
        let mut events = Vec::new();
        while self.twin.has_elected() {
            events.extend(self.elect());
        }
        events
    }

    /// The numbers of the orders that enter, in order.
    pub fn election_order(&mut self) -> Vec<u32> {
        let number = |event: &String| event.strip_prefix("elected ")?.split(' ').next()?.parse().ok();
        self.cascade().iter().filter_map(number).collect()
    }

    pub fn place(&self, number: u32) -> Option<Place> {
        self.twin.place(key(number))
    }
}

/// A market order that waits.
pub fn stop(order: NewOrder, stop: i64) -> NewOrder {
    let price = match order.side {
        Side::Buy => Price::MAX,
        Side::Sell => Price::MIN,
    };
    NewOrder { price, tif: TimeInForce::Ioc, stop: Some(Price(stop)), ..order }
}

/// A limit order that waits.
pub fn stop_limit(order: NewOrder, stop: i64) -> NewOrder {
    NewOrder { stop: Some(Price(stop)), ..order }
}
