//! The ring over which reports leave for the thread that collects them: the appliance's own, a report a slot.
//!
//! Goal: what was written is handed over once a burst, as our tiles do. Non-goal: losing reports; who writes into a full ring waits.

use std::mem::MaybeUninit;

use netio::ring::{Consumer, Producer, channel};

use crate::report::Report;

/// A report in the cache line that it fills.
#[derive(Clone, Copy, Debug, Default)]
#[repr(align(64))]
struct Slot(Report);

const _: () = assert!(size_of::<Slot>() == 64);

/// A ring with room for at least so many reports.
pub fn pipe(reports_min: u32) -> (Outbox, Inbox) {
    let slots = reports_min.max(1).checked_next_power_of_two().unwrap_or(1 << 31);
    let (producer, consumer) = channel(slots as usize, Slot::default);
    (Outbox { producer, written: 0, room: 0 }, Inbox { consumer })
}

/// The engine's end.
#[derive(Debug)]
pub struct Outbox {
    producer: Producer<Slot>,
    /// Reports that were written and not handed over yet.
    written: usize,
    /// Slots known to be free, those written included.
    room: usize,
}

impl Outbox {
    /// Writes a report, when there is room.
    pub fn try_write(&mut self, report: &Report) -> bool {
        let room = self.written < self.room || self.look_for_room();
        if room {
            self.put(*report);
        }
        room
    }

    /// Writes a report; waits for room. Part of the caller, so that the report is made in its slot: one made elsewhere, field by field,
    /// and copied in wide pieces would have to wait for its own stores.
    #[inline(always)]
    pub fn write(&mut self, report: Report) {
        if self.written == self.room {
            self.wait_for_room();
        }
        self.put(report);
    }

    #[inline(always)]
    fn put(&mut self, report: Report) {
        self.producer.slot_mut(self.written).0 = report;
        self.written += 1;
    }

    fn look_for_room(&mut self) -> bool {
        self.room = self.producer.acquire(self.written + 1);
        self.written < self.room
    }

    #[cold]
    fn wait_for_room(&mut self) {
        if self.look_for_room() {
            return;
        }
        // What the other end does not see, it cannot take out.
        self.hand_over();
        while !self.look_for_room() {
            std::hint::spin_loop();
        }
    }

    /// Lets the other end see all that was written.
    #[inline]
    pub fn hand_over(&mut self) {
        if self.written > 0 {
            self.producer.release(self.written);
            self.room -= self.written;
            self.written = 0;
        }
    }
}

/// The collector's end.
#[derive(Debug)]
pub struct Inbox {
    consumer: Consumer<Slot>,
}

impl Inbox {
    /// Moves as many reports as there are into `out`, from its beginning, and says how many.
    pub fn take(&mut self, out: &mut [MaybeUninit<Report>]) -> usize {
        let count = self.consumer.acquire(out.len()).min(out.len());
        let (first, second) = self.consumer.slots();
        for (place, slot) in out.iter_mut().zip(first.iter().chain(second)) {
            place.write(slot.0);
        }
        self.consumer.release(count);
        count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(seq: u64) -> Report {
        Report { seq, ..Report::default() }
    }

    #[test]
    fn reports_are_seen_when_handed_over_and_in_order() {
        let (mut outbox, mut inbox) = pipe(3);
        let mut out = [MaybeUninit::new(report(99)); 3];
        for turn in 0..10 {
            assert!(outbox.try_write(&report(turn)) && outbox.try_write(&report(turn + 1)));
            assert_eq!(inbox.take(&mut out), 0);
            outbox.hand_over();
            assert!(outbox.try_write(&report(turn + 2)));
            outbox.hand_over();
            assert_eq!(inbox.take(&mut out[..2]), 2);
            assert_eq!(inbox.take(&mut out[2..]), 1);
            assert_eq!(inbox.take(&mut out), 0);
        }
    }

    #[test]
    fn a_full_ring_takes_nothing_and_keeps_what_it_has() {
        let (mut outbox, mut inbox) = pipe(2);
        assert!(outbox.try_write(&report(1)) && outbox.try_write(&report(2)) && !outbox.try_write(&report(3)));
        outbox.hand_over();
        assert!(!outbox.try_write(&report(3)));
        assert_eq!(inbox.take(&mut [MaybeUninit::uninit(); 8]), 2);
        assert!(outbox.try_write(&report(3)));
    }
}
