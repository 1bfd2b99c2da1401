//! A book that keeps its shape while one kind of operation is repeated on it.
//!
//! Goal: rounds of the same operation with what puts the book back as it was, so that any number of rounds measures the same book. What an
//! operation meets is drawn evenly over the whole book, far from the touch as likely as near it: the caches are no help beyond
//! their size. Non-goal: a mixture of operations (see [`super::market`]).
//!
//! ```text
//!   bids, every second tick                gap                asks, every second tick
//!   . 8 . 8 . 8 . 8 . 8 |  up to 10 × 16 levels to sweep  | 8 . 8 . 8 . 8 . 8 .
//!     ^ a new level goes between two of these               ^ 8 orders a level
//! ```

use std::collections::{HashSet, VecDeque};

use super::operations::{Operation, Round};
use super::random::Random;
use super::zipf::Zipf;
use super::{Ask, Step, book_limits};
use engine::book::BookLimits;
use wire::{InstrumentIndex, Price, Qty, SessionIndex, Side, UserRefNum};

const SESSIONS: u16 = 16;
const ORDERS_PER_LEVEL: u32 = 8;
const SWEEP_LEVELS: usize = 10;
/// Sweeps a round: more would fill the gap.
const SWEEPS_MAX: usize = 16;
/// Hits a round: what waits to be hit must not make the touch a level like no other.
const HITS_MAX: usize = 64;
const HALF_GAP_TICKS: i64 = 256;
const MIDDLE_TICKS: i64 = 10_000_000;
/// Large enough to lose a lot many times.
const QTY: Qty = Qty(100_000);

/// What a book shall hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Live orders, about.
    pub orders: u32,
    /// Instruments, which share the orders by Zipf's law.
    pub instruments: u32,
}

impl Shape {
    /// A book with room for it, and for what a round adds.
    #[must_use]
    pub const fn limits(&self) -> BookLimits {
        let room = self.orders + self.orders / 4 + 16_384 + 4 * self.instruments;
        book_limits(self.instruments, SESSIONS, room, room)
    }
}

/// A resting order.
#[derive(Clone, Copy, Debug)]
struct Resting {
    session: SessionIndex,
    user_ref: UserRefNum,
    qty: Qty,
}

/// A level's queue.
#[derive(Clone, Debug)]
struct Queue {
    instrument: InstrumentIndex,
    side: Side,
    price: Price,
    orders: VecDeque<Resting>,
}

/// Knows every order of the book that it makes.
#[derive(Debug)]
pub struct Floor {
    random: Random,
    zipf: Zipf,
    levels: Vec<Queue>,
    /// By instrument and side: where its levels begin, best first, and how many there are.
    ladders: Vec<[(usize, usize); 2]>,
    /// By session, the last number given.
    numbers: [u32; SESSIONS as usize],
    /// Some that are gone.
    gone: Vec<Resting>,
}

impl Floor {
    /// A floor, and the steps that make its book.
    #[must_use]
    pub fn open(shape: Shape, seed: u64) -> (Self, Vec<Step>) {
        let zipf = Zipf::new(shape.instruments);
        let mut floor = Self {
            random: Random::new(seed),
            zipf: zipf.clone(),
            levels: Vec::new(),
            ladders: Vec::new(),
            numbers: [0; SESSIONS as usize],
            gone: Vec::new(),
        };
        let mut depths = Vec::new();
        for (instrument, orders) in (0..).map(InstrumentIndex).zip(zipf.shares(shape.orders)) {
            let levels = (orders / 2 / ORDERS_PER_LEVEL).max(1) as usize;
            // Rarely traded ones have a short queue on each side.
            depths.push((orders / 2).clamp(2, ORDERS_PER_LEVEL));
            let sides = [Side::Buy, Side::Sell].map(|side| {
                let first = floor.levels.len();
                for rank in (0..).take(levels) {
                    let price = away(side, HALF_GAP_TICKS + 2 * rank);
                    floor.levels.push(Queue { instrument, side, price, orders: VecDeque::new() });
                }
                (first, levels)
            });
            floor.ladders.push(sides);
        }
        let mut steps = Vec::new();
        // Turn by turn over all levels, so that neighbours in a queue are no neighbours in memory, as on a real day.
        for turn in 0..ORDERS_PER_LEVEL {
            for level in 0..floor.levels.len() {
                if turn < depths[floor.levels[level].instrument.0 as usize] {
                    steps.push(floor.join(level));
                }
            }
        }
        for _ in 0..4_096.min(steps.len()) {
            let level = floor.random.position(floor.levels.len());
            steps.push(floor.join(level));
            if let Some(order) = floor.levels[level].orders.pop_back() {
                steps.push(Step::cancel(order.session, order.user_ref));
                floor.gone.push(order);
            }
        }
        (floor, steps)
    }

