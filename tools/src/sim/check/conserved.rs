//! `conserved`: every trade has two sides, and nothing comes of nothing.

use std::collections::BTreeMap;

use super::super::ledger::Ledger;
use super::super::standing::{Fill, Standing};
use super::{Verdict, fail};
use wire::ouch::Outbound;
use wire::{MatchNumber, Symbol};

/// The books of account.
#[derive(Debug, Default)]
pub struct Conserved {
    looked: usize,
    standing: Standing,
    /// Trades of which one side was told.
    half: BTreeMap<MatchNumber, Fill>,
    last: Option<MatchNumber>,
    /// Of each instrument, all sessions together: quantity, money.
    totals: BTreeMap<Symbol, (i128, i128)>,
    /// For a canary: falsifies the price of one side.
    falsify: bool,
}

impl Conserved {
    /// Empty books.
    #[must_use]
    pub fn new(falsify: bool) -> Self {
        Self { falsify, ..Self::default() }
    }

    /// Looks at what was reported since the last time.
    ///
    /// # Errors
    /// A report that cannot follow from those before it, or a trade whose sides differ.
    pub fn look(&mut self, ledger: &Ledger) -> Verdict {
        let effects = ledger.effects();
        for &(session, place) in &effects.order[self.looked..] {
            let effect = &effects.reports[usize::from(session.0)][place];
            let report = Outbound::decode(&effect.bytes).or_else(|error| fail("once", error.to_string()))?;
            let wrong = |what: String| ("once", format!("command {}, session {}: {what}", effect.cause, session.0));
            if let Some(fill) = self.standing.apply(session, &report).map_err(wrong)? {
                self.book(fill)?;
            }
        }
        self.looked = effects.order.len();
        if let Some(number) = self.half.keys().next() {
            return fail("conserved", format!("trade {} was reported to one side", number.0));
        }
        match self.totals.iter().find(|(_, totals)| **totals != (0, 0)) {
            Some((symbol, (qty, money))) => {
                fail("conserved", format!("all positions in {symbol:?} together come to {qty}, and {money} in money"))
            }
            None => Ok(()),
        }
    }

    /// The history was cut short.
    pub fn forget(&mut self) {
        *self = Self::new(self.falsify);
    }

    fn book(&mut self, mut fill: Fill) -> Verdict {
        if self.falsify && !fill.maker && fill.number.0.is_multiple_of(8) {
            fill.price.0 += 1;
        }
        let money = i128::from(fill.price.0) * i128::from(fill.qty);
        let (qty, sign) = (i128::from(fill.qty), if fill.side == wire::Side::Buy { 1 } else { -1 });
        let totals = self.totals.entry(fill.symbol).or_default();
        totals.0 += sign * qty;
        totals.1 -= sign * money;
        let number = fill.number;
        let Some(other) = self.half.remove(&number) else {
            if self.last.is_some_and(|last| last >= number) {
                return fail("conserved", format!("trade {} was reported before", number.0));
            }
            self.last = Some(number);
            self.half.insert(number, fill);
            return Ok(());
        };
        let alike = (other.symbol, other.qty, other.price) == (fill.symbol, fill.qty, fill.price);
        if !alike || other.side == fill.side || other.maker == fill.maker {
            return fail("conserved", format!("the sides of trade {} differ: {other:?}, {fill:?}", number.0));
        }
        Ok(())
    }
}
