//! The polling thread as DPDK sees it: numbered, so that it has caches of its own, and otherwise left alone.
// Why unsafe: DPDK's calls.
#![allow(unsafe_code)]

use std::cell::Cell;

use dpdk_sys as sys;

/// Sees to it that this thread has a number. Cheap when it was done before.
#[inline]
pub(super) fn enter() {
    if !ENTERED.get() {
        register();
    }
}

#[cold]
fn register() {
    // The number goes back when the thread ends. Who gets none, for there are 128, works without caches.
    NUMBER.with(|_| ());
    ENTERED.set(true);
}

struct Number {
    is_ours: bool,
}

impl Number {
    fn draw() -> Self {
        // SAFETY: the environment runs: there is a port.
        let has_one = unsafe { sys::pinion_is_registered() } != 0;
        // SAFETY: as above.
        let is_ours = !has_one && unsafe { sys::rte_thread_register() } == 0;
        Self { is_ours }
    }
}

impl Drop for Number {
    fn drop(&mut self) {
        if self.is_ours {
            // SAFETY: this thread was registered, and calls nothing of DPDK's afterwards that would need it.
            unsafe { sys::rte_thread_unregister() };
        }
    }
}

thread_local! {
    static ENTERED: Cell<bool> = const { Cell::new(false) };
    static NUMBER: Number = Number::draw();
}
