//! Prices over all that 64 bits can say: the book against its twin.

use engine::book::{
    Book, BookCommand, BookEvent, BookLimits, BookReject, CancelReason, NewOrder, OrderKey, QtyBasis, Replace,
    ReplaceKind, SelfMatch, TimeInForce,
};
use engine::limits::FILLS_PER_COMMAND_MAX;
use engine::twin::TwinBook;
use wire::{InstrumentIndex, MemberId, OrderRef, Price, Qty, SessionIndex, Side, UserRefNum};

const LIMITS: BookLimits = BookLimits {
    instruments: 6,
    sessions: 3,
    orders: 2_500,
    levels: 2_500,
    stops: 500,
    fills_per_command: FILLS_PER_COMMAND_MAX,
};

const fn tick(instrument: u32) -> i64 {
    if instrument.is_multiple_of(2) { 1 } else { 100 }
}

/// The powers of two as distances from the middle and from both ends, and these themselves, as far as the tick allows; in order.
fn prices(tick: i64) -> Vec<i64> {
    let powers = (0..63).map(|bit| 1_i64 << bit);
    let near = powers.flat_map(|power| [power, -power, i64::MIN + power, i64::MAX - power]);
    let mut prices: Vec<i64> = near.chain([0, i64::MIN, i64::MAX]).map(|price| price - price % tick).collect();
    prices.sort_unstable();
    prices.dedup();
    prices
}

/// The book and its twin under the same commands.
struct Pair {
    book: Book,
    twin: TwinBook,
    prices: Vec<Vec<i64>>,
    next: u32,
    random: u64,
    trades: u32,
    elected: u32,
    off_tick: u32,
}

impl Pair {
    fn new() -> Self {
        let (mut book, mut twin) = (Book::new(&LIMITS), TwinBook::new(&LIMITS));
        for instrument in 0..LIMITS.instruments {
            book.set_tick(InstrumentIndex(instrument), tick(instrument));
            twin.set_tick(InstrumentIndex(instrument), tick(instrument));
        }
        let prices = (0..LIMITS.instruments).map(|instrument| prices(tick(instrument))).collect();
        Self { book, twin, prices, next: 0, random: 1, trades: 0, elected: 0, off_tick: 0 }
    }

