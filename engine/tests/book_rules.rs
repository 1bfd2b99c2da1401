//! The book's rules, one test each: what goes in, and all that must come out, in order.
//!
//! Goal: a reader learns from an example what the book does. Non-goal: combinations, which `book_twin` draws at random.

#[path = "book_rules/bench.rs"]
mod bench;
#[path = "book_rules/changes.rs"]
mod changes;
#[path = "book_rules/entry.rs"]
mod entry;
#[path = "book_rules/floor.rs"]
mod floor;
#[path = "book_rules/limits.rs"]
mod limits;
#[path = "book_rules/replaces.rs"]
mod replaces;
#[path = "book_rules/self_match.rs"]
mod self_match;
#[path = "book_rules/stop_changes.rs"]
mod stop_changes;
#[path = "book_rules/stops.rs"]
mod stops;
#[path = "book_rules/undisplayed.rs"]
mod undisplayed;
