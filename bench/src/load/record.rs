//! The record of an open loop: what was due, what was answered, how long each waited.
//!
//! Goal: a latency runs from the time at which a message was to be sent, so that a sender which is held up cannot hide what its messages
//! waited; what is never answered stays in the distribution. Non-goal: clocks, sockets, what an answer looks like.
//!
//! ```text
//!   due         sent                answer          deadline            end
//!    ├───────────┴──── latency ───────┤                │                 │
//!    ├──────────────────────── a late answer ──────────┼───┤             │
//!    ├──────────────────────── lost: as long as was waited ──────────────┤
//! ```

use super::distribution::Distribution;
use crate::figure::Figure;

/// What is to be recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// How many messages come first and are left out.
    pub warm_up: usize,
    /// How many are measured after them.
    pub measured: usize,
    /// An answer that takes longer is late.
    pub deadline_ns: u64,
}

/// Counts while the load runs. Nothing is allocated after [`Recorder::new`].
#[derive(Debug)]
pub struct Recorder {
    plan: Plan,
    /// When each was due; [`ANSWERED`] once it was.
    due: Vec<u64>,
    open: usize,
    outcome: Outcome,
}

/// In place of a due time.
const ANSWERED: u64 = u64::MAX;

/// What came of it. All but `warm_up` and `strange` are of the measured messages alone.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// How many messages were left out before the measured ones.
    pub warm_up: u64,
    /// How many were due.
    pub sent: u64,
    /// How many of them were answered, late ones too.
    pub answered: u64,
    /// How many were answered after the deadline.
    pub late: u64,
    /// How many were not answered until the end.
    pub lost: u64,
    /// Answers to what was not open: answered already, or never sent.
    pub strange: u64,
    /// From due time to answer, or to the end where there was none. As many as were due.
    pub latency: Distribution,
}

impl Recorder {
    /// Nothing due yet.
    #[must_use]
    pub fn new(plan: Plan) -> Self {
        let outcome = Outcome::default();
        Self { plan, due: Vec::with_capacity(plan.warm_up.saturating_add(plan.measured)), open: 0, outcome }
    }

    /// How many messages are still to be sent.
    #[inline]
    #[must_use]
    pub const fn left(&self) -> usize {
        (self.plan.warm_up + self.plan.measured).saturating_sub(self.due.len())
    }

    /// How many messages wait for an answer.
    #[inline]
    #[must_use]
    pub const fn open(&self) -> usize {
        self.open
    }

    /// The next message, due at this time, was sent. Returns its number, from 0; `None` when the plan has no more.
    #[inline]
    pub fn send(&mut self, due_ns: u64) -> Option<usize> {
        if self.left() == 0 {
            return None;
        }
        let number = self.due.len();
        self.due.push(due_ns.min(ANSWERED - 1));
        self.open += 1;
        Some(number)
    }

    /// Message `number` was answered. Returns how long it took; `None` when it was not open.
    #[inline]
    pub fn answer(&mut self, number: usize, now_ns: u64) -> Option<u64> {
        let Some(due_ns) = self.due.get_mut(number).filter(|due_ns| **due_ns != ANSWERED) else {
            self.outcome.strange += 1;
            return None;
        };
        let latency_ns = now_ns.saturating_sub(*due_ns);
        *due_ns = ANSWERED;
        self.open -= 1;
        if number >= self.plan.warm_up {
            self.outcome.answered += 1;
            self.outcome.late += u64::from(latency_ns > self.plan.deadline_ns);
            self.outcome.latency.record(latency_ns);
        }
        Some(latency_ns)
    }

    /// Ends: what is open is lost.
    #[must_use]
    pub fn finish(mut self, now_ns: u64) -> Outcome {
        let warm_up = self.plan.warm_up.min(self.due.len());
        let measured = &self.due[warm_up..];
        for due_ns in measured.iter().filter(|due_ns| **due_ns != ANSWERED) {
            self.outcome.lost += 1;
            self.outcome.latency.record(now_ns.saturating_sub(*due_ns));
        }
        self.outcome.warm_up = warm_up as u64;
        self.outcome.sent = measured.len() as u64;
        self.outcome
    }
}

