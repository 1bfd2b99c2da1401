//! The live orders of each session, oldest entry first, so that a dead session's orders can be canceled in slices.

use wire::SessionIndex;

use super::slab::NIL;

#[derive(Clone, Copy, Debug)]
struct Ends {
    first: u32,
    last: u32,
    count: u32,
}

#[derive(Clone, Copy, Debug)]
struct Links {
    prev: u32,
    next: u32,
}

/// One list a session, linked through the orders' slots. Kept beside the order records, which matching reads and this does not.
#[derive(Debug)]
pub(super) struct SessionOrders {
    sessions: Vec<Ends>,
    links: Vec<Links>,
}

impl SessionOrders {
    /// Lists for so many sessions, over so many order slots.
    pub fn new(sessions: u16, orders: u32) -> Self {
        Self {
            sessions: vec![Ends { first: NIL, last: NIL, count: 0 }; usize::from(sessions)],
            links: vec![Links { prev: NIL, next: NIL }; orders as usize],
        }
    }

    /// Whether the session is one of those numbered.
    pub fn contains(&self, session: SessionIndex) -> bool {
        usize::from(session.0) < self.sessions.len()
    }

    /// The oldest entry, or [`NIL`].
    pub fn first(&self, session: SessionIndex) -> u32 {
        self.sessions.get(usize::from(session.0)).map_or(NIL, |ends| ends.first)
    }

    /// The entry after this one, or [`NIL`].
    pub fn after(&self, slot: u32) -> u32 {
        self.links[slot as usize].next
    }

    /// How many orders of the session live.
    pub fn count(&self, session: SessionIndex) -> u32 {
        self.sessions.get(usize::from(session.0)).map_or(0, |ends| ends.count)
    }

    /// Appends an order.
    pub fn push(&mut self, session: SessionIndex, slot: u32) {
        let ends = &mut self.sessions[usize::from(session.0)];
        self.links[slot as usize] = Links { prev: ends.last, next: NIL };
        if ends.last == NIL {
            ends.first = slot;
        } else {
            self.links[ends.last as usize].next = slot;
        }
        ends.last = slot;
        ends.count += 1;
    }

    /// Takes an order out.
    pub fn remove(&mut self, session: SessionIndex, slot: u32) {
        let Links { prev, next } = self.links[slot as usize];
        let ends = &mut self.sessions[usize::from(session.0)];
        if prev == NIL {
            ends.first = next;
        } else {
            self.links[prev as usize].next = next;
        }
        if next == NIL {
            ends.last = prev;
        } else {
            self.links[next as usize].prev = prev;
        }
        ends.count -= 1;
    }
}
