//! The live orders of each session, oldest entry first, so that a dead session's orders can be canceled in slices.

use wire::SessionIndex;

use super::order::Order;
use super::slab::{NIL, Slab};

#[derive(Clone, Copy, Debug)]
struct Ends {
    oldest: u32,
    newest: u32,
    count: u32,
}

/// One list a session, linked through the orders.
#[derive(Debug)]
pub(super) struct SessionOrders {
    sessions: Vec<Ends>,
}

impl SessionOrders {
    /// Lists for so many sessions.
    pub fn new(sessions: u16) -> Self {
        Self { sessions: vec![Ends { oldest: NIL, newest: NIL, count: 0 }; usize::from(sessions)] }
    }

    /// Whether the session is one of those numbered.
    #[inline]
    pub const fn contains(&self, session: SessionIndex) -> bool {
        (session.0 as usize) < self.sessions.len()
    }

    /// The oldest entry, or [`NIL`].
    pub fn first(&self, session: SessionIndex) -> u32 {
        self.sessions.get(usize::from(session.0)).map_or(NIL, |ends| ends.oldest)
    }

    /// How many orders of the session live.
    pub fn count(&self, session: SessionIndex) -> u32 {
        self.sessions.get(usize::from(session.0)).map_or(0, |ends| ends.count)
    }

    /// Appends an order.
    #[inline(always)]
    pub fn push(&mut self, orders: &mut Slab<Order>, slot: u32) {
        let order = orders.at_mut(slot);
        let ends = &mut self.sessions[usize::from(order.key.session().0)];
        let newest = ends.newest;
        (order.older, order.newer) = (newest, NIL);
        ends.newest = slot;
        ends.count += 1;
        if newest == NIL {
            ends.oldest = slot;
        } else {
            orders.at_mut(newest).newer = slot;
        }
    }

    /// Takes an order out.
    #[inline(always)]
    pub fn remove(&mut self, orders: &mut Slab<Order>, slot: u32) {
        let Order { key, older, newer, .. } = *orders.at(slot);
        let ends = &mut self.sessions[usize::from(key.session().0)];
        ends.count -= 1;
        if older == NIL {
            ends.oldest = newer;
        } else {
            orders.at_mut(older).newer = newer;
        }
        if newer == NIL {
            ends.newest = older;
        } else {
            orders.at_mut(newer).older = older;
        }
    }
}