impl Outcome {
    /// The counts, and the percentiles.
    pub fn figures(&self) -> impl Iterator<Item = Figure> + '_ {
        let counts = [
            Figure::count("sent", self.sent),
            Figure::count("answered", self.answered),
            Figure::count("late", self.late),
            Figure::count("lost", self.lost),
        ];
        self.latency.figures().chain(counts)
    }

    /// Adds another turn of the same load.
    pub fn add(&mut self, other: &Self) {
        self.warm_up += other.warm_up;
        self.sent += other.sent;
        self.answered += other.answered;
        self.late += other.late;
        self.lost += other.lost;
        self.strange += other.strange;
        self.latency.add(&other.latency);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAN: Plan = Plan { warm_up: 2, measured: 4, deadline_ns: 100 };

    #[test]
    fn latency_runs_from_the_due_time() {
        let mut recorder = Recorder::new(PLAN);
        for due_ns in [10, 20, 30, 40, 50, 60] {
            assert!(recorder.send(due_ns).is_some());
        }
        assert_eq!((recorder.send(70), recorder.left(), recorder.open()), (None, 0, 6));
        // Out of order: reports may overtake each other.
        for (number, now_ns, latency_ns) in [(1, 500, 480), (0, 500, 490), (3, 55, 15), (2, 130, 100), (5, 161, 101)] {
            assert_eq!(recorder.answer(number, now_ns), Some(latency_ns), "{number}");
        }
        assert_eq!(recorder.open(), 1);
        let outcome = recorder.finish(950);
        let Outcome { warm_up, sent, answered, late, lost, strange, latency } = outcome;
        assert_eq!((warm_up, sent, answered, late, lost, strange), (2, 4, 3, 1, 1, 0));
        // The warm-up's 480 and 490 are not in; the lost one is, with what was waited for it.
        assert_eq!((latency.len(), latency.percentile_ns(25_000), latency.max_ns()), (4, 15, 900));
        assert_eq!((latency.percentile_ns(50_000), latency.percentile_ns(75_000)), (100, 101));
    }

    #[test]
    fn an_answer_counts_once() {
        let mut recorder = Recorder::new(Plan { warm_up: 0, ..PLAN });
        assert_eq!(recorder.send(5), Some(0));
        assert_eq!(recorder.answer(0, 6), Some(1));
        assert_eq!((recorder.answer(0, 7), recorder.answer(1, 7)), (None, None));
        let outcome = recorder.finish(8);
        assert_eq!((outcome.sent, outcome.answered, outcome.lost, outcome.strange), (1, 1, 0, 2));
        assert_eq!(outcome.latency.len(), 1);
    }

    #[test]
    fn a_stall_is_in_as_many_latencies_as_were_due_in_it() {
        // One message every 10 ns; nothing is answered between 1,000 and 2,000, then everything at once.
        let mut recorder = Recorder::new(Plan { warm_up: 0, measured: 300, deadline_ns: 100_000 });
        for number in 0..300_u64 {
            recorder.send(number * 10);
        }
        for (number, due_ns) in (0..300_u64).map(|number| (number, number * 10)) {
            let now_ns = if (1_000..2_000).contains(&due_ns) { 2_000 } else { due_ns + 1 };
            recorder.answer(usize::try_from(number).expect("small"), now_ns);
        }
        let latency = recorder.finish(4_000).latency;
        assert_eq!((latency.max_ns(), latency.count_from(501), latency.count_from(2)), (1_000, 50, 100));
    }

    #[test]
    fn nothing_measured_is_nothing() {
        let mut recorder = Recorder::new(PLAN);
        recorder.send(1);
        let outcome = recorder.finish(9);
        assert_eq!((outcome.warm_up, outcome.sent, outcome.lost, outcome.latency.len()), (1, 0, 0, 0));
    }

    #[test]
    fn turns_add_up() {
        let turn = || {
            let mut recorder = Recorder::new(Plan { warm_up: 0, measured: 2, deadline_ns: 5 });
            recorder.send(0);
            recorder.send(1);
            recorder.answer(0, 10);
            recorder.finish(21)
        };
        let mut both = turn();
        both.add(&turn());
        let counts: Vec<u64> = both.figures().map(|figure| figure.value).collect();
        assert_eq!(counts, [10, 20, 20, 20, 20, 20, 4, 2, 2, 2]);
    }
}
