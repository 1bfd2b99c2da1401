//! The trace of a running appliance: stamps of the newest commands that are followed, where another thread can read them.
//!
//! ```text
//!   slot      | seq | arrived | receive | … | encode |      matching tile, journal tile: relaxed stores
//!   awaited   | encoded | sent |                            matching tile, net tile: the net tile knows packets, not commands
//! ```
//! Each followed command has the slot that its block of numbers falls on, for as long as it takes until the numbers come round. Goal: a stamp
//! is a store, nobody waits, and what was overwritten is known to be. Non-goal: keeping anything.

use super::{Milestone, Stamp, Trace};
use netio::clock::Clock;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering, fence};
use wire::Seq;

const MILESTONES: usize = Milestone::ALL.len();
/// The fewest slots: at a million commands a second and one of 64 followed, those of 65 ms.
const SLOTS_MIN: usize = 1_024;
/// Packets with followed commands whose sending is awaited at a time.
const AWAITED_BITS: u32 = 10;

/// A followed command: whole cache lines.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Slot {
    /// Whose stamps these are; 0 at first, [`NOBODY`] while they are cleared for the next one.
    seq: AtomicU64,
    ticks: [AtomicU64; MILESTONES],
}

/// No command has this number.
const NOBODY: u64 = u64::MAX;

/// A packet with a followed command.
#[derive(Debug, Default)]
#[repr(align(16))]
struct Awaited {
    /// When it was encoded, which is its name.
    encoded: AtomicU64,
    /// When a packet that fell on this place was sent.
    sent: AtomicU64,
}

/// What the tiles stamp in.
#[derive(Debug)]
pub struct LiveTable {
    power: u32,
    slots: Box<[Slot]>,
    awaited: Box<[Awaited]>,
}

/// What is known of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Known {
    /// When it reached each milestone.
    All([u64; MILESTONES]),
    /// It is not through yet.
    Part,
    /// Its slot has gone to a later one.
    Overwritten,
    /// It was no client's message.
    Nothing,
}

impl LiveTable {
    /// Follows one of 2 to the `power` commands; between matching and journal tile lie `behind_max` of them at most.
    ///
    /// # Panics
    /// `power` is 32 or more.
    #[must_use]
    pub fn new(power: u32, behind_max: usize) -> Self {
        assert!(power < 32, "expected a power below 32, found {power}");
        // The journal tile must not find the slot of a command that it has yet to append gone to another one.
        let slots = ((2 * behind_max) >> power).next_power_of_two().max(SLOTS_MIN);
        let slots = (0..slots).map(|_| Slot::default()).collect();
        Self { power, slots, awaited: (0..1 << AWAITED_BITS).map(|_| Awaited::default()).collect() }
    }

    pub(crate) const fn power(&self) -> u32 {
        self.power
    }

    /// How many commands there are from one that is followed to the one that takes its slot, at least.
    pub(crate) fn span(&self) -> u64 {
        (self.slots.len() as u64 - 1) << self.power
    }

    #[allow(clippy::cast_possible_truncation, reason = "masked to the table's size")]
    fn slot(&self, seq: u64) -> &Slot {
        &self.slots[(seq >> self.power) as usize & (self.slots.len() - 1)]
    }

    #[allow(clippy::cast_possible_truncation, reason = "ten bits")]
    fn awaited(&self, encoded: u64) -> &Awaited {
        &self.awaited[(encoded.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (u64::BITS - AWAITED_BITS)) as usize]
    }

    fn keep(&self, Stamp { key, milestone, ticks }: Stamp) {
        if milestone == Milestone::Send {
            let awaited = self.awaited(key);
            if awaited.encoded.load(Ordering::Relaxed) == key {
                awaited.sent.store(ticks, Ordering::Release);
            }
            return;
        }
        let slot = self.slot(key);
        if milestone == Milestone::Arrived {
            // Whoever reads meanwhile finds no owner, before or after.
            slot.seq.store(NOBODY, Ordering::Relaxed);
            fence(Ordering::Release);
            slot.ticks.iter().for_each(|other| other.store(0, Ordering::Relaxed));
            slot.ticks[Milestone::Arrived as usize].store(ticks, Ordering::Relaxed);
            slot.seq.store(key, Ordering::Release);
            return;
        }
        let place = &slot.ticks[milestone as usize];
        // A command may have several reports, and a report may be sent again: the first counts.
        if slot.seq.load(Ordering::Relaxed) != key || place.load(Ordering::Relaxed) != 0 {
            return;
        }
        if milestone == Milestone::Encode {
            self.awaited(ticks).encoded.store(ticks, Ordering::Relaxed);
        }
        place.store(ticks, Ordering::Release);
    }

