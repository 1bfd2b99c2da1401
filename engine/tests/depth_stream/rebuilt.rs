//! A book made of ITCH messages and nothing else, naively: a list of orders a level, in the order in which they came.

use std::collections::BTreeMap;
use wire::itch::Message;
use wire::{OrderRef, Side};

/// Level by instrument, side and price.
type Key = (u16, Side, u32);

#[derive(Default)]
pub struct Rebuilt {
    levels: BTreeMap<Key, Vec<(OrderRef, u32)>>,
    places: BTreeMap<u64, Key>,
    /// Every number that was ever used.
    used: std::collections::BTreeSet<u64>,
    /// Match numbers, in order.
    pub matches: Vec<u64>,
    /// How often each message came.
    pub letters: BTreeMap<u8, usize>,
}

impl Rebuilt {
    /// Takes one message.
    pub fn take(&mut self, bytes: &[u8]) {
        *self.letters.entry(bytes[0]).or_default() += 1;
        let message = Message::decode(bytes).expect("an ITCH message");
        let locate = message.stock_locate();
        match message {
            Message::AddOrder(add) => self.add((locate, add.side, add.price.0), add.order_ref, add.qty.0),
            Message::OrderExecuted(executed) => {
                self.matches.push(executed.match_number.0);
                self.lower(locate, executed.order_ref, executed.qty.0, true);
            }
            Message::OrderCancel(cancel) => self.lower(locate, cancel.order_ref, cancel.qty.0, false),
            Message::OrderDelete(delete) => {
                self.remove(locate, delete.order_ref);
            }
            Message::OrderReplace(replace) => {
                let (_, side, _) = self.remove(locate, replace.orig_order_ref);
                self.add((locate, side, replace.price.0), replace.order_ref, replace.qty.0);
            }
            Message::Trade(trade) => {
                assert_eq!((trade.order_ref, trade.side), (OrderRef(0), Side::Buy));
                self.matches.push(trade.match_number.0);
            }
            Message::SystemEvent(_) | Message::StockDirectory(_) | Message::TradingAction(_) => {}
            other => panic!("the engine has no {other:?}"),
        }
    }

    /// The queue at a level.
    pub fn queue(&self, locate: u16, side: Side, price: u32) -> &[(OrderRef, u32)] {
        self.levels.get(&(locate, side, price)).map_or(&[], Vec::as_slice)
    }

    /// How many levels stand.
    pub fn level_count(&self) -> usize {
        self.levels.len()
    }

    fn add(&mut self, key: Key, order_ref: OrderRef, qty: u32) {
        assert!(qty > 0, "an order that displays nothing");
        assert!(self.used.insert(order_ref.0), "{order_ref:?} is used twice");
        self.places.insert(order_ref.0, key);
        self.levels.entry(key).or_default().push((order_ref, qty));
    }

    fn lower(&mut self, locate: u16, order_ref: OrderRef, qty: u32, may_end: bool) {
        let key = self.places[&order_ref.0];
        assert_eq!(key.0, locate, "another instrument than the order's");
        let queue = self.levels.get_mut(&key).expect("an order stands at a level");
        let order = queue.iter_mut().find(|order| order.0 == order_ref).expect("an order stands in its queue");
        order.1 = order.1.checked_sub(qty).expect("no more than what is displayed");
        if order.1 == 0 {
            assert!(may_end, "a cancel of all that is displayed is a delete");
            self.remove(locate, order_ref);
        }
    }

    fn remove(&mut self, locate: u16, order_ref: OrderRef) -> Key {
        let key = self.places.remove(&order_ref.0).unwrap_or_else(|| panic!("{order_ref:?} is not displayed"));
        assert_eq!(key.0, locate, "another instrument than the order's");
        let queue = self.levels.get_mut(&key).expect("an order stands at a level");
        queue.retain(|order| order.0 != order_ref);
        if queue.is_empty() {
            self.levels.remove(&key);
        }
        key
    }
}
