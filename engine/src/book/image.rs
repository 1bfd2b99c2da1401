//! The book taken apart into its orders, and put together again.
//!
//! Goal: a book that is rebuilt goes on as the one it was taken from: same queues, same places in time, same lists of sessions, same
//! hash. Non-goal: bytes; see [`crate::image`].

use wire::{InstrumentIndex, SessionIndex, Side};

use super::Book;
use super::ladder::LadderId;
use super::order::{Order, Traits};
use super::slab::NIL;
use super::state_hash::{LastTrade, OrderState, Place};
use super::stops::{ELECTED, Stop};

/// A live order with everything that decides later outcomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// What the state hash covers of it.
    pub state: OrderState,
    /// Its place among its session's orders, the oldest entry being 0.
    pub rank: u32,
}

impl Book {
    /// Shows every live order: by ladder, then best price first, then place in the queue; elected ones last, in their order. `ranks` is
    /// room for a number an order; what is in it does not matter.
    ///
    /// # Errors
    /// Whatever `see` returns; it ends the walk.
    pub fn each_standing<E>(
        &self,
        ranks: &mut Vec<u32>,
        mut see: impl FnMut(&Standing) -> Result<(), E>,
    ) -> Result<(), E> {
        // By slot, so that the walk along the sessions is done once.
        ranks.resize(ranks.len().max(self.orders.end() as usize), 0);
        for session in (0..self.limits.sessions).map(SessionIndex) {
            let (mut slot, mut rank) = (self.sessions.first(session), 0);
            while slot != NIL {
                ranks[slot as usize] = rank;
                rank += 1;
                slot = self.orders.at(slot).newer;
            }
        }
        let mut show = |slot: u32| see(&Standing { state: self.order_state(slot), rank: ranks[slot as usize] });
        for instrument in (0..self.limits.instruments).map(InstrumentIndex) {
            for ladder in LadderId::all_of(instrument) {
                let mut level = self.ladders.best(ladder);
                while level != NIL {
                    self.queue(self.ladders.at(level).queue.head).try_for_each(&mut show)?;
                    level = self.ladders.after(level);
                }
            }
        }
        self.queue(self.stops.elected.head).try_for_each(&mut show)
    }

    /// The last trade of each instrument that has traded.
    pub fn last_trades(&self) -> impl Iterator<Item = LastTrade> {
        let instruments = (0..self.limits.instruments).map(InstrumentIndex);
        instruments
            .filter_map(|instrument| self.stops.last_trade(instrument).map(|price| LastTrade { instrument, price }))
    }

    /// The number of the last queue joining.
    #[must_use]
    pub const fn stamp(&self) -> u64 {
        self.stamp
    }
}

/// An empty book that is being filled with what another one held.
#[derive(Debug)]
pub struct Rebuild<'a> {
    book: &'a mut Book,
    /// Slots by session and rank.
    ranked: Vec<Vec<u32>>,
    /// Where the order before stands: the next one mostly stands there too.
    level: u32,
}

impl<'a> Rebuild<'a> {
    /// Begins to fill a book.
    ///
    /// # Panics
    /// It is not empty.
    #[must_use]
    pub fn new(book: &'a mut Book) -> Self {
        assert!(book.orders.len() == 0 && book.state_hash == 0, "only an empty book can be filled");
        let ranked = vec![Vec::new(); usize::from(book.limits.sessions)];
        Self { book, ranked, level: NIL }
    }

