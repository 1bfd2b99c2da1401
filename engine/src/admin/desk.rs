//! Commands between operators and the matching tile: handed over, and told when what became of them is durable.

use crate::journal::Watch;
use crate::link::{Operation, OperationDone};
use crate::meter::OperatorsMeter;
use netio::ring::{Consumer, Producer};
use wire::Seq;
use wire::admin::{OperatorCommand, OperatorName, Outcome, Refusal, Verb};
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
    last: Vec<Last>,
    /// Where its ends of the links are counted.
    meter: Option<OperatorsMeter>,
}

/// The highest request number of an operator, and what was asked for under it, where that is known: not of one before this start.
#[derive(Debug)]
struct Last {
    operator: OperatorName,
    number: u64,
    verb: Option<Verb>,
}

impl Desk {
    /// `last`: what the journal knows of each operator.
    pub fn new(
        links: OperatorLinks,
        watch: Watch,
        last: Vec<(OperatorName, u64)>,
        meter: Option<OperatorsMeter>,
    ) -> Self {
        let last = last.into_iter().map(|(operator, number)| Last { operator, number, verb: None }).collect();
        Self { links, watch, pending: Vec::with_capacity(PENDING_MAX), last, meter }
    }

    /// Stores what its ends of the links count.
    pub fn count(&self) {
        if let Some(meter) = &self.meter {
            meter.store(&self.links.operations, &self.links.done);
        }
    }

