//! A made-up market: many instruments, a steady number of live orders, messages shared out by Zipf's law.
//!
//! Goal: the same mixture of messages however many instruments there are, so that only their number differs between two runs. Every
//! order to cancel or modify is drawn evenly from all that live: recent ones are no more likely than old ones, which is harder on caches
//! than real flow. Non-goal: a model of prices, which stay around each instrument's middle; the public contest's flow has one.
//!
//! | of 1,000 messages | ordinary | cancels | sweeps |
//! |---|---|---|---|
//! | new orders | 480 | 490 | 700 |
//! | of a thousand of these, priced up to 3 ticks into the other side | 83 | 5 | 20 |
//! | immediate or cancel | 80, up to 4 ticks into the other side, 1 to 100 lots | 5, likewise | 150, up to 64 ticks, up to 5,000 lots |
//! | modifies (cancel and enter anew) | 100 | 10 | 50 |
//! | cancels of an order that is gone | 10 | 10 | 10 |
//! | cancels | 330 | 485 | 90 |
//!
//! While fewer orders live than asked for, cancels become new orders; while more do, new orders become cancels.

use super::random::Random;
use super::zipf::Zipf;
use super::{Ask, Step, book_limits};
use engine::book::{Book, BookEvent, BookLimits, OrderKey};
use wire::{InstrumentIndex, Price, Qty, SessionIndex, Side, UserRefNum};

/// The most lots of an order that may rest.
const LOTS: u32 = 100;
/// Sessions that enter orders.
pub const SESSIONS: u16 = 16;

/// What the messages are, the rest of a thousand being cancels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mix {
    new: u64,
    immediate: u64,
    modify: u64,
    gone: u64,
    /// Of a thousand new orders, those that are priced into the other side.
    crossing: u64,
    /// How many ticks into the other side an immediate order may reach, and how many lots it may have.
    reach: u32,
    lots: u32,
}

impl Mix {
    /// An ordinary day.
    pub const ORDINARY: Self =
        Self { new: 480, immediate: 80, modify: 100, gone: 10, crossing: 83, reach: 4, lots: 100 };
    /// Nearly everything that is entered is canceled again.
    pub const CANCELS: Self = Self { new: 490, immediate: 5, modify: 10, gone: 10, crossing: 5, ..Self::ORDINARY };
    /// Large orders take many small ones.
    pub const SWEEPS: Self =
        Self { new: 700, immediate: 150, modify: 50, gone: 10, crossing: 20, reach: 64, lots: 5_000 };
}

/// How large a market.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MarketSize {
    /// Instruments.
    pub instruments: u32,
    /// Orders that live at any time, about.
    pub live: u32,
    /// Messages after those that make the book.
    pub messages: u32,
}

/// The commands of a market.
#[derive(Debug)]
pub struct Market {
    /// What it was made for.
    pub size: MarketSize,
    /// All commands; the first `opening` of them make the book.
    pub steps: Vec<Step>,
    /// How many come before the measured ones.
    pub opening: usize,
    /// Trades of the measured ones.
    pub trades: u64,
    /// Lots traded by the measured ones.
    pub volume: u64,
    /// Orders that live in the end.
    pub left: u32,
    /// The book's state in the end.
    pub state_hash: u64,
}

impl Market {
    /// Makes one.
    #[must_use]
    pub fn new(size: MarketSize, seed: u64) -> Self {
        Self::mixed(size, Mix::ORDINARY, seed)
    }

    /// Makes one with another mixture.
    #[must_use]
    pub fn mixed(size: MarketSize, mix: Mix, seed: u64) -> Self {
        let mut maker = Maker::new(size, mix, seed);
        for _ in 0..size.live {
            let step = maker.new_order();
            maker.take(step);
        }
        let opening = maker.steps.len();
        (maker.trades, maker.volume) = (0, 0);
        for _ in 0..size.messages {
            let step = maker.message();
            maker.take(step);
        }
        let left = u32::try_from(maker.live.len()).unwrap_or(u32::MAX);
        let Maker { steps, trades, volume, book, .. } = maker;
        Self { size, steps, opening, trades, volume, left, state_hash: book.state_hash() }
    }

    /// A book that holds it.
    #[must_use]
    pub const fn limits(&self) -> BookLimits {
        limits(&self.size)
    }
}

const fn limits(size: &MarketSize) -> BookLimits {
    // The number of live orders swings by some hundred around what was asked for.
    let room = size.live + size.live / 8 + 4_096;
    book_limits(size.instruments, SESSIONS, room, room)
}

