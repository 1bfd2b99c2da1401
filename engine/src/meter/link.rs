//! One end of a link, and what it counts.

use std::sync::Arc;

use netio::ring::{Consumer, Producer};

use super::plan::Link;
use crate::counters::schema::link;
use crate::counters::{Region, Row};

/// One end of a link. The two ends store different fields of the same row.
#[derive(Debug)]
pub(crate) struct LinkEnd(Row);

impl LinkEnd {
    pub(super) fn new(region: &Arc<Region>, link: Link) -> Self {
        Self(region.row(&link::GROUP, link as usize))
    }

    pub(super) fn store_consumer<T>(&self, end: &Consumer<T>) {
        let depth = end.ready();
        self.0.set(link::depth, depth as u64);
        self.0.set(link::high_water, end.high_water().max(depth) as u64);
        self.0.set(link::passed, end.released());
    }

    pub(super) fn store_producer<T>(&self, end: &Producer<T>) {
        self.0.set(link::waits, end.waits());
    }

    pub(super) fn store_drops(&self, drops: u64) {
        self.0.set(link::drops, drops);
    }
}
