//! What is counted: the groups of rows, and the fields of each.
//!
//! Goal: one list, from which the writers have their places and the file its descriptions. Whoever reads goes by the names that stand in
//! the file. Non-goal: who counts.

use wire::counters::{FieldKind, LABEL_LEN};

/// A field of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldSchema {
    /// Its name, its unit last.
    pub name: &'static str,
    /// What may be done with it.
    pub kind: FieldKind,
    /// What it says, in a sentence or two.
    pub doc: &'static str,
}

/// A group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupSchema {
    /// Its name.
    pub name: &'static str,
    /// What a row is.
    pub doc: &'static str,
    /// The fields of each row, in order.
    pub fields: &'static [FieldSchema],
}

impl GroupSchema {
    /// Where a field begins in its row, bytes.
    #[must_use]
    pub const fn offset(&self, field: usize) -> usize {
        let mut offset = LABEL_LEN;
        let mut index = 0;
        while index < field {
            offset += 8 * self.fields[index].kind.words();
            index += 1;
        }
        offset
    }

    /// From one row to the next, bytes: whole pairs of cache lines, so that two writers never meet in one.
    #[must_use]
    pub const fn row_len(&self) -> usize {
        self.offset(self.fields.len()).next_multiple_of(128)
    }
}

macro_rules! groups {
    ($($(#[doc = $doc:literal])* $module:ident { $($(#[doc = $field_doc:literal])* $field:ident: $kind:ident,)* })*) => {
        $(
            $(#[doc = $doc])*
            #[allow(non_upper_case_globals)]
            pub mod $module {
                use super::{FieldKind, FieldSchema, GroupSchema};

                groups!(@fields 0; $($(#[doc = $field_doc])* $field,)*);

                /// The group.
                pub const GROUP: GroupSchema = GroupSchema {
                    name: stringify!($module),
                    doc: concat!($($doc),*),
                    fields: &[$(FieldSchema {
                        name: stringify!($field),
                        kind: FieldKind::$kind,
                        doc: concat!($($field_doc),*),
                    },)*],
                };
            }
        )*

        /// Every group, in the order of the file.
        pub const GROUPS: &[GroupSchema] = &[$($module::GROUP,)*];
    };
    (@fields $at:expr;) => {};
    (@fields $at:expr; $(#[doc = $doc:literal])* $field:ident, $($rest:tt)*) => {
        $(#[doc = $doc])*
        pub const $field: usize = $at;
        groups!(@fields $at + 1; $($rest)*);
    };
}

groups! {
    /// The appliance as a whole: one row, kept by the keeper thread and, where it is about the venue, the matching tile.
    appliance {
        /// When the keeper thread last wrote: an appliance whose heartbeat stands still is dead or starved.
        heartbeat_ns: Time,
        /// What it is at: 0 starting (recovering), 1 running, 2 draining, 3 stopped in order, 4 failed.
        phase: Gauge,
        /// When it was ready.
        ready_ns: Time,
        /// The last command.
        seq: Gauge,
        /// The last durable command.
        durable_seq: Gauge,
        /// 1: new orders are rejected because the journal's disk is nearly full.
        entry_closed: Gauge,
        /// 1: new orders are rejected because the operator drains it.
        draining: Gauge,
        /// 1: the market day is over.
        market_closed: Gauge,
        /// 1: the venue is locked by the kill switch.
        locked: Gauge,
        /// Orders in the books.
        orders: Gauge,
        /// How many there may be.
        orders_max: Gauge,
        /// Price levels in the books.
        levels: Gauge,
        /// How many there may be.
        levels_max: Gauge,
        /// Orders that wait for a stop price.
        stops: Gauge,
        /// How many there may be.
        stops_max: Gauge,
        /// Client messages sequenced.
        messages: Counter,
        /// Reports made.
        reports: Counter,
        /// Trades.
        trades: Counter,
        /// Messages of market data made.
        market_data: Counter,
        /// The records that the start must replay, as far as that is known yet.
        recovery_records: Gauge,
        /// How many of them it has replayed.
        recovery_done: Gauge,
        /// How often the wall clock stepped by more than a second against the counter that the tiles go by.
        clock_steps: Counter,
    }
    /// A thread with tiles; labelled by its name, `net+feed`.
    thread {
        /// When it last published.
        heartbeat_ns: Time,
        /// Turns of its loop.
        turns: Counter,
        /// Turns in which some tile had work.
        working_turns: Counter,
        /// Since its start.
        time_ns: Counter,
        /// The part that went into turns with work.
        working_ns: Counter,
        /// The core it is pinned to, plus one; 0: not pinned.
        core_plus_one: Gauge,
    }
    /// A tile; labelled `net`, `matching`, `journal`, `feed`.
    tile {
        /// When its thread last published.
        heartbeat_ns: Time,
        /// Which row of `thread` it runs on.
        thread: Gauge,
        /// Times it was polled.
        polls: Counter,
        /// Polls that found work.
        working_polls: Counter,
        /// Units of work done.
        work: Counter,
        /// Polls that had input and no room for what it causes.
        stalls: Counter,
    }
    /// A link between tiles; labelled `requests`, `replies`, `packets`, `commands`, `market_data`; and between operators and the matching tile: `operations`, `outcomes`.
    link {
        /// Places.
        slots: Gauge,
        /// How many are full, when its consumer last published.
        depth: Gauge,
        /// The most that were ever full when somebody looked: at every poll of the consumer.
        high_water: Gauge,
        /// Messages passed on.
        passed: Counter,
        /// Messages dropped for want of room, on links that may drop.
        drops: Counter,
        /// How often the producer found less room than it needs.
        waits: Counter,
    }
    /// The port: one row, labelled by what was opened.
    port {
        /// Datagrams received.
        rx_datagrams: Counter,
        /// Their payload.
        rx_bytes: Counter,
        /// Dropped: too long.
        rx_truncated: Counter,
        /// Reception stood still for want of a buffer.
        rx_no_buffer: Counter,
        /// Failed receives.
        rx_errors: Counter,
        /// Dropped: contradict themselves.
        rx_malformed: Counter,
        /// Dropped: wrong checksum.
        rx_checksum: Counter,
        /// Dropped: parts of datagrams.
        rx_fragments: Counter,
        /// Dropped: for nobody here.
        rx_not_ours: Counter,
        /// Dropped by driver or kernel.
        rx_missed: Counter,
        /// Datagrams sent.
        tx_datagrams: Counter,
        /// Their payload.
        tx_bytes: Counter,
        /// Refused after they were taken.
        tx_errors: Counter,
        /// Of these, for want of a hardware address.
        tx_unresolved: Counter,
        /// Sending stopped for want of room.
        tx_no_room: Counter,
    }
    /// The gateway: one row.
    gateway {
        /// Datagrams looked at.
        datagrams: Counter,
        /// No MoldUDP64 packets.
        malformed: Counter,
        /// Token or source address not that of a living login.
        forged: Counter,
        /// Messages handed on.
        messages: Counter,
        /// Messages processed before.
        duplicates: Counter,
        /// Packets that began beyond the expected message.
        gaps: Counter,
        /// Requests for missed client messages sent.
        requests_sent: Counter,
        /// Requests for missed reports received.
        requests_received: Counter,
        /// Reports sent again.
        reports_resent: Counter,
        /// Report packets sent.
        packets_sent: Counter,
        /// Reports sent for the first time.
        reports_sent: Counter,
        /// Heartbeats sent.
        heartbeats_sent: Counter,
        /// Challenges sent.
        challenges: Counter,
        /// Logins proved.
        logins: Counter,
        /// Logins refused.
        logins_refused: Counter,
        /// Sessions that died of silence.
        deaths: Counter,
        /// Orderly logouts.
        logouts: Counter,
        /// Answers dropped because the link was full.
        replies_dropped: Counter,
    }
    /// A session; labelled by its user name.
    session {
        /// 1: its login stands.
        alive: Gauge,
        /// 1: locked by the kill switch, itself or its member or the venue.
        locked: Gauge,
        /// When its client was last heard.
        heard_ns: Time,
        /// Messages sequenced.
        messages: Counter,
        /// Reports made, those of a start included.
        reports: Counter,
        /// Rejected messages.
        rejects: Counter,
        /// Its orders in the books.
        open_orders: Gauge,
        /// How many it may have.
        open_orders_max: Gauge,
        /// Reports that were not sent yet.
        pending: Gauge,
        /// Logins since the start.
        logins: Counter,
        /// Packets of its client that began beyond the expected message.
        gaps: Counter,
    }
    /// An instrument; labelled by its symbol.
    instrument {
        /// 0 trading, 1 halted, 2 closed.
        status: Gauge,
        /// Orders entered, replaced, reduced and canceled by clients.
        messages: Counter,
        /// Trades.
        trades: Counter,
        /// Traded quantity.
        volume: Counter,
        /// Price of the last trade, 1/10,000; signed; 0 before the first.
        last_price: Gauge,
        /// Best bid, signed.
        bid_price: Gauge,
        /// Its displayed quantity; 0: there is no bid.
        bid_qty: Gauge,
        /// Best ask, signed.
        ask_price: Gauge,
        /// Its displayed quantity; 0: there is no ask.
        ask_qty: Gauge,
        /// Orders in its book.
        orders: Gauge,
    }
    /// The journal: one row, labelled by the durability.
    journal {
        /// The last record appended.
        appended_seq: Gauge,
        /// The last record released.
        durable_seq: Gauge,
        /// Groups synced.
        syncs: Counter,
        /// How long a sync took.
        sync: Histogram,
        /// When the last sync returned.
        synced_ns: Time,
        /// Since when the oldest record that is not durable waits; 0: none does.
        waiting_since_ns: Time,
        /// The segment in use.
        segment: Gauge,
        /// Bytes appended.
        bytes: Counter,
        /// Bytes still free on its disk.
        free_bytes: Gauge,
        /// Below this new orders are rejected.
        floor_bytes: Gauge,
        /// Segments pruned since the start.
        pruned_segments: Counter,
        /// Snapshots taken since the start.
        snapshots: Counter,
        /// The command of the last one.
        snapshot_seq: Gauge,
        /// How far the follower is.
        followed_seq: Gauge,
        /// 1: it has failed, and the appliance stops.
        failed: Gauge,
    }
    /// A stream of market data; labelled by channel and kind, `main.tick`.
    feed {
        /// The number of its next message.
        next: Gauge,
        /// Messages published.
        messages: Counter,
        /// Packets, each counted once a line.
        packets: Counter,
        /// Their payload.
        bytes: Counter,
        /// Heartbeats.
        heartbeats: Counter,
        /// How many lines it has.
        lines: Gauge,
        /// When something was last sent on it.
        sent_ns: Time,
        /// Silence after which a heartbeat is sent, ms.
        heartbeat_ms: Gauge,
    }
    /// What subscribers asked for: one row each for `rerequest` and `snapshot`.
    answers {
        /// Requests heard.
        requests: Counter,
        /// Answers sent: packets, or whole snapshots.
        answered: Counter,
        /// Messages or bytes in them.
        messages: Counter,
        /// Refused: quotas, trust, too many connections.
        refused: Counter,
        /// What was no request.
        garbage: Counter,
        /// Connections now.
        connections: Gauge,
    }
    /// Rejected messages by code; labelled `0x001D INVALID_PRICE`; only codes that occurred. Refused cancels have no code: `CANCEL_REJECT`.
    reject {
        /// The code.
        code: Gauge,
        /// How often.
        count: Counter,
    }
    /// Where the time goes: a stage of the way through the appliance; labelled by the milestone that ends it, and `whole` for all of it.
    stage {
        /// Of one in so many commands.
        one_of: Gauge,
        /// How long it took.
        duration: Histogram,
        /// Followed and not in `duration`, because no report was sent in time or the place was needed for another; counted on `whole`.
        lost: Counter,
    }
}

#[cfg(test)]
mod tests;