    /// A round of at most so many operations; fewer where the book is too small for as many.
    pub fn round(&mut self, operation: Operation, most: usize) -> Round {
        let mut round = Round::default();
        match operation {
            Operation::AddNewLevel | Operation::CancelOnly => {
                let adds = self.new_levels(most);
                let mut cancels: Vec<Step> =
                    adds.iter().map(|step| Step::cancel(step.session, step.user_ref)).collect();
                if operation == Operation::AddNewLevel {
                    (round.measured, round.restore) = (adds, cancels);
                } else {
                    shuffle(&mut cancels, &mut self.random);
                    (round.prepare, round.measured) = (adds, cancels);
                }
            }
            Operation::AddToLevel => {
                for level in self.some_levels(most) {
                    round.measured.push(self.join(level));
                    round.restore.extend(self.leave(level, Place::Last));
                }
            }
            Operation::CancelFirst => self.cancels(Place::First, most, &mut round),
            Operation::CancelMiddle => self.cancels(Place::Middle, most, &mut round),
            Operation::CancelLast => self.cancels(Place::Last, most, &mut round),
            Operation::Modify => self.modifies(most, &mut round),
            Operation::Reduce => {
                for level in self.some_levels(most) {
                    let place = self.random.position(self.levels[level].orders.len());
                    let order = &mut self.levels[level].orders[place];
                    order.qty.0 -= 1;
                    let step = Step::cancel(order.session, order.user_ref);
                    round.measured.push(Step { ask: Ask::Reduce, qty: Qty(1), ..step });
                }
            }
            Operation::HitOne => self.hits(most.min(HITS_MAX), &mut round),
            Operation::Sweep10 => self.sweeps(most.min(SWEEPS_MAX), &mut round),
            Operation::HitNone => {
                for _ in 0..most {
                    let instrument = self.instrument();
                    let side = self.side();
                    // The gap is empty.
                    round.measured.push(self.enter(instrument, side, away(side, 0), QTY, Ask::EnterImmediate).0);
                }
            }
            Operation::CancelGone => {
                for _ in 0..most {
                    let at = self.random.position(self.gone.len());
                    let Resting { session, user_ref, .. } = self.gone[at];
                    round.measured.push(Step::cancel(session, user_ref));
                }
            }
        }
        round
    }

    /// Orders at prices between two levels, or behind the last one: each makes a level of its own.
    fn new_levels(&mut self, most: usize) -> Vec<Step> {
        let mut taken = HashSet::new();
        let mut steps = Vec::new();
        for level in self.some_levels(most) {
            let Queue { instrument, side, price, .. } = self.levels[level];
            let price = Price(if side == Side::Buy { price.0 - 1 } else { price.0 + 1 });
            if taken.insert((instrument, side, price)) {
                steps.push(self.enter(instrument, side, price, QTY, Ask::Enter).0);
            }
        }
        steps
    }

    fn cancels(&mut self, place: Place, most: usize, round: &mut Round) {
        let mut taken = HashSet::new();
        for level in self.some_levels(most) {
            if taken.insert(level) {
                round.measured.extend(self.leave(level, place));
                round.restore.push(self.join(level));
            }
        }
    }

    /// Orders move to a level close by, and back.
    fn modifies(&mut self, most: usize, round: &mut Round) {
        let mut taken = HashSet::new();
        for level in self.some_levels(most) {
            let Queue { instrument, side, price: home, .. } = self.levels[level];
            let (first, count) = self.ladders[instrument.0 as usize][side.index()];
            if count == 1 || !taken.insert(level) {
                continue;
            }
            let near = (level - first + 1 + self.random.position(8.min(count - 1))) % count;
            let price = self.levels[first + near].price;
            let place = self.random.position(self.levels[level].orders.len());
            let Some(order) = self.levels[level].orders.remove(place) else { continue };
            let (away, back) = (self.number(order.session), self.number(order.session));
            let Resting { session, user_ref, qty } = order;
            let (ask, new_ref) = (Ask::ReEnter, away);
            let there = Step { price, qty, new_ref, ask, side, ..Step::cancel(session, user_ref) };
            round.measured.push(there);
            round.restore.push(Step { price: home, user_ref: away, new_ref: back, ..there });
            self.levels[level].orders.push_back(Resting { user_ref: back, ..order });
        }
    }

    /// At the touch: for each order that is taken from the front of the best level, another one joins its back.
    fn hits(&mut self, most: usize, round: &mut Round) {
        for _ in 0..most {
            let (instrument, side) = (self.instrument(), self.side());
            let level = self.ladders[instrument.0 as usize][side.index()].0;
            round.prepare.push(self.join(level));
            let price = self.levels[level].price;
            let Some(first) = self.levels[level].orders.pop_front() else { continue };
            let hit = self.enter(instrument, side.opposite(), price, first.qty, Ask::EnterImmediate).0;
            round.measured.push(hit);
        }
    }