/// An order that rests.
#[derive(Clone, Copy, Debug)]
struct Live {
    key: OrderKey,
    instrument: usize,
    side: Side,
}

struct Maker {
    random: Random,
    zipf: Zipf,
    size: MarketSize,
    mix: Mix,
    /// Says what rests.
    book: Book,
    middles: Vec<i64>,
    live: Vec<Live>,
    /// By session and number: the order's place among the live ones.
    places: Vec<Vec<u32>>,
    /// An order that is gone.
    gone: OrderKey,
    steps: Vec<Step>,
    trades: u64,
    volume: u64,
}

impl Maker {
    fn new(size: MarketSize, mix: Mix, seed: u64) -> Self {
        let mut random = Random::new(seed);
        let middles = (0..size.instruments).map(|_| 10_000 + random.distance() * 100).collect();
        Self {
            random,
            zipf: Zipf::new(size.instruments),
            size,
            mix,
            book: Book::new(&limits(&size)),
            middles,
            live: Vec::new(),
            // Numbers begin with 1.
            places: vec![vec![0]; usize::from(SESSIONS)],
            gone: OrderKey::default(),
            steps: Vec::new(),
            trades: 0,
            volume: 0,
        }
    }

    fn message(&mut self) -> Step {
        let many = self.live.len() > self.size.live as usize;
        let none = self.live.is_empty();
        let Mix { new, immediate, modify, gone, .. } = self.mix;
        let (immediate, modify) = (new + immediate, new + immediate + modify);
        match self.random.below(1_000) {
            drawn if drawn < new && many => self.cancel(),
            drawn if drawn < new => self.new_order(),
            drawn if drawn < immediate => self.immediate(),
            _ if none => self.new_order(),
            drawn if drawn < modify => self.modify(),
            drawn if drawn < modify + gone => Step::cancel(self.gone.session(), self.gone.user_ref()),
            _ if many || self.random.happens(500) => self.cancel(),
            _ => self.new_order(),
        }
    }

    fn new_order(&mut self) -> Step {
        let instrument = self.zipf.draw(&mut self.random);
        let side = self.side();
        let depth =
            if self.random.happens(self.mix.crossing) { -i64::from(self.small(3)) } else { 1 + self.random.distance() };
        self.enter(instrument, side, depth, Ask::Enter)
    }

    fn immediate(&mut self) -> Step {
        let instrument = self.zipf.draw(&mut self.random);
        let (side, reach) = (self.side(), self.small(self.mix.reach));
        self.enter(instrument, side, -i64::from(reach), Ask::EnterImmediate)
    }

    fn enter(&mut self, instrument: usize, side: Side, depth: i64, ask: Ask) -> Step {
        let session = self.random.position(usize::from(SESSIONS));
        let user_ref = self.next_number(session);
        Step {
            price: self.price(instrument, side, depth),
            qty: Qty(self.small(if ask == Ask::EnterImmediate { self.mix.lots } else { LOTS })),
            user_ref,
            new_ref: UserRefNum(0),
            instrument: InstrumentIndex(u32::try_from(instrument).unwrap_or(0)),
            session: SessionIndex(u16::try_from(session).unwrap_or(0)),
            ask,
            side,
        }
    }

    fn cancel(&mut self) -> Step {
        let Live { key, .. } = self.any();
        Step::cancel(key.session(), key.user_ref())
    }

    fn modify(&mut self) -> Step {
        let Live { key, instrument, side } = self.any();
        let depth = 1 + self.random.distance();
        let new_ref = self.next_number(usize::from(key.session().0));
        Step {
            price: self.price(instrument, side, depth),
            qty: Qty(self.small(LOTS)),
            new_ref,
            ask: Ask::ReEnter,
            side,
            ..Step::cancel(key.session(), key.user_ref())
        }
    }

