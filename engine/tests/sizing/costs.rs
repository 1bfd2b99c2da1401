//! What one more of anything takes, as the manual says it.

use super::memory::measure;
use engine::book::{Book, BookLimits};
use engine::limits::FILLS_PER_COMMAND_MAX;

/// Where an operator looks it up.
pub const MANUAL: &str = include_str!("../../../docs/operations.md");

/// A number as the manual writes it, in threes.
pub fn grouped(number: usize) -> String {
    if number < 1_000 { number.to_string() } else { format!("{},{:03}", grouped(number / 1_000), number % 1_000) }
}

/// Where the index of keys is larger than it is at the least.
const BASE: BookLimits = BookLimits {
    instruments: 100,
    sessions: 100,
    orders: 5 << 14,
    levels: 1_000,
    stops: 1_000,
    fills_per_command: FILLS_PER_COMMAND_MAX,
};

/// What a book with other limits takes more, for each of so many.
fn cost(limits: BookLimits, more: u32) -> usize {
    let [before, after] = [BASE, limits].map(|limits| measure(|| Book::new(&limits)).1.bytes);
    // A table more has a few bytes of its own.
    let (each, rest) = ((after - before) / more as usize, (after - before) % more as usize);
    assert!(rest < 64, "each of {more} takes the same: {each}, and {rest} in all");
    each
}

/// The bytes that the manual gives in the row of a name.
fn stated(name: &str) -> String {
    let row = MANUAL.lines().find_map(|line| line.strip_prefix(&format!("| each {name} | ")));
    let row = row.unwrap_or_else(|| panic!("docs/operations.md has no row '| each {name} |'"));
    row.split(" |").next().unwrap_or_default().to_owned()
}

#[test]
fn the_manual_says_what_one_more_takes() {
    const MORE: u32 = 1 << 16;
    for (name, cost) in [
        ("level", cost(BookLimits { levels: BASE.levels + MORE, ..BASE }, MORE).to_string()),
        ("stop", cost(BookLimits { stops: BASE.stops + MORE, ..BASE }, MORE).to_string()),
        ("instrument", cost(BookLimits { instruments: BASE.instruments + MORE, ..BASE }, MORE).to_string()),
        ("five orders", cost(BookLimits { orders: BASE.orders + 5 * MORE, ..BASE }, MORE).to_string()),
    ] {
        assert_eq!(stated(name), cost, "bytes for each {name}: expected in docs/operations.md what they are");
    }
}