    fn roll(&mut self, sides: usize) -> usize {
        self.random = self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.random >> 33).expect("31 bits") % sides
    }

    fn side(&mut self) -> Side {
        [Side::Buy, Side::Sell][self.roll(2)]
    }

    /// Any of an instrument's prices, hardly ever off the tick.
    fn price(&mut self, instrument: u32) -> Price {
        let place = self.roll(self.prices[instrument as usize].len());
        let price = self.prices[instrument as usize][place];
        let off = tick(instrument) > 1 && self.roll(16) == 0;
        Price(if off { price.saturating_add(1) } else { price })
    }

    fn key(&mut self) -> OrderKey {
        self.next += 1;
        let session = u16::try_from(self.next % u32::from(LIMITS.sessions)).expect("few sessions");
        OrderKey::new(SessionIndex(session), UserRefNum(self.next))
    }

    fn order(&mut self, instrument: u32, side: Side, price: Price) -> NewOrder {
        NewOrder {
            instrument: InstrumentIndex(instrument),
            key: self.key(),
            order_ref: OrderRef(u64::from(self.next)),
            owner: MemberId(0),
            side,
            price,
            qty: Qty(1 + self.next % 7),
            tif: TimeInForce::Day,
            post_only: false,
            min_qty: Qty::ZERO,
            self_match: SelfMatch::Allow,
            display: Qty::ZERO,
            hidden: self.roll(3) == 0,
            stop: None,
            mark: 0,
        }
    }

    /// Applies a command to both, takes in whatever it elects, and compares the events.
    fn apply(&mut self, command: &BookCommand) {
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        self.book.apply(command, &mut |event| ours.push(event));
        self.twin.apply(command, &mut |event| theirs.push(event));
        while self.book.elect(OrderRef(u64::MAX / 2), &mut |event| ours.push(event)) {
            assert!(self.twin.elect(OrderRef(u64::MAX / 2), &mut |event| theirs.push(event)), "{command:?}");
        }
        assert!(!self.twin.has_elected(), "{command:?}");
        assert_eq!(ours, theirs, "events differ: {command:?}");
        for event in ours {
            match event {
                BookEvent::Trade { .. } => self.trades += 1,
                BookEvent::Elected { .. } => self.elected += 1,
                BookEvent::Rejected { reason: BookReject::OffTick, .. } => self.off_tick += 1,
                _ => {}
            }
        }
    }

    fn compare(&self) {
        self.book.audit().expect("everything fits together");
        assert_eq!(self.book.state_hash(), self.twin.state_hash());
        assert_eq!(self.book.level_count(), self.twin.level_count());
        for instrument in (0..LIMITS.instruments).map(InstrumentIndex) {
            for side in [Side::Buy, Side::Sell] {
                let levels: Vec<_> = self.book.levels(instrument, side).collect();
                assert_eq!(levels, self.twin.levels(instrument, side));
                let found = |price: &i64| self.book.level(instrument, side, Price(*price));
                let found: usize = self.prices[instrument.0 as usize].iter().filter_map(found).count();
                assert_eq!(found, levels.len(), "each level is found by its price");
            }
        }
    }

    /// Puts orders at every price, buys below a price that differs from one instrument to the next and sells above it.
    fn fill(&mut self) {
        for step in 0..prices(1).len() {
            for instrument in 0..LIMITS.instruments {
                let prices = &self.prices[instrument as usize];
                // The number of steps is no multiple of 101, so that every price has its turn.
                let place = step * 101 % prices.len();
                let (price, buys) =
                    (Price(prices[place]), prices.len() * instrument as usize / (LIMITS.instruments as usize - 1));
                let side = if place < buys { Side::Buy } else { Side::Sell };
                let mut order = self.order(instrument, side, price);
                order.stop = (step % 5 == 0).then_some(price);
                self.apply(&BookCommand::New(order));
            }
        }
    }

    /// One command of any kind.
    fn step(&mut self) {
        let live: Vec<OrderKey> = self.twin.live_keys().collect();
        let (instrument, side) = (u32::try_from(self.roll(LIMITS.instruments as usize)).expect("few"), self.side());
        let price = self.price(instrument);
        let command = match self.roll(8) {
            0..=2 => {
                let mut order = self.order(instrument, side, price);
                // At the end of the range an order may meet everything; most are small.
                order.tif = [TimeInForce::Day, TimeInForce::Ioc][self.roll(2)];
                order.stop = (self.roll(4) == 0).then(|| self.price(instrument));
                BookCommand::New(order)
            }
            3..=5 => {
                let Some(found) = live.get(self.roll(live.len().max(1))).and_then(|key| self.book.order(*key)) else {
                    return;
                };
                let price = self.price(found.instrument.0);
                BookCommand::Replace(Replace {
                    key: found.key,
                    new_key: self.key(),
                    order_ref: OrderRef(u64::from(self.next)),
                    price,
                    qty: Qty(1 + self.next % 5),
                    kind: ReplaceKind::Amend { basis: QtyBasis::Open },
                    tif: TimeInForce::Day,
                    post_only: false,
                    min_qty: Qty::ZERO,
                    self_match: SelfMatch::Allow,
                    display: Qty::ZERO,
                    hidden: found.hidden,
                    stop: None,
                })
            }
            _ => {
                let Some(&key) = live.get(self.roll(live.len().max(1))) else { return };
                BookCommand::Cancel { key, reason: CancelReason::User }
            }
        };
        self.apply(&command);
    }
}

#[test]
fn prices_may_lie_anywhere_in_64_bits() {
    let mut pair = Pair::new();
    pair.fill();
    pair.compare();
    let all: usize = pair.prices.iter().map(Vec::len).sum();
    assert!(pair.book.level_count() >= all, "a level at every price, {} at {all}", pair.book.level_count());
    for step in 0..3_000 {
        pair.step();
        if step % 200 == 0 {
            pair.compare();
        }
    }
    pair.compare();
    assert!(
        pair.trades > 100 && pair.elected > 20 && pair.off_tick > 20,
        "{}, {}, {}",
        pair.trades,
        pair.elected,
        pair.off_tick
    );
    let live: Vec<OrderKey> = pair.twin.live_keys().collect();
    for key in live {
        pair.apply(&BookCommand::Cancel { key, reason: CancelReason::User });
    }
    pair.compare();
    assert_eq!((pair.book.order_count(), pair.book.level_count()), (0, 0));
}