    /// Says what an instrument traded at last. Before the first order.
    ///
    /// # Errors
    /// There is no such instrument, or it was said before.
    pub fn last_trade(&mut self, last: LastTrade) -> Result<(), &'static str> {
        if last.instrument.0 >= self.book.limits.instruments {
            return Err("a last trade of an instrument that is not there");
        }
        if !self.book.stops.restore_last_trade(last) {
            return Err("two last trades of one instrument");
        }
        self.book.state_hash = self.book.state_hash.wrapping_add(last.mix());
        Ok(())
    }

    /// Puts the next order where it stood. In the order of [`Book::each_standing`].
    ///
    /// # Errors
    /// No book of these limits can hold it; the book is not to be used.
    pub fn stand(&mut self, standing: &Standing) -> Result<(), &'static str> {
        let Standing { state, rank } = standing;
        let book = &mut *self.book;
        let session = state.key.session();
        if state.instrument.0 >= book.limits.instruments || !book.sessions.contains(session) {
            return Err("an order of an instrument or a session that is not there");
        }
        if state.leaves == 0 || state.leaves > state.liable || state.shown > state.leaves {
            return Err("an order whose quantities contradict each other");
        }
        if book.orders.is_full() {
            return Err("more orders than the limit");
        }
        if book.slot_of(state.key).is_some() {
            return Err("two orders of one key");
        }
        let (display, traits) = match state.stop {
            None => (state.display, Traits::new(state.place == Place::Hidden, state.gtc)),
            Some(terms) => {
                let stop = Stop::restored(state, terms);
                let Some(number) = book.stops.terms.insert(stop) else { return Err("more stop orders than the limit") };
                (number, Traits::stop(state.gtc))
            }
        };
        if traits.is_stop() != matches!(state.place, Place::Waiting | Place::Elected) {
            return Err("an order that stands where others belong");
        }
        let order = Order {
            key: state.key,
            order_ref: state.order_ref,
            stamp: state.stamp,
            liable: state.liable,
            leaves: state.leaves,
            shown: state.shown,
            display,
            owner: state.owner,
            traits,
            mark: state.mark,
            ..Order::EMPTY
        };
        let Some(slot) = book.orders.insert(order) else { return Err("more orders than the limit") };
        book.index.insert(state.key, slot, |slot| book.orders.at(slot).key);
        if state.place == Place::Elected {
            book.orders.at_mut(slot).level = ELECTED;
            book.stops.elected.push(&mut book.orders, slot);
        } else {
            self.level = level_for(book, self.level, state)?;
            let level = book.ladders.at_mut(self.level);
            if level.open.checked_add(state.leaves).is_none() {
                return Err("a level whose open quantity does not fit 32 bits");
            }
            book.orders.at_mut(slot).level = self.level;
            level.join(&mut book.orders, slot);
        }
        book.count_in(slot);
        let ranked = &mut self.ranked[usize::from(session.0)];
        let rank = *rank as usize;
        if rank >= book.limits.orders as usize {
            return Err("an order behind more others than the limit");
        }
        if ranked.len() <= rank {
            ranked.resize(rank + 1, NIL);
        }
        if std::mem::replace(&mut ranked[rank], slot) != NIL {
            return Err("two orders at one place of a session");
        }
        Ok(())
    }

    /// The last order stands: lists the sessions' orders, and takes over the number of the last queue joining.
    ///
    /// # Errors
    /// An order is missing; the book is not to be used.
    pub fn finish(self, stamp: u64) -> Result<(), &'static str> {
        for slot in self.ranked.into_iter().flatten() {
            if slot == NIL {
                return Err("a session's list with a gap");
            }
            if self.book.orders.at(slot).stamp > stamp {
                return Err("an order that joined a queue later than the last one");
            }
            self.book.sessions.push(&mut self.book.orders, slot);
        }
        self.book.stamp = stamp;
        Ok(())
    }
}

/// The level at which an order stands, raised if it is the first one there.
fn level_for(book: &mut Book, near: u32, state: &OrderState) -> Result<u32, &'static str> {
    let ladder = match state.place {
        Place::Waiting | Place::Elected => LadderId::waiting(state.instrument, state.side),
        Place::Displayed | Place::Hidden => {
            LadderId::resting(state.instrument, state.side, state.place == Place::Hidden)
        }
    };
    if near != NIL && book.ladders.at(near).place() == (ladder, state.price) {
        return Ok(near);
    }
    let Some(spot) = book.ladders.spot(ladder, state.price) else {
        return Err("a price that is no multiple of the tick");
    };
    if book.ladders.standing(spot).is_some() {
        return Err("a level in two parts");
    }
    if book.ladders.is_full() {
        return Err("more levels than the limit");
    }
    Ok(book.ladders.raise(ladder, state.price, spot))
}

/// Instrument * 8 + place * 2 + side, as a number for storage.
#[must_use]
pub const fn ladder_number(state: &OrderState) -> u32 {
    state.instrument.0 * 8 + state.place as u32 * 2 + matches!(state.side, Side::Sell) as u32
}

/// What [`ladder_number`] was made of.
#[must_use]
pub const fn ladder_parts(number: u32) -> (InstrumentIndex, Place, Side) {
    let place = match number % 8 / 2 {
        0 => Place::Displayed,
        1 => Place::Hidden,
        2 => Place::Waiting,
        _ => Place::Elected,
    };
    (InstrumentIndex(number / 8), place, if number.is_multiple_of(2) { Side::Buy } else { Side::Sell })
}
