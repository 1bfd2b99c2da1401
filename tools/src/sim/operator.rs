//! An operator: asks for one thing after another, and asks again where no answer comes.
//!
//! Goal: halts, locks, cancels of many, drains and listings at any moment of a day, through crashes. Non-goal: the administration session's
//! packets; commands go straight into the link.

use super::plan::{Plan, Switch};
use super::random::Random;
use engine::journal::Watch;
use engine::link::{Operation, OperationDone};
use netio::ring::{Consumer, Producer};
use wire::admin::{NewInstrument, OperatorCommand, OperatorName, Outcome, Scope, Verb};
use wire::feed::ChannelIndex;
use wire::{MemberId, Price, Qty, Seq, SessionIndex, Side, Symbol};

/// Steps after which an operator asks again.
const PATIENCE_STEPS: u64 = 3_000;

/// What an operator was told.
#[derive(Clone, Copy, Debug)]
pub struct Told {
    /// The command.
    pub asked: OperatorCommand,
    /// The one behind which the answer stands.
    pub cause: Seq,
    /// What became of it.
    pub outcome: Outcome,
    /// What was durable when it was told.
    pub durable: Seq,
}

/// One of them.
pub struct Operator {
    name: OperatorName,
    random: Random,
    number: u64,
    /// What has no answer yet, and when it was last asked for.
    open: Option<(OperatorCommand, u64)>,
    /// In this life of the appliance, and not durable yet.
    waiting: Vec<OperationDone>,
}

impl Operator {
    /// One who has asked for nothing.
    #[must_use]
    pub fn new(plan: &Plan) -> Self {
        let name = OperatorName::new("ann").unwrap_or(OperatorName::BLANK);
        let random = Random::new(plan.seed, "operator");
        Self { name, random, number: 0, open: None, waiting: Vec::new() }
    }

    /// Whether everything that was asked for is answered.
    #[must_use]
    pub const fn is_content(&self) -> bool {
        self.open.is_none()
    }

    /// The appliance was down: whatever was not told is asked for again.
    pub fn reconnect(&mut self) {
        self.waiting.clear();
        if let Some((_, asked_at)) = &mut self.open {
            *asked_at = 0;
        }
    }

    /// Has a turn. Returns what it asks for now, and what it is told.
    pub fn step(
        &mut self,
        step: u64,
        plan: &Plan,
        healing: bool,
        (operations, done): (&mut Producer<Operation>, &mut Consumer<OperationDone>),
        watch: &Watch,
    ) -> (Option<OperatorCommand>, Option<Told>) {
        let ready = done.acquire(1);
        self.waiting.extend((0..ready).map(|at| *done.slot(at)));
        done.release(ready);
        let durable = watch.durable_seq();
        let told = self.waiting.iter().position(|answer| answer.cause <= durable).and_then(|at| {
            let OperationDone { cause, number, outcome, .. } = self.waiting.remove(at);
            // An answer to what was asked twice comes twice.
            let (asked, _) = self.open.filter(|(asked, _)| asked.number == number)?;
            self.open = None;
            Some(Told { asked, cause, outcome, durable })
        });
        let again = self.open.filter(|(_, at)| *at == 0 || at + PATIENCE_STEPS < step).map(|(asked, _)| asked);
        let wants = !healing && self.random.chance(plan.strength(Switch::Operator));
        let asked = match again {
            Some(asked) => asked,
            None if self.open.is_none() && wants => {
                // Numbers may be left out.
                self.number += self.random.between(1..=3);
                OperatorCommand { operator: self.name, number: self.number, verb: self.verb(plan) }
            }
            None => return (None, told),
        };
        if operations.push(Operation { command: asked, key: None }).is_err() {
            return (None, told);
        }
        self.open = Some((asked, step.max(1)));
        (Some(asked), told)
    }

    fn below(&mut self, bound: u64) -> u16 {
        u16::try_from(self.random.below(bound)).unwrap_or(0)
    }

    fn scope(&mut self, plan: &Plan) -> Scope {
        match self.random.below(3) {
            0 => Scope::Session(SessionIndex(self.below(plan.traders as u64 + 1))),
            1 => Scope::Member(MemberId(self.below(3))),
            _ => Scope::Venue,
        }
    }

    fn symbol(&mut self, plan: &Plan) -> Symbol {
        let number = self.below(plan.instruments as u64 + 2);
        Symbol::new(&format!("S{number}")).unwrap_or(Symbol([b' '; 8]))
    }

    fn verb(&mut self, plan: &Plan) -> Verb {
        match self.random.below(24) {
            0..6 => Verb::CancelOrders {
                scope: self.scope(plan),
                symbol: (self.random.below(2) == 0).then(|| self.symbol(plan)),
                side: *self.random.pick(&[None, Some(Side::Buy), Some(Side::Sell)]),
            },
            6..8 => Verb::Lock { scope: self.scope(plan) },
            // A venue that is shut for long teaches nothing.
            8..13 => Verb::Unlock { scope: self.scope(plan) },
            13 => Verb::Halt { symbol: self.symbol(plan) },
            14..17 => Verb::Resume { symbol: self.symbol(plan) },
            17 => Verb::Drain,
            18..21 => Verb::Reopen,
            21 => Verb::Disconnect { session: SessionIndex(self.below(plan.traders as u64 + 1)) },
            22 => Verb::KeyChanged { session: SessionIndex(0), fingerprint: self.random.below(u64::MAX) },
            _ => Verb::AddInstrument(NewInstrument {
                symbol: self.symbol(plan),
                tick: 100,
                lot: 1,
                price_min: Price(100),
                price_max: Price(10_000_000),
                quantity_max: Qty(1_000_000),
                market_protection: None,
                channel: ChannelIndex(0),
            }),
        }
    }
}
