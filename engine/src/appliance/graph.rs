//! The appliance's graph without its threads: the same tiles, links and helpers, polled by whoever holds it.
//!
//! Goal: a simulation runs what the appliance runs, made by the same code, and decides itself whose turn it is. Non-goal: speed.

use crate::admin::OperatorLinks;
use crate::config::{Config, Line};
use crate::exchange::Exchange;
use crate::image::Caused;
use crate::journal::{Appender, Helper, Watch};
use crate::limits::{
    COMMAND_LINK_SLOTS, DATAGRAM_LINK_SLOTS, MARKET_DATA_LINK_SLOTS, OPERATOR_LINK_SLOTS, PACKET_LINK_SLOTS,
};
use crate::link::{Datagram, FeedEvent, JournalEntry, MARKET_DATA, News, Operation, OperationDone};
use crate::meter::{Meter, ThreadMeter};
use crate::recovery::Recovered;
use crate::tile::{
    Control, FeedLine, FeedStage, FeedStream, JournalStage, MatchingOutputs, MatchingStage, NetStage, Stage,
    StageError, Tile, TileKind, turn_order,
};
use crate::trace::{Off, Trace};
use crate::venue::Venue;
use netio::port::{EndpointIndex, Port};
use netio::ring::channel;
use std::collections::VecDeque;
use std::sync::Arc;
use wire::Nanos;
use wire::feed::{Stream, StreamKind};

/// Four tiles and the journal's helpers. Dropping it is the end of a process that is killed: nothing is finished, nothing is synced.
pub struct Graph<P: Port, T: Trace = Off> {
    tiles: Vec<Tile<P, T>>,
    meter: Option<ThreadMeter>,
    turn: Vec<usize>,
    helper: Helper,
    watch: Watch,
    control: Arc<Control>,
    operators: OperatorLinks,
}

impl<P: Port> Graph<P> {
    /// The graph behind a journal that was recovered, over a port opened with [`endpoints`](super::endpoints).
    #[must_use]
    pub fn build(config: &Config, port: P, recovered: Recovered) -> Self {
        Self::build_counted(config, port, recovered, None, |_| Off)
    }
}

impl<P: Port, T: Trace> Graph<P, T> {
    /// The same with a meter to count in, and a trace for each tile that a message's way leads through.
    #[must_use]
    pub fn build_counted(
        config: &Config,
        port: P,
        recovered: Recovered,
        meter: Option<&Meter>,
        trace: impl Fn(TileKind) -> T,
    ) -> Self {
        let watch = recovered.journal.watch.clone();
        let control = Arc::new(Control::new(1));
        let (mut tiles, helper, operators) = build(config, port, recovered, &control, trace);
        let turn = turn_order(&tiles.iter().map(Tile::kind).collect::<Vec<_>>());
        let meter = meter.map(|meter| meter.thread(0, &mut tiles));
        Self { tiles, meter, turn, helper, watch, control, operators }
    }

    /// Stores what the tiles have counted, as a thread does every 10 ms.
    pub fn keep_house(&mut self, now: Nanos) {
        let Some(meter) = &mut self.meter else { return };
        for (tile, meter) in self.tiles.iter_mut().zip(&mut meter.tiles) {
            tile.store(&mut meter.own, false);
            meter.store(now, [0, 0, 0, tile.stalls()]);
        }
    }

    /// One turn of a thread that has all tiles: each in its order.
    ///
    /// # Errors
    /// The first tile that cannot go on, which ends the appliance.
    pub fn poll(&mut self, now: Nanos) -> Result<usize, StageError> {
        let mut work = 0;
        for place in 0..self.turn.len() {
            work += self.tiles[self.turn[place]].poll(now)?;
        }
        Ok(work)
    }

    /// One turn of one tile, as on a thread of its own.
    ///
    /// # Errors
    /// It cannot go on, which ends the appliance.
    pub fn poll_tile(&mut self, kind: TileKind, now: Nanos) -> Result<usize, StageError> {
        self.tiles.iter_mut().find(|tile| tile.kind() == kind).map_or(Ok(0), |tile| tile.poll(now))
    }

    /// Ends the market day.
    pub fn close_market(&self) {
        self.control.close_market();
    }

    /// Where an operator's commands go in, and their outcomes come out.
    pub const fn operators(&mut self) -> &mut OperatorLinks {
        &mut self.operators
    }

    /// The journal's helpers, which have threads of their own otherwise.
    pub const fn helper(&mut self) -> &mut Helper {
        &mut self.helper
    }

