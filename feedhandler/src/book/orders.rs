//! Live orders by their number.
//!
//! Goal: one cache line for an order, at a place that its number alone tells where numbers are dense, as a venue's are; whatever numbers
//! come, memory follows the orders that live. Non-goal: what an order is part of.
//!
//! ```text
//!   number  = | page number      ..... | 6 bits |
//!                  │ lower bits: the page's own place in the ring, if no page with live orders is there
//!                  │ else: a place behind the ring (orders/strays)
//!                  ▼
//!   slot    = | place of the page      | 6 bits |     records: 16 bytes each, 64 a page
//! ```
//!
//! Nothing is done when the last order of a page in the ring goes: the next page for that place looks whether it is free. Slot 0 holds
//! no order: it stands for "none", so that links may be written without asking whether there is a neighbour.

mod strays;

use wire::OrderRef;

use strays::Strays;

/// A place in the table.
pub type Slot = u32;

/// The slot of no order.
pub const NONE: Slot = 0;

const PAGE_BITS: u32 = 6;
const PAGE: usize = 1 << PAGE_BITS;
const OFFSET: u64 = PAGE as u64 - 1;
/// Slots are numbered in 32 bits.
const PAGES_MAX: usize = 1 << (32 - PAGE_BITS);

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

/// A record where it lies. Numbers and not fields, because the memory of numbers comes from the system as zeros, untouched.
type Words = [u32; 4];

const QTY: usize = 0;
const LEVEL: usize = 1;
const BEFORE: usize = 2;
const BEHIND: usize = 3;

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
    /// The page of slot 0, the ring, the strays.
    records: Vec<Words>,
    /// Of each page, whose it is: its number and one, or 0.
    owners: Vec<u64>,
    /// Pages of the ring, less one.
    ring_mask: u64,
    strays: Strays,
    live: usize,
}

impl Orders {
    /// Room for so many live orders, if each page has four of them and more; for sixteen, the usual, all lie in the ring.
    #[must_use]
    pub fn new(orders: usize) -> Self {
        let ring = (orders / 16 + 16).next_power_of_two().min(PAGES_MAX / 4);
        let strays_max = (orders / 4 + 1024).min(PAGES_MAX / 2);
        Self {
            records: vec![[0; 4]; (1 + ring) * PAGE],
            owners: vec![0; 1 + ring],
            ring_mask: ring as u64 - 1,
            strays: Strays::new(1 + ring, strays_max),
            live: 0,
        }
    }

    /// Live orders.
    #[must_use]
    pub const fn live(&self) -> usize {
        self.live
    }

    /// Forgets all orders and keeps the memory.
    pub fn clear(&mut self) {
        for (records, owner) in self.records.chunks_exact_mut(PAGE).zip(&mut self.owners) {
            if *owner != 0 {
                records.fill([0; 4]);
                *owner = 0;
            }
        }
        self.strays.clear();
        self.live = 0;
    }

    /// The slot of a live order.
    #[must_use]
    #[inline]
    pub fn find(&self, order: OrderRef) -> Option<Slot> {
        let slot = slot(self.page(order.0 >> PAGE_BITS), order);
        (self.records[slot as usize][QTY] != 0).then_some(slot)
    }

    /// The level of an order, if it is one and in the ring; asks for the memory of its record.
    #[inline]
    pub fn look(&self, order: OrderRef) -> u32 {
        let page = self.place_in_ring(order.0 >> PAGE_BITS);
        self.records.get(slot(page, order) as usize).map_or(0, |words| words[LEVEL])
    }

    /// What a live order is. Any slot may be asked for; those of no order have no quantity.
    #[must_use]
    #[inline]
    pub fn get(&self, slot: Slot) -> Record {
        let [qty, level, before, behind] = self.records[slot as usize];
        Record { qty, level, before, behind }
    }

    /// Fills the record of a slot that was opened; the order before it learns who is behind.
    #[inline]
    pub fn put(&mut self, slot: Slot, record: &Record) {
        self.records[slot as usize] = [record.qty, record.level, record.before, record.behind];
        self.records[record.before as usize][BEHIND] = slot;
    }

    /// Leaves a live order less.
    #[inline]
    pub fn set_qty(&mut self, slot: Slot, qty: u32) {
        self.records[slot as usize][QTY] = qty;
    }

