//! What `pinion run` tells of the appliance: at its start, on its way, at its end.

use crate::log::{Kind, tell};
use engine::admin::AdminThread;
use engine::answering::Answering;
use engine::appliance::{Space, Stopped};
use engine::config::Config;
use engine::journal::{Durability, Watch};
use netio::pages::{self, Locked, ReservedPages};
use wire::feed::StreamKind;

/// Where subscribers ask.
pub(super) fn tell_addresses(config: &Config, answering: &Answering) {
    let address = |address: Option<_>| address.map_or("nowhere".to_owned(), |address| format!("at {address}"));
    let (rerequest, snapshot) = (answering.rerequest_address(), answering.snapshot_address());
    tell(
        Kind::Subscribers,
        format!("subscribers: re-requests {}, snapshots {}", address(rerequest), address(snapshot)),
    );
    if config.snapshot.interval_ms == 0 && config.feed.answers.is_any() {
        tell(
            Kind::Subscribers,
            "subscribers: nothing is answered, because no follower runs; set snapshot.interval_ms above 0",
        );
    }
}

/// What subscribers were answered.
pub(super) fn tell_answered(answering: &Answering) {
    let tell = |what: &str, counts: Vec<(&str, u64)>| {
        let counts: Vec<_> =
            counts.iter().filter(|(_, count)| *count > 0).map(|(name, n)| format!("{name} {n}")).collect();
        if !counts.is_empty() {
            tell(Kind::Answered, format!("{what}: {}", counts.join(", ")));
        }
    };
    tell("re-requests", answering.rerequests().map(|counts| counts.iter().collect()).unwrap_or_default());
    tell("snapshots for subscribers", answering.glimpses().map(|counts| counts.iter().collect()).unwrap_or_default());
}

/// What operators did.
pub(super) fn tell_admin(admin: Option<&AdminThread>) {
    while let Some(told) = admin.and_then(AdminThread::told) {
        tell(Kind::Operator, format!("admin: {told}"));
    }
}

pub(super) fn tell_space(config: &Config, space: Space) {
    let (dir, mib) = (config.journal.dir.display(), |bytes: u64| bytes >> 20);
    let (free, floor) = (mib(space.free_bytes), mib(config.journal.disk_floor_bytes));
    if space.is_low {
        tell(
            Kind::DiskLow,
            format!(
                "journal: {dir} has {free} MiB left, less than the floor of {floor} MiB: new orders are rejected from now on, cancels are not; \
             make room, or see journal.keep_bytes"
            ),
        );
    } else {
        tell(
            Kind::DiskRoom,
            format!("journal: {dir} has {free} MiB left again, more than the floor of {floor} MiB: orders are taken"),
        );
    }
}

/// How far the journal goes for certain, when the appliance could not go on.
pub(super) fn tell_durable(config: &Config, watch: &Watch) {
    let (seq, dir) = (watch.durable_seq(), config.journal.dir.display());
    match config.journal.durability {
        Durability::Synced => {
            tell(Kind::JournalDurable, format!("journal: durable up to seq {seq}; nothing that came later has left"))
        }
        Durability::Mapped => tell(
            Kind::JournalDurable,
            format!(
                "journal: released up to seq {seq}, which is durable as far as the kernel can still write it: see its log for errors of the disk"
            ),
        ),
    }
    tell(
        Kind::JournalDurable,
        format!(
            "journal: remove the cause, look with `pinion journal verify {dir}` and `pinion recover --dry-run`, then start again: a start goes \
         on from what is durable"
        ),
    );
}

/// What the tables lie on now, and what to do where that is not what was asked for or slower than it could be.
pub(super) fn tell_memory(config: &Config, locked: &Locked) {
    let pages = pages::huge_pages();
    tell(Kind::Memory, format!("memory: {pages}; {locked}"));
    let asked = match config.memory.huge_pages {
        ReservedPages::None => false,
        ReservedPages::Only(_) => true,
        // Who has reserved some wanted all of it there.
        ReservedPages::Any => pages.bytes_hugetlb > 0,
    };
    if asked && pages.bytes_transparent_asked > 0 {
        tell(
            Kind::MemoryWarning,
            format!(
                "warning: {} MiB of large tables found no reserved huge page: see `pinion host check pages`, or set memory.huge_pages to \
             \"none\"",
                pages.bytes_transparent_asked.div_ceil(1 << 20)
            ),
        );
    }
    if pages.bytes_small > 0 {
        tell(
            Kind::MemoryWarning,
            format!(
                "warning: {} MiB of large tables are on pages of 4 KiB, and access to them is slower: see `pinion host check pages thp`",
                pages.bytes_small.div_ceil(1 << 20)
            ),
        );
    }
}

pub(super) fn summary<T>(stopped: &Stopped<T>) -> String {
    let venue = &stopped.venue;
    let counters: Vec<String> = venue
        .gateway()
        .counters()
        .iter()
        .filter(|(_, value)| *value > 0)
        .map(|(name, value)| format!("{name} {value}"))
        .collect();
    let published = |kind| {
        let streams = stopped.next_on.iter().filter(|(stream, _)| stream.kind == kind);
        streams.map(|(_, next)| next - 1).sum::<u64>()
    };
    format!(
        "stopped at seq {}, state hash {:016x}, {} ticks published, {} depth messages; {}",
        venue.seq(),
        venue.exchange().state_hash(),
        published(StreamKind::Tick),
        published(StreamKind::Depth),
        counters.join(", "),
    )
}
