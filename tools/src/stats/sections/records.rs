//! What is written down, and what is told to subscribers.

use super::machine::percentiles;
use super::{columns, nanos, of_group};
use crate::stats::look::Look;
use crate::stats::table::{Table, Value};

columns! { JOURNAL:
    ("durability", "durability"), ("appended", "appended_seq"), ("durable", "durable_seq"), ("lag", "lag"), ("waits for", "waiting_ns"), ("syncs/s", "syncs_per_s"),
    ("sync p50", "sync_p50_ns"), ("sync p90", "sync_p90_ns"), ("sync p99", "sync_p99_ns"), ("sync p99.9", "sync_p999_ns"), ("sync max", "sync_max_ns"),
    ("bytes/s", "bytes_per_s"), ("free", "free_bytes"), ("floor", "floor_bytes"), ("segment", "segment"), ("pruned segments", "pruned_segments"),
    ("snapshots", "snapshots"), ("snapshot at", "snapshot_seq"), ("follower at", "followed_seq"), ("failed", "failed"),
}

pub(super) fn journal(look: &Look) -> Table {
    of_group(look, "journal", JOURNAL, |of| {
        let sync = of.row.histogram("sync").unwrap_or_default();
        let recent = look.recent("journal", of.index, "sync").filter(|recent| recent.count() > 0);
        let [p50, p90, p99, p999] = percentiles(&recent.unwrap_or_else(|| sync.clone()));
        vec![
            of.label(),
            of.count("appended_seq"),
            of.count("durable_seq"),
            Value::of(Value::Count, look.durable_lag()),
            Value::Duration(look.durable_wait().map_or(0, nanos)),
            of.rate("syncs"),
            p50,
            p90,
            p99,
            p999,
            Value::of(Value::Duration, (sync.count() > 0).then(|| sync.max_ns())),
            Value::of(Value::Bytes, look.per_second("journal", of.index, "bytes")),
            of.bytes("free_bytes"),
            of.bytes("floor_bytes"),
            of.count("segment"),
            of.count("pruned_segments"),
            of.count("snapshots"),
            of.count("snapshot_seq"),
            of.count("followed_seq"),
            of.row.get("failed").map_or(Value::Empty, |failed| Value::Flag(failed == 1)),
        ]
    })
}

columns! { FEED:
    ("stream", "stream"), ("msg/s", "messages_per_s"), ("pkt/s", "packets_per_s"), ("bytes/s", "bytes_per_s"), ("silent", "silent_ns"), ("lines", "lines"), ("next", "next"), ("messages", "messages"), ("packets", "packets"), ("heartbeats", "heartbeats"),
}

pub(super) fn feed(look: &Look) -> Table {
    of_group(look, "feed", FEED, |of| {
        vec![
            of.label(),
            of.rate("messages"),
            of.rate("packets"),
            Value::of(Value::Bytes, look.per_second("feed", of.index, "bytes")),
            of.still(),
            of.count("lines"),
            of.count("next"),
            of.count("messages"),
            of.count("packets"),
            of.count("heartbeats"),
        ]
    })
}

columns! { SUBSCRIBERS:
    ("server", "server"), ("asked/s", "requests_per_s"), ("told/s", "answered_per_s"), ("asked", "requests"), ("told", "answered"), ("messages", "messages"), ("refused", "refused"), ("garbage", "garbage"), ("open", "connections"),
}

pub(super) fn subscribers(look: &Look) -> Table {
    of_group(look, "answers", SUBSCRIBERS, |of| {
        vec![
            of.label(),
            of.rate("requests"),
            of.rate("answered"),
            of.count("requests"),
            of.count("answered"),
            of.count("messages"),
            of.count("refused"),
            of.count("garbage"),
            of.count("connections"),
        ]
    })
}
