//! Who stands in line at a level.
//!
//! Goal: coming and going touches one cache line, that of the level or that of a chunk, and never a neighbour's order. Non-goal:
//! looking at an order by its place.
//!
//! ```text
//!   level:  | ... | the first nine, in place |      then chunks:  | 13 | <-> | 13 | <-> | 13 |  the last takes who comes
//! ```
//!
//! An order's record says in which chunk it stands ([`IN_PLACE`] or a number), so that it is found in a line of any length. A chunk
//! without orders is taken out.

use super::orders::Slot;

/// The chunk of those who stand in the level itself.
pub const IN_PLACE: u32 = 0;

const PLACES: usize = 9;
const CHUNK_PLACES: usize = 13;

/// The line of one level.
#[derive(Clone, Copy, Debug, Default)]
pub struct Queue {
    /// The first and the last chunk; [`IN_PLACE`] when there is none.
    first: u32,
    last: u32,
    places: [Slot; PLACES],
}

#[derive(Clone, Copy, Debug, Default)]
#[repr(align(64))]
struct Chunk {
    before: u32,
    behind: u32,
    len: u32,
    places: [Slot; CHUNK_PLACES],
}

/// The chunks of all queues.
#[derive(Clone, Debug)]
pub struct Chunks {
    /// The first stands for [`IN_PLACE`] and is never used.
    chunks: Vec<Chunk>,
    /// The chunk freed last, linked by `behind`; 0 for none.
    free: u32,
}

/// Puts a slot behind the others; places that are free hold 0, which is no order's slot. Counts them all: where a loop would end
/// cannot be guessed.
#[inline]
fn push<const N: usize>(places: &mut [Slot; N], slot: Slot) -> bool {
    let used: usize = places.iter().map(|place| usize::from(*place != 0)).sum();
    places.get_mut(used).is_some_and(|place| {
        *place = slot;
        true
    })
}

/// Takes a slot that is there out of its place; those behind it move up. Without a branch, for the same reason.
#[inline]
fn take_out<const N: usize>(places: &mut [Slot; N], slot: Slot) {
    let place: usize = places.iter().enumerate().map(|(place, other)| place * usize::from(*other == slot)).sum();
    let former = *places;
    for (index, (to, behind)) in places.iter_mut().zip(&former[1..]).enumerate() {
        *to = if index >= place { *behind } else { *to };
    }
    places[N - 1] = 0;
}

impl Chunks {
    pub fn new() -> Self {
        Self { chunks: vec![Chunk::default()], free: 0 }
    }

    pub fn clear(&mut self) {
        self.chunks.truncate(1);
        self.free = 0;
    }

    /// An order joins the back; returns its chunk.
    #[inline]
    pub fn join(&mut self, queue: &mut Queue, slot: Slot) -> u32 {
        if queue.last == IN_PLACE && push(&mut queue.places, slot) { IN_PLACE } else { self.join_chunk(queue, slot) }
    }

    /// An order leaves its chunk.
    #[inline]
    pub fn leave(&mut self, queue: &mut Queue, chunk: u32, slot: Slot) {
        if chunk == IN_PLACE {
            take_out(&mut queue.places, slot);
        } else {
            self.leave_chunk(queue, chunk, slot);
        }
    }

    /// Everybody, first in line first.
    pub fn iter<'a>(&'a self, queue: &'a Queue) -> impl Iterator<Item = Slot> + 'a {
        let chunks = std::iter::successors(Some(queue.first), |chunk| Some(self.chunks[*chunk as usize].behind));
        let chunks =
            chunks.take_while(|chunk| *chunk != IN_PLACE).flat_map(|chunk| &self.chunks[chunk as usize].places);
        queue.places.iter().chain(chunks).copied().filter(|slot| *slot != 0)
    }

    #[inline(never)]
    fn join_chunk(&mut self, queue: &mut Queue, slot: Slot) -> u32 {
        if queue.last != IN_PLACE {
            let chunk = &mut self.chunks[queue.last as usize];
            if push(&mut chunk.places, slot) {
                chunk.len += 1;
                return queue.last;
            }
        }
        let mut chunk = Chunk { before: queue.last, len: 1, ..Chunk::default() };
        chunk.places[0] = slot;
        let index = if self.free == 0 {
            // There are fewer chunks than orders, and their number fits.
            let index = u32::try_from(self.chunks.len()).unwrap_or(u32::MAX);
            self.chunks.push(chunk);
            index
        } else {
            let index = self.free;
            let place = &mut self.chunks[index as usize];
            self.free = place.behind;
            *place = chunk;
            index
        };
        if queue.last == IN_PLACE {
            queue.first = index;
        } else {
            self.chunks[queue.last as usize].behind = index;
        }
        queue.last = index;
        index
    }

    #[inline(never)]
    fn leave_chunk(&mut self, queue: &mut Queue, index: u32, slot: Slot) {
        let chunk = &mut self.chunks[index as usize];
        take_out(&mut chunk.places, slot);
        chunk.len -= 1;
        if chunk.len > 0 {
            return;
        }
        let Chunk { before, behind, .. } = *chunk;
        chunk.behind = self.free;
        self.free = index;
        match before {
            IN_PLACE => queue.first = behind,
            before => self.chunks[before as usize].behind = behind,
        }
        match behind {
            IN_PLACE => queue.last = before,
            behind => self.chunks[behind as usize].before = before,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_queue_is_a_list(steps in prop::collection::vec((any::<bool>(), 0_usize..100), 1..600), joins in 40_usize..90) {
            let (mut chunks, mut queue, mut other) = (Chunks::new(), Queue::default(), Queue::default());
            let (mut list, mut others): (Vec<(Slot, u32)>, Vec<Slot>) = (Vec::new(), Vec::new());
            for (slot, (turn, what)) in (1..).zip(steps) {
                if what < joins || list.is_empty() {
                    list.push((slot, chunks.join(&mut queue, slot)));
                    // Another queue takes chunks from among them.
                    if turn {
                        others.push(slot + 10_000);
                        chunks.join(&mut other, slot + 10_000);
                    }
                } else {
                    let (slot, chunk) = list.remove(what % list.len());
                    chunks.leave(&mut queue, chunk, slot);
                }
                prop_assert!(chunks.iter(&queue).eq(list.iter().map(|(slot, _)| *slot)));
                prop_assert!(chunks.iter(&other).eq(others.iter().copied()));
            }
            prop_assert!(chunks.chunks.len() <= 3 + (list.len() + others.len() + 600) / 2);
        }
    }
}
