//! A cancel of many orders, slice by slice.
//!
//! Goal: exactly the orders that stood when it was asked for go, in one order on every machine, in commands of bounded work. Nothing comes
//! between two slices (see [`crate::venue`]), so the order at which one stopped still stands when the next begins. Non-goal: the answer.
//!
//! ```text
//!  of an instrument   its ladders: displayed buys, sells; hidden buys, sells; waiting buys, sells; each best price first, then by time
//!  of all             session by session, oldest entry first; of a member, others' sessions are passed over
//! ```

use super::Exchange;
use super::controls::{name_words, scope_word};
use super::reporter::Request;
use crate::book::{Book, BookCommand, CancelReason, OrderKey, OrderView};
use crate::command::Command;
use crate::limits::{CANCELS_PER_SLICE_MAX, LOOKS_PER_SLICE_MAX};
use crate::session::mix;
use crate::sink::Sink;
use wire::admin::{OperatorName, Scope};
use wire::{InstrumentIndex, Seq, SessionIndex, Side};

/// How many ladders an instrument has.
const LADDERS: u32 = 6;

/// What is to be canceled, and how far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MassCancel {
    /// Who asked.
    pub operator: OperatorName,
    /// The operator's number of it.
    pub number: u64,
    /// The command that asked.
    pub seq: Seq,
    /// Whose orders.
    pub scope: Scope,
    /// Of this instrument alone.
    pub instrument: Option<InstrumentIndex>,
    /// Of this side alone.
    pub side: Option<Side>,
    /// How many are gone.
    pub canceled: u64,
    /// Which ladder of the instrument, or which session, is being walked along.
    pub list: u32,
    /// The order there at which to go on; `None`: with the next list.
    pub next: Option<OrderKey>,
}

impl MassCancel {
    /// Which lists it walks along.
    fn lists(&self, sessions: usize) -> std::ops::Range<u32> {
        let all = u32::try_from(sessions).unwrap_or(u32::MAX);
        match (self.instrument, self.scope) {
            (Some(_), _) => 0..LADDERS,
            (None, Scope::Session(session)) => u32::from(session.0)..u32::from(session.0) + 1,
            (None, Scope::Member(_) | Scope::Venue) => 0..all,
        }
    }

    /// The first order of a list.
    fn first(&self, book: &Book, list: u32) -> Option<OrderKey> {
        match self.instrument {
            Some(instrument) => book.first_of_ladder(instrument, list),
            None => book.first_of_session(SessionIndex(u16::try_from(list).ok()?)),
        }
    }

    /// The one behind an order.
    fn after(&self, book: &Book, key: OrderKey) -> Option<OrderKey> {
        match self.instrument {
            Some(_) => book.next_of_ladder(key),
            None => book.next_of_session(key),
        }
    }

    /// Whether nothing on the rest of the list can be covered either: a session's orders are all of one member. Whoever stops a member
    /// with three orders must not wait for a walk along everybody's.
    fn is_in_vain(&self, order: &OrderView) -> bool {
        self.instrument.is_none() && matches!(self.scope, Scope::Member(member) if order.owner != member)
    }

    fn covers(&self, order: &OrderView) -> bool {
        let owned = match self.scope {
            Scope::Session(session) => order.key.session() == session,
            Scope::Member(member) => order.owner == member,
            Scope::Venue => true,
        };
        owned && self.side.is_none_or(|side| side == order.side)
    }

    pub(super) fn fold(&self, hash: u64) -> u64 {
        let [high, low] = name_words(self.operator);
        let side = self.side.map_or(0, |side| u64::from(side.byte()));
        let instrument = self.instrument.map_or(u64::MAX, |index| u64::from(index.0));
        let next = self.next.map_or(u64::MAX, OrderKey::get);
        let (seq, list, scope) = (self.seq.0, u64::from(self.list), scope_word(self.scope));
        [high, low, self.number, seq, scope, instrument, side, self.canceled, list, next].into_iter().fold(hash, mix)
    }
}

impl Exchange {
    /// Goes on with a cancel of many orders, as far as one command may. Returns what is left to do, or how many orders went.
    pub(super) fn cancel_slice(
        &mut self,
        command: &Command<'_>,
        mut asked: MassCancel,
        sink: &mut impl Sink,
    ) -> Result<u64, MassCancel> {
        let lists = asked.lists(self.sessions.len());
        let (book, mut reporter) = self.reporter(command, sink);
        let (mut canceled, mut looks) = (0, 0);
        while asked.list < lists.end {
            if canceled == CANCELS_PER_SLICE_MAX || looks == LOOKS_PER_SLICE_MAX {
                return Err(asked);
            }
            looks += 1;
            let Some(order) = asked.next.and_then(|key| book.order(key)) else {
                asked.list += 1;
                asked.next = (asked.list < lists.end).then(|| asked.first(book, asked.list)).flatten();
                continue;
            };
            asked.next = if asked.is_in_vain(&order) { None } else { asked.after(book, order.key) };
            if asked.covers(&order) {
                let cancel = BookCommand::Cancel { key: order.key, reason: CancelReason::Operator };
                book.apply(&cancel, &mut |event| reporter.on(&event, &Request::Unsolicited));
                canceled += 1;
                asked.canceled += 1;
            }
        }
        Ok(asked.canceled)
    }

    /// Places a cancel of many orders at its first list.
    pub(super) fn at_first_list(&self, mut asked: MassCancel) -> MassCancel {
        asked.list = asked.lists(self.sessions.len()).start;
        asked.next = asked.first(&self.book, asked.list);
        asked
    }
}
