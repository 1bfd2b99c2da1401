//! The orders of a generated flow, before they have an arrival time.
//!
//! Goal: side, price and quantity of each, priced off a middle price that walks at random (geometric Brownian motion, a step an
//! order). The first half of them buys, the second half sells; each stands on its own side of the middle price of its step.

use super::Scenario;
use super::distance::Distances;
use super::random::Random;
use wire::Side;

/// Dollars a tick.
const TICK: f64 = 0.005;
/// The middle price before the first step, in dollars.
const MIDDLE_AT_START: f64 = 167.52;
const QTY_MAX: u32 = 100;

/// An order as placed: 16 bytes, of which a flow holds a million.
#[derive(Clone, Copy, Debug)]
pub(super) struct Placement {
    pub price_ticks: i64,
    pub qty: u32,
    /// Ticks between it and the best price that its side could have.
    pub distance: u16,
    pub side: Side,
}

/// Places so many orders.
pub(super) fn place(scenario: Scenario, orders: u32, random: &mut Random) -> Vec<Placement> {
    let distances = Distances::new();
    let step = volatility_of_a_step(scenario, orders);
    let mut middle = MIDDLE_AT_START;
    let mut place = |number: u32| {
        middle *= (-0.5 * step * step + step * random.normal()).exp();
        let middle_ticks = whole_ticks((middle / TICK).round() * TICK);
        let distance = distances.draw(random);
        let away = i64::from(distance) + 1;
        let (side, price_ticks) =
            if number < orders / 2 { (Side::Buy, middle_ticks - away) } else { (Side::Sell, middle_ticks + away) };
        Placement { price_ticks: price_ticks.max(1), qty: 1 + random.below(QTY_MAX), distance, side }
    };
    (0..orders).map(&mut place).collect()
}

/// Chosen such that the whole walk typically covers the scenario's swing.
fn volatility_of_a_step(scenario: Scenario, orders: u32) -> f64 {
    let (volatility, swing) = scenario.volatility_and_swing();
    if volatility <= 0.0 {
        return 0.0;
    }
    let ratio = swing / volatility;
    volatility * (ratio * ratio / f64::from(orders)).sqrt()
}

fn whole_ticks(price: f64) -> i64 {
    #[allow(clippy::cast_possible_truncation, reason = "a walk of bounded swing stays far below 2^63 ticks")]
    {
        (price / TICK).round() as i64
    }
}
