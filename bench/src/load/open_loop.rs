//! The open loop itself: what is due is sent, whatever is still unanswered.
//!
//! Goal: one loop for everything that is put under load, so that all are treated alike. Non-goal: what a message or an answer is.

use std::sync::atomic::{AtomicBool, Ordering};

use super::record::{Outcome, Plan, Recorder};
use super::schedule::Schedule;
use crate::error::BenchError;
use engine::tile::Wait;
use netio::clock::Clock;

/// Messages sent before answers are looked for again.
const BURST: usize = 64;
/// From the beginning of a load to the time from which its arrivals are counted, ns.
const LEAD_NS: u64 = 500_000;
/// How long a load may go on after its last message was due, ns.
const GRACE_NS: u64 = 1_000_000_000;
/// After a load, how long nothing may come before it counts as drained, ns.
const QUIET_NS: u64 = 3_000_000;
/// How long draining may take, ns.
const DRAIN_MAX_NS: u64 = 30_000_000_000;

/// What answers a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    /// The report to its sender.
    Report,
    /// The tick to everyone.
    Tick,
}

/// What is put under load. Messages are numbered from 0 in the order of submission, over all loads.
pub trait Target {
    /// How many messages were submitted.
    fn submitted(&self) -> u64;

    /// Whether it answers with ticks, too.
    fn has_ticks(&self) -> bool {
        true
    }

    /// Whether it takes another message now.
    fn room(&mut self) -> bool;

    /// Takes the next message.
    ///
    /// # Errors
    /// It cannot go on.
    fn submit(&mut self) -> Result<(), BenchError>;

    /// Sends what was submitted and looks for answers. Returns how many datagrams moved.
    ///
    /// # Errors
    /// It cannot go on, or an answer is wrong.
    fn turn(&mut self, answer: &mut impl FnMut(Channel, u64)) -> Result<usize, BenchError>;

    /// Whether it knows of messages that will still be answered.
    fn is_busy(&self) -> bool;
}

/// One load.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// When messages are due.
    pub schedule: Schedule,
    /// How many, and what is late.
    pub plan: Plan,
    /// What the sending thread does when there is nothing to do.
    pub wait: Wait,
}

/// What came of a load, by channel.
#[derive(Clone, Debug, Default)]
pub struct Answered {
    /// Reports.
    pub reports: Outcome,
    /// Ticks.
    pub ticks: Outcome,
}

impl Answered {
    /// One channel.
    #[must_use]
    pub const fn of(&self, channel: Channel) -> &Outcome {
        match channel {
            Channel::Report => &self.reports,
            Channel::Tick => &self.ticks,
        }
    }

    /// Adds another turn of the same load.
    pub fn add(&mut self, other: &Self) {
        self.reports.add(&other.reports);
        self.ticks.add(&other.ticks);
    }
}

/// Puts `target` under load, and leaves it drained. A message that cannot be taken when it is due is taken later, and its latency still
/// runs from when it was due; one that could not be taken until the end is lost.
///
/// # Errors
/// The target cannot go on, does not drain, or `stop` was set.
pub fn drive<T: Target>(target: &mut T, load: &Load, clock: &Clock, stop: &AtomicBool) -> Result<Answered, BenchError> {
    let Load { schedule, plan, wait } = *load;
    let first = target.submitted();
    let mut recorders = [Recorder::new(plan), Recorder::new(plan)];
    let channels = if target.has_ticks() { 2 } else { 1 };
    let mut arrivals = schedule.arrivals();
    let messages = plan.warm_up.saturating_add(plan.measured);
    let lasting_ns = arrivals.clone().nth(messages.saturating_sub(1)).unwrap_or(0);
    let start_ns = clock.now() + LEAD_NS;
    let end_ns = start_ns.saturating_add(lasting_ns).saturating_add(GRACE_NS);
    let mut next_due = || arrivals.next().map_or(u64::MAX, |at| start_ns.saturating_add(at));
    let mut due_ns = next_due();
    let mut idle = 0;
    loop {
        if stop.load(Ordering::Relaxed) {
            return Err(BenchError::Interrupted);
        }
        let now_ns = clock.now();
        let mut taken = 0;
        while recorders[0].left() > 0 && due_ns <= now_ns && taken < BURST && target.room() {
            target.submit()?;
            recorders[..channels].iter_mut().for_each(|recorder| {
                recorder.send(due_ns);
            });
            due_ns = next_due();
            taken += 1;
        }
        let moved = target.turn(&mut |channel, number| {
            // What belongs to an earlier load was counted as lost there.
            if let Some(number) = number.checked_sub(first).and_then(|number| usize::try_from(number).ok()) {
                recorders[channel as usize].answer(number, clock.now());
            }
        })?;
        if recorders[..channels].iter().all(|recorder| recorder.left() == 0 && recorder.open() == 0) {
            break;
        }
        // What is not sent or not answered by now is lost.
        if now_ns > end_ns {
            break;
        }
        idle = if taken + moved > 0 { 0 } else { idle + 1 };
        if idle > 0 {
            wait.wait(idle);
        }
    }
    let now_ns = clock.now();
    while recorders[0].left() > 0 && due_ns <= now_ns {
        recorders[..channels].iter_mut().for_each(|recorder| {
            recorder.send(due_ns);
        });
        due_ns = next_due();
    }
    let [reports, ticks] = recorders.map(|recorder| recorder.finish(now_ns));
    drain(target, clock, stop)?;
    Ok(Answered { reports, ticks })
}