    /// How far the journal is.
    #[must_use]
    pub const fn watch(&self) -> &Watch {
        &self.watch
    }

    /// The venue as it stands.
    ///
    /// # Panics
    /// Never: every graph has a matching tile.
    #[must_use]
    pub fn venue(&self) -> &Venue {
        let venue = self.tiles.iter().find_map(|tile| match tile {
            Tile::Matching(matching) => Some(matching.venue()),
            _ => None,
        });
        venue.expect("a graph has a matching tile")
    }
}

/// Every stream of the venue with its lines; each goes on with what is to be published again.
fn feed_streams(config: &Config, exchange: &Exchange, again: &VecDeque<Caused>) -> Vec<FeedStream> {
    let interfaces = super::endpoints::feed_interfaces(config);
    let line = |line: &Line| {
        let interface = line.interface.unwrap_or(config.network.interface);
        let place = interfaces.iter().position(|known| *known == interface);
        let place = place.and_then(|place| u8::try_from(place).ok()).expect("every line's interface is listed");
        FeedLine { endpoint: EndpointIndex(MARKET_DATA.0 + place), address: line.group.into() }
    };
    let lines_of = |stream: Stream| {
        let channel = &config.channels[usize::from(stream.channel.0)];
        match stream.kind {
            StreamKind::Tick => &channel.tick_lines,
            StreamKind::Depth => &channel.depth_lines,
        }
    };
    let numbers = exchange.numbers();
    exchange
        .streams()
        .map(|stream| {
            let waiting = again.iter().filter(|(_, event)| event.stream(exchange.instruments()) == stream).count();
            FeedStream {
                stream,
                session: stream.session(exchange.feed_session()),
                next: numbers.next(stream) - waiting as u64,
                lines: lines_of(stream).iter().map(line).collect(),
            }
        })
        .collect()
}

/// The four tiles with their links.
pub(super) fn build<P: Port, T: Trace>(
    config: &Config,
    port: P,
    recovered: Recovered,
    control: &Arc<Control>,
    trace: impl Fn(TileKind) -> T,
) -> (Vec<Tile<P, T>>, Helper, OperatorLinks) {
    let Recovered { venue, journal, events, .. } = recovered;
    let (request_in, request_out) = channel(DATAGRAM_LINK_SLOTS, Datagram::empty);
    let (reply_in, reply_out) = channel(DATAGRAM_LINK_SLOTS, Datagram::empty);
    let (packet_in, packet_out) = channel(PACKET_LINK_SLOTS, Datagram::empty);
    let (command_in, command_out) = channel(COMMAND_LINK_SLOTS, JournalEntry::empty);
    let (operation_in, operation_out) = channel(OPERATOR_LINK_SLOTS, Operation::empty);
    let (done_in, done_out) = channel(OPERATOR_LINK_SLOTS, OperationDone::empty);
    let (mut data_in, data_out) = channel(MARKET_DATA_LINK_SLOTS, FeedEvent::empty);
    let watch = journal.watch;
    let heartbeat_ns = u64::from(config.feed.heartbeat_ms) * 1_000_000;
    let streams = feed_streams(config, venue.exchange(), &events);
    let feed =
        FeedStage::new(streams, venue.exchange().instruments(), heartbeat_ns, data_out, packet_in, watch.clone());
    let ended = venue.exchange().is_market_closed().then_some((venue.seq(), News::Closed));
    let again = events.into_iter().map(|(cause, event)| (cause, News::Market(event)));
    for (cause, news) in again.chain(ended) {
        data_in.push(FeedEvent { cause, news }).expect("REPUBLISHED_MAX and an end fit the link");
    }
    let outputs = MatchingOutputs {
        replies: reply_in,
        commands: command_in,
        market_data: data_in,
        operators: done_in,
        outcomes_dropped: 0,
    };
    let appender: Appender = journal.appender;
    let net = NetStage::new(port, request_in, reply_out, packet_out, Arc::clone(control));
    let matching = MatchingStage::new(venue, request_out, outputs, watch.clone(), Arc::clone(control));
    let matching = matching.with_operations(operation_out);
    let journal_tile = JournalStage::new(appender, command_out, watch);
    let tiles = vec![
        Tile::Net(net.with_trace(trace(TileKind::Net))),
        Tile::Matching(Box::new(matching.with_trace(trace(TileKind::Matching)))),
        Tile::Journal(journal_tile.with_trace(trace(TileKind::Journal))),
        Tile::Feed(Box::new(feed)),
    ];
    (tiles, journal.helper, OperatorLinks { operations: operation_in, done: done_out })
}
