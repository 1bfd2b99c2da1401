//! [`Books`] against a naive twin, under random streams of messages, and by a real file.

use std::collections::BTreeMap;

use feedhandler::book::{BookCounters, BookLevel, BookTrade, LevelChange, TradeKind};
use feedhandler::{BookLimits, BookListener, Books};
use proptest::prelude::*;
use wire::itch::{
    AddOrder, AddOrderAttributed, Message, Mpid, OrderCancel, OrderDelete, OrderExecuted, OrderExecutedWithPrice,
    OrderReplace, Price4, StockDirectory, Timestamp, Trade, TradingAction,
};
use wire::{MatchNumber, OrderRef, Price, Qty, Side, Symbol, TimeOfDay};

/// Orders in the order in which they came.
#[derive(Default)]
struct Twin {
    orders: Vec<(u64, u16, Side, u32, u32)>,
    unknown: u64,
    overdrawn: u64,
    duplicates: u64,
    volume: BTreeMap<u16, u64>,
}

type Queues = BTreeMap<(u16, Side, u32), Vec<(u64, u32)>>;

impl Twin {
    fn place(&mut self, order: u64) -> Option<usize> {
        let place = self.orders.iter().position(|live| live.0 == order);
        self.unknown += u64::from(place.is_none());
        place
    }

    fn add(&mut self, order: u64, locate: u16, side: Side, price: u32, qty: u32) {
        if self.orders.iter().any(|live| live.0 == order) {
            self.duplicates += 1;
        } else {
            self.orders.push((order, locate, side, price, qty));
        }
    }

    fn take(&mut self, place: usize, qty: u32) {
        let left = &mut self.orders[place].4;
        self.overdrawn += u64::from(qty > *left);
        *left = left.saturating_sub(qty);
        if *left == 0 {
            self.orders.remove(place);
        }
    }

    fn apply(&mut self, message: &Message) {
        match *message {
            Message::AddOrder(AddOrder { stock_locate, order_ref, side, qty, price, .. })
            | Message::AddOrderAttributed(AddOrderAttributed { stock_locate, order_ref, side, qty, price, .. }) => {
                self.add(order_ref.0, stock_locate, side, price.0, qty.get());
            }
            Message::OrderExecuted(OrderExecuted { order_ref, qty, .. }) => {
                let Some(place) = self.place(order_ref.0) else { return };
                *self.volume.entry(self.orders[place].1).or_default() += u64::from(qty.get());
                self.take(place, qty.get());
            }
            Message::OrderExecutedWithPrice(OrderExecutedWithPrice { order_ref, qty, printable, .. }) => {
                let Some(place) = self.place(order_ref.0) else { return };
                if printable == b'Y' {
                    *self.volume.entry(self.orders[place].1).or_default() += u64::from(qty.get());
                }
                self.take(place, qty.get());
            }
            Message::OrderCancel(OrderCancel { order_ref, qty, .. }) => {
                let Some(place) = self.place(order_ref.0) else { return };
                self.take(place, qty.get());
            }
            Message::OrderDelete(OrderDelete { order_ref, .. }) => {
                let Some(place) = self.place(order_ref.0) else { return };
                self.orders.remove(place);
            }
            Message::OrderReplace(OrderReplace { orig_order_ref, order_ref, qty, price, .. }) => {
                let Some(place) = self.place(orig_order_ref.0) else { return };
                let (_, locate, side, ..) = self.orders.remove(place);
                self.add(order_ref.0, locate, side, price.0, qty.get());
            }
            _ => {}
        }
    }

    fn queues(&self) -> Queues {
        let mut queues = Queues::new();
        for (order, locate, side, price, qty) in &self.orders {
            queues.entry((*locate, *side, *price)).or_default().push((*order, *qty));
        }
        queues
    }
}

fn queues_of(books: &Books) -> Queues {
    let mut queues = Queues::new();
    for locate in books.locates() {
        for side in [Side::Buy, Side::Sell] {
            let levels: Vec<BookLevel> = books.levels(locate, side).collect();
            assert_eq!(books.best(locate, side), levels.first().copied());
            assert!(levels.is_sorted_by(|better, worse| match side {
                Side::Buy => better.price > worse.price,
                Side::Sell => better.price < worse.price,
            }));
            for level in levels {
                let queue: Vec<_> =
                    books.queue(locate, side, level.price).map(|(order, qty)| (order.0, qty.get())).collect();
                assert_eq!(level.total, queue.iter().map(|(_, qty)| u64::from(*qty)).sum::<u64>());
                assert_eq!(level.orders as usize, queue.len());
                queues.insert((locate, side, u32::try_from(level.price.0).unwrap()), queue);
            }
        }
    }
    queues
}

