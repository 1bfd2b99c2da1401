//! Reports through our ring to a second thread, which reads every one of them.
//!
//! Goal: the hand-over that an appliance of two cores pays, and a proof that every report arrived whole. Non-goal: encoding for a wire;
//! levels, which are market data and leave on another link.

use std::hint::black_box;
use std::thread::{self, JoinHandle};

use crate::cores::wait;
use crate::error::BenchError;
use crate::subject::Ear;
use engine::book::BookEvent;
use netio::cpu::{PinError, pin_current_thread};
use netio::ring::{Consumer, Producer, channel};

/// A report: a cache line.
#[derive(Clone, Copy, Debug, Default)]
#[repr(align(64))]
struct Slot([u64; 8]);

/// 512 KiB of reports: what a second core may be behind.
const SLOTS: usize = 8_192;
/// Commands after which what was written is handed over, as a tile does once a turn.
const BURST: usize = 64;

/// What went over the ring: both ends must say the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Passed {
    /// Reports.
    pub reports: u64,
    /// The wrapping sum of all their words.
    pub sum: u64,
}

impl Passed {
    #[inline]
    fn add(&mut self, slot: &[u64; 8]) {
        self.reports += 1;
        self.sum = slot.iter().fold(self.sum, |sum, word| sum.wrapping_add(*word));
    }
}

/// The reading thread.
#[derive(Debug)]
pub struct Drain {
    thread: JoinHandle<Result<Passed, PinError>>,
}

/// The writing end: an ear that reports what it hears.
#[derive(Debug)]
pub struct Outbox {
    producer: Producer<Slot>,
    /// Reports that were written and not handed over yet.
    written: usize,
    seq: u64,
    reports: u64,
}

/// Starts a reader on `core`.
///
/// # Errors
/// The system gives no thread.
pub fn start(core: usize) -> Result<(Outbox, Drain), BenchError> {
    let (producer, consumer) = channel(SLOTS, Slot::default);
    let read = move || {
        pin_current_thread(core)?;
        Ok(drain(consumer))
    };
    let thread = thread::Builder::new().name("bench-drain".to_owned()).spawn(read).map_err(BenchError::Thread)?;
    Ok((Outbox { producer, written: 0, seq: 0, reports: 0 }, Drain { thread }))
}

impl Drain {
    /// Waits until all is read, and says what it was. The outbox is gone by then.
    ///
    /// # Errors
    /// The core could not be had, or reports are missing.
    pub fn finish(self, outbox: Outbox) -> Result<Passed, BenchError> {
        let reports = outbox.reports;
        drop(outbox);
        let died = |_| BenchError::Thread(std::io::Error::other("the reading thread panicked"));
        let passed = self.thread.join().map_err(died)??;
        if passed.reports == reports { Ok(passed) } else { Err(BenchError::Ring { wrong: reports - passed.reports }) }
    }
}

impl Outbox {
    /// Lets the reader see all that was written.
    #[inline]
    pub fn hand_over(&mut self) {
        if self.written > 0 {
            self.producer.release(self.written);
            self.written = 0;
        }
    }

    #[inline]
    fn write(&mut self, report: [u64; 8]) {
        if self.producer.acquire(self.written + 1) <= self.written {
            self.wait_for_room();
        }
        self.producer.slot_mut(self.written).0 = report;
        self.written += 1;
        self.reports += 1;
    }

    #[cold]
    fn wait_for_room(&mut self) {
        // What the reader does not see, it cannot take out.
        self.hand_over();
        let mut turns = 0;
        while self.producer.acquire(1) == 0 {
            assert!(!self.producer.is_closed(), "the reader of reports ended before the writer");
            wait(&mut turns);
        }
    }
}

impl Drop for Outbox {
    fn drop(&mut self) {
        self.hand_over();
    }
}

impl Ear for Outbox {
    #[inline]
    fn begin(&mut self, line: usize) {
        self.seq = line as u64;
        if line.is_multiple_of(BURST) {
            self.hand_over();
        }
    }

    #[inline(always)]
    fn event(&mut self, event: &BookEvent) {
        let seq = self.seq;
        match *event {
            BookEvent::Accepted { key, order_ref, side, price, qty, .. } => {
                self.write([word(0, side as u8), seq, key.get(), order_ref.0, bits(price.0), u64::from(qty.0), 0, 0]);
            }
            BookEvent::Trade { maker, taker, maker_ref, taker_ref, taker_side, price, qty, maker_leaves, .. } => {
                let quantities = u64::from(maker_leaves.0) << 32 | u64::from(qty.0);
                let kind = word(1, taker_side as u8);
                self.write([kind, seq, maker.get(), taker.get(), bits(price.0), quantities, maker_ref.0, taker_ref.0]);
            }
            BookEvent::Canceled { key, order_ref, side, price, qty, leaves, .. } => {
                let quantities = u64::from(leaves.0) << 32 | u64::from(qty.0);
                self.write([word(2, side as u8), seq, key.get(), order_ref.0, bits(price.0), quantities, 0, 0]);
            }
            BookEvent::Replaced { old_key, old_ref, key, order_ref, side, price, qty, .. } => {
                let kind = word(3, side as u8);
                let (price, qty) = (bits(price.0), u64::from(qty.0));
                self.write([kind, seq, key.get(), order_ref.0, price, qty, old_key.get(), old_ref.0]);
            }
            BookEvent::Rejected { key, .. } => self.write([word(4, 0), seq, key.get(), 0, 0, 0, 0, 0]),
            // No step asks for a stop order, so none is elected.
            BookEvent::Elected { .. }
            | BookEvent::Rested { .. }
            | BookEvent::Refreshed { .. }
            | BookEvent::Level { .. } => {}
        }
    }

    fn report(&mut self, _message: &[u8]) {}

    fn packet(&mut self, _bytes: &[u8]) {}
}

const fn word(kind: u8, side: u8) -> u64 {
    #[allow(clippy::cast_lossless, reason = "`From` is not const")]
    {
        (side as u64) << 8 | kind as u64
    }
}

const fn bits(price: i64) -> u64 {
    price.cast_unsigned()
}

fn drain(mut consumer: Consumer<Slot>) -> Passed {
    let mut passed = Passed::default();
    let mut turns = 0;
    loop {
        let closed = consumer.is_closed();
        let count = consumer.acquire(1);
        if count == 0 {
            if closed {
                return passed;
            }
            wait(&mut turns);
            continue;
        }
        let (first, second) = consumer.slots();
        for slot in first.iter().chain(second) {
            passed.add(black_box(&slot.0));
        }
        consumer.release(count);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::book::OrderKey;
    use netio::cpu::allowed_cores;

    #[test]
    fn every_report_arrives_once_and_whole_and_levels_do_not() {
        let core = allowed_cores()[0];
        let (mut outbox, drain) = start(core).expect("a thread");
        let mut expected = Passed::default();
        // More than the ring holds, so the writer has to wait for the reader.
        for line in 0..3 * SLOTS {
            outbox.begin(line);
            let key = OrderKey::new(wire::SessionIndex(3), wire::UserRefNum(7));
            outbox.event(&BookEvent::Rejected { key, reason: engine::book::BookReject::NotLive });
            expected.add(&[4, line as u64, key.get(), 0, 0, 0, 0, 0]);
            let (instrument, side, price) = (wire::InstrumentIndex(0), wire::Side::Buy, wire::Price(1));
            outbox.event(&BookEvent::Level { instrument, side, price, qty: 1 });
        }
        assert_eq!(drain.finish(outbox).expect("nothing is lost"), expected);
    }
}
