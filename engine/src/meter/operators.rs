//! The links of operators, as the thread that hears them counts its ends.

use std::sync::Arc;

use netio::ring::{Consumer, Producer};

use super::link::LinkEnd;
use super::plan::Link;
use crate::counters::Region;
use crate::link::{Operation, OperationDone};

/// Where it counts them.
#[derive(Debug)]
pub struct OperatorsMeter {
    operations: LinkEnd,
    outcomes: LinkEnd,
}

impl OperatorsMeter {
    pub(super) fn new(region: &Arc<Region>) -> Self {
        let end = |link| LinkEnd::new(region, link);
        Self { operations: end(Link::Operations), outcomes: end(Link::Outcomes) }
    }

    pub(crate) fn store(&self, operations: &Producer<Operation>, outcomes: &Consumer<OperationDone>) {
        self.operations.store_producer(operations);
        self.outcomes.store_consumer(outcomes);
    }
}