    /// The number of the order in a slot.
    #[must_use]
    pub fn order_ref(&self, slot: Slot) -> OrderRef {
        let page = self.owners[(slot >> PAGE_BITS) as usize].wrapping_sub(1);
        OrderRef(page << PAGE_BITS | u64::from(slot) & OFFSET)
    }

    /// Takes a slot for an order that comes. The caller fills the record.
    ///
    /// # Errors
    /// The number is in use, or there is no room.
    #[inline]
    pub fn open(&mut self, order: OrderRef) -> Result<Slot, Refused> {
        let number = order.0 >> PAGE_BITS;
        let mut page = self.place_in_ring(number);
        if self.owners[page as usize] != number + 1 {
            page = self.turn_to(number, page)?;
        }
        let slot = slot(page, order);
        if self.records[slot as usize][QTY] != 0 {
            return Err(Refused::Duplicate);
        }
        self.live += 1;
        if self.is_stray(page) {
            self.strays.join(page);
        }
        Ok(slot)
    }

    /// Gives a slot back, whose record this is; its neighbours become each other's.
    #[inline]
    pub fn close(&mut self, slot: Slot, record: &Record) {
        self.records[record.before as usize][BEHIND] = record.behind;
        self.records[record.behind as usize][BEFORE] = record.before;
        self.records[slot as usize][QTY] = 0;
        self.live -= 1;
        let page = slot >> PAGE_BITS;
        if self.is_stray(page) {
            self.strays.leave(page, self.owners[page as usize].wrapping_sub(1));
        }
    }

    /// Where a page's orders are: the place of no page when there are none.
    #[inline]
    fn page(&self, number: u64) -> u32 {
        let place = self.place_in_ring(number);
        if self.owners[place as usize] == number + 1 { place } else { self.strays.find(number) }
    }

    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "cut to the number of pages")]
    const fn place_in_ring(&self, number: u64) -> u32 {
        1 + (number & self.ring_mask) as u32
    }

    /// The place of a page that is not in the ring: among the strays, or now in the ring because nobody lives at its place, or
    /// now among the strays.
    #[inline(never)]
    fn turn_to(&mut self, number: u64, in_ring: u32) -> Result<u32, Refused> {
        let mut place = self.strays.find(number);
        if place == 0 {
            place = if self.is_empty(in_ring) { in_ring } else { self.strays.add(number)? };
            if place as usize == self.owners.len() {
                self.owners.push(0);
                self.records.resize(self.records.len() + PAGE, [0; 4]);
            }
            self.owners[place as usize] = number + 1;
        }
        Ok(place)
    }

    /// Whether no order of a page lives.
    fn is_empty(&self, page: u32) -> bool {
        let first = (page as usize) << PAGE_BITS;
        self.owners[page as usize] == 0 || self.records[first..first + PAGE].iter().all(|words| words[QTY] == 0)
    }

    #[inline]
    fn is_stray(&self, page: u32) -> bool {
        u64::from(page) > self.ring_mask + 1
    }
}

#[inline]
const fn slot(page: u32, order: OrderRef) -> Slot {
    page << PAGE_BITS | (order.0 & OFFSET) as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn open(orders: &mut Orders, number: u64, qty: u32) -> Result<Slot, Refused> {
        let slot = orders.open(OrderRef(number))?;
        orders.put(slot, &Record { qty, ..Record::default() });
        Ok(slot)
    }

    fn close(orders: &mut Orders, slot: Slot) {
        let record = orders.get(slot);
        orders.close(slot, &record);
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
            close(&mut orders, slot);
        }
        assert_eq!(orders.strays.pages(), 0);
        let refused = (0..10_000).find_map(|number| open(&mut orders, number * 1_000, 1).err());
        assert_eq!(refused, Some(Refused::Full));
        let most = orders.strays.pages();
        assert!(orders.live() > most);
        for number in 0..10_000 {
            if let Some(slot) = orders.find(OrderRef(number * 1_000)) {
                close(&mut orders, slot);
            }
        }
        // The places are had again, by other numbers.
        assert!((20_000..30_000).any(|number| open(&mut orders, number * 1_000, 1).is_err()));
        assert_eq!((orders.live() > most, orders.strays.pages()), (true, most));
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
                    (false, true) => close(&mut orders, map.remove(&order).unwrap()),
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
