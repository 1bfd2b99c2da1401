//! What becomes of each generated order, and when.
//!
//! Goal: the timeline of a flow: arrivals in shuffled order, and for each arrival a modify and a cancel at random, sometimes sent
//! twice as anxious clients do. Non-goal: whether the order still lives by then; that is the book's to find out.

use super::placement::Placement;
use super::random::Random;

const IMMEDIATE: f64 = 0.15;
const MODIFIED: f64 = 0.20;
const REPRICED: f64 = 0.80;
const CANCELED: f64 = 0.95;
const CANCELED_TWICE: f64 = 0.02;
const MODIFIED_AFTER_CANCEL: f64 = 0.02;
/// Half of the cancels of orders at the touch come within this time.
const LIFE_MEDIAN_US: f64 = 0.431 * 1000.0;

/// What happens to an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// It arrives.
    Enter,
    /// It arrives, immediate or cancel.
    EnterImmediate,
    /// Its quantity grows by one.
    Modify,
    /// Its quantity grows by one, and its price moves a tick towards the other side.
    Reprice,
    /// It is canceled.
    Cancel,
}

/// A step at its time: 16 bytes, of which a flow holds two million.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    pub at_us: i64,
    /// Position of the order among the placements.
    pub order: u32,
    pub step: Step,
}

/// The steps of all orders, sorted by time; those of the same time as they were made.
pub(super) fn live(placements: &[Placement], random: &mut Random) -> Vec<Moment> {
    let orders = u32::try_from(placements.len()).expect("as many as were asked for, in 32 bits");
    let arrivals = shuffled(orders, random);
    let mut timeline = Timeline { now_us: 0, moments: Vec::with_capacity(placements.len() * 9 / 4) };
    for order in arrivals {
        timeline.live_one(order, placements[order as usize].distance, random);
    }
    timeline.moments.sort_by_key(|moment| moment.at_us);
    timeline.moments
}

/// All positions in random order (Fisher and Yates, from the back).
fn shuffled(orders: u32, random: &mut Random) -> Vec<u32> {
    let mut arrivals: Vec<u32> = (0..orders).collect();
    for last in (1..orders).rev() {
        arrivals.swap(last as usize, random.below(last + 1) as usize);
    }
    arrivals
}

struct Timeline {
    now_us: i64,
    moments: Vec<Moment>,
}

impl Timeline {
    /// Adds the life of one order. Its steps push the time on, so that the next one begins after it.
    fn live_one(&mut self, order: u32, distance: u16, random: &mut Random) {
        let immediate = random.happens(IMMEDIATE);
        self.add(order, if immediate { Step::EnterImmediate } else { Step::Enter });
        if !immediate {
            let change = random.happens(MODIFIED).then(|| {
                self.now_us += 30 + whole_us(random.uniform() * 70.0);
                if random.happens(REPRICED) { Step::Reprice } else { Step::Modify }
            });
            if let Some(change) = change {
                self.add(order, change);
            }
            if random.happens(CANCELED) {
                // What stands deeper lives longer.
                let rate = std::f64::consts::LN_2 / LIFE_MEDIAN_US / (1.0 + f64::from(distance)).sqrt();
                self.now_us += whole_us(random.exponential(rate));
                self.add(order, Step::Cancel);
                if random.happens(CANCELED_TWICE) {
                    self.add_late(order, Step::Cancel, random);
                }
                if let Some(change) = change
                    && random.happens(MODIFIED_AFTER_CANCEL)
                {
                    self.add_late(order, change, random);
                }
            }
        }
        self.now_us += 1;
    }

    fn add(&mut self, order: u32, step: Step) {
        self.moments.push(Moment { at_us: self.now_us, order, step });
    }

    /// Adds a step that comes when the order is gone.
    fn add_late(&mut self, order: u32, step: Step, random: &mut Random) {
        self.now_us += 1 + whole_us(random.uniform() * 20.0);
        self.add(order, step);
    }
}

fn whole_us(us: f64) -> i64 {
    #[allow(clippy::cast_possible_truncation, reason = "seconds at most, rounded down")]
    {
        us as i64
    }
}
