//! What operators have set, as one would note it on paper; and which orders a cancel of many must take.

use engine::book::{OrderKey, Place};
use engine::exchange::Exchange;
use std::collections::BTreeSet;
use wire::admin::{NewInstrument, Scope, Verb};
use wire::ouch::RejectReason;
use wire::{MemberId, SessionIndex, Side, Symbol};

/// The notes.
#[derive(Default)]
pub struct Naive {
    pub sessions: BTreeSet<u16>,
    pub members: BTreeSet<u16>,
    pub venue: bool,
    pub draining: bool,
    pub halted: BTreeSet<Symbol>,
    pub listed: Vec<Symbol>,
}

/// A session's member.
pub const fn member_of(session: SessionIndex) -> MemberId {
    MemberId(session.0 % 3)
}

impl Naive {
    /// Why no order of a session may enter, whatever it says.
    pub fn keeps_out(&self, session: SessionIndex) -> Option<RejectReason> {
        if self.draining {
            return Some(RejectReason::DRAINING);
        }
        let locked = self.venue || self.sessions.contains(&session.0) || self.members.contains(&member_of(session).0);
        locked.then_some(RejectReason::LOCKED)
    }

    /// A command that was done.
    pub fn note(&mut self, verb: &Verb) {
        let lock = |naive: &mut Self, scope: Scope, on: bool| {
            let (set, id) = match scope {
                Scope::Session(session) => (&mut naive.sessions, session.0),
                Scope::Member(member) => (&mut naive.members, member.0),
                Scope::Venue => return naive.venue = on,
            };
            let _ = if on { set.insert(id) } else { set.remove(&id) };
        };
        match *verb {
            Verb::Lock { scope } => lock(self, scope, true),
            Verb::Unlock { scope } => lock(self, scope, false),
            Verb::Halt { symbol } => _ = self.halted.insert(symbol),
            Verb::Resume { symbol } => _ = self.halted.remove(&symbol),
            Verb::Drain => self.draining = true,
            Verb::Reopen => self.draining = false,
            Verb::AddInstrument(NewInstrument { symbol, .. }) => self.listed.push(symbol),
            _ => {}
        }
    }
}

/// One live order, as far as anybody chooses by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Live {
    pub key: OrderKey,
    pub symbol: Symbol,
    pub side: Side,
    pub shown: bool,
}

/// All live orders.
pub fn live(exchange: &Exchange) -> BTreeSet<Live> {
    let mut all = BTreeSet::new();
    let see = |standing: &engine::book::image::Standing| {
        let state = &standing.state;
        let symbol = exchange.instruments().get(state.instrument).symbol;
        let shown = state.place == Place::Displayed;
        all.insert(Live { key: state.key, symbol, side: state.side, shown });
        Ok::<(), ()>(())
    };
    exchange.book().each_standing(&mut Vec::new(), see).expect("nothing fails");
    all
}

/// Which of them a command is to take.
pub fn takes(verb: &Verb, live: &BTreeSet<Live>) -> BTreeSet<Live> {
    let (scope, symbol, side) = match *verb {
        Verb::CancelOrders { scope, symbol, side } => (scope, symbol, side),
        Verb::Lock { scope } => (scope, None, None),
        _ => return BTreeSet::new(),
    };
    let owned = |order: &&Live| match scope {
        Scope::Session(session) => order.key.session() == session,
        Scope::Member(member) => member_of(order.key.session()) == member,
        Scope::Venue => true,
    };
    let named = |order: &&Live| {
        symbol.is_none_or(|symbol| symbol == order.symbol) && side.is_none_or(|side| side == order.side)
    };
    live.iter().filter(owned).filter(named).copied().collect()
}
