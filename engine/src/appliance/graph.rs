//! The appliance's graph without its threads: the same tiles, links and helpers, polled by whoever holds it.
//!
//! Goal: a simulation runs what the appliance runs, made by the same code, and decides itself whose turn it is. Non-goal: speed.

use super::build;
use crate::config::Config;
use crate::journal::{Helper, Watch};
use crate::recovery::Recovered;
use crate::tile::{Control, Stage, StageError, Tile, TileKind, turn_order};
use crate::trace::Off;
use crate::venue::Venue;
use netio::port::Port;
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
