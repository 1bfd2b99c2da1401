//! Who hears what an exchange says.

use engine::command::Command;
use engine::depth::{Change, DepthEvent};
use engine::gateway::{Endpoint, Replies};
use engine::sink::Sink;
use engine::venue::Outputs;
use wire::address::Addr;
use wire::admin::{OperatorName, Outcome};
use wire::tick::Tick;
use wire::{Seq, SessionIndex};

/// What a command led to.
#[derive(Default)]
pub struct Heard {
    pub reports: Vec<(SessionIndex, Vec<u8>)>,
    pub ticks: usize,
    pub deleted: usize,
    pub done: Vec<(Seq, OperatorName, u64, Outcome)>,
}

impl Sink for Heard {
    fn report(&mut self, _cause: Seq, session: SessionIndex, message: &[u8]) {
        self.reports.push((session, message.to_vec()));
    }

    fn tick(&mut self, _cause: Seq, _tick: &Tick) {
        self.ticks += 1;
    }

    fn depth(&mut self, _cause: Seq, event: &DepthEvent) {
        self.deleted += usize::from(matches!(event.change, Change::Deleted { .. }));
    }

    fn operator_done(&mut self, cause: Seq, operator: OperatorName, number: u64, outcome: Outcome) {
        self.done.push((cause, operator, number, outcome));
    }
}

/// Whoever replays and listens to nothing.
pub struct Nothing;

impl Replies for Nothing {
    fn room(&mut self) -> usize {
        0
    }

    fn send(&mut self, _: Endpoint, _: Addr, _: impl FnOnce(&mut [u8]) -> Option<usize>) {}
}

impl Outputs for Nothing {
    fn ready(&mut self) -> bool {
        true
    }

    fn journal(&mut self, _: &Command<'_>) {}

    fn tick(&mut self, _: Seq, _: &Tick) {}

    fn depth(&mut self, _: Seq, _: &DepthEvent) {}
}
