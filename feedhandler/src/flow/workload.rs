//! The order flow of the public matching-engine benchmark, generated: any of its scenarios, of any size, from any seed.
//!
//! Goal: message for message the flow that the benchmark's own generator makes, so that its published answers hold for ours, and
//! anyone can have a flow of any length without a file. Non-goal: other models; recorded flow is more like the world than this.
//!
//! The whole timeline has to be sorted before its first message is known, so a flow holds about 50 bytes an order.

mod distance;
mod lifecycle;
mod placement;
mod random;

use std::fmt;
use std::iter::FusedIterator;
use std::str::FromStr;

use wire::{Price, Qty, Side, Symbol};

use self::lifecycle::{Moment, Step};
use self::placement::Placement;
use self::random::Random;
use super::{Action, FlowItem};

/// How restless the market is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scenario {
    /// The middle price stands still: few trades, the deepest book.
    Static,
    /// An ordinary day.
    Normal,
    /// A swing of a quarter.
    Swing25,
    /// A swing of two fifths.
    Swing40,
    /// A swing of three fifths: the thinnest book, the widest range of prices.
    FlashCrash,
}

/// A name that is no scenario's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a scenario: static, normal, swing-25, swing-40 or flash-crash; found '{0}'")]
pub struct ParseScenarioError(String);

/// The messages of a generated flow, in order.
#[derive(Clone)]
pub struct Workload {
    placements: Vec<Placement>,
    moments: Vec<Moment>,
    instrument: Symbol,
    /// The next message.
    next: usize,
}

impl Scenario {
    /// Every scenario.
    pub const ALL: &[Self] = &[Self::Static, Self::Normal, Self::Swing25, Self::Swing40, Self::FlashCrash];

    /// The name that [`FromStr`] reads.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Static => "static",
            Self::Normal => "normal",
            Self::Swing25 => "swing-25",
            Self::Swing40 => "swing-40",
            Self::FlashCrash => "flash-crash",
        }
    }

    /// The volatility a year, and the swing that the whole flow shall typically cover.
    const fn volatility_and_swing(self) -> (f64, f64) {
        match self {
            Self::Static => (0.0, 0.0),
            Self::Normal => (0.15, 0.02),
            Self::Swing25 => (0.50, 0.25),
            Self::Swing40 => (0.50, 0.40),
            Self::FlashCrash => (0.50, 0.60),
        }
    }
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Scenario {
    type Err = ParseScenarioError;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.iter().copied().find(|scenario| scenario.name() == name);
        found.ok_or_else(|| ParseScenarioError(name.to_owned()))
    }
}

impl Workload {
    /// Generates the flow of so many new orders, about twice as many messages. The published answers are those of 1,000,000
    /// orders and seed 23. The flow knows no instrument, so the caller names one.
    #[must_use]
    pub fn new(scenario: Scenario, new_orders: u32, seed: u32, instrument: Symbol) -> Self {
        let mut random = Random::new(seed);
        let placements = placement::place(scenario, new_orders, &mut random);
        let moments = lifecycle::live(&placements, &mut random);
        Self { placements, moments, instrument, next: 0 }
    }

    fn action(&self, moment: Moment) -> Action {
        let Placement { price_ticks, qty, side, .. } = self.placements[moment.order as usize];
        let id = u64::from(moment.order) + 1;
        let (price, qty) = (Price(price_ticks), Qty(qty));
        match moment.step {
            Step::Enter => Action::Add { id, instrument: self.instrument, side, price, qty, immediate: false },
            Step::EnterImmediate => Action::Add { id, instrument: self.instrument, side, price, qty, immediate: true },
            Step::Cancel => Action::Cancel { id },
            Step::Modify => Action::Modify { id, side, price, qty: Qty(qty.0 + 1) },
            Step::Reprice => {
                let towards = if side == Side::Buy { 1 } else { -1 };
                Action::Modify { id, side, price: Price(price_ticks + towards), qty: Qty(qty.0 + 1) }
            }
        }
    }
}

impl Iterator for Workload {
    type Item = FlowItem;

    fn next(&mut self) -> Option<FlowItem> {
        let moment = *self.moments.get(self.next)?;
        let seq = self.next as u64;
        self.next += 1;
        Some(FlowItem { seq, time_ns: None, action: self.action(moment) })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.moments.len() - self.next;
        (left, Some(left))
    }
}

impl ExactSizeIterator for Workload {}
impl FusedIterator for Workload {}

impl fmt::Debug for Workload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Workload")
            .field("messages", &self.moments.len())
            .field("next", &self.next)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scenario_is_read_from_its_name() {
        for scenario in Scenario::ALL {
            assert_eq!(scenario.to_string().parse(), Ok(*scenario));
        }
        assert!("swing".parse::<Scenario>().is_err_and(|error| error.to_string().contains("'swing'")));
    }

    #[test]
    fn the_smallest_flows_are_flows() {
        let symbol = Symbol(*b"TEST    ");
        assert_eq!(Workload::new(Scenario::Normal, 0, 23, symbol).len(), 0);
        for orders in [1, 2, 3] {
            let flow = Workload::new(Scenario::FlashCrash, orders, 23, symbol);
            let entered = flow.filter(|item| matches!(item.action, Action::Add { .. })).count();
            assert_eq!(entered, orders as usize);
        }
    }
}