/// Holds levels from what the books tell.
#[derive(Default)]
struct Heard {
    levels: BTreeMap<(u16, Side, Price), (u64, u32)>,
    volume: BTreeMap<u16, u64>,
}

impl BookListener for Heard {
    fn level(&mut self, change: LevelChange) {
        let LevelChange { locate, side, price, total, orders, .. } = change;
        assert_eq!(total == 0, orders == 0);
        if total == 0 {
            self.levels.remove(&(locate, side, price));
        } else {
            self.levels.insert((locate, side, price), (total, orders));
        }
    }

    fn trade(&mut self, trade: &BookTrade) {
        if trade.printable {
            *self.volume.entry(trade.locate).or_default() += trade.qty;
        }
    }
}

fn encoded(message: &Message) -> Vec<u8> {
    let mut bytes = vec![0; 64];
    let len = message.encode(&mut bytes).unwrap();
    bytes.truncate(len);
    bytes
}

const TIME: u64 = 34_200_000_000_123;

fn message((kind, order, other, price, qty, locate): (u8, u64, u64, u32, u32, u16)) -> Message {
    let (tracking, timestamp) = (9, Timestamp::new(TimeOfDay(TIME)).unwrap());
    let (stock_locate, order_ref, symbol) = (locate, OrderRef(order), Symbol(*b"ABC     "));
    let (match_number, price) = (MatchNumber(other), Price4(price));
    let side = if other % 2 == 0 { Side::Buy } else { Side::Sell };
    // An added order has a quantity.
    let (qty, added) = (Qty(qty), Qty(qty.max(1)));
    match kind {
        0..=3 => Message::AddOrder(AddOrder {
            stock_locate,
            tracking,
            timestamp,
            order_ref,
            side,
            qty: added,
            symbol,
            price,
        }),
        4 => Message::AddOrderAttributed(AddOrderAttributed {
            stock_locate,
            tracking,
            timestamp,
            order_ref,
            side,
            qty: added,
            symbol,
            price,
            mpid: Mpid(*b"FIRM"),
        }),
        5 => Message::OrderExecuted(OrderExecuted { stock_locate, tracking, timestamp, order_ref, qty, match_number }),
        6 => Message::OrderExecutedWithPrice(OrderExecutedWithPrice {
            stock_locate,
            tracking,
            timestamp,
            order_ref,
            qty,
            match_number,
            printable: if other % 3 == 0 { b'N' } else { b'Y' },
            price,
        }),
        7 => Message::OrderCancel(OrderCancel { stock_locate, tracking, timestamp, order_ref, qty }),
        8 => Message::OrderDelete(OrderDelete { stock_locate, tracking, timestamp, order_ref }),
        _ => Message::OrderReplace(OrderReplace {
            stock_locate,
            tracking,
            timestamp,
            orig_order_ref: order_ref,
            order_ref: OrderRef(other),
            qty: added,
            price,
        }),
    }
}

