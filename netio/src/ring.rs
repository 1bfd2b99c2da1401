//! A bounded single-producer single-consumer ring: the only way two tiles talk.
//!
//! Each side has two verbs, batch first: `acquire` says how many slots this side may touch now, `release` hands the
//! first `n` of them to the other side. Slots are initialised once and then written and read in place, so nothing is
//! allocated, moved or dropped while the ring runs.
//!
//! ```text
//!   cursors only grow; a slot's place is cursor & mask
//!
//!   read            written           read + capacity
//!    |  the consumer's |   the producer's   |
//!    v                 v                    v
//!  [ r ][ r ][ r ][ r ][ w ][ w ][ w ][ w ][ w ]
//! ```
//!
//! Each side keeps its own cursor and a stale copy of the other's, and looks at the shared one only when the copy does
//! not promise enough; so a busy ring moves a cursor's cache line once a batch, not once a slot.
//!
//! Non-goals: several producers, several consumers, blocking, growing.
// Why unsafe: the two sides hand out references into the same slots; see `slots.rs`. Each call names the half of the
// cursor protocol that makes the range its own.
#![allow(unsafe_code)]

mod slots;
mod sync;

use self::slots::Slots;
use self::sync::{Arc, AtomicBool, AtomicU64, Ordering};

/// Makes a ring of `slots` slots, each made by `init`, and returns its two ends.
///
/// # Panics
///
/// When `slots` is not a power of two: a ring's size is configuration, to be checked where it is read.
pub fn channel<T: Send>(slots: usize, init: impl FnMut() -> T) -> (Producer<T>, Consumer<T>) {
    assert!(slots.is_power_of_two(), "a ring needs a power of two of slots, found {slots}: round it up");
    let shared = Arc::new(Shared {
        written: Line(AtomicU64::new(0)),
        read: Line(AtomicU64::new(0)),
        producer_gone: AtomicBool::new(false),
        consumer_gone: AtomicBool::new(false),
        slots: Slots::new(slots, init),
    });
    let producer = Producer { shared: Arc::clone(&shared), capacity: slots, written: 0, read_seen: 0, waits: 0 };
    let consumer = Consumer { shared, capacity: slots, read: 0, written_seen: 0, high_water: 0 };
    (producer, consumer)
}

/// The writing end. Dropping it closes the ring for the consumer, who can still read what was released.
#[derive(Debug)]
pub struct Producer<T> {
    shared: Arc<Shared<T>>,
    capacity: usize,
    written: u64,
    read_seen: u64,
    waits: u64,
}

impl<T> Producer<T> {
    /// How many slots can be written now. Looks at the consumer's cursor only when fewer than `want` are known to be
    /// free, so the answer may be below `want` (there is no more) or above it (more was known already).
    #[inline]
    pub fn acquire(&mut self, want: usize) -> usize {
        let free = self.known_free();
        if free >= want {
            return free;
        }
        // Acquire: the consumer's reads of a slot end before we write into it again.
        self.read_seen = self.shared.read.0.load(Ordering::Acquire);
        let free = self.known_free();
        self.waits += u64::from(free < want);
        free
    }

    /// The slots that the last `acquire` found free, oldest first; the second part is what wraps around.
    ///
    /// What is in them is left over from an earlier turn, or from `init`.
    #[inline]
    pub fn slots(&mut self) -> (&mut [T], &mut [T]) {
        // SAFETY: [written, written + known_free) is free by a cursor that only grows, the consumer never touches it
        // before `release`, and the result borrows this only producer mutably.
        unsafe { self.shared.slots.range_mut(self.written, self.known_free()) }
    }

    /// The `index`th of the acquired slots.
    ///
    /// # Panics
    ///
    /// When `index` is not below what the last `acquire` returned.
    #[inline]
    pub fn slot_mut(&mut self, index: usize) -> &mut T {
        let free = self.known_free();
        assert!(index < free, "slot {index} was not acquired: {free} were");
        // SAFETY: as in `slots`; the assertion keeps the slot inside the free range.
        unsafe { self.shared.slots.one_mut(self.written + slot_count(index)) }
    }

    /// Hands the first `count` acquired slots to the consumer.
    ///
    /// # Panics
    ///
    /// When more are released than were acquired.
    #[inline]
    pub fn release(&mut self, count: usize) {
        let free = self.known_free();
        assert!(count <= free, "{count} slots released, {free} acquired");
        self.written += slot_count(count);
        // Release: what was written into the slots is visible before the cursor that covers them.
        self.shared.written.0.store(self.written, Ordering::Release);
    }

    /// Writes one value, or gives it back when the ring is full.
    ///
    /// # Errors
    ///
    /// The value itself, when there is no room.
    #[inline]
    pub fn push(&mut self, value: T) -> Result<(), T> {
        if self.acquire(1) == 0 {
            return Err(value);
        }
        *self.slot_mut(0) = value;
        self.release(1);
        Ok(())
    }

    /// How many slots the ring has.
    #[must_use]
    pub const fn capacity(&self) -> usize {
        self.capacity
    }

    /// How many slots are free at this moment, by the consumer's shared cursor.
    #[must_use]
    pub fn free(&self) -> usize {
        self.capacity - span(self.written, self.shared.read.0.load(Ordering::Acquire))
    }