    /// What is known of a followed command that is durable.
    pub(crate) fn known(&self, seq: Seq) -> Known {
        let slot = self.slot(seq.0);
        let owner = slot.seq.load(Ordering::Acquire);
        match owner {
            // A durable command has had its slot: who begins there now is a later one.
            later if later > seq.0 => return Known::Overwritten,
            earlier if earlier < seq.0 => return Known::Nothing,
            _ => {}
        }
        // From the last milestone on, so that those before it are seen when it is.
        let mut ticks = [0; MILESTONES];
        for milestone in Milestone::ALL.into_iter().rev() {
            ticks[milestone as usize] = slot.ticks[milestone as usize].load(Ordering::Acquire);
        }
        fence(Ordering::Acquire);
        if slot.seq.load(Ordering::Relaxed) != owner {
            return Known::Overwritten;
        }
        let encoded = ticks[Milestone::Encode as usize];
        let awaited = self.awaited(encoded);
        if encoded != 0 && awaited.encoded.load(Ordering::Relaxed) == encoded {
            // An earlier packet of this place was sent before this one was encoded.
            let sent = awaited.sent.load(Ordering::Acquire);
            ticks[Milestone::Send as usize] = if sent >= encoded { sent } else { 0 };
        }
        if ticks.contains(&0) { Known::Part } else { Known::All(ticks) }
    }
}

/// The trace of one tile.
#[derive(Clone, Debug)]
pub struct Live {
    power: u32,
    table: Arc<LiveTable>,
    clock: Clock,
}

impl Live {
    /// Stamps in this table, by this clock.
    #[must_use]
    pub fn new(table: Arc<LiveTable>, clock: &Clock) -> Self {
        Self { power: table.power, table, clock: clock.clone() }
    }
}

impl Trace for Live {
    const ON: bool = true;

    #[inline]
    fn ticks(&self) -> u64 {
        self.clock.ticks().max(1)
    }

    #[inline]
    fn power(&self) -> u32 {
        self.power
    }

    #[inline]
    fn keep(&mut self, stamp: Stamp) {
        self.table.keep(stamp);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp(table: &LiveTable, key: u64, milestone: Milestone, ticks: u64) {
        table.keep(Stamp { key, milestone, ticks });
    }

    /// All milestones of a command, its first at `base`, but for the sending.
    fn pass(table: &LiveTable, seq: u64, base: u64) {
        for (at, milestone) in (0..).zip(&Milestone::ALL[..MILESTONES - 1]) {
            stamp(table, seq, *milestone, base + at);
        }
    }

    #[test]
    fn a_journey_is_whole_when_its_packet_is_sent() {
        let table = LiveTable::new(4, 1);
        assert_eq!(table.known(Seq(16)), Known::Nothing, "no message had this slot");
        pass(&table, 16, 100);
        assert_eq!(table.known(Seq(16)), Known::Part);
        // A later report of the same command, and a packet that nobody follows.
        stamp(&table, 16, Milestone::Encode, 500);
        stamp(&table, 77, Milestone::Send, 110);
        assert_eq!(table.known(Seq(16)), Known::Part);
        stamp(&table, 109, Milestone::Send, 110);
        let expected: [u64; MILESTONES] = std::array::from_fn(|at| 100 + at as u64);
        assert_eq!(table.known(Seq(16)), Known::All(expected));
    }

    #[test]
    fn what_was_overwritten_is_known_to_be() {
        let table = LiveTable::new(4, 1);
        let later = 16 + table.span() + 16;
        pass(&table, 16, 100);
        pass(&table, later, 1_000);
        assert_eq!(table.known(Seq(16)), Known::Overwritten);
        // Late stamps of the earlier one do not get into the later one.
        let fresh = LiveTable::new(4, 1);
        pass(&fresh, 16, 100);
        stamp(&fresh, later, Milestone::Arrived, 1_000);
        stamp(&fresh, 16, Milestone::Append, 7);
        stamp(&fresh, later, Milestone::Encode, 1_009);
        assert_eq!(fresh.slot(later).ticks[Milestone::Append as usize].load(Ordering::Relaxed), 0);
        // A command of the same slot's block that was no message.
        assert_eq!(table.known(Seq(later + table.span() + 16)), Known::Nothing);
    }

    #[test]
    fn a_packet_that_was_sent_before_this_one_was_encoded_is_another_one() {
        let table = LiveTable::new(4, 1);
        pass(&table, 16, 100);
        table.awaited(109).sent.store(90, Ordering::Relaxed);
        assert_eq!(table.known(Seq(16)), Known::Part);
    }
}
