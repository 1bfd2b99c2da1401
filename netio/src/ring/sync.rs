//! The atomics of the ring: the standard ones, or loom's when the ring is model-checked (`--cfg loom`).

#[cfg(not(loom))]
pub(super) use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

#[cfg(loom)]
pub(super) use loom::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering},
};