    /// How many slots were ever released.
    #[must_use]
    pub const fn released(&self) -> u64 {
        self.written
    }

    /// How often [`acquire`](Self::acquire) found less room than it was asked for.
    #[must_use]
    pub const fn waits(&self) -> u64 {
        self.waits
    }

    /// Whether the consumer is gone: nobody will read what is written.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.shared.consumer_gone.load(Ordering::Acquire)
    }

    #[inline]
    fn known_free(&self) -> usize {
        self.capacity - span(self.written, self.read_seen)
    }
}

impl<T> Drop for Producer<T> {
    fn drop(&mut self) {
        self.shared.producer_gone.store(true, Ordering::Release);
    }
}

/// The reading end. Dropping it closes the ring for the producer.
#[derive(Debug)]
pub struct Consumer<T> {
    shared: Arc<Shared<T>>,
    capacity: usize,
    read: u64,
    written_seen: u64,
    high_water: usize,
}

impl<T> Consumer<T> {
    /// How many slots can be read now. Looks at the producer's cursor only when fewer than `want` are known to be
    /// there, so the answer may be below `want` (there is no more) or above it (more was known already).
    #[inline]
    pub fn acquire(&mut self, want: usize) -> usize {
        let ready = self.known_ready();
        if ready >= want {
            return ready;
        }
        // Acquire: the producer's writes into the slots happened before the cursor that covers them.
        self.written_seen = self.shared.written.0.load(Ordering::Acquire);
        let ready = self.known_ready();
        self.high_water = self.high_water.max(ready);
        ready
    }

    /// The slots that the last `acquire` found, oldest first; the second part is what wraps around.
    #[inline]
    #[must_use]
    pub fn slots(&self) -> (&[T], &[T]) {
        // SAFETY: [read, written_seen) was released by the producer, who does not touch it before our `release`, which
        // needs this consumer mutably and so ends the borrow.
        unsafe { self.shared.slots.range(self.read, self.known_ready()) }
    }

    /// The `index`th of the acquired slots.
    ///
    /// # Panics
    ///
    /// When `index` is not below what the last `acquire` returned.
    #[inline]
    #[must_use]
    pub fn slot(&self, index: usize) -> &T {
        let ready = self.known_ready();
        assert!(index < ready, "slot {index} was not acquired: {ready} were");
        // SAFETY: as in `slots`; the assertion keeps the slot inside the released range.
        unsafe { self.shared.slots.one(self.read + slot_count(index)) }
    }

    /// Gives the first `count` acquired slots back to the producer.
    ///
    /// # Panics
    ///
    /// When more are released than were acquired.
    #[inline]
    pub fn release(&mut self, count: usize) {
        let ready = self.known_ready();
        assert!(count <= ready, "{count} slots released, {ready} acquired");
        self.read += slot_count(count);
        // Release: our reads of the slots end before the producer may see them free.
        self.shared.read.0.store(self.read, Ordering::Release);
    }

    /// Reads one value, when there is one.
    #[inline]
    pub fn pop(&mut self) -> Option<T>
    where
        T: Copy,
    {
        if self.acquire(1) == 0 {
            return None;
        }
        let value = *self.slot(0);
        self.release(1);
        Some(value)
    }

    /// How many slots the ring has.
    #[must_use]
    pub const fn capacity(&self) -> usize {
        self.capacity
    }

    /// How many slots wait to be read at this moment, by the producer's shared cursor.
    #[must_use]
    pub fn ready(&self) -> usize {
        span(self.shared.written.0.load(Ordering::Acquire), self.read)
    }

    /// How many slots were ever released.
    #[must_use]
    pub const fn released(&self) -> u64 {
        self.read
    }

    /// The most that were ready when [`acquire`](Self::acquire) looked at the producer's cursor.
    #[must_use]
    pub const fn high_water(&self) -> usize {
        self.high_water
    }

    /// Whether the producer is gone. What it released before is still there: a consumer that sees this looks once
    /// more with `acquire` before it believes that the ring has ended.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.shared.producer_gone.load(Ordering::Acquire)
    }

    #[inline]
    fn known_ready(&self) -> usize {
        span(self.written_seen, self.read)
    }
}

impl<T> Drop for Consumer<T> {
    fn drop(&mut self) {
        self.shared.consumer_gone.store(true, Ordering::Release);
    }
}

/// 128 bytes, two cache lines: processors fetch lines in pairs, and a neighbour's cursor must not come along.
#[derive(Debug)]
#[repr(align(128))]
struct Line<T>(T);

#[derive(Debug)]
struct Shared<T> {
    written: Line<AtomicU64>,
    read: Line<AtomicU64>,
    producer_gone: AtomicBool,
    consumer_gone: AtomicBool,
    slots: Slots<T>,
}

/// Slots between two cursors; never above the capacity.
#[inline]
#[allow(clippy::cast_possible_truncation, reason = "the span of a ring's cursors is at most its capacity, a usize")]
fn span(ahead: u64, behind: u64) -> usize {
    debug_assert!(ahead >= behind);
    (ahead - behind) as usize
}

#[inline]
fn slot_count(count: usize) -> u64 {
    const { assert!(size_of::<usize>() <= size_of::<u64>()) };
    count as u64
}
