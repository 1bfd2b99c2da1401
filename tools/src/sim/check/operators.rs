//! `operators`: each command of an operator was done once and answered as it was done; what is locked holds no orders, and what is halted does
//! not trade.

use super::super::ledger::{Done, Ledger};
use super::super::operator::Told;
use super::{Verdict, fail};
use std::collections::BTreeMap;
use wire::SessionIndex;
use wire::admin::OperatorName;

/// How far it has looked.
#[derive(Debug, Default)]
pub struct Operators {
    looked: usize,
    done: BTreeMap<(OperatorName, u64), Done>,
    /// Told, and the command's record is not in the ledger yet.
    told: Vec<Told>,
}

impl Operators {
    /// An operator was told what became of a command.
    pub fn saw(&mut self, told: Told) {
        self.told.push(told);
    }

    /// Looks at what was done since the last time.
    ///
    /// # Errors
    /// Something was done twice, answered otherwise than it was done, or not kept.
    pub fn look(&mut self, ledger: &Ledger) -> Verdict {
        let effects = ledger.effects();
        for done in &effects.done[self.looked..] {
            let (operator, number) = (done.operator, done.number);
            if self.done.insert((operator, number), *done).is_some() {
                return fail("operators", format!("command {number} of {operator} was done twice"));
            }
        }
        self.looked = effects.done.len();
        for Told { asked, outcome, cause, .. } in self.told.drain(..) {
            let (operator, number) = (asked.operator, asked.number);
            let known = self.done.get(&(operator, number)).map(|done| (done.cause, done.outcome));
            if known != Some((cause, outcome)) {
                let what =
                    format!("command {number} of {operator} was answered {outcome:?} behind {cause}, done {known:?}");
                return fail("operators", what);
            }
        }
        if let Some(seq) = effects.halted_trade {
            return fail("operators", format!("command {seq} traded in an instrument that was halted"));
        }
        Self::locked(ledger)
    }

    /// Whoever is locked has no orders.
    fn locked(ledger: &Ledger) -> Verdict {
        let exchange = ledger.exchange();
        let controls = exchange.controls();
        if controls.is_canceling() || exchange.is_market_closed() {
            return Ok(());
        }
        for (session, state) in (0..).map(SessionIndex).zip(exchange.sessions()) {
            let orders = exchange.book().open_orders(session);
            if orders > 0 && controls.is_locked(session, state.member()) {
                return fail("operators", format!("session {session} is locked and has {orders} orders"));
            }
        }
        Ok(())
    }

    /// The history was cut short.
    pub fn forget(&mut self) {
        *self = Self::default();
    }
}