    /// Keeps the step, and the account of what rests after it.
    fn take(&mut self, step: Step) {
        self.steps.push(step);
        let mut rest = None;
        let mut ended = Vec::new();
        let (trades, volume) = (&mut self.trades, &mut self.volume);
        self.book.apply(&step.command(), &mut |event| match event {
            BookEvent::Accepted { key, instrument, side, qty, .. } => rest = Some((key, instrument, side, qty)),
            BookEvent::Replaced { old_key, key, instrument, side, qty, .. } => {
                ended.push(old_key);
                rest = Some((key, instrument, side, qty));
            }
            BookEvent::Trade { maker, qty, maker_leaves, taker_leaves, .. } => {
                (*trades, *volume) = (*trades + 1, *volume + u64::from(qty.0));
                if maker_leaves == Qty::ZERO {
                    ended.push(maker);
                }
                if taker_leaves == Qty::ZERO {
                    rest = None;
                }
            }
            BookEvent::Canceled { key, resting: true, .. } => ended.push(key),
            BookEvent::Canceled { .. } => rest = None,
            BookEvent::Elected { .. }
            | BookEvent::Rested { .. }
            | BookEvent::Refreshed { .. }
            | BookEvent::Level { .. }
            | BookEvent::Rejected { .. } => {}
        });
        ended.into_iter().for_each(|key| self.end(key));
        if let Some((key, instrument, side, _)) = rest {
            let place = u32::try_from(self.live.len()).unwrap_or(u32::MAX);
            self.places[usize::from(key.session().0)][key.user_ref().0 as usize] = place;
            self.live.push(Live { key, instrument: instrument.0 as usize, side });
        }
    }

    fn end(&mut self, key: OrderKey) {
        let place = self.places[usize::from(key.session().0)][key.user_ref().0 as usize];
        self.live.swap_remove(place as usize);
        if let Some(moved) = self.live.get(place as usize) {
            self.places[usize::from(moved.key.session().0)][moved.key.user_ref().0 as usize] = place;
        }
        self.gone = key;
    }

    fn any(&mut self) -> Live {
        let place = self.random.position(self.live.len());
        self.live[place]
    }

    fn next_number(&mut self, session: usize) -> UserRefNum {
        let places = &mut self.places[session];
        places.push(0);
        UserRefNum(u32::try_from(places.len() - 1).unwrap_or(u32::MAX))
    }

    fn price(&self, instrument: usize, side: Side, depth: i64) -> Price {
        let middle = self.middles[instrument];
        Price(if side == Side::Buy { middle - depth } else { middle + depth })
    }

    fn side(&mut self) -> Side {
        if self.random.bits() & 1 == 0 { Side::Buy } else { Side::Sell }
    }

    /// 1 to `most`.
    fn small(&mut self, most: u32) -> u32 {
        u32::try_from(1 + self.random.below(u64::from(most))).unwrap_or(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_live_orders_is_steady_and_the_book_agrees() {
        let size = MarketSize { instruments: 50, live: 2_000, messages: 30_000 };
        let market = Market::new(size, 1);
        assert!((1_900..2_100).contains(&market.left), "{}", market.left);
        let mut book = Book::new(&market.limits());
        let (mut trades, mut rejected) = (0, 0);
        for step in &market.steps {
            book.apply(&step.command(), &mut |event| match event {
                BookEvent::Trade { .. } => trades += 1,
                BookEvent::Rejected { .. } => rejected += 1,
                _ => {}
            });
        }
        assert_eq!(book.order_count(), market.left as usize);
        assert!(market.trades > 2_000 && trades >= market.trades, "{trades} {}", market.trades);
        assert!((200..400).contains(&rejected), "only cancels of what is gone: {rejected}");
        book.audit().expect("sound");
    }

    #[test]
    fn cancels_and_sweeps_are_what_they_are_called() {
        let size = MarketSize { instruments: 1, live: 2_000, messages: 20_000 };
        let [ordinary, cancels, sweeps] =
            [Mix::ORDINARY, Mix::CANCELS, Mix::SWEEPS].map(|mix| Market::mixed(size, mix, 1));
        let asked = |market: &Market, ask| market.steps[2_000..].iter().filter(|step| step.ask == ask).count();
        assert!(asked(&cancels, Ask::Cancel) > 9_000, "{}", asked(&cancels, Ask::Cancel));
        assert!(cancels.trades < ordinary.trades / 8, "{} {}", cancels.trades, ordinary.trades);
        let immediate = asked(&sweeps, Ask::EnterImmediate) as u64;
        assert!(sweeps.trades > 3 * immediate, "{} trades of {immediate}", sweeps.trades);
    }

    #[test]
    fn a_seed_gives_one_market() {
        let size = MarketSize { instruments: 3, live: 100, messages: 1_000 };
        assert_eq!(Market::new(size, 7).steps, Market::new(size, 7).steps);
        assert_ne!(Market::new(size, 7).steps, Market::new(size, 8).steps);
    }
}
