//! The price levels of every side of every instrument.
//!
//! Goal: the best level in one step, the level at a price in a few loads, a new level or the next best one by a few bit operations, for a
//! book with a hundred levels as for one with thousands, wherever they lie; for prices that lie very far apart at most 64 steps; and
//! never memory for the prices in between. Non-goal: orders.
//!
//! Prices are counted in ticks, and in *ranks*: ticks turned round on the buy side, so that on every ladder the best level has the
//! lowest rank and no code asks for the side. The low 18 bits of a rank are the way through a trie of bitmaps, the rest is the number of
//! a region of 262,144 ticks, which has a trie of its own.
//!
//! ```text
//!  rank    region ......... | 6 bits | 6 bits | 6 bits
//!
//!  ladder  best level (price and number) ───────────────────────┐
//!          regions: a crit-bit tree, and a list, best first     │
//!  trie    three tiers of 64 bits and 64 references             ▼
//!  level   [head tail shown open · price ladder cell] in a slab: what stands now is together in memory
//! ```
//!
//! A ladder remembers the region it used last, and hardly any instrument ever leaves its first one.

use wire::{InstrumentIndex, Price, Side};

use super::level::Level;
use super::slab::{NIL, Record, Slab};
use super::state_hash::Place;
use super::tick::Tick;
use super::tree::{Link, Neighbour, Trees};
use super::trie::{self, NOWHERE, TIERS, Trie, Way};
use crate::limits::LEVELS_MAX;

/// No region has this number.
const NO_REGION: i64 = i64::MAX;

/// A ladder's number: instrument, kind of order, side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LadderId(u32);

impl LadderId {
    /// Of a level that stands nowhere.
    pub const NONE: Self = Self(NIL);
    /// Ladders of one instrument, one number unused.
    const EACH: u32 = 8;

    /// The ladder of displayed orders.
    #[inline]
    pub const fn new(instrument: InstrumentIndex, side: Side) -> Self {
        Self(instrument.0 * Self::EACH + matches!(side, Side::Sell) as u32)
    }

    /// The ladder of orders that show nothing, or are displayed.
    #[inline]
    pub const fn resting(instrument: InstrumentIndex, side: Side, hidden: bool) -> Self {
        Self(Self::new(instrument, side).0 + 2 * hidden as u32)
    }

    /// The ladder of orders that wait for their stop price. The best is the one that is reached first: of buys the lowest.
    #[inline]
    pub const fn waiting(instrument: InstrumentIndex, side: Side) -> Self {
        Self(Self::new(instrument, side).0 + 4)
    }

    /// The hidden orders beside these displayed ones.
    #[inline]
    pub const fn beside(self) -> Self {
        Self(self.0 + 2)
    }

    #[inline]
    pub const fn instrument(self) -> InstrumentIndex {
        InstrumentIndex(self.0 / Self::EACH)
    }

    #[inline]
    pub const fn side(self) -> Side {
        if self.0.is_multiple_of(2) { Side::Buy } else { Side::Sell }
    }

    pub const fn place(self) -> Place {
        match self.0 % Self::EACH / 2 {
            0 => Place::Displayed,
            1 => Place::Hidden,
            _ => Place::Waiting,
        }
    }

    /// Instrument * 8 + place * 2 + side.
    #[inline]
    pub const fn number(self) -> u32 {
        self.0
    }

    /// Turns a number round where a higher price is better, and is its own inverse: ticks and ranks, prices and keys.
    #[inline]
    pub const fn turn(self, number: i64) -> i64 {
        #[allow(clippy::cast_lossless, reason = "`From` is not const")]
        let ascending = ((self.0 ^ self.0 >> 2) & 1) as i64;
        number ^ (ascending - 1)
    }

    /// All ladders of an instrument.
    pub fn all_of(instrument: InstrumentIndex) -> impl Iterator<Item = Self> {
        (0..6).map(move |kind| Self(instrument.0 * Self::EACH + kind))
    }
}

#[derive(Clone, Copy, Debug)]
#[repr(C, align(32))]
struct Ladder {
    /// The best level's price, turned so that lower is better; the largest number when none stands.
    best_key: i64,
    /// The number of the region used last.
    near_number: i64,
    best: u32,
    /// The root of the trie of the region used last.
    near: u32,
    regions: Link,
}

