//! Every limit of the exchange that other parts are sized by, named once.
//!
//! Goal: a reader finds all bounds here, and their relations are proved at compile time. Non-goal: configuration; what an
//! operator may choose (how many orders, instruments, sessions) arrives in [`BookLimits`](crate::book::BookLimits).

/// The most makers one command may meet: trades, and removals or decrements by self-match prevention, each count as one. What
/// is then left of the incoming order is canceled, so that a command's work and its events are bounded.
pub const FILLS_PER_COMMAND_MAX: u32 = 32_768;

/// The most events one book command can cause. A fill is a trade, or two cancels of self-match prevention; it either shows an iceberg's
/// next slice, or may be the end of its level. Beside them stand the acknowledgement, the cancel of the rest, the level met last, the
/// order that rests and two levels of its own side.
pub const BOOK_EVENTS_PER_COMMAND_MAX: u32 = 3 * FILLS_PER_COMMAND_MAX + 6;

const _: () = assert!(FILLS_PER_COMMAND_MAX > 0, "a command must be able to trade");

/// The most reports one command can cause, over all sessions: two executions and an iceberg's next slice a fill, the acknowledgement, the
/// cancel of the rest. A session's store holds more than this, so no command overruns a store that had room before it.
pub const REPORTS_PER_COMMAND_MAX: u64 = 3 * FILLS_PER_COMMAND_MAX as u64 + 4;

/// The most messages of market data that one order can cause, ticks and depth together: a fill is a trade on both streams, and either an
/// iceberg's next slice on one or the end of its level on the other. Beside them stand the level met last, the order that rests or leaves
/// and two levels of its own side.
pub const MARKET_DATA_PER_ORDER_MAX: usize = 3 * FILLS_PER_COMMAND_MAX as usize + 8;

/// The most that opening or closing the market causes: three messages an instrument, and the stages of the day on each channel.
pub const MARKET_DATA_PER_STAGE_MAX: usize = 3 * INSTRUMENTS_MAX + 3 * wire::feed::CHANNELS_MAX;

/// The most messages of market data that one command can cause.
pub const MARKET_DATA_PER_COMMAND_MAX: usize = if MARKET_DATA_PER_ORDER_MAX > MARKET_DATA_PER_STAGE_MAX {
    MARKET_DATA_PER_ORDER_MAX
} else {
    MARKET_DATA_PER_STAGE_MAX
};

/// The most instruments: opening the venue publishes a status tick for each, in one command.
pub const INSTRUMENTS_MAX: usize = 32_768;

/// The most orders that live at once: the key index keeps an order's slot in 24 bits, one number of which is no slot.
pub const ORDERS_MAX: u32 = (1 << 24) - 1;

/// The most price levels that stand at once. Each holds an order at least.
pub const LEVELS_MAX: u32 = ORDERS_MAX;

/// How many orders one slice of a cancel on disconnect removes.
pub const CANCELS_PER_SLICE_MAX: usize = 1_024;

/// How many orders one slice of a cancel of many looks at, those that it removes included.
pub const LOOKS_PER_SLICE_MAX: usize = 4 * CANCELS_PER_SLICE_MAX;

/// Of how many operators the newest command is remembered.
pub const OPERATORS_MAX: usize = 64;

/// The longest packet that we send: a whole number of cache lines below the 1,472 bytes of an untagged Ethernet frame.
pub const PACKET_LEN_MAX: usize = 1_408;

/// How many packets answer one request for missed reports; the client asks again for the rest.
pub const RESEND_PACKETS_MAX: usize = 64;

/// How often the session timers are looked at, ns.
pub const TIMER_SWEEP_NS: u64 = 200_000;

/// Datagrams that wait between net and matching, each way. What the port receives beyond that waits in the port.
pub const DATAGRAM_LINK_SLOTS: usize = 1_024;

/// Commands that wait for the journal tile.
pub const COMMAND_LINK_SLOTS: usize = 8_192;

/// Messages of market data that wait for the feed tile, most of them for their cause to become durable.
pub const MARKET_DATA_LINK_SLOTS: usize = 131_072;

/// Market-data packets that wait for the net tile.
pub const PACKET_LINK_SLOTS: usize = 1_024;

/// Slots of the links between operators and the matching tile, each way.
pub const OPERATOR_LINK_SLOTS: usize = 64;

/// How many of the newest messages of market data a restarted appliance publishes again: those whose cause was durable but which had not
/// left when it stopped are among them, and subscribers drop what they have by its sequence number.
pub const REPUBLISHED_MAX: usize = 16_384;

/// How much one tile does before the next one of its thread has its turn.
pub const BURST: usize = 64;

/// The longest journal record body that a command makes; see [`crate::record`].
pub const COMMAND_BODY_MAX: usize = 160;

const _: () = assert!(FILLS_PER_COMMAND_MAX < ORDERS_MAX, "a command meets no more orders than there are");
const _: () = assert!(CANCELS_PER_SLICE_MAX < ORDERS_MAX as usize, "a slice cancels no more orders than there are");
const _: () = assert!(LEVELS_MAX <= ORDERS_MAX, "a level holds an order");
const _: () = assert!(
    LEVELS_MAX as u64 * 3 * 64 < u32::MAX as u64,
    "each level may need three trie nodes of 64 cells, and cells are numbered in 32 bits"
);
const _: () = assert!(INSTRUMENTS_MAX * 8 < u32::MAX as usize, "an instrument has eight ladders, numbered in 32 bits");
const _: () = assert!(MARKET_DATA_LINK_SLOTS > MARKET_DATA_PER_COMMAND_MAX, "one command's market data fit the link");
const _: () = assert!((CANCELS_PER_SLICE_MAX as u64) < REPORTS_PER_COMMAND_MAX, "a slice is no worse than a sweep");
const _: () = assert!(2 * CANCELS_PER_SLICE_MAX < MARKET_DATA_PER_ORDER_MAX, "a slice is no worse than a sweep");
const _: () = assert!(REPUBLISHED_MAX < MARKET_DATA_LINK_SLOTS, "what is republished fits the link");
