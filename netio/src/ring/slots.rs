//! The memory of a ring: initialised slots which two threads may touch, never the same slot at the same time.
//!
//! Under loom each slot has a witness cell, touched whenever the slot is handed out, so that the model checker sees a
//! missing ordering between the two sides as a data race.
// Why unsafe: two threads get references, one of them mutable, into one allocation. Who may touch which slot is decided
// by the cursors in `ring.rs`, which the borrow checker cannot see.
#![allow(unsafe_code)]

use std::cell::UnsafeCell;
use std::slice;

#[derive(Debug)]
pub(super) struct Slots<T> {
    cells: Box<[UnsafeCell<T>]>,
    mask: u64,
    #[cfg(loom)]
    witness: Box<[loom::cell::UnsafeCell<()>]>,
}

// SAFETY: the slots are reached only through the functions below, whose callers promise that no slot is reachable from
// two threads at once; so a slot is only ever handed over, for which `Send` is enough.
unsafe impl<T: Send> Sync for Slots<T> {}

impl<T> Slots<T> {
    pub(super) fn new(count: usize, mut init: impl FnMut() -> T) -> Self {
        Self {
            cells: (0..count).map(|_| UnsafeCell::new(init())).collect(),
            mask: count as u64 - 1,
            #[cfg(loom)]
            witness: (0..count).map(|_| loom::cell::UnsafeCell::new(())).collect(),
        }
    }

    /// # Safety
    ///
    /// `len` is at most the number of slots, and no one else touches the slots at cursors `[from, from + len)` while
    /// the result lives.
    #[inline]
    #[allow(clippy::mut_from_ref, reason = "exclusive by the caller's promise, not by the borrow")]
    pub(super) unsafe fn range_mut(&self, from: u64, len: usize) -> (&mut [T], &mut [T]) {
        let (start, first, second) = self.split(from, len);
        #[cfg(loom)]
        self.witness_write(from, len);
        let base = self.base();
        // SAFETY: `start` is below the number of slots.
        let at = unsafe { base.add(start) };
        // SAFETY: start + first is at most the number of slots, all initialised, and ours by the caller's promise.
        let before_wrap = unsafe { slice::from_raw_parts_mut(at, first) };
        // SAFETY: second is at most `start`, so this part does not meet the one above; ours by the caller's promise.
        let after_wrap = unsafe { slice::from_raw_parts_mut(base, second) };
        (before_wrap, after_wrap)
    }

    /// # Safety
    ///
    /// `len` is at most the number of slots, and no one writes the slots at cursors `[from, from + len)` while the
    /// result lives.
    #[inline]
    pub(super) unsafe fn range(&self, from: u64, len: usize) -> (&[T], &[T]) {
        let (start, first, second) = self.split(from, len);
        #[cfg(loom)]
        self.witness_read(from, len);
        let base = self.base();
        // SAFETY: `start` is below the number of slots.
        let at = unsafe { base.add(start) };
        // SAFETY: start + first is at most the number of slots, all initialised; nobody writes, by the promise.
        let before_wrap = unsafe { slice::from_raw_parts(at, first) };
        // SAFETY: second is below the number of slots; nobody writes, by the promise.
        let after_wrap = unsafe { slice::from_raw_parts(base, second) };
        (before_wrap, after_wrap)
    }

    /// # Safety
    ///
    /// No one else touches the slot at cursor `at` while the result lives.
    #[inline]
    #[allow(clippy::mut_from_ref, reason = "exclusive by the caller's promise, not by the borrow")]
    pub(super) unsafe fn one_mut(&self, at: u64) -> &mut T {
        #[cfg(loom)]
        self.witness_write(at, 1);
        // SAFETY: initialised, and ours by the caller's promise.
        unsafe { &mut *self.cells[self.index(at)].get() }
    }

    /// # Safety
    ///
    /// No one writes the slot at cursor `at` while the result lives.
    #[inline]
    pub(super) unsafe fn one(&self, at: u64) -> &T {
        #[cfg(loom)]
        self.witness_read(at, 1);
        // SAFETY: initialised, and not written meanwhile, by the caller's promise.
        unsafe { &*self.cells[self.index(at)].get() }
    }

    /// Where the range begins, how many slots it has before the wrap, how many after.
    #[inline]
    fn split(&self, from: u64, len: usize) -> (usize, usize, usize) {
        debug_assert!(len <= self.cells.len());
        let start = self.index(from);
        let first = len.min(self.cells.len() - start);
        (start, first, len - first)
    }

    #[inline]
    #[allow(clippy::cast_possible_truncation, reason = "masked to below the number of slots, a usize")]
    fn index(&self, cursor: u64) -> usize {
        (cursor & self.mask) as usize
    }

    /// The first slot. `UnsafeCell<T>` has the layout of `T`, and a pointer to one may be used as a pointer to the other.
    #[inline]
    fn base(&self) -> *mut T {
        UnsafeCell::raw_get(self.cells.as_ptr())
    }

    #[cfg(loom)]
    fn witness_write(&self, from: u64, len: usize) {
        for at in from..from + len as u64 {
            self.witness[self.index(at)].with_mut(|_| ());
        }
    }

    #[cfg(loom)]
    fn witness_read(&self, from: u64, len: usize) {
        for at in from..from + len as u64 {
            self.witness[self.index(at)].with(|_| ());
        }
    }
}
