//! Live orders by their number.
//!
//! Goal: one cache line for an order, found without a search where numbers are dense, as a venue's are; whatever numbers come,
//! memory follows the orders that live. Non-goal: what an order is part of.
//!
//! ```text
//!   number  = | page number                | 6 bits |
//!                  │ directory: hashed, four neighbouring pages a cache line
//!                  ▼
//!   slot    = | page index                 | 6 bits |     records: 16 bytes each, 64 a page
//! ```
//!
//! A page whose last order is gone is used again for other numbers. Slot 0 holds no order: it stands for "none", so that links may
//! be written without asking whether there is a neighbour.

use wire::OrderRef;

/// A place in the table.
pub type Slot = u32;

/// The slot of no order.
pub const NONE: Slot = 0;

const PAGE_BITS: u32 = 6;
const PAGE: usize = 1 << PAGE_BITS;
const OFFSET: u64 = PAGE as u64 - 1;
/// Slots are numbered in 32 bits.
const PAGES_MAX: usize = 1 << (32 - PAGE_BITS);
/// Directory entries that share a cache line.
const GROUP_BITS: u32 = 2;

/// What the book knows of an order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// What is left of it; 0 for no order.
    pub qty: u32,
    /// Its level.
    pub level: u32,
    /// The order in front of it.
    pub before: Slot,
    /// The order behind it.
    pub behind: Slot,
}

#[derive(Clone, Copy, Debug, Default)]
struct Page {
    number: u64,
    live: u32,
}

/// `index` 0 is an empty entry: page 0 holds the slot of no order.
#[derive(Clone, Copy, Debug, Default)]
struct Entry {
    number: u64,
    index: u32,
}

/// Why an order cannot be held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// Its number is that of a live order.
    Duplicate,
    /// The table is as large as it may get.
    Full,
}

/// The table.
#[derive(Clone, Debug)]
pub struct Orders {
    records: Vec<Record>,
    pages: Vec<Page>,
    free: Vec<u32>,
    directory: Vec<Entry>,
    /// Pages in the directory.
    used: usize,
    /// The page of the last order that came; kept also when it is empty.
    newest: Entry,
    live: usize,
    pages_max: usize,
}

impl Orders {
    /// Room for so many live orders, if each page has four of them; taken at once for the usual sixteen.
    #[must_use]
    pub fn new(orders: usize) -> Self {
        let pages = orders / 16 + 16;
        let mut table = Self {
            records: Vec::with_capacity((pages + 1) * PAGE),
            pages: Vec::with_capacity(pages + 1),
            free: Vec::with_capacity(pages),
            directory: vec![Entry::default(); (pages * 2).next_power_of_two()],
            used: 0,
            newest: Entry { number: u64::MAX, index: 0 },
            live: 0,
            pages_max: (orders / 4 + 1024).min(PAGES_MAX),
        };
        table.records.resize(PAGE, Record::default());
        table.pages.push(Page { number: u64::MAX, live: 1 });
        table
    }

    /// Live orders.
    #[must_use]
    pub const fn live(&self) -> usize {
        self.live
    }

    /// Forgets all orders and keeps the memory.
    pub fn clear(&mut self) {
        self.records.fill(Record::default());
        self.directory.fill(Entry::default());
        self.free.clear();
        for index in (1..self.pages.len()).rev() {
            self.pages[index].live = 0;
            self.free.extend(u32::try_from(index));
        }
        (self.used, self.live) = (0, 0);
        self.newest = Entry { number: u64::MAX, index: 0 };
    }

    /// The slot of a live order.
    #[must_use]
    #[inline]
    pub fn find(&self, order: OrderRef) -> Option<Slot> {
        let number = order.0 >> PAGE_BITS;
        let index = if number == self.newest.number { self.newest.index } else { self.look_up(number) };
        let slot = slot(index, order);
        (self.records[slot as usize].qty != 0).then_some(slot)
    }

    /// What a live order is. Any slot may be asked for; those of no order have no quantity.
    #[must_use]
    #[inline]
    pub fn get(&self, slot: Slot) -> Record {
        self.records[slot as usize]
    }

    /// A record, to be changed.
    #[inline]
    pub fn get_mut(&mut self, slot: Slot) -> &mut Record {
        &mut self.records[slot as usize]
    }

    /// The number of the order in a slot.
    #[must_use]
    pub fn order_ref(&self, slot: Slot) -> OrderRef {
        let page = self.pages[(slot >> PAGE_BITS) as usize].number;
        OrderRef(page << PAGE_BITS | u64::from(slot) & OFFSET)
    }

    /// Takes a slot for an order that comes. The caller fills the record.
    ///
    /// # Errors
    /// The number is in use, or there is no room.
    #[inline]
    pub fn open(&mut self, order: OrderRef) -> Result<Slot, Refused> {
        let number = order.0 >> PAGE_BITS;
        let index = if number == self.newest.number { self.newest.index } else { self.turn_to(number)? };
        let slot = slot(index, order);
        if self.records[slot as usize].qty != 0 {
            return Err(Refused::Duplicate);
        }
        self.pages[index as usize].live += 1;
        self.live += 1;
        Ok(slot)
    }

    /// Gives a slot back.
    #[inline]
    pub fn close(&mut self, slot: Slot) {
        self.records[slot as usize].qty = 0;
        let index = slot >> PAGE_BITS;
        let page = &mut self.pages[index as usize];
        page.live -= 1;
        self.live -= 1;
        if page.live == 0 && index != self.newest.index {
            self.release(index);
        }
    }

