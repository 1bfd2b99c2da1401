//! What large allocations are for just now, and what they are to stand on.
//!
//! Goal: a few words that the allocator reads. Relaxed: they change on the thread that makes the tables, before and after it makes them.

use std::cell::Cell;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};

use super::arena::Wish;
use super::{PageSize, ReservedPages};

/// What large allocations are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Come and go as in any program.
    Free,
    /// Tables for good are being made.
    Making,
    /// They are made, and there should be no more.
    Sealed,
}

const NO_NODE: usize = usize::MAX;

static PHASE: AtomicU8 = AtomicU8::new(0);
static GIGABYTE: AtomicU8 = AtomicU8::new(1);
static TWO_MEGABYTES: AtomicU8 = AtomicU8::new(1);
static NODE: AtomicUsize = AtomicUsize::new(NO_NODE);

thread_local! {
    /// Whether what this thread asks for comes and goes, whatever the phase. Without a destructor, so that an allocator may read it.
    static PASSING: Cell<bool> = const { Cell::new(false) };
}

/// What this thread asks for from now on comes and goes.
pub(super) fn pass() {
    PASSING.set(true);
}

pub(super) fn now() -> Phase {
    if PASSING.get() {
        return Phase::Free;
    }
    match PHASE.load(Ordering::Relaxed) {
        0 => Phase::Free,
        1 => Phase::Making,
        _ => Phase::Sealed,
    }
}

pub(super) fn enter(phase: Phase) {
    let number = match phase {
        Phase::Free => 0,
        Phase::Making => 1,
        Phase::Sealed => 2,
    };
    PHASE.store(number, Ordering::Relaxed);
}

pub(super) fn wish() -> Wish {
    let node = NODE.load(Ordering::Relaxed);
    Wish {
        gigabyte: GIGABYTE.load(Ordering::Relaxed) != 0,
        two_megabytes: TWO_MEGABYTES.load(Ordering::Relaxed) != 0,
        node: (node != NO_NODE).then_some(node),
    }
}

pub(super) fn wish_for(reserved: ReservedPages, node: Option<usize>) {
    GIGABYTE.store(u8::from(reserved.includes(PageSize::Gigabyte)), Ordering::Relaxed);
    TWO_MEGABYTES.store(u8::from(reserved.includes(PageSize::TwoMegabytes)), Ordering::Relaxed);
    NODE.store(node.unwrap_or(NO_NODE), Ordering::Relaxed);
}
