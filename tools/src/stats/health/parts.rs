//! What concerns a part of the appliance: threads and tiles, links, the port, the feed.

use super::{
    BUSY_PERMILLE, FEED_HEARTBEAT_MS, FEED_SLACK, Found, Grade, HEARTBEAT_LATE, LASTING, Phase, Rule, lasted, phase,
    venue::loudest,
};
use crate::stats::look::Look;
use crate::stats::number::{Count, Share};
use std::time::Duration;

pub(super) fn judge(look: &Look, found: &mut Found) {
    let at = phase(look);
    if at != Phase::Running {
        return;
    }
    threads(look, found);
    links(look, found);
    port(look, found);
    feed(look, found);
}

/// The tiles of a thread; its own name is cut to what the kernel shows.
fn tiles_of(look: &Look, thread: usize) -> String {
    let runs = |row: &&engine::counters::SnapshotRow| row.get("thread") == Some(thread as u64);
    let tiles: Vec<&str> = look.rows("tile").iter().filter(runs).map(|row| row.label.as_str()).collect();
    tiles.join("+")
}

fn threads(look: &Look, found: &mut Found) {
    for (index, row) in look.rows("thread").iter().enumerate() {
        let (label, tiles) = (row.label.as_str(), tiles_of(look, index));
        let core = row.get("core_plus_one").unwrap_or(0).checked_sub(1);
        let place = core.map_or_else(|| "no core of its own".to_owned(), |core| format!("core {core}"));
        if let Some(still) = look.still("thread", label).filter(|still| *still >= HEARTBEAT_LATE) {
            let what = format!("tile {tiles} stands still for {} ({place})", lasted(still));
            let remedy = match core {
                Some(core) => format!(
                    "somebody else has core {core}, or the thread is held: top -H, `pinion host check cores irqs`"
                ),
                None => "it gets no time, or is held: top -H; give it a core of its own by topology.pin".to_owned(),
            };
            found.add(Rule::Heartbeat, Grade::Broken, &tiles, what, remedy);
        } else if let Some(busy) = look.busy_permille(index, look.three.as_ref()).filter(|busy| *busy > BUSY_PERMILLE) {
            let what = format!("tile {tiles} is busy {} of the last 3 s{}", Share(busy), loudest(look));
            let remedy = "spread the tiles over more cores (topology.cores), or slow the session down";
            found.add(Rule::Busy, Grade::Degraded, &tiles, what, remedy);
        }
    }
    // Where the threads have said it, their tiles need not.
    for row in look.rows("tile") {
        let thread = row.get("thread").and_then(|index| look.rows("thread").get(usize::try_from(index).ok()?));
        let is_said = thread
            .is_some_and(|thread| look.still("thread", &thread.label).is_some_and(|still| still >= HEARTBEAT_LATE));
        if let Some(still) = look.still("tile", &row.label).filter(|still| !is_said && *still >= HEARTBEAT_LATE) {
            let what = format!("tile {} stands still for {}", row.label, lasted(still));
            found.add(Rule::Heartbeat, Grade::Broken, &row.label, what, "its thread is held or has ended: top -H");
        }
    }
}

fn links(look: &Look, found: &mut Found) {
    for (index, row) in look.rows("link").iter().enumerate() {
        let label = row.label.as_str();
        if let Some(lasting) = look.lasting("link", label).filter(|lasting| *lasting >= LASTING) {
            let what = format!("link {label} has been full for {}{}", lasted(lasting), loudest(look));
            let remedy = "its consumer is too slow: see which tile is busy or stands still";
            found.add(Rule::Link, Grade::Degraded, label, what, remedy);
        }
        let drops = look.lately("link", index, "drops").unwrap_or(0);
        if drops > 0 {
            let what = format!("link {label} dropped {} messages", Count(drops));
            found.add(Rule::Drops, Grade::Degraded, label, what, "its consumer is too slow: see which tile is busy");
        }
    }
    let replies = look.lately("gateway", 0, "replies_dropped").unwrap_or(0);
    if replies > 0 {
        let what = format!("{} answers to clients were dropped because the link was full", Count(replies));
        found.add(Rule::Drops, Grade::Degraded, "replies", what, "the net tile is too slow; clients ask again");
    }
}

/// What a port counts when something went wrong, and what to do.
const PORT_FAULTS: [(&str, &str, &str); 5] = [
    (
        "rx_missed",
        "datagrams were lost by driver or kernel",
        "isolate the net tile's core, enlarge network.receive_buffer_bytes",
    ),
    (
        "rx_no_buffer",
        "times there was no buffer to receive into",
        "isolate the net tile's core, enlarge the port's rings",
    ),
    ("rx_errors", "receives failed", "see dmesg and ethtool -S"),
    (
        "tx_errors",
        "datagrams could not be sent: a line or a client is cut off",
        "see ip -s link and ip route; is the interface up?",
    ),
    ("tx_unresolved", "datagrams had no hardware address to go to", "is the receiver up? see ip neigh"),
];

fn port(look: &Look, found: &mut Found) {
    for (field, words, remedy) in PORT_FAULTS {
        let count = look.lately("port", 0, field).unwrap_or(0);
        // Of these unresolved ones are a part.
        let counted_elsewhere =
            if field == "tx_errors" { look.lately("port", 0, "tx_unresolved").unwrap_or(0) } else { 0 };
        if count > counted_elsewhere {
            let what = format!("{} {words} ({field})", Count(count - counted_elsewhere));
            found.add(Rule::Port, Grade::Degraded, field, what, remedy);
        }
    }
}

fn feed(look: &Look, found: &mut Found) {
    for row in look.rows("feed") {
        let heartbeat_ms = row.get("heartbeat_ms").filter(|ms| *ms > 0).unwrap_or(FEED_HEARTBEAT_MS);
        let limit = Duration::from_millis(2 * heartbeat_ms) + FEED_SLACK;
        if row.get("lines") == Some(0) {
            continue;
        }
        if let Some(still) = look.still("feed", &row.label).filter(|still| *still > limit) {
            let what = format!("nothing was sent on {} for {}", row.label, lasted(still));
            let remedy =
                "subscribers take its lines for dead: is the feed tile's thread alive, does the port take packets?";
            found.add(Rule::Feed, Grade::Broken, &row.label, what, remedy);
        }
    }
}
