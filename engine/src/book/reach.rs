//! What an incoming order could trade, without trading.
//!
//! Goal: the exact answer that matching would give, for fill-or-kill and minimum quantity, so that nothing has to be undone. An
//! order of the same owner ends the count, except under cancel-oldest, which removes it and goes on. The number of fills that a
//! command may have is part of the answer, so the work is bounded too.
//!
//! Icebergs make a level go round: every displayed order shows its slice in the first round, and each round after that brings one
//! more slice of every iceberg that still has some. Whole rounds are added up by multiplication and the right one is found by
//! bisection, so an iceberg of many small slices costs no more than a few walks over its level.

use super::Book;
use super::command::SelfMatch;
use super::matching::Incoming;
use super::order::Order;
use super::slab::NIL;
use super::stops::ELECTED;

/// What is still wanted, and the fills that it may still take.
struct Count {
    need: u64,
    fills_left: u64,
}

/// How a walk over a queue ended.
enum Walk {
    /// The answer is known.
    Known(bool),
    /// The queue is used up.
    Exhausted,
}

impl Book {
    /// Whether the order meets any resting order, apart from the one at `leaving`.
    #[inline]
    pub(super) fn meets(&self, taker: &Incoming, leaving: u32) -> bool {
        let level = self.level_to_meet(taker.opposite(), taker.terms.price);
        level != NIL
            && (leaving == NIL
                || !self.stands_alone_at(leaving, level)
                || self.levels_to_meet(taker).any(|level| !self.stands_alone_at(leaving, level)))
    }

    /// Whether a level consists of the order at `slot` alone.
    fn stands_alone_at(&self, slot: u32, level: u32) -> bool {
        self.orders.at(slot).level == level && self.ladders.at(level).has_one()
    }

    /// Whether some level consists of the order at `slot`, if any, alone.
    pub(super) fn stands_alone(&self, slot: u32) -> bool {
        slot != NIL && {
            let level = self.orders.at(slot).level;
            level != ELECTED && self.ladders.at(level).has_one()
        }
    }

    /// The levels that an order reaches, in the order in which it meets them.
    fn levels_to_meet(&self, taker: &Incoming) -> impl Iterator<Item = u32> {
        let opposite = taker.opposite();
        let reach = opposite.turn(taker.terms.price.0);
        let key = move |level| opposite.turn(self.ladders.at(level).price.0);
        let mut next = [self.ladders.best(opposite), self.ladders.best(opposite.beside())];
        std::iter::from_fn(move || {
            let turn = match next {
                [NIL, NIL] => return None,
                [NIL, _] => 1,
                [_, NIL] => 0,
                [displayed, hidden] => usize::from(key(hidden) < key(displayed)),
            };
            let level = next[turn];
            next[turn] = self.ladders.after(level);
            (key(level) <= reach).then_some(level)
        })
        .fuse()
    }

    /// Whether `target` would trade on entry, apart from the order at `leaving`.
    pub(super) fn can_trade(&self, taker: &Incoming, target: u32, leaving: u32) -> bool {
        let mut count = Count { need: u64::from(target), fills_left: u64::from(self.limits.fills_per_command) };
        for level in self.levels_to_meet(taker) {
            if let Walk::Known(answer) = self.walk(taker, level, leaving, &mut count) {
                return answer;
            }
        }
        false
    }

    /// Counts a queue until it is used up or the answer is known.
    fn walk(&self, taker: &Incoming, level: u32, leaving: u32, count: &mut Count) -> Walk {
        let head = self.ladders.at(level).queue.head;
        let (mut slot, mut reserve) = (head, 0);
        while slot != NIL {
            let order = self.orders.at(slot);
            if slot != leaving {
                if count.fills_left == 0 {
                    return Walk::Known(false);
                }
                count.fills_left -= 1;
                if !taker.is_kept_from(order) {
                    let qty = u64::from(order.tradable());
                    if qty >= count.need {
                        return Walk::Known(true);
                    }
                    count.need -= qty;
                    reserve += u64::from(order.reserve());
                } else if taker.terms.self_match != SelfMatch::CancelOldest {
                    return Walk::Known(false);
                }
            }
            slot = order.next;
        }
        if reserve == 0 {
            return Walk::Exhausted;
        }
        let icebergs = Rounds { book: self, taker, head, leaving };
        if reserve >= count.need {
            return Walk::Known(icebergs.fills_for(count.need, count.fills_left).is_some());
        }
        count.need -= reserve;
        let fills = icebergs.after(u64::from(u32::MAX)).fills;
        match count.fills_left.checked_sub(fills) {
            Some(fills_left) => count.fills_left = fills_left,
            None => return Walk::Known(false),
        }
        Walk::Exhausted
    }
}

/// The rounds of a queue after its first.
struct Rounds<'a> {
    book: &'a Book,
    taker: &'a Incoming<'a>,
    head: u32,
    leaving: u32,
}

/// What some rounds bring.
#[derive(Default)]
struct Brought {
    qty: u64,
    fills: u64,
}

impl Rounds<'_> {
    /// What so many whole rounds bring.
    fn after(&self, rounds: u64) -> Brought {
        self.icebergs().fold(Brought::default(), |sum, order| {
            let (reserve, slice) = (u64::from(order.reserve()), u64::from(order.display));
            Brought {
                qty: sum.qty + reserve.min(rounds * slice),
                fills: sum.fills + reserve.div_ceil(slice).min(rounds),
            }
        })
    }

    /// How many fills bring `need`, which the reserves together hold; `None` when more than `fills_max`.
    fn fills_for(&self, need: u64, fills_max: u64) -> Option<u64> {
        // Every round before the last brings at least one fill, so no more than `fills_max` whole rounds matter. Invariant: `low`
        // whole rounds do not bring enough, `high` do or are too many.
        let (mut low, mut high) = (0, fills_max + 1);
        while high - low > 1 {
            let middle = low.midpoint(high);
            if self.after(middle).qty < need { low = middle } else { high = middle }
        }
        let Brought { qty, mut fills } = self.after(low);
        let mut need = need - qty;
        for order in self.icebergs() {
            let slice = u64::from(order.display);
            let brought = u64::from(order.reserve()).saturating_sub(low * slice).min(slice);
            if brought > 0 {
                fills += 1;
                if brought >= need {
                    return (fills <= fills_max).then_some(fills);
                }
                need -= brought;
            }
        }
        None
    }

    /// The orders that come back after the first round, in queue order.
    fn icebergs(&self) -> impl Iterator<Item = &Order> {
        let mut slot = self.head;
        std::iter::from_fn(move || {
            while slot != NIL {
                let (here, order) = (slot, self.book.orders.at(slot));
                slot = order.next;
                if here != self.leaving && order.reserve() > 0 && !self.taker.is_kept_from(order) {
                    return Some(order);
                }
            }
            None
        })
    }
}