    /// The highest request number that was seen of an operator; 0: none.
    pub fn last(&self, operator: OperatorName) -> u64 {
        self.last.iter().find(|last| last.operator == operator).map_or(0, |last| last.number)
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
        // Another answer would be taken for this one's.
        let other = |last: &Last| {
            let same = last.operator == command.operator && last.number == command.number;
            same && last.verb.is_some_and(|verb| verb != command.verb)
        };
        if self.last.iter().any(other) {
            return Submitted::Refused(Refusal::NUMBER_PASSED);
        }
        if self.pending.len() == PENDING_MAX || self.links.operations.push(Operation { command, key }).is_err() {
            return Submitted::Later;
        }
        let asked = Last { operator: command.operator, number: command.number, verb: Some(command.verb) };
        match self.last.iter_mut().find(|last| last.operator == command.operator) {
            Some(last) if last.number <= command.number => *last = asked,
            Some(_) => {}
            None => self.last.push(asked),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Stats};
    use crate::counters::{Reader, path_of};
    use crate::journal::{self, Durability, Genesis, Journal, LocalDisk, Options};
    use crate::limits::OPERATOR_LINK_SLOTS;
    use crate::meter::Meter;
    use netio::ring::channel;
    use std::sync::Arc;
    use wire::Nanos;
    use wire::journal::RecordKind;

    const OUTCOME: Outcome = Outcome::Done { seq: Seq(2), changed: 1 };

    fn command(number: u64, verb: Verb) -> OperatorCommand {
        OperatorCommand { operator: OperatorName::new("ann").expect("short"), number, verb }
    }

    /// A desk, and the matching tile's ends of its links.
    fn desk(watch: &Watch) -> (Desk, Consumer<Operation>, Producer<OperationDone>) {
        let (operations, heard) = channel(OPERATOR_LINK_SLOTS, Operation::empty);
        let (answers, done) = channel(OPERATOR_LINK_SLOTS, OperationDone::empty);
        let last = vec![(command(0, Verb::Drain).operator, 7)];
        (Desk::new(OperatorLinks { operations, done }, watch.clone(), last, None), heard, answers)
    }

    fn synced_journal(dir: &std::path::Path) -> Journal {
        let options =
            Options { dir: dir.join("j"), fingerprint: 1, segment_len: 1 << 20, durability: Durability::Synced };
        let genesis = Genesis { time: Nanos(1), body: &[0; 32], draw: 1 };
        journal::open(&options, Arc::new(LocalDisk), genesis, &mut |_| Ok(())).expect("a new journal")
    }

    /// The mechanism that an operator relies on: an answer means that the command survives.
    #[test]
    fn an_outcome_is_told_when_its_command_is_durable_and_not_before() {
        let dir = tempfile::tempdir().expect("a directory");
        let mut journal = synced_journal(dir.path());
        while journal.watch.durable_seq() < Seq(1) {
            journal.helper.turn();
        }
        let (mut desk, mut heard, mut answers) = desk(&journal.watch);
        let asked = command(8, Verb::Drain);
        assert_eq!(desk.submit(asked, None), Submitted::Taken);
        assert_eq!((heard.acquire(1), desk.is_waiting()), (1, true));
        journal.appender.append(Seq(2), Nanos(2), RecordKind::Logout, &[0; 2]).expect("room");
        answers
            .push(OperationDone { cause: Seq(2), operator: asked.operator, number: 8, outcome: OUTCOME })
            .expect("room");
        desk.listen();
        assert_eq!(desk.next_released(), None, "it is not durable");
        while journal.watch.durable_seq() < Seq(2) {
            journal.helper.turn();
        }
        assert_eq!(desk.next_released(), Some((asked, OUTCOME)));
        assert_eq!((desk.next_released(), desk.is_waiting()), (None, false), "once");
    }

    #[test]
    fn a_number_is_one_commands() {
        let dir = tempfile::tempdir().expect("a directory");
        let journal = synced_journal(dir.path());
        let (mut desk, mut heard, _answers) = desk(&journal.watch);
        assert_eq!(desk.last(command(0, Verb::Drain).operator), 7);
        assert!(desk.is_repeated(&command(7, Verb::Drain)) && !desk.is_repeated(&command(8, Verb::Drain)));
        assert_eq!(desk.submit(command(8, Verb::Drain), None), Submitted::Taken);
        assert_eq!(desk.submit(command(8, Verb::Drain), None), Submitted::Taken, "the same again, which is on its way");
        assert_eq!(heard.acquire(2), 1, "once");
        let other = desk.submit(command(8, Verb::Reopen), None);
        assert_eq!(other, Submitted::Refused(Refusal::NUMBER_PASSED));
        for number in 9.. {
            match desk.submit(command(number, Verb::Drain), None) {
                Submitted::Taken => {}
                full => {
                    assert_eq!((full, number), (Submitted::Later, 8 + PENDING_MAX as u64));
                    break;
                }
            }
        }
    }

    #[test]
    fn what_passes_is_counted_at_this_end() {
        let dir = tempfile::tempdir().expect("a directory");
        let config = Config { stats: Stats { dir: Some(dir.path().to_owned()), sample: 0 }, ..Config::default() };
        let meter = Meter::create(&config).expect("a file").expect("a directory is given");
        let reader = Reader::open(&path_of(&config).expect("a directory is given")).expect("counters");
        let journal = synced_journal(dir.path());
        let (mut desk, _heard, mut answers) = desk(&journal.watch);
        desk.meter = Some(meter.operators());
        let of = |link, field| reader.snapshot(Nanos(0)).row("link", link).and_then(|row| row.get(field));
        assert_eq!((of("operations", "slots"), of("outcomes", "slots")), (Some(64), Some(64)));
        for number in 8..11 {
            let asked = command(number, Verb::Drain);
            assert_eq!(desk.submit(asked, None), Submitted::Taken);
            let done = OperationDone { cause: Seq(1), operator: asked.operator, number, outcome: OUTCOME };
            answers.push(done).expect("room");
        }
        desk.count();
        assert_eq!((of("outcomes", "depth"), of("outcomes", "passed")), (Some(3), Some(0)));
        desk.listen();
        desk.count();
        let outcomes = ["depth", "high_water", "passed", "drops"].map(|field| of("outcomes", field));
        assert_eq!(outcomes, [Some(0), Some(3), Some(3), Some(0)]);
        // Nobody takes any.
        while desk.links.operations.push(Operation::empty()).is_ok() {}
        desk.count();
        assert_eq!(of("operations", "waits"), Some(1));
    }
}