    /// Makes the page of a coming order the newest.
    #[inline(never)]
    fn turn_to(&mut self, number: u64) -> Result<u32, Refused> {
        let former = self.newest.index;
        let mut index = self.look_up(number);
        if index == 0 {
            index = self.add_page(number)?;
        }
        self.newest = Entry { number, index };
        if former != 0 && self.pages[former as usize].live == 0 {
            self.release(former);
        }
        Ok(index)
    }

    fn add_page(&mut self, number: u64) -> Result<u32, Refused> {
        let index = match self.free.pop() {
            Some(index) => index,
            None if self.pages.len() < self.pages_max => {
                let index = u32::try_from(self.pages.len()).map_err(|_| Refused::Full)?;
                self.pages.push(Page::default());
                self.records.resize(self.records.len() + PAGE, Record::default());
                index
            }
            None => return Err(Refused::Full),
        };
        self.pages[index as usize] = Page { number, live: 0 };
        if (self.used + 1) * 2 > self.directory.len() {
            self.grow();
        }
        self.enter(Entry { number, index });
        Ok(index)
    }

    #[cold]
    fn grow(&mut self) {
        let double = vec![Entry::default(); self.directory.len() * 2];
        self.used = 0;
        for entry in std::mem::replace(&mut self.directory, double) {
            if entry.index != 0 {
                self.enter(entry);
            }
        }
    }

    fn enter(&mut self, entry: Entry) {
        let mask = self.directory.len() - 1;
        let mut place = self.home(entry.number);
        while self.directory[place].index != 0 {
            place = (place + 1) & mask;
        }
        self.directory[place] = entry;
        self.used += 1;
    }

    /// The page's index, or 0. The directory is at most half full, so there is an empty entry to stop at.
    #[inline]
    fn look_up(&self, number: u64) -> u32 {
        let mask = self.directory.len() - 1;
        let mut place = self.home(number);
        loop {
            let entry = self.directory[place & mask];
            if entry.number == number || entry.index == 0 {
                return entry.index;
            }
            place += 1;
        }
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
    fn release(&mut self, index: u32) {
        let mask = self.directory.len() - 1;
        let mut hole = self.home(self.pages[index as usize].number);
        while self.directory[hole].index != index {
            hole = (hole + 1) & mask;
        }
        let mut place = hole;
        loop {
            place = (place + 1) & mask;
            let entry = self.directory[place];
            if entry.index == 0 {
                break;
            }
            let from_home = place.wrapping_sub(self.home(entry.number)) & mask;
            if from_home >= (place.wrapping_sub(hole) & mask) {
                self.directory[hole] = entry;
                hole = place;
            }
        }
        self.directory[hole] = Entry::default();
        self.used -= 1;
        self.free.push(index);
    }
}

#[inline]
const fn slot(index: u32, order: OrderRef) -> Slot {
    index << PAGE_BITS | (order.0 & OFFSET) as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn open(orders: &mut Orders, number: u64, qty: u32) -> Result<Slot, Refused> {
        let slot = orders.open(OrderRef(number))?;
        orders.get_mut(slot).qty = qty;
        Ok(slot)
    }

    #[test]
    fn every_number_there_is_can_be_held() {
        let mut orders = Orders::new(16);
        for number in [0, 1, 63, 64, u64::MAX, u64::MAX - 64, 1 << 40] {
            assert_eq!(orders.find(OrderRef(number)), None);
            let slot = open(&mut orders, number, 7).unwrap();
            assert_eq!(orders.find(OrderRef(number)), Some(slot));
            assert_eq!(orders.order_ref(slot), OrderRef(number));
            assert_eq!(open(&mut orders, number, 7), Err(Refused::Duplicate));
        }
        assert_eq!(orders.live(), 7);
    }

    #[test]
    fn memory_follows_what_lives() {
        let mut orders = Orders::new(64);
        for number in 0..100_000 {
            let slot = open(&mut orders, number * 1_000, 1).unwrap();
            orders.close(slot);
        }
        assert!(orders.pages.len() < 8, "{} pages", orders.pages.len());
        let refused = (0..10_000).find_map(|number| open(&mut orders, number * 1_000, 1).err());
        assert_eq!(refused, Some(Refused::Full));
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn the_table_is_a_map(
            steps in prop::collection::vec((0_u64..600, any::<bool>()), 1..2_000),
            stride in prop::sample::select(vec![1_u64, 7, 64, 100_003, 1 << 50]),
        ) {
            let mut orders = Orders::new(16);
            let mut map = BTreeMap::new();
            for (number, add) in steps {
                let order = OrderRef(number.wrapping_mul(stride));
                match (add, map.contains_key(&order)) {
                    (true, true) => prop_assert_eq!(orders.open(order), Err(Refused::Duplicate)),
                    (true, false) => {
                        map.insert(order, open(&mut orders, order.0, 1).unwrap());
                    }
                    (false, true) => orders.close(map.remove(&order).unwrap()),
                    (false, false) => prop_assert_eq!(orders.find(order), None),
                }
                prop_assert_eq!(orders.live(), map.len());
            }
            for (order, slot) in &map {
                prop_assert_eq!(orders.find(*order), Some(*slot));
                prop_assert_eq!(orders.order_ref(*slot), *order);
            }
            orders.clear();
            prop_assert!(map.keys().all(|order| orders.find(*order).is_none()));
        }
    }
}
