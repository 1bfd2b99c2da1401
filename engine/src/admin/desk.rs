//! Commands between operators and the matching tile: handed over, and told when what became of them is durable.

use crate::journal::Watch;
use crate::link::{Operation, OperationDone};
use netio::ring::{Consumer, Producer};
use wire::Seq;
use wire::admin::{OperatorCommand, OperatorName, Outcome, Refusal};
use wire::login::Key;

/// Commands that are not answered yet. A link has room for as many, so an answer always finds some.
pub(super) const PENDING_MAX: usize = crate::limits::OPERATOR_LINK_SLOTS / 2;

/// This side's ends of the links to the matching tile and back.
#[derive(Debug)]
pub struct OperatorLinks {
    /// Commands.
    pub operations: Producer<Operation>,
    /// What became of them.
    pub done: Consumer<OperationDone>,
}

/// What became of an attempt to hand a command over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Submitted {
    /// It will be answered.
    Taken,
    /// There is no room: again later.
    Later,
    /// It is answered already.
    Refused(Refusal),
}

#[derive(Debug)]
struct Pending {
    command: OperatorCommand,
    done: Option<(Seq, Outcome)>,
}

/// Who waits for what.
#[derive(Debug)]
pub(super) struct Desk {
    links: OperatorLinks,
    watch: Watch,
    pending: Vec<Pending>,
    /// The highest request number of each operator.
    last: Vec<(OperatorName, u64)>,
}

impl Desk {
    /// `last`: what the journal knows of each operator.
    pub fn new(links: OperatorLinks, watch: Watch, last: Vec<(OperatorName, u64)>) -> Self {
        Self { links, watch, pending: Vec::with_capacity(PENDING_MAX), last }
    }

    /// The highest request number that was seen of an operator; 0: none.
    pub fn last(&self, operator: OperatorName) -> u64 {
        self.last.iter().find(|(known, _)| *known == operator).map_or(0, |(_, number)| *number)
    }

    /// Whether a command may have been seen before: then nothing is to be prepared for it.
    pub fn is_repeated(&self, command: &OperatorCommand) -> bool {
        command.number <= self.last(command.operator)
    }

    /// Hands a command over, unless it is on its way already.
    pub fn submit(&mut self, command: OperatorCommand, key: Option<Key>) -> Submitted {
        let same = |pending: &&Pending| {
            pending.command.operator == command.operator && pending.command.number == command.number
        };
        if let Some(pending) = self.pending.iter().find(same) {
            return match pending.command.verb == command.verb {
                true => Submitted::Taken,
                false => Submitted::Refused(Refusal::NUMBER_PASSED),
            };
        }
        if self.pending.len() == PENDING_MAX || self.links.operations.push(Operation { command, key }).is_err() {
            return Submitted::Later;
        }
        match self.last.iter_mut().find(|(known, _)| *known == command.operator) {
            Some((_, last)) => *last = command.number.max(*last),
            None => self.last.push((command.operator, command.number)),
        }
        self.pending.push(Pending { command, done: None });
        Submitted::Taken
    }

    /// Whether anybody waits.
    pub fn is_waiting(&self) -> bool {
        !self.pending.is_empty()
    }

    /// Hears what the matching tile has answered.
    pub fn listen(&mut self) {
        let count = self.links.done.acquire(1);
        for index in 0..count {
            let OperationDone { cause, operator, number, outcome } = *self.links.done.slot(index);
            let this =
                |pending: &&mut Pending| pending.command.operator == operator && pending.command.number == number;
            // One that nobody waits for was asked for before a restart.
            if let Some(pending) = self.pending.iter_mut().find(this) {
                pending.done = Some((cause, outcome));
            }
        }
        self.links.done.release(count);
    }

    /// The next command whose outcome is durable, with that. Each once.
    pub fn next_released(&mut self) -> Option<(OperatorCommand, Outcome)> {
        let durable = self.watch.durable_seq();
        let released = |pending: &Pending| pending.done.is_some_and(|(cause, _)| cause <= durable);
        let index = self.pending.iter().position(released)?;
        let Pending { command, done } = self.pending.swap_remove(index);
        done.map(|(_, outcome)| (command, outcome))
    }

    /// How far the journal is.
    pub const fn watch(&self) -> &Watch {
        &self.watch
    }
}