/// Turns until everything is answered that will be.
fn drain<T: Target>(target: &mut T, clock: &Clock, stop: &AtomicBool) -> Result<(), BenchError> {
    let start_ns = clock.now();
    let mut quiet_since_ns = start_ns;
    loop {
        let moved = target.turn(&mut |_, _| {})?;
        let now_ns = clock.now();
        if moved > 0 || target.is_busy() {
            quiet_since_ns = now_ns;
        } else if now_ns - quiet_since_ns > QUIET_NS {
            return Ok(());
        }
        if now_ns - start_ns > DRAIN_MAX_NS {
            let (expected, found) = ("an answer to every message", "not in 30 seconds".to_owned());
            return Err(BenchError::Answer { subject: "the far side", expected, found });
        }
        if stop.load(Ordering::Relaxed) {
            return Err(BenchError::Interrupted);
        }
        std::thread::yield_now();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::schedule::Pattern;

    /// Answers each message at the next turn; from one number on nothing for so many turns of a millisecond.
    struct Stalling {
        submitted: u64,
        answered: u64,
        room: u64,
        stall_at: u64,
        stalled_turns: u32,
        lose: Option<u64>,
    }

    impl Target for Stalling {
        fn submitted(&self) -> u64 {
            self.submitted
        }

        fn room(&mut self) -> bool {
            self.submitted - self.answered < self.room
        }

        fn submit(&mut self) -> Result<(), BenchError> {
            self.submitted += 1;
            Ok(())
        }

        fn turn(&mut self, answer: &mut impl FnMut(Channel, u64)) -> Result<usize, BenchError> {
            if self.answered >= self.stall_at && self.stalled_turns > 0 {
                self.stalled_turns -= 1;
                std::thread::sleep(std::time::Duration::from_millis(1));
                return Ok(0);
            }
            let before = self.answered;
            while self.answered < self.submitted {
                if self.lose != Some(self.answered) {
                    answer(Channel::Report, self.answered);
                }
                answer(Channel::Tick, self.answered);
                self.answered += 1;
            }
            Ok(usize::try_from(self.answered - before).expect("small"))
        }

        fn is_busy(&self) -> bool {
            self.answered < self.submitted
        }
    }

    fn loaded(target: &mut Stalling) -> Answered {
        let schedule = Schedule { pattern: Pattern::Fixed, rate_per_s: 10_000, seed: 1 };
        let plan = Plan { warm_up: 100, measured: 900, deadline_ns: 10_000_000 };
        let load = Load { schedule, plan, wait: Wait::Yield };
        drive(target, &load, &Clock::calibrate(), &AtomicBool::new(false)).expect("nothing fails")
    }

    fn target(room: u64) -> Stalling {
        Stalling { submitted: 0, answered: 0, room, stall_at: 500, stalled_turns: 20, lose: None }
    }

    #[test]
    fn a_stall_is_felt_by_all_who_were_due_in_it() {
        // 20 ms at 10,000 messages a second: 200 wait, half of them for more than 10 ms. With room for one, the sender itself is held up,
        // and it makes no difference: latency runs from the due time.
        for room in [1_000_000, 1] {
            let mut target = target(room);
            let Answered { reports, ticks } = loaded(&mut target);
            assert_eq!((reports.warm_up, reports.sent, reports.answered, reports.lost), (100, 900, 900, 0));
            assert_eq!((ticks.answered, ticks.strange), (900, 0));
            let waited = reports.latency.count_from(10_000_000);
            assert!(waited >= 90, "{waited} waited, room for {room}");
            assert!(reports.late >= 90 && reports.latency.max_ns() >= 19_000_000);
        }
    }

    #[test]
    fn what_is_lost_is_in_the_distribution_and_numbers_go_on() {
        let mut target = Stalling { stalled_turns: 0, lose: Some(1_500), ..target(1_000_000) };
        assert_eq!(loaded(&mut target).reports.lost, 0);
        let Answered { reports, ticks } = loaded(&mut target);
        assert_eq!((reports.sent, reports.answered, reports.lost, ticks.lost), (900, 899, 1, 0));
        assert_eq!(reports.latency.len(), 900);
        assert!(reports.latency.max_ns() >= GRACE_NS, "{}", reports.latency.max_ns());
    }

    #[test]
    fn a_far_side_that_takes_nothing_more_loses_what_was_due() {
        let mut target = Stalling { stalled_turns: 1_500, stall_at: 300, ..target(10) };
        let reports = loaded(&mut target).reports;
        assert_eq!((reports.sent, reports.answered + reports.lost), (900, 900));
        assert!(reports.lost >= 500, "{}", reports.lost);
    }
}
