//! The rows of each tile, and the storing of what it counted.

use std::sync::Arc;

use netio::port::PortCounters;
use netio::ring::{Consumer, Producer};
use wire::Nanos;
use wire::feed::Stream;

use super::link::LinkEnd;
use super::matching::MatchingMeter;
use super::plan::Link;
use crate::counters::schema::{feed, port, tile};
use crate::counters::{Region, Row};
use crate::tile::FeedCounts;

/// What a thread stores, every time that it keeps house.
#[derive(Debug)]
pub struct ThreadMeter {
    /// Of the thread.
    pub(crate) row: Row,
    /// Of its tiles, in their order.
    pub(crate) tiles: Vec<TileMeter>,
}

/// What a tile stores.
#[derive(Debug)]
pub(crate) struct TileMeter {
    pub(crate) row: Row,
    pub(crate) own: TileOwn,
}

/// What only a tile of its kind stores.
#[derive(Debug)]
pub(crate) enum TileOwn {
    Net(NetMeter),
    Matching(Box<MatchingMeter>),
    Journal(JournalMeter),
    Feed(FeedMeter),
}

impl TileMeter {
    /// Stores what every tile counts.
    pub(crate) fn store(&self, now: Nanos, [polls, working_polls, work, stalls]: [u64; 4]) {
        self.row.set(tile::heartbeat_ns, now.0);
        self.row.set(tile::polls, polls);
        self.row.set(tile::working_polls, working_polls);
        self.row.set(tile::work, work);
        self.row.set(tile::stalls, stalls);
    }
}

/// Of the net tile: the port, and its ends of three links.
#[derive(Debug)]
pub(crate) struct NetMeter {
    port: Row,
    requests: LinkEnd,
    replies: LinkEnd,
    packets: LinkEnd,
}

impl NetMeter {
    pub(crate) fn new(region: &Arc<Region>) -> Self {
        Self {
            port: region.row(&port::GROUP, 0),
            requests: LinkEnd::new(region, Link::Requests),
            replies: LinkEnd::new(region, Link::Replies),
            packets: LinkEnd::new(region, Link::Packets),
        }
    }

    pub(crate) fn store<T>(
        &self,
        counters: &PortCounters,
        requests: &Producer<T>,
        [replies, packets]: [&Consumer<T>; 2],
    ) {
        let fields = [
            (port::rx_datagrams, counters.rx_datagrams),
            (port::rx_bytes, counters.rx_bytes),
            (port::rx_truncated, counters.rx_truncated),
            (port::rx_no_buffer, counters.rx_no_buffer),
            (port::rx_errors, counters.rx_errors),
            (port::rx_malformed, counters.rx_malformed),
            (port::rx_checksum, counters.rx_checksum),
            (port::rx_fragments, counters.rx_fragments),
            (port::rx_not_ours, counters.rx_not_ours),
            (port::rx_missed, counters.rx_missed),
            (port::tx_datagrams, counters.tx_datagrams),
            (port::tx_bytes, counters.tx_bytes),
            (port::tx_errors, counters.tx_errors),
            (port::tx_unresolved, counters.tx_unresolved),
            (port::tx_no_room, counters.tx_no_room),
        ];
        fields.into_iter().for_each(|(field, value)| self.port.set(field, value));
        self.requests.store_producer(requests);
        self.replies.store_consumer(replies);
        self.packets.store_consumer(packets);
    }
}

/// Of the journal tile: its end of the link. What the journal itself counts is the keeper's and the syncer's.
#[derive(Debug)]
pub(crate) struct JournalMeter {
    commands: LinkEnd,
}

impl JournalMeter {
    pub(crate) fn new(region: &Arc<Region>) -> Self {
        Self { commands: LinkEnd::new(region, Link::Commands) }
    }

    pub(crate) fn store<T>(&self, commands: &Consumer<T>) {
        self.commands.store_consumer(commands);
    }
}

/// Of the feed tile: its streams, and its ends of two links.
#[derive(Debug)]
pub(crate) struct FeedMeter {
    streams: Vec<(Row, u64)>,
    market_data: LinkEnd,
    packets: LinkEnd,
}

impl FeedMeter {
    /// With the number of each stream's first message from now on.
    pub(crate) fn new(region: &Arc<Region>, streams: &[(Stream, u64)]) -> Self {
        let rows = region.rows(&feed::GROUP);
        Self {
            streams: rows.into_iter().zip(streams).map(|(row, (_, next))| (row, *next)).collect(),
            market_data: LinkEnd::new(region, Link::MarketData),
            packets: LinkEnd::new(region, Link::Packets),
        }
    }

    pub(crate) fn store<E, P>(
        &self,
        streams: impl Iterator<Item = (u64, FeedCounts)>,
        events: &Consumer<E>,
        packets: &Producer<P>,
    ) {
        for ((row, began), (next, counts)) in self.streams.iter().zip(streams) {
            row.set(feed::next, next);
            row.set(feed::messages, next.saturating_sub(*began));
            row.set(feed::packets, counts.packets);
            row.set(feed::bytes, counts.bytes);
            row.set(feed::heartbeats, counts.heartbeats);
            row.set(feed::lines, counts.lines);
            row.set(feed::sent_ns, counts.sent.0);
        }
        self.market_data.store_consumer(events);
        self.packets.store_producer(packets);
    }
}
