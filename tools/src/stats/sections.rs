//! What there is to see of an appliance, as tables.
//!
//! Goal: the one list of numbers from which text, screens and JSON are made. Non-goal: how they look.

mod machine;
mod market;
mod records;

use super::look::Look;
use super::table::{Table, Value};
use engine::counters::SnapshotRow;
use std::time::Duration;

macro_rules! columns {
    ($name:ident: $(($head:literal, $key:literal),)*) => {
        const $name: &[$crate::stats::table::Column] = &[$($crate::stats::table::Column { head: $head, key: $key },)*];
    };
}
use columns;

/// A part of what there is to see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Section {
    /// Stages of the way through the appliance, and how long they take.
    Latency,
    /// Tiles and their threads.
    Tiles,
    /// Links between tiles.
    Links,
    /// The journal: one row.
    Journal,
    /// Streams of market data.
    Feed,
    /// Sessions.
    Sessions,
    /// Instruments.
    Instruments,
    /// Rejects by code.
    Rejects,
    /// The port: one row.
    Port,
    /// The gateway: one row.
    Gateway,
    /// What subscribers ask for.
    Subscribers,
}

impl Section {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Latency,
        Self::Tiles,
        Self::Links,
        Self::Journal,
        Self::Feed,
        Self::Sessions,
        Self::Instruments,
        Self::Rejects,
        Self::Port,
        Self::Gateway,
        Self::Subscribers,
    ];

    /// Its name, and its key in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Latency => "latency",
            Self::Tiles => "tiles",
            Self::Links => "links",
            Self::Journal => "journal",
            Self::Feed => "feed",
            Self::Sessions => "sessions",
            Self::Instruments => "instruments",
            Self::Rejects => "rejects",
            Self::Port => "port",
            Self::Gateway => "gateway",
            Self::Subscribers => "subscribers",
        }
    }

    /// The key that leads to it on the screen.
    #[must_use]
    pub const fn key(self) -> char {
        match self {
            Self::Latency => '1',
            Self::Tiles => '2',
            Self::Links => '3',
            Self::Journal => '4',
            Self::Feed => '5',
            Self::Sessions => '6',
            Self::Instruments => '7',
            Self::Rejects => '8',
            Self::Port => '9',
            Self::Gateway => '0',
            Self::Subscribers => 'a',
        }
    }

    /// Whether it has one row, whose columns are then better read below each other.
    #[must_use]
    pub const fn is_single(self) -> bool {
        matches!(self, Self::Journal | Self::Port | Self::Gateway)
    }

    /// The most important columns, the most important first: for where there is no room for all.
    #[must_use]
    pub const fn main_columns(self) -> &'static [&'static str] {
        match self {
            Self::Latency => &["stage", "p50_ns", "p90_ns", "p99_ns", "p999_ns", "max_ns", "samples"],
            Self::Tiles => &["tile", "bar", "busy_permille", "core", "heartbeat_age_ns", "work_per_s", "stalls_per_s"],
            Self::Links => &["link", "depth", "high_water", "slots", "passed_per_s", "drops"],
            Self::Feed => &["stream", "messages_per_s", "packets_per_s", "silent_ns", "lines", "next"],
            Self::Sessions => &[
                "session",
                "state",
                "messages_per_s",
                "rejects_per_s",
                "open_orders",
                "pending",
                "heard_age_ns",
                "messages",
            ],
            Self::Instruments => &[
                "symbol",
                "messages_per_s",
                "bid_price",
                "ask_price",
                "last_price",
                "trades_per_s",
                "orders",
                "volume",
            ],
            Self::Rejects => &["code", "rejects_per_s", "rejects"],
            Self::Subscribers => &["server", "requests_per_s", "answered_per_s", "refused", "connections"],
            Self::Journal | Self::Port | Self::Gateway => &[],
        }
    }

    /// Its rows, the most active first where the order is not fixed.
    #[must_use]
    pub fn table(self, look: &Look) -> Table {
        match self {
            Self::Latency => machine::latency(look),
            Self::Tiles => machine::tiles(look),
            Self::Links => machine::links(look),
            Self::Port => machine::port(look),
            Self::Journal => records::journal(look),
            Self::Feed => records::feed(look),
            Self::Subscribers => records::subscribers(look),
            Self::Gateway => market::gateway(look),
            Self::Sessions => market::sessions(look),
            Self::Instruments => market::instruments(look),
            Self::Rejects => market::rejects(look),
        }
    }
}

/// A row of a group, and what is asked of it.
#[derive(Clone, Copy)]
struct Of<'a> {
    look: &'a Look,
    group: &'static str,
    index: usize,
    row: &'a SnapshotRow,
}

impl Of<'_> {
    fn label(self) -> Value {
        Value::text(&self.row.label)
    }

    fn count(self, field: &str) -> Value {
        Value::of(Value::Count, self.row.get(field))
    }

    fn bytes(self, field: &str) -> Value {
        Value::of(Value::Bytes, self.row.get(field))
    }

    fn rate(self, field: &str) -> Value {
        Value::of(Value::Count, self.look.per_second(self.group, self.index, field))
    }

    /// How long ago a time is; nothing for one that never was.
    fn age(self, field: &str) -> Value {
        let since = self.row.get(field).filter(|time| *time > 0);
        Value::of(Value::Duration, since.map(|time| self.look.now.taken.get().saturating_sub(time)))
    }

    fn still(self) -> Value {
        Value::of(Value::Duration, self.look.still(self.group, &self.row.label).map(nanos))
    }
}

/// A table of all rows of a group.
fn of_group(
    look: &Look,
    group: &'static str,
    columns: &'static [super::table::Column],
    values: impl Fn(Of<'_>) -> Vec<Value>,
) -> Table {
    let rows = look.rows(group).iter().enumerate();
    let rows = rows.map(|(index, row)| values(Of { look, group, index, row })).collect();
    Table { columns, rows, note: "" }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
