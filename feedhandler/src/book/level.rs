//! The levels of all books, in one slab.
//!
//! Goal: half a cache line, and never parts of two, for everything that an order's change changes. Non-goal: finding a level by its price (see
//! [`crate::ladder`]).

use wire::{Price, Side, TimeOfDay};

use super::listener::LevelChange;
use super::orders::{NONE, Slot};

/// One price of one side of one instrument.
#[derive(Clone, Copy, Debug, Default)]
#[repr(align(32))]
pub struct Level {
    /// Quantity of all its orders.
    pub total: u64,
    /// How many; 0 while the level is free.
    pub orders: u32,
    /// Its price.
    price: u32,
    /// First in line. Of a free level: the next free one.
    pub first: Slot,
    /// Last in line.
    pub last: Slot,
    /// Locate code and side.
    home: u32,
}

impl Level {
    #[inline]
    pub fn locate(&self) -> u16 {
        // Was put in as 16 bits.
        u16::try_from(self.home >> 1).unwrap_or_default()
    }

    #[inline]
    pub const fn side(&self) -> Side {
        if self.home & 1 == 0 { Side::Buy } else { Side::Sell }
    }

    #[inline]
    pub const fn price(&self) -> Price {
        Price(self.price as i64)
    }

    #[inline]
    pub fn change(&self, time: TimeOfDay) -> LevelChange {
        LevelChange {
            locate: self.locate(),
            side: self.side(),
            time,
            price: self.price(),
            total: self.total,
            orders: self.orders,
        }
    }
}

/// The slab. Level 0 is no level: a ladder has it where it has nothing.
#[derive(Clone, Debug)]
pub struct Levels {
    levels: Vec<Level>,
    /// The level freed last; [`NO_LEVEL`] when none is free.
    free: u32,
}

const NO_LEVEL: u32 = 0;

impl Levels {
    pub fn new(levels: usize) -> Self {
        let mut slab = Self { levels: Vec::with_capacity(levels + 1), free: NO_LEVEL };
        slab.levels.push(Level::default());
        slab
    }

    pub fn clear(&mut self) {
        self.levels.truncate(1);
        self.free = NO_LEVEL;
    }

    /// Looks at a level, which need not be there, so that it is in the cache by the time that it is changed.
    #[inline]
    pub fn look(&self, index: u32) -> u64 {
        self.levels.get(index as usize).map_or(0, |level| level.total)
    }

    #[inline]
    pub fn get(&self, index: u32) -> &Level {
        &self.levels[index as usize]
    }

    #[inline]
    pub fn get_mut(&mut self, index: u32) -> &mut Level {
        &mut self.levels[index as usize]
    }

    /// Takes a level for a price that is new. There are no more levels than orders, so their number fits.
    pub fn open(&mut self, locate: u16, side: Side, price: u32) -> u32 {
        let home = u32::from(locate) << 1 | u32::from(side == Side::Sell);
        let level = Level { total: 0, orders: 0, price, first: NONE, last: NONE, home };
        if self.free == NO_LEVEL {
            let index = u32::try_from(self.levels.len()).unwrap_or(NO_LEVEL);
            self.levels.push(level);
            return index;
        }
        let index = self.free;
        let place = &mut self.levels[index as usize];
        self.free = place.first;
        *place = level;
        index
    }

    pub fn close(&mut self, index: u32) {
        self.levels[index as usize].first = self.free;
        self.free = index;
    }
}
