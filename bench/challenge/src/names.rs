//! The benchmark's order ids as the book's order keys.
//!
//! Goal: any 64-bit id, used again as often as one likes, has a key that is legal for the book. In the benchmark an order keeps its id
//! through a modify; in the book, as in the protocol, a replacement has a name of its own. So an id has two names, and takes the
//! other one at each modify; only the name that it has at present can be live. Non-goal: knowing which orders live; the book knows.
//!
//! ```text
//!  near ids (all that the benchmark uses)   session 0 or 1, number = the id;              one bit an id
//!  far ids                                  session 2 or 3, number = order of appearance; a map, which grows
//! ```

use std::collections::HashMap;

use engine::book::OrderKey;
use wire::{SessionIndex, UserRefNum};

/// The sessions that the names use.
pub const SESSIONS: u16 = 4;
const FAR: u16 = 2;

/// Ids below this are near: enough for flows of 67 million orders.
const NEAR_IDS: u64 = 1 << 26;

/// Which name each id has.
#[derive(Debug)]
pub struct Names {
    /// A bit for each near id; set where the id has its second name.
    turned: Vec<u64>,
    far: HashMap<u64, FarName>,
}

#[derive(Clone, Copy, Debug)]
struct FarName {
    number: u32,
    turned: bool,
}

impl Names {
    pub fn new() -> Self {
        // Zeroed memory comes from the system on first touch, so this costs what the ids in use cost.
        let words = usize::try_from(NEAR_IDS / 64).expect("a small number");
        Self { turned: vec![0; words], far: HashMap::new() }
    }

    /// The present name of an id; none for a far id that never was entered, of which no order can live.
    #[inline]
    pub fn key(&self, id: u64) -> Option<OrderKey> {
        match near(id) {
            Some(near) => Some(near.key(self.turned[near.word] & near.bit != 0)),
            None => self.far.get(&id).map(|name| name.key()),
        }
    }

    /// The name under which to enter an id; none when 2^32 different far ids have been entered.
    #[inline]
    pub fn key_to_enter(&mut self, id: u64) -> Option<OrderKey> {
        if id >= NEAR_IDS && !self.far.contains_key(&id) {
            let number = u32::try_from(self.far.len()).ok()?;
            self.far.insert(id, FarName { number, turned: false });
        }
        self.key(id)
    }

    /// The other name of the id that has this one.
    #[inline]
    pub const fn other(key: OrderKey) -> OrderKey {
        OrderKey::new(SessionIndex(key.session().0 ^ 1), key.user_ref())
    }

    /// Gives an id its other name.
    #[inline]
    pub fn turn(&mut self, id: u64) {
        if let Some(near) = near(id) {
            self.turned[near.word] ^= near.bit;
        } else if let Some(name) = self.far.get_mut(&id) {
            name.turned ^= true;
        }
    }
}

impl FarName {
    const fn key(self) -> OrderKey {
        OrderKey::new(SessionIndex(FAR + self.turned as u16), UserRefNum(self.number))
    }
}

/// Where the bit of a near id stands.
#[derive(Clone, Copy)]
struct Near {
    word: usize,
    bit: u64,
    number: u32,
}

#[inline]
fn near(id: u64) -> Option<Near> {
    #[allow(clippy::cast_possible_truncation, reason = "a near id has 26 bits")]
    (id < NEAR_IDS).then_some(Near { word: (id / 64) as usize, bit: 1 << (id % 64), number: id as u32 })
}

impl Near {
    #[inline]
    fn key(self, turned: bool) -> OrderKey {
        OrderKey::new(SessionIndex(u16::from(turned)), UserRefNum(self.number))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const IDS: [u64; 8] = [0, 1, NEAR_IDS - 1, NEAR_IDS, 1 << 32, (1 << 32) + 1, u64::MAX - NEAR_IDS, u64::MAX];

    #[test]
    fn every_id_has_two_names_that_no_other_id_has() {
        let mut names = Names::new();
        let mut seen = BTreeSet::new();
        for id in IDS {
            let first = names.key_to_enter(id).unwrap();
            assert_eq!((names.key(id), names.key_to_enter(id)), (Some(first), Some(first)));
            names.turn(id);
            let second = names.key(id).unwrap();
            assert_eq!(second, Names::other(first));
            assert!(seen.insert(first) && seen.insert(second), "{id}");
            assert!(first.session().0 < SESSIONS && second.session().0 < SESSIONS);
            names.turn(id);
            assert_eq!(names.key(id), Some(first));
        }
    }

    #[test]
    fn a_far_id_that_was_never_entered_has_no_name() {
        let mut names = Names::new();
        names.turn(u64::MAX);
        assert_eq!(names.key(u64::MAX), None);
        assert!(names.key(NEAR_IDS - 1).is_some());
    }
}