/// A stretch of 262,144 ticks of a ladder in which levels stand.
#[derive(Clone, Copy, Debug)]
struct Region {
    number: i64,
    root: u32,
    better: u32,
    worse: u32,
}

impl Record for Region {
    fn kept(&self) -> u32 {
        self.root
    }

    fn keep(&mut self, number: u32) {
        self.root = number;
    }
}

/// The place of a price, whether a level stands there or not.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spot {
    rank: i64,
    way: Way,
}

/// Region numbers in order, as the tree wants them.
const fn unsigned(number: i64) -> u64 {
    number.cast_unsigned() ^ 1 << 63
}

/// All ladders of a book.
#[derive(Debug)]
pub(super) struct Ladders {
    ladders: Vec<Ladder>,
    ticks: Vec<Tick>,
    levels: Slab<Level>,
    trie: Trie,
    regions: Slab<Region>,
    trees: Trees,
}

impl Ladders {
    /// Takes the memory for all ladders of so many instruments, with so many levels in all.
    pub fn new(instruments: u32, levels: u32) -> Self {
        assert!(instruments <= 1 << 28, "{instruments} instruments have more ladders than 32 bits can number");
        assert!(levels <= LEVELS_MAX, "{levels} levels may need more trie nodes than 32 bits can number");
        let ladder =
            Ladder { best_key: i64::MAX, near_number: NO_REGION, best: NIL, near: NOWHERE, regions: Link::NONE };
        Self {
            ladders: vec![ladder; instruments as usize * LadderId::EACH as usize],
            ticks: vec![Tick::ONE; instruments as usize],
            levels: Slab::starting_at(NOWHERE + 1, levels, Level::EMPTY),
            trie: Trie::new(levels * TIERS),
            regions: Slab::new(levels, Region { number: 0, root: NOWHERE, better: NIL, worse: NIL }),
            trees: Trees::new(levels),
        }
    }

    /// Sets the price step of an instrument that has no level yet.
    pub fn set_tick(&mut self, instrument: InstrumentIndex, tick: Tick) {
        let stand = LadderId::all_of(instrument).any(|ladder| self.best(ladder) != NIL);
        assert!(!stand, "the tick of instrument {instrument} cannot change while orders of it rest");
        self.ticks[instrument.0 as usize] = tick;
    }

    /// The level with a number.
    #[inline]
    pub fn at(&self, level: u32) -> &Level {
        self.levels.at(level)
    }

    /// The level with a number, to change it.
    #[inline]
    pub fn at_mut(&mut self, level: u32) -> &mut Level {
        self.levels.at_mut(level)
    }

    /// The best level of a ladder, or [`NIL`].
    #[inline]
    pub fn best(&self, ladder: LadderId) -> u32 {
        self.ladders[ladder.0 as usize].best
    }

    /// The price of the best level, turned so that lower is better; the largest number when there is none.
    #[inline]
    pub fn best_key(&self, ladder: LadderId) -> i64 {
        self.ladders[ladder.0 as usize].best_key
    }

    /// How many levels stand.
    pub const fn len(&self) -> u32 {
        self.levels.len()
    }

    /// Whether no more levels may stand.
    #[inline]
    pub fn is_full(&self) -> bool {
        self.levels.is_full()
    }

    /// The place of a price on a ladder; `None` when the price is no multiple of the tick.
    #[inline(always)]
    pub fn spot(&self, ladder: LadderId, price: Price) -> Option<Spot> {
        let rank = ladder.turn(self.ticks[ladder.instrument().0 as usize].number(price)?);
        let Ladder { near_number, near, regions, .. } = self.ladders[ladder.0 as usize];
        let number = rank >> trie::BITS;
        let root = if near_number == number { near } else { self.search(regions, number) };
        Some(Spot { rank, way: self.trie.way(root, rank) })
    }

    /// The level that stands at a spot.
    #[inline(always)]
    pub fn standing(&self, spot: Spot) -> Option<u32> {
        let level = self.trie.at(spot.way, spot.rank);
        (level != NOWHERE).then_some(level)
    }

    /// The level that stands at a price.
    #[inline]
    pub fn find(&self, ladder: LadderId, price: Price) -> Option<u32> {
        self.standing(self.spot(ladder, price)?)
    }

