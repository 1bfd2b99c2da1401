//! Which rows an appliance of a configuration has.

use std::sync::Arc;

use wire::ouch::RejectReason;

use crate::config::Config;
use crate::counters::schema::{
    answers, appliance, feed, gateway, instrument, journal, link, port, reject, session, stage, thread, tile,
};
use crate::counters::{Plan, Region};
use crate::limits::{
    COMMAND_LINK_SLOTS, DATAGRAM_LINK_SLOTS, MARKET_DATA_LINK_SLOTS, OPERATOR_LINK_SLOTS, PACKET_LINK_SLOTS,
};
use crate::milestone::Milestone;
use crate::tile::{TileKind, thread_name};

/// The links by row.
#[derive(Clone, Copy, Debug)]
pub(super) enum Link {
    Requests,
    Replies,
    Packets,
    Commands,
    MarketData,
    Operations,
    Outcomes,
}

const LINKS: [(&str, usize); 7] = [
    ("requests", DATAGRAM_LINK_SLOTS),
    ("replies", DATAGRAM_LINK_SLOTS),
    ("packets", PACKET_LINK_SLOTS),
    ("commands", COMMAND_LINK_SLOTS),
    ("market_data", MARKET_DATA_LINK_SLOTS),
    ("operations", OPERATOR_LINK_SLOTS),
    ("outcomes", OPERATOR_LINK_SLOTS),
];

/// The rows.
pub(super) fn plan(config: &Config) -> Plan {
    let rules = config.rules();
    let stages = Milestone::ALL[1..].iter().map(|milestone| milestone.name()).chain(["whole"]);
    // In the order of the exchange's streams.
    let streams = config.channels.iter().flat_map(|channel| {
        let depth = channel.has_depth().then(|| format!("{}.depth", channel.name));
        std::iter::once(format!("{}.tick", channel.name)).chain(depth)
    });
    let symbols = rules.instruments.iter().map(|instrument| instrument.symbol.to_string());
    let to_come = std::iter::repeat_n(String::new(), rules.instruments_added as usize);
    Plan::default()
        .with(appliance::GROUP, [&config.appliance.name])
        .with(thread::GROUP, config.topology.threads.iter().map(|tiles| thread_name(tiles)))
        .with(tile::GROUP, TileKind::ALL.map(TileKind::name))
        .with(link::GROUP, LINKS.map(|(name, _)| name))
        .with(port::GROUP, ["port"])
        .with(gateway::GROUP, ["gateway"])
        .with(session::GROUP, config.sessions.iter().map(|session| &session.username))
        .with(instrument::GROUP, symbols.chain(to_come))
        .with(journal::GROUP, [config.journal.durability.to_string()])
        .with(feed::GROUP, streams)
        .with(answers::GROUP, ["rerequest", "snapshot"])
        .with(reject::GROUP, std::iter::repeat_n("", RejectReason::ALL.len() + 2))
        .with(stage::GROUP, stages)
}

/// What is known from the start.
pub(super) fn fill(region: &Arc<Region>, config: &Config) {
    for (row, (_, slots)) in region.rows(&link::GROUP).iter().zip(LINKS) {
        row.set(link::slots, slots as u64);
    }
    for (index, row) in region.rows(&thread::GROUP).iter().enumerate() {
        let core = config.topology.pin.get(index).map_or(0, |core| *core as u64 + 1);
        row.set(thread::core_plus_one, core);
    }
    for row in region.rows(&stage::GROUP) {
        row.set(stage::one_of, u64::from(config.stats.sample));
    }
    let (appliance, journal) = (region.row(&appliance::GROUP, 0), region.row(&journal::GROUP, 0));
    appliance.set(appliance::orders_max, u64::from(config.limits.orders));
    appliance.set(appliance::levels_max, u64::from(config.limits.levels));
    appliance.set(appliance::stops_max, u64::from(config.limits.stops()));
    journal.set(journal::floor_bytes, config.journal.disk_floor_bytes);
}
