//! How large a venue may be, what that takes, and that prices may lie anywhere.
//!
//! The long part fills a book with ten million orders: `cargo test --release -p engine --test sizing -- --ignored --nocapture`.

#[path = "sizing/appliance.rs"]
mod appliance;
#[path = "sizing/costs.rs"]
mod costs;
#[path = "sizing/crowd.rs"]
mod crowd;
#[path = "sizing/far_prices.rs"]
mod far_prices;
#[path = "sizing/full.rs"]
mod full;
#[path = "sizing/memory.rs"]
mod memory;

use engine::book::BookLimits;
use engine::limits::FILLS_PER_COMMAND_MAX;

/// The size that the book is made for.
const LIMITS: BookLimits = BookLimits {
    instruments: 10_000,
    sessions: 1_000,
    orders: 10_000_000,
    levels: 400_000,
    stops: 500_000,
    fills_per_command: FILLS_PER_COMMAND_MAX,
};

/// What a book of that size may take.
const BYTES_MAX: usize = 1_200_000_000;
