//! The appliance's graph without its threads: the same tiles, links and helpers, polled by whoever holds it.
//!
//! Goal: a simulation runs what the appliance runs, made by the same code, and decides itself whose turn it is. Non-goal: speed.

use crate::config::Config;
use crate::journal::{Appender, Helper, Watch};
use crate::limits::{COMMAND_LINK_SLOTS, DATAGRAM_LINK_SLOTS, PACKET_LINK_SLOTS, TICK_LINK_SLOTS};
use crate::link::{Datagram, FeedEvent, JournalEntry};
use crate::recovery::Recovered;
use crate::tile::{
    Control, FeedStage, JournalStage, MatchingOutputs, MatchingStage, NetStage, Stage, StageError, Tile, TileKind,
    turn_order,
};
use crate::trace::{Off, Trace};
use crate::venue::Venue;
use netio::port::Port;
use netio::ring::channel;
use std::sync::Arc;
use wire::Nanos;

/// Four tiles and the journal's helpers. Dropping it is the end of a process that is killed: nothing is finished, nothing is synced.
pub struct Graph<P: Port> {
    tiles: Vec<Tile<P>>,
    turn: Vec<usize>,
    helper: Helper,
    watch: Watch,
}

impl<P: Port> Graph<P> {
    /// The graph behind a journal that was recovered, over a port opened with [`endpoints`](super::endpoints).
    #[must_use]
    pub fn build(config: &Config, port: P, recovered: Recovered) -> Self {
        let watch = recovered.journal.watch.clone();
        let (tiles, helper) = build(config, port, recovered, &Arc::new(Control::new(1)), |_| Off);
        let turn = turn_order(&tiles.iter().map(Tile::kind).collect::<Vec<_>>());
        Self { tiles, turn, helper, watch }
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

/// The four tiles with their links.
pub(super) fn build<P: Port, T: Trace>(
    config: &Config,
    port: P,
    recovered: Recovered,
    control: &Arc<Control>,
    trace: impl Fn(TileKind) -> T,
) -> (Vec<Tile<P, T>>, Helper) {
    let Recovered { venue, journal, ticks, .. } = recovered;
    let (request_in, request_out) = channel(DATAGRAM_LINK_SLOTS, Datagram::empty);
    let (reply_in, reply_out) = channel(DATAGRAM_LINK_SLOTS, Datagram::empty);
    let (packet_in, packet_out) = channel(PACKET_LINK_SLOTS, Datagram::empty);
    let (command_in, command_out) = channel(COMMAND_LINK_SLOTS, JournalEntry::empty);
    let (mut tick_in, tick_out) = channel(TICK_LINK_SLOTS, FeedEvent::empty);
    let first_tick = venue.exchange().numbers().tick - ticks.len() as u64;
    for (cause, tick) in ticks {
        tick_in.push(FeedEvent { cause, tick }).expect("REPUBLISHED_TICKS_MAX fits the link");
    }
    let watch = journal.watch;
    let feed = FeedStage::new(
        venue.exchange().feed_session(),
        first_tick,
        config.feed.tick_lines.iter().map(|&line| line.into()).collect(),
        u64::from(config.feed.heartbeat_ms) * 1_000_000,
        tick_out,
        packet_in,
        watch.clone(),
    );
    let outputs = MatchingOutputs { replies: reply_in, commands: command_in, ticks: tick_in };
    let appender: Appender = journal.appender;
    let net = NetStage::new(port, request_in, reply_out, packet_out, Arc::clone(control));
    let matching = MatchingStage::new(venue, request_out, outputs, watch.clone());
    let journal_tile = JournalStage::new(appender, command_out, watch);
    let tiles = vec![
        Tile::Net(net.with_trace(trace(TileKind::Net))),
        Tile::Matching(Box::new(matching.with_trace(trace(TileKind::Matching)))),
        Tile::Journal(journal_tile.with_trace(trace(TileKind::Journal))),
        Tile::Feed(feed),
    ];
    (tiles, journal.helper)
}