    /// Raises a level at a spot where none stands. The caller has checked that there is room, and puts an order there.
    #[inline(always)]
    pub fn raise(&mut self, ladder: LadderId, price: Price, mut spot: Spot) -> u32 {
        if spot.way.root == NOWHERE {
            spot.way.root = self.raise_region(ladder, spot.rank >> trie::BITS);
        }
        let Some(level) = self.levels.insert(Level { price, ladder, ..Level::EMPTY }) else {
            unreachable!("room for the level was checked")
        };
        self.levels.at_mut(level).cell = self.trie.take(spot.way, spot.rank, level);
        let top = &mut self.ladders[ladder.0 as usize];
        (top.near_number, top.near) = (spot.rank >> trie::BITS, spot.way.root);
        let key = ladder.turn(price.0);
        // Not less only: the best price of all has the key of no price at all.
        let best = key < top.best_key || top.best == NIL;
        top.best = if best { level } else { top.best };
        top.best_key = if best { key } else { top.best_key };
        level
    }

    /// Takes away a level that has become empty.
    #[inline]
    pub fn clear(&mut self, level: u32) {
        let Level { ladder, cell, .. } = *self.levels.at(level);
        if self.best(ladder) == level {
            let best = self.after(level);
            let key = if best == NIL { i64::MAX } else { ladder.turn(self.at(best).price.0) };
            let top = &mut self.ladders[ladder.0 as usize];
            (top.best_key, top.best) = (key, best);
        }
        if let Some(region) = self.trie.leave(cell) {
            self.clear_region(ladder, region);
        }
        self.levels.remove(level);
    }

    /// The next worse level that stands on the same ladder, or [`NIL`].
    #[inline]
    pub fn after(&self, level: u32) -> u32 {
        self.trie.after(self.at(level).cell).unwrap_or_else(|region| {
            let worse = self.regions.at(region).worse;
            if worse == NIL { NIL } else { self.trie.first(self.regions.at(worse).root, TIERS) }
        })
    }

    /// The trie nodes, regions and tree branches in use.
    pub const fn counts(&self) -> [u32; 3] {
        [self.trie.len(), self.regions.len(), self.trees.branch_count()]
    }

    /// What a level needs besides its record: the numbers of its region, of its node in the middle tier, and of the one in the last.
    pub fn needs(&self, level: u32) -> [i64; 3] {
        let Level { ladder, price, .. } = *self.at(level);
        let tick = self.ticks[ladder.instrument().0 as usize].number(price).unwrap_or_default();
        [3, 2, 1].map(|tiers| ladder.turn(tick) >> (tiers * trie::TIER_BITS))
    }

    #[cold]
    fn search(&self, regions: Link, number: i64) -> u32 {
        match self.trees.nearest(regions, unsigned(number)) {
            Some(region) if self.regions.at(region).number == number => self.regions.at(region).root,
            _ => NOWHERE,
        }
    }

    #[cold]
    fn raise_region(&mut self, ladder: LadderId, number: i64) -> u32 {
        let Some(region) = self.regions.insert(Region { number, root: NOWHERE, better: NIL, worse: NIL }) else {
            unreachable!("there are as many regions as levels")
        };
        let tree = &mut self.ladders[ladder.0 as usize].regions;
        let neighbour =
            self.trees.add(tree, unsigned(number), region, |region| unsigned(self.regions.at(region).number));
        let (better, worse) = match neighbour {
            Neighbour::None => (NIL, NIL),
            Neighbour::Before(worse) => (self.regions.at(worse).better, worse),
            Neighbour::After(better) => (better, self.regions.at(better).worse),
        };
        let root = self.trie.add_root(region);
        *self.regions.at_mut(region) = Region { number, root, better, worse };
        if better != NIL {
            self.regions.at_mut(better).worse = region;
        }
        if worse != NIL {
            self.regions.at_mut(worse).better = region;
        }
        root
    }

    #[cold]
    fn clear_region(&mut self, ladder: LadderId, region: u32) {
        let Region { number, root, better, worse } = *self.regions.at(region);
        let top = &mut self.ladders[ladder.0 as usize];
        if top.near == root {
            (top.near_number, top.near) = (NO_REGION, NOWHERE);
        }
        self.trees.remove(&mut top.regions, unsigned(number));
        self.regions.remove(region);
        if better != NIL {
            self.regions.at_mut(better).worse = worse;
        }
        if worse != NIL {
            self.regions.at_mut(worse).better = better;
        }
    }
}
