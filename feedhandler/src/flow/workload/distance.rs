//! How far from the middle price a generated order is placed.
//!
//! Goal: the published profile: a power law that falls off from the touch, with a bell-shaped crowd eight ticks out.

use super::random::Random;

/// Distances run from 0 to this.
const DISTANCE_MAX: u16 = 799;
const EXPONENT: f64 = 2.23;
const CROWD_HEIGHT: f64 = 5.0;
const CROWD_DISTANCE: f64 = 8.0;

/// The profile.
pub(super) struct Distances {
    /// For each distance, the weight of it and all smaller ones.
    cumulated: Vec<f64>,
}

impl Distances {
    pub fn new() -> Self {
        let mut total = 0.0;
        let weights = (0..=DISTANCE_MAX).map(|distance| {
            let distance = f64::from(distance);
            let from_crowd = distance - CROWD_DISTANCE;
            let tail = 1.0 / (distance + 1.0).powf(EXPONENT);
            tail + CROWD_HEIGHT * (-0.5 * from_crowd * from_crowd).exp()
        });
        let cumulated = weights.map(|weight| {
            total += weight;
            total
        });
        Self { cumulated: cumulated.collect() }
    }

    /// Draws a distance.
    pub fn draw(&self, random: &mut Random) -> u16 {
        let total = self.cumulated[usize::from(DISTANCE_MAX)];
        let drawn = random.uniform() * total;
        let distance = self.cumulated.partition_point(|up_to| *up_to < drawn);
        u16::try_from(distance).map_or(DISTANCE_MAX, |distance| distance.min(DISTANCE_MAX))
    }
}
