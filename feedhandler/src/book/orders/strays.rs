//! Pages of orders that have no place in the ring, because others live there.
//!
//! Goal: any numbers at all, at one look into a hashed directory. Non-goal: the records.

use super::Refused;

/// Directory entries that share a cache line.
const GROUP_BITS: u32 = 2;

/// A page; place 0 is that of an empty entry.
#[derive(Clone, Copy, Debug, Default)]
struct Entry {
    number: u64,
    place: u32,
}

/// Which page is where.
#[derive(Clone, Debug)]
pub struct Strays {
    /// The place of the first page.
    first: u32,
    /// Live orders of each page.
    live: Vec<u32>,
    free: Vec<u32>,
    directory: Vec<Entry>,
    used: usize,
    pages_max: usize,
}

impl Strays {
    pub fn new(first: usize, pages_max: usize) -> Self {
        Self {
            // Less than the number of slots.
            first: u32::try_from(first).unwrap_or(u32::MAX),
            live: Vec::new(),
            free: Vec::new(),
            directory: vec![Entry::default(); 1 << GROUP_BITS],
            used: 0,
            pages_max,
        }
    }

    /// Forgets all pages and keeps their places.
    pub fn clear(&mut self) {
        self.directory.fill(Entry::default());
        self.used = 0;
        self.live.fill(0);
        self.free.clear();
        self.free.extend((self.first..).take(self.live.len()));
    }

    /// A page's place, or 0. The directory is at most half full, so there is an empty entry to stop at.
    #[inline]
    pub fn find(&self, number: u64) -> u32 {
        if self.used == 0 {
            return 0;
        }
        let mask = self.directory.len() - 1;
        let mut at = self.home(number);
        loop {
            let entry = self.directory[at & mask];
            if entry.number == number || entry.place == 0 {
                return entry.place;
            }
            at += 1;
        }
    }

    /// Gives a page a place: one that was left, or the next one, which the caller makes.
    ///
    /// # Errors
    /// There are as many as may be.
    pub fn add(&mut self, number: u64) -> Result<u32, Refused> {
        let place = match self.free.pop() {
            Some(place) => place,
            None if self.live.len() < self.pages_max => {
                self.live.push(0);
                self.free.reserve(self.live.len());
                self.first + u32::try_from(self.live.len() - 1).map_err(|_| Refused::Full)?
            }
            None => return Err(Refused::Full),
        };
        if (self.used + 1) * 2 > self.directory.len() {
            self.grow();
        }
        self.enter(Entry { number, place });
        Ok(place)
    }

    /// An order came to a page.
    pub fn join(&mut self, place: u32) {
        self.live[(place - self.first) as usize] += 1;
    }

    /// An order of a page went: if it was the last one, its place can be had.
    pub fn leave(&mut self, place: u32, number: u64) {
        let live = &mut self.live[(place - self.first) as usize];
        *live -= 1;
        if *live == 0 {
            self.release(place, number);
        }
    }

    #[cold]
    fn grow(&mut self) {
        let double = vec![Entry::default(); self.directory.len() * 2];
        self.used = 0;
        for entry in std::mem::replace(&mut self.directory, double) {
            if entry.place != 0 {
                self.enter(entry);
            }
        }
    }

    fn enter(&mut self, entry: Entry) {
        let mask = self.directory.len() - 1;
        let mut at = self.home(entry.number);
        while self.directory[at].place != 0 {
            at = (at + 1) & mask;
        }
        self.directory[at] = entry;
        self.used += 1;
    }

    /// Where a page is looked for first: neighbours together.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "cut to the directory's length")]
    fn home(&self, number: u64) -> usize {
        const SPREAD: u64 = 0x9E37_79B9_7F4A_7C15;
        let group = (number >> GROUP_BITS).wrapping_mul(SPREAD) >> 20;
        let place = (group << GROUP_BITS) | (number & ((1 << GROUP_BITS) - 1));
        place as usize & (self.directory.len() - 1)
    }

    /// An empty page leaves the directory; what was pushed behind it moves up.
    fn release(&mut self, place: u32, number: u64) {
        let mask = self.directory.len() - 1;
        let mut hole = self.home(number);
        while self.directory[hole].place != place {
            hole = (hole + 1) & mask;
        }
        let mut at = hole;
        loop {
            at = (at + 1) & mask;
            let entry = self.directory[at];
            if entry.place == 0 {
                break;
            }
            let from_home = at.wrapping_sub(self.home(entry.number)) & mask;
            if from_home >= (at.wrapping_sub(hole) & mask) {
                self.directory[hole] = entry;
                hole = at;
            }
        }
        self.directory[hole] = Entry::default();
        self.used -= 1;
        self.free.push(place);
    }

    /// How many pages there ever were at one time.
    #[cfg(test)]
    pub const fn pages(&self) -> usize {
        self.live.len()
    }
}
