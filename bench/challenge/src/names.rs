//! The benchmark's order ids as the book's order keys.
//!
//! Goal: any 64-bit id, used again as often as one likes, has a key that is legal for the book. Ids that fit are keys as they are: the
//! upper half is the session, the lower half its number of the order. Non-goal: knowing which orders live; the book knows.
//!
//! ```text
//!  near ids (all that the benchmark uses)   session = upper half, number = lower half
//!  far ids                                  the last session, number = order of appearance; a map, which grows
//! ```

use std::collections::HashMap;

use engine::book::OrderKey;
use wire::{SessionIndex, UserRefNum};

/// The sessions that the keys use: as many as there can be.
pub const SESSIONS: u16 = u16::MAX;
const FAR: u16 = SESSIONS - 1;

/// The keys of far ids.
#[derive(Debug, Default)]
pub struct Names {
    far: HashMap<u64, OrderKey>,
}

impl Names {
    /// The key of an id; none for a far id that never was entered, of which no order can live.
    #[inline]
    pub fn key(&self, id: u64) -> Option<OrderKey> {
        near(id).or_else(|| self.far.get(&id).copied())
    }

    /// The key under which to enter an id; none when 2^32 different far ids have been entered.
    #[inline]
    pub fn key_to_enter(&mut self, id: u64) -> Option<OrderKey> {
        near(id).or_else(|| self.far_key(id))
    }

    #[cold]
    fn far_key(&mut self, id: u64) -> Option<OrderKey> {
        let number = UserRefNum(u32::try_from(self.far.len()).ok()?);
        Some(*self.far.entry(id).or_insert(OrderKey::new(SessionIndex(FAR), number)))
    }
}

#[inline]
fn near(id: u64) -> Option<OrderKey> {
    #[allow(clippy::cast_possible_truncation, reason = "the two halves; the upper one is below the number of sessions")]
    (id >> 32 < u64::from(FAR)).then(|| OrderKey::new(SessionIndex((id >> 32) as u16), UserRefNum(id as u32)))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const NEAR_IDS: u64 = (FAR as u64) << 32;
    const IDS: [u64; 8] = [0, 1, NEAR_IDS - 1, NEAR_IDS, 1 << 32, (1 << 32) + 1, u64::MAX - NEAR_IDS, u64::MAX];

    #[test]
    fn every_id_has_a_key_that_no_other_id_has() {
        let mut names = Names::default();
        let mut seen = BTreeSet::new();
        for id in IDS {
            let key = names.key_to_enter(id).unwrap();
            assert_eq!((names.key(id), names.key_to_enter(id)), (Some(key), Some(key)));
            assert!(seen.insert(key) && key.session().0 < SESSIONS, "{id}");
        }
    }

    #[test]
    fn a_far_id_that_was_never_entered_has_no_key() {
        let names = Names::default();
        assert_eq!(names.key(u64::MAX), None);
        assert!(names.key(NEAR_IDS - 1).is_some());
    }
}
