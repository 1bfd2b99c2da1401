//! A book to try commands on, and its events as short lines.

use engine::book::{
    Book, BookCommand, BookEvent, BookLimits, CancelReason, NewOrder, OrderKey, QtyBasis, Replace, ReplaceKind,
};
use engine::limits::FILLS_PER_COMMAND_MAX;
use wire::{InstrumentIndex, MemberId, OrderRef, Price, Qty, SessionIndex, Side, UserRefNum};

pub const INSTRUMENT: InstrumentIndex = InstrumentIndex(0);
pub const LIMITS: BookLimits = BookLimits {
    instruments: 2,
    sessions: 2,
    orders: 64,
    levels: 16,
    stops: 16,
    fills_per_command: FILLS_PER_COMMAND_MAX,
};

pub fn key(number: u32) -> OrderKey {
    OrderKey::new(SessionIndex(0), UserRefNum(number))
}

/// A day order, each number its own owner.
pub fn limit(number: u32, side: Side, price: i64, qty: u32) -> NewOrder {
    NewOrder {
        instrument: INSTRUMENT,
        key: key(number),
        order_ref: OrderRef(u64::from(number)),
        owner: MemberId(u16::try_from(number).expect("a small number")),
        side,
        price: Price(price),
        qty: Qty(qty),
        ..NewOrder::PLAIN
    }
}

pub fn buy(number: u32, price: i64, qty: u32) -> NewOrder {
    limit(number, Side::Buy, price, qty)
}

pub fn sell(number: u32, price: i64, qty: u32) -> NewOrder {
    limit(number, Side::Sell, price, qty)
}

/// An amendment to an open quantity, by a day order.
pub fn amend(old: u32, new: u32, price: i64, qty: u32) -> Replace {
    Replace {
        key: key(old),
        new_key: key(new),
        order_ref: OrderRef(u64::from(new)),
        price: Price(price),
        qty: Qty(qty),
        kind: ReplaceKind::Amend { basis: QtyBasis::Open },
        ..Replace::PLAIN
    }
}

pub struct Bench(pub Book);

impl Bench {
    pub fn new() -> Self {
        Self::with(&LIMITS)
    }

    pub fn with(limits: &BookLimits) -> Self {
        Self(Book::new(limits))
    }

    /// A book in which these orders rest.
    pub fn resting(orders: impl IntoIterator<Item = NewOrder>) -> Self {
        let mut bench = Self::new();
        bench.rest(orders);
        bench
    }

    /// Enters orders that must neither trade nor be refused.
    pub fn rest(&mut self, orders: impl IntoIterator<Item = NewOrder>) {
        for order in orders {
            let events = self.new_order(order);
            assert!(events[0].starts_with("accepted") && events.len() <= 2, "{order:?} gives {events:?}");
            assert!(self.0.order(order.key).is_some(), "{order:?} rests");
        }
    }

    pub fn apply(&mut self, command: BookCommand) -> Vec<String> {
        let hash = self.0.state_hash();
        let mut events = Vec::new();
        self.0.apply(&command, &mut |event| events.extend(line(&event)));
        self.0.audit().expect("a consistent book");
        if events[0].starts_with("rejected") {
            assert_eq!((events.len(), self.0.state_hash()), (1, hash), "a refused command changes nothing");
        }
        events
    }

    pub fn new_order(&mut self, order: NewOrder) -> Vec<String> {
        self.apply(BookCommand::New(order))
    }

    pub fn replace(&mut self, replace: Replace) -> Vec<String> {
        self.apply(BookCommand::Replace(replace))
    }

    pub fn cancel(&mut self, number: u32) -> Vec<String> {
        self.apply(BookCommand::Cancel { key: key(number), reason: CancelReason::User })
    }

    /// The numbers of the orders at a price, in the order in which they trade.
    pub fn queue(&self, side: Side, price: i64) -> Vec<u32> {
        self.0.orders(INSTRUMENT, side, Price(price)).map(|order| order.key.user_ref().get()).collect()
    }

    /// The displayed levels of a side, best first: price, quantity, orders.
    pub fn levels(&self, side: Side) -> Vec<(i64, u32, u32)> {
        self.0.levels(INSTRUMENT, side).map(|level| (level.price.get(), level.qty, level.orders)).collect()
    }
}

/// An event in a line. Who is displayed under which number has tests of its own, and none here.
pub fn line(event: &BookEvent) -> Option<String> {
    let number = |key: OrderKey| key.user_ref().get();
    let line = match *event {
        BookEvent::Accepted { key, price, qty, .. } => format!("accepted {} {qty}@{}", number(key), price.get()),
        BookEvent::Replaced { old_key, key, side, price, qty, kept_priority, .. } => {
            let place = if kept_priority { "keeps" } else { "moves" };
            format!("replaced {} by {} {side:?} {qty}@{} {place}", number(old_key), number(key), price.get())
        }
        BookEvent::Elected { key, side, price, qty, .. } => {
            format!("elected {} {side:?} {qty}@{}", number(key), price.get())
        }
        BookEvent::Trade { maker, taker, price, qty, maker_leaves, taker_leaves, .. } => {
            let (maker, taker, price) = (number(maker), number(taker), price.get());
            format!("trade {maker} with {taker} {qty}@{price} leaves {maker_leaves} and {taker_leaves}")
        }
        BookEvent::Canceled { key, qty, leaves, resting, reason, .. } => {
            let state = if resting { "resting" } else { "incoming" };
            let why = match reason {
                CancelReason::SelfMatch { prevented, price, .. } => format!("SelfMatch {prevented}@{}", price.get()),
                other => format!("{other:?}"),
            };
            format!("canceled {state} {} {qty} leaves {leaves} {why}", number(key))
        }
        BookEvent::Level { side, price, qty, .. } => format!("level {side:?} {}: {qty}", price.get()),
        BookEvent::Rejected { key, reason } => format!("rejected {} {reason:?}", number(key)),
        BookEvent::Rested { .. } | BookEvent::Refreshed { .. } => return None,
    };
    Some(line)
}
