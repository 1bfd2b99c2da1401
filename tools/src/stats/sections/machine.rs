//! Where time goes, and what moves through the machine.

use super::{Of, columns, nanos, of_group};
use crate::stats::look::{Look, share_permille};
use crate::stats::table::{Table, Value};
use engine::counters::Histogram;

columns! { LATENCY:
    ("stage", "stage"), ("p50", "p50_ns"), ("p90", "p90_ns"), ("p99", "p99_ns"), ("p99.9", "p999_ns"), ("max", "max_ns"), ("samples", "samples"), ("one of", "one_of"),
}

/// Stages, the whole way first. Percentiles are of the last ten seconds; where nothing happened in them, of all since the start. The longest is
/// always that since the start.
pub(super) fn latency(look: &Look) -> Table {
    let stages = look.rows("stage");
    let recent = |index| look.recent("stage", index, "duration");
    let is_quiet = (0..stages.len()).all(|index| recent(index).is_none_or(|recent| recent.count() == 0));
    let mut rows: Vec<Vec<Value>> = Vec::with_capacity(stages.len());
    for (index, row) in stages.iter().enumerate() {
        let all = row.histogram("duration").unwrap_or_default();
        let shown = if is_quiet { all.clone() } else { recent(index).unwrap_or_default() };
        let mut values = vec![Value::text(&row.label)];
        values.extend(percentiles(&shown));
        values.push(Value::of(Value::Duration, (all.count() > 0).then(|| all.max_ns())));
        values.push(Value::Count(shown.count()));
        values.push(Value::of(Value::Count, row.get("one_of")));
        let at = if row.label == "whole" { 0 } else { rows.len() };
        rows.insert(at, values);
    }
    Table { columns: LATENCY, rows, note: if is_quiet { "since the start" } else { "last 10 s" } }
}

/// 50, 90, 99 and 99.9 of a hundred. They are known to a bucket, whose end may lie behind the longest.
pub(super) fn percentiles(histogram: &Histogram) -> [Value; 4] {
    let at = |per_million| Some(histogram.percentile_ns(per_million)?.min(histogram.max_ns()));
    [500_000, 900_000, 990_000, 999_000].map(|per_million| Value::of(Value::Duration, at(per_million)))
}

columns! { TILES:
    ("tile", "tile"), ("thread", "thread"), ("core", "core"), ("", "bar"), ("busy", "busy_permille"), ("seen", "heartbeat_age_ns"), ("work/s", "work_per_s"), ("polls/s", "polls_per_s"), ("useful", "working_polls_permille"), ("stalls/s", "stalls_per_s"),
}

/// Tiles with what is known of their threads: busy is a thread's share of its time, that of all its tiles together.
pub(super) fn tiles(look: &Look) -> Table {
    of_group(look, "tile", TILES, |of: Of<'_>| {
        let index = of.row.get("thread").and_then(|index| usize::try_from(index).ok());
        let thread = index.and_then(|index| Some((index, look.rows("thread").get(index)?)));
        let busy = thread.and_then(|(index, _)| look.busy_permille(index, look.second.as_ref()));
        let core = thread.and_then(|(_, row)| row.get("core_plus_one")?.checked_sub(1));
        let [polls, working] =
            ["polls", "working_polls"].map(|field| look.per_second("tile", of.index, field).unwrap_or(0));
        vec![
            of.label(),
            thread.map_or(Value::Empty, |(_, row)| Value::text(&row.label)),
            Value::of(Value::Count, core),
            Value::of(Value::Bar, busy),
            Value::of(Value::Share, busy),
            of.still(),
            of.rate("work"),
            of.rate("polls"),
            Value::of(Value::Share, (polls > 0).then(|| share_permille(working, polls))),
            of.rate("stalls"),
        ]
    })
}

columns! { LINKS:
    ("link", "link"), ("depth", "depth"), ("high", "high_water"), ("slots", "slots"), ("passed/s", "passed_per_s"), ("waits/s", "waits_per_s"), ("drops", "drops"), ("full for", "full_ns"),
}

pub(super) fn links(look: &Look) -> Table {
    of_group(look, "link", LINKS, |of| {
        let full = look.lasting("link", &of.row.label).map(nanos);
        vec![
            of.label(),
            of.count("depth"),
            of.count("high_water"),
            of.count("slots"),
            of.rate("passed"),
            of.rate("waits"),
            of.count("drops"),
            Value::of(Value::Duration, full),
        ]
    })
}

columns! { PORT:
    ("port", "port"), ("received/s", "rx_datagrams_per_s"), ("received B/s", "rx_bytes_per_s"), ("sent/s", "tx_datagrams_per_s"), ("sent B/s", "tx_bytes_per_s"),
    ("received", "rx_datagrams"), ("received bytes", "rx_bytes"), ("lost by driver or kernel", "rx_missed"), ("no buffer", "rx_no_buffer"), ("receive errors", "rx_errors"), ("too long", "rx_truncated"),
    ("malformed", "rx_malformed"), ("wrong checksum", "rx_checksum"), ("fragments", "rx_fragments"), ("not ours", "rx_not_ours"),
    ("sent", "tx_datagrams"), ("sent bytes", "tx_bytes"), ("send errors", "tx_errors"), ("unresolved", "tx_unresolved"), ("no room to send", "tx_no_room"),
}

pub(super) fn port(look: &Look) -> Table {
    of_group(look, "port", PORT, |of| {
        vec![
            of.label(),
            of.rate("rx_datagrams"),
            Value::of(Value::Bytes, look.per_second("port", of.index, "rx_bytes")),
            of.rate("tx_datagrams"),
            Value::of(Value::Bytes, look.per_second("port", of.index, "tx_bytes")),
            of.count("rx_datagrams"),
            of.bytes("rx_bytes"),
            of.count("rx_missed"),
            of.count("rx_no_buffer"),
            of.count("rx_errors"),
            of.count("rx_truncated"),
            of.count("rx_malformed"),
            of.count("rx_checksum"),
            of.count("rx_fragments"),
            of.count("rx_not_ours"),
            of.count("tx_datagrams"),
            of.bytes("tx_bytes"),
            of.count("tx_errors"),
            of.count("tx_unresolved"),
            of.count("tx_no_room"),
        ]
    })
}
