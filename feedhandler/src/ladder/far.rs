//! The levels outside of the window, in order.
//!
//! Goal: any number of them at a binary search each. Non-goal: speed; few levels are here for long.

/// The most levels of a chunk.
const CHUNK_MAX: usize = 512;

/// Levels in chunks, keys ascending.
#[derive(Clone, Debug)]
pub struct Far<V> {
    /// Never empty ones.
    chunks: Vec<Vec<(i64, V)>>,
    /// Chunks that were emptied, for the next that is needed.
    spare: Vec<Vec<(i64, V)>>,
    len: usize,
}

impl<V> Default for Far<V> {
    fn default() -> Self {
        Self { chunks: Vec::new(), spare: Vec::new(), len: 0 }
    }
}

impl<V: Copy> Far<V> {
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Highest key first.
    pub fn iter(&self) -> impl Iterator<Item = (i64, V)> + '_ {
        self.chunks.iter().rev().flat_map(|chunk| chunk.iter().rev().copied())
    }

    pub fn get(&self, key: i64) -> Option<V> {
        let (chunk, place) = self.place(key);
        let (found, value) = *self.chunks.get(chunk)?.get(place)?;
        (found == key).then_some(value)
    }

    pub fn get_mut(&mut self, key: i64) -> Option<&mut V> {
        let (chunk, place) = self.place(key);
        let (found, value) = self.chunks.get_mut(chunk)?.get_mut(place)?;
        (*found == key).then_some(value)
    }

    /// Inserts a key that is not there.
    pub fn insert(&mut self, key: i64, value: V) {
        let (mut index, mut place) = self.place(key);
        self.len += 1;
        if self.chunks.is_empty() {
            let chunk = self.new_chunk();
            self.chunks.push(chunk);
        } else if self.chunks[index].len() == CHUNK_MAX {
            let mut upper = self.new_chunk();
            upper.extend(self.chunks[index].drain(CHUNK_MAX / 2..));
            self.chunks.insert(index + 1, upper);
            if place > CHUNK_MAX / 2 {
                (index, place) = (index + 1, place - CHUNK_MAX / 2);
            }
        }
        self.chunks[index].insert(place, (key, value));
    }

    pub fn remove(&mut self, key: i64) -> Option<V> {
        let (index, place) = self.place(key);
        let chunk = self.chunks.get_mut(index)?;
        if chunk.get(place)?.0 != key {
            return None;
        }
        let (_, value) = chunk.remove(place);
        self.len -= 1;
        if chunk.is_empty() {
            let chunk = self.chunks.remove(index);
            self.spare.push(chunk);
        }
        Some(value)
    }

    /// Removes all and keeps the memory.
    pub fn clear(&mut self) {
        for mut chunk in self.chunks.drain(..) {
            chunk.clear();
            self.spare.push(chunk);
        }
        self.len = 0;
    }

    /// Chunk and place where the key is or belongs.
    fn place(&self, key: i64) -> (usize, usize) {
        let chunk = self.chunks.partition_point(|chunk| chunk.last().is_some_and(|(last, _)| *last < key));
        let chunk = chunk.min(self.chunks.len().saturating_sub(1));
        let place = self.chunks.get(chunk).map_or(0, |chunk| chunk.partition_point(|(other, _)| *other < key));
        (chunk, place)
    }

    fn new_chunk(&mut self) -> Vec<(i64, V)> {
        self.spare.pop().unwrap_or_default()
    }
}
