//! The appliance's book as a contestant of the public matching-engine benchmark (flash1-dev/matching-engine-benchmark).
//!
//! Goal: the very core that the appliance runs, with everything it can do compiled in, behind the benchmark's C interface; its reports
//! leave through the same kind of ring as between our tiles. Non-goal: anything that only a contest would want. What is measured is
//! `engine::book`; this crate translates, and keeps nothing that the book can tell.
//!
//! Built with `cargo build --release -p challenge`, it is the shared library that the benchmark's harness loads.

mod abi;
mod contestant;
mod message;
mod names;
mod pipe;
mod report;

use netio::pages::HugeAllocator;

/// Of this library only: what the harness allocates is its own affair.
#[global_allocator]
static MEMORY: HugeAllocator = HugeAllocator;