fn small() -> BookLimits {
    BookLimits { instruments: 2, orders: 64, levels: 8 }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn books_are_their_twins(
        // Few numbers and prices, so that orders meet, and are missing, often.
        steps in prop::collection::vec((0_u8..10, 0_u64..60, 0_u64..60, 1_u32..80, 0_u32..6, 0_u16..5), 1..600),
        stride in prop::sample::select(vec![1_u64, 64, 1_000_003]),
        price in prop::sample::select(vec![1_u32, 50_000_000]),
    ) {
        let (mut books, mut together, mut twin) = (Books::new(&small()), Books::new(&small()), Twin::default());
        let mut heard = Heard::default();
        let mut messages = Vec::new();
        for (kind, order, other, level, qty, locate) in steps {
            let message = message((kind, order * stride, other * stride, level * price, qty, locate));
            twin.apply(&message);
            messages.push(encoded(&message));
            books.apply(messages.last().unwrap(), &mut heard);
            prop_assert_eq!(books.live_orders(), twin.orders.len());
        }
        let queues = twin.queues();
        prop_assert_eq!(&queues_of(&books), &queues);
        let levels = queues.iter().map(|((locate, side, price), queue)| {
            let total = queue.iter().map(|(_, qty)| u64::from(*qty)).sum::<u64>();
            ((*locate, *side, Price(i64::from(*price))), (total, u32::try_from(queue.len()).unwrap()))
        });
        prop_assert_eq!(&heard.levels, &levels.collect::<BTreeMap<_, _>>());
        let counters = *books.counters();
        prop_assert_eq!(
            counters,
            BookCounters {
                messages: messages.len() as u64,
                unknown: twin.unknown,
                overdrawn: twin.overdrawn,
                duplicates: twin.duplicates,
                ..BookCounters::default()
            }
        );
        twin.volume.retain(|_, volume| *volume > 0);
        heard.volume.retain(|_, volume| *volume > 0);
        prop_assert_eq!(&heard.volume, &twin.volume);
        for (locate, volume) in &twin.volume {
            prop_assert_eq!(books.instrument(*locate).unwrap().statistics.volume, *volume);
        }

        together.apply_all(messages.iter().map(Vec::as_slice), &mut ());
        prop_assert_eq!(&queues_of(&together), &queues);
        together.clear();
        prop_assert_eq!(together.live_orders(), 0);
        prop_assert!(queues_of(&together).is_empty());
        together.apply_all(messages.iter().map(Vec::as_slice), &mut ());
        prop_assert_eq!(&queues_of(&together), &queues);
    }

    #[test]
    fn no_bytes_break_the_books(messages in prop::collection::vec((prop::sample::select(b"AFECXDUPQBRHSZ".to_vec()), prop::collection::vec(any::<u8>(), 0..60)), 1..60)) {
        let mut books = Books::new(&small());
        for (tag, rest) in messages {
            let size = Message::size_of_type(tag).unwrap_or(9);
            let mut bytes = rest;
            bytes.insert(0, tag);
            if let Some(high) = bytes.get_mut(1) {
                // Of the locate code, so that books stay small.
                *high %= 2;
            }
            if bytes.len() % 3 > 0 {
                bytes.resize(size, 7);
            }
            books.apply(&bytes, &mut ());
            queues_of(&books);
        }
    }
}

#[test]
fn trades_directory_and_status_are_kept() {
    let mut books = Books::default();
    let (tracking, timestamp) = (0, Timestamp::new(TimeOfDay(TIME)).unwrap());
    let symbol = Symbol(*b"XYZ     ");
    let mut directory = [b' '; StockDirectory::SIZE];
    directory[0] = b'R';
    directory[1..11].copy_from_slice(&[0, 3, 0, 0, 0, 0, 0, 0, 0, 1]);
    directory[11..19].copy_from_slice(&symbol.0);
    books.apply(&directory, &mut ());
    let halted =
        TradingAction { stock_locate: 3, tracking, timestamp, symbol, state: b'H', reserved: b' ', reason: *b"    " };
    books.apply(&encoded(&Message::TradingAction(halted)), &mut ());
    for (qty, price) in [(10, 100_000), (30, 140_000), (10, 90_000)] {
        let trade = Trade {
            stock_locate: 3,
            tracking,
            timestamp,
            order_ref: OrderRef(0),
            side: Side::Buy,
            qty: Qty(qty),
            symbol,
            price: Price4(price),
            match_number: MatchNumber(1),
        };
        books.apply(&encoded(&Message::Trade(trade)), &mut ());
    }
    let instrument = *books.instrument(3).unwrap();
    assert_eq!((instrument.symbol, instrument.status), (Some(symbol), Some(b'H')));
    let statistics = instrument.statistics;
    assert_eq!((statistics.trades, statistics.volume, statistics.vwap()), (3, 50, Some(Price(122_000))));
    assert_eq!(
        (statistics.open, statistics.high, statistics.low),
        (Some(Price(100_000)), Some(Price(140_000)), Some(Price(90_000)))
    );
    assert_eq!(statistics.last, Some((Price(90_000), TimeOfDay(TIME))));
    assert!(books.instrument(4).is_none() && books.locates().eq([3]));
    let crossed = encoded(&message((6, 1, 1, 1, 1, 3)));
    let mut kinds = Kinds::default();
    books.apply(&encoded(&message((0, 1, 0, 20_000, 5, 3))), &mut kinds);
    books.apply(&crossed, &mut kinds);
    assert_eq!(kinds.0, [(TradeKind::DisplayedElsewhere, Some((OrderRef(1), Side::Buy)), Price(1))]);
}

type Kind = (TradeKind, Option<(OrderRef, Side)>, Price);

#[derive(Default)]
struct Kinds(Vec<Kind>);

impl BookListener for Kinds {
    fn trade(&mut self, trade: &BookTrade) {
        self.0.push((trade.kind, trade.maker, trade.price));
    }
}
