//! Every limit of the exchange that other parts are sized by, named once.
//!
//! Goal: a reader finds all bounds here, and their relations are proved at compile time. Non-goal: configuration; what an
//! operator may choose (how many orders, instruments, sessions) arrives in [`BookLimits`](crate::book::BookLimits).

/// The most makers one command may meet: trades, and removals or decrements by self-match prevention, each count as one. What
/// is then left of the incoming order is canceled, so that a command's work and its events are bounded.
pub const FILLS_PER_COMMAND_MAX: u32 = 32_768;

/// The most events one book command can cause. A fill is a trade, or two cancels of self-match prevention; each fill may finish
/// a level. Beside them stand the acknowledgement, the cancel of the rest and two levels of the order's own side.
pub const BOOK_EVENTS_PER_COMMAND_MAX: u32 = 3 * FILLS_PER_COMMAND_MAX + 4;

const _: () = assert!(FILLS_PER_COMMAND_MAX > 0, "a command must be able to trade");