    /// In the gap: levels of one order each, the later the better, and for each ten of them an order that takes them.
    fn sweeps(&mut self, most: usize, round: &mut Round) {
        let mut reached = std::collections::HashMap::new();
        for _ in 0..most {
            let (instrument, side) = (self.instrument(), self.side());
            let distance = reached.entry((instrument, side)).or_insert(HALF_GAP_TICKS);
            let last = away(side, *distance - 1);
            let distances = (0..SWEEP_LEVELS).map(|_| {
                *distance -= 1;
                *distance
            });
            for distance in distances.collect::<Vec<_>>() {
                let add = self.enter(instrument, side, away(side, distance), QTY, Ask::Enter).0;
                round.prepare.push(add);
            }
            let qty = Qty(QTY.0 * 10);
            round.measured.push(self.enter(instrument, side.opposite(), last, qty, Ask::EnterImmediate).0);
        }
        // The best ones were made last.
        round.measured.reverse();
    }

    /// Levels of instruments drawn by Zipf's law, near the touch or far from it alike.
    fn some_levels(&mut self, most: usize) -> Vec<usize> {
        let draw = |_| {
            let (instrument, side) = (self.instrument(), self.side());
            let (first, count) = self.ladders[instrument.0 as usize][side.index()];
            first + self.random.position(count)
        };
        (0..most).map(draw).collect()
    }

    fn join(&mut self, level: usize) -> Step {
        let Queue { instrument, side, price, .. } = self.levels[level];
        let (step, order) = self.enter(instrument, side, price, QTY, Ask::Enter);
        self.levels[level].orders.push_back(order);
        step
    }

    fn leave(&mut self, level: usize, place: Place) -> Option<Step> {
        let orders = &mut self.levels[level].orders;
        let place = match place {
            Place::First => 0,
            Place::Middle => orders.len() / 2,
            Place::Last => orders.len().checked_sub(1)?,
        };
        let order = orders.remove(place)?;
        Some(Step::cancel(order.session, order.user_ref))
    }

    fn enter(&mut self, instrument: InstrumentIndex, side: Side, price: Price, qty: Qty, ask: Ask) -> (Step, Resting) {
        let session = SessionIndex(u16::try_from(self.random.below(u64::from(SESSIONS))).unwrap_or(0));
        let user_ref = self.number(session);
        let step = Step { price, qty, user_ref, new_ref: UserRefNum(0), instrument, session, ask, side };
        (step, Resting { session, user_ref, qty })
    }

    fn number(&mut self, session: SessionIndex) -> UserRefNum {
        let number = &mut self.numbers[usize::from(session.0)];
        *number += 1;
        UserRefNum(*number)
    }

    fn instrument(&mut self) -> InstrumentIndex {
        InstrumentIndex(u32::try_from(self.zipf.draw(&mut self.random)).unwrap_or(0))
    }

    fn side(&mut self) -> Side {
        if self.random.bits() & 1 == 0 { Side::Buy } else { Side::Sell }
    }
}

/// Where in a queue.
#[derive(Clone, Copy, Debug)]
enum Place {
    First,
    Middle,
    Last,
}

/// So far from the middle.
const fn away(side: Side, distance: i64) -> Price {
    Price(match side {
        Side::Buy => MIDDLE_TICKS - distance,
        Side::Sell => MIDDLE_TICKS + distance,
    })
}

fn shuffle(steps: &mut [Step], random: &mut Random) {
    for last in (1..steps.len()).rev() {
        steps.swap(last, random.position(last + 1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::subject::AtBook;
    use crate::subject::kinds::Kinds;
    use engine::book::Book;

    fn kinds(book: &mut Book, steps: &[Step]) -> Kinds {
        let mut kinds = Kinds::default();
        for step in steps {
            book.apply(&step.command(), &mut AtBook(&mut kinds));
        }
        kinds
    }

    #[test]
    fn every_operation_does_what_it_says_and_leaves_the_book_as_large() {
        for instruments in [1, 7, 50] {
            let shape = Shape { orders: 2_000, instruments };
            let (mut floor, opening) = Floor::open(shape, 3);
            let mut book = Book::new(&shape.limits());
            assert_eq!(kinds(&mut book, &opening).rejected, 0);
            let orders = book.order_count();
            assert!((1_600..=2_400).contains(&orders), "{orders}");
            for turn in 0..3 {
                for operation in Operation::ALL {
                    let round = floor.round(operation, 40);
                    assert!(!round.measured.is_empty());
                    let levels = book.level_count();
                    assert_eq!(kinds(&mut book, &round.prepare).rejected, 0);
                    let found = kinds(&mut book, &round.measured);
                    let expected = Kinds::of(operation).times(round.measured.len() as u64);
                    assert_eq!(found, expected, "{operation:?}, turn {turn}, {instruments} instruments");
                    assert_eq!(kinds(&mut book, &round.restore).rejected, 0);
                    assert_eq!((book.order_count(), book.level_count()), (orders, levels), "{operation:?}");
                }
            }
            book.audit().expect("sound");
        }
    }

    #[test]
    fn a_seed_gives_one_stream() {
        let shape = Shape { orders: 100, instruments: 1 };
        let stream = |seed| {
            let (mut floor, mut steps) = Floor::open(shape, seed);
            steps.extend(Operation::ALL.iter().flat_map(|operation| floor.round(*operation, 8).measured));
            steps
        };
        assert_eq!(stream(1), stream(1));
        assert_ne!(stream(1), stream(2));
    }
}
