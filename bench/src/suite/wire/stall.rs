//! The proof that the open loop omits nothing: the appliance is made to stand still for a while under load.
//!
//! Goal: what waited is told as the schedule says, whatever the machine does beside. Non-goal: figures of the appliance.

use std::thread;
use std::time::{Duration, Instant};

use super::subject::{Site, Subject};
use crate::error::BenchError;
use crate::figure::{Figure, Row};
use crate::load::open_loop::Load;
use crate::load::record::Plan;
use crate::load::schedule::{Pattern, Schedule};
use nix::sys::signal::{Signal, kill};

/// Messages a second; evenly, so that what must wait can be counted.
const RATE_PER_S: u64 = 5_000;
/// Messages in all: 0.6 s.
const MESSAGES: usize = 3_000;
/// When the appliance is stopped, from the start of the load.
const STOPPED_AFTER: Duration = Duration::from_millis(300);

/// Loads an appliance that stands still for so long in the middle.
///
/// # Errors
/// It cannot be started, stopped or loaded.
pub fn measure(site: &Site<'_>, subject: &mut Subject, stall: Duration) -> Result<Row, BenchError> {
    let schedule = Schedule { pattern: Pattern::Fixed, rate_per_s: RATE_PER_S, seed: 0 };
    let plan = Plan { warm_up: 100, measured: MESSAGES, deadline_ns: ns(stall) / 2 };
    let load = Load { schedule, plan, wait: site.wait };
    let pid = subject.pid();
    let stopped = thread::scope(|scope| {
        let stopping = scope.spawn(move || {
            thread::sleep(STOPPED_AFTER);
            let pid = pid?;
            let begin = Instant::now();
            kill(pid, Signal::SIGSTOP).ok()?;
            thread::sleep(stall);
            let lasted = begin.elapsed();
            kill(pid, Signal::SIGCONT).ok()?;
            Some(lasted)
        });
        let answered = subject.load(site, &load);
        (stopping.join().ok().flatten(), answered)
    });
    let (Some(lasted), answered) = stopped else {
        let (expected, found) = ("a process that can be stopped", "none".to_owned());
        return Err(BenchError::Answer { subject: "the appliance", expected, found });
    };
    let reports = answered?.reports;
    let stall_ns = ns(lasted);
    let due = u128::from(stall_ns) * u128::from(RATE_PER_S) / 1_000_000_000;
    let mut figures = vec![
        Figure::ns("stall_ns", stall_ns),
        Figure::count("due_in_it", u64::try_from(due).unwrap_or(u64::MAX)),
        Figure::count("waited_half_of_it", reports.latency.count_from(stall_ns / 2)),
    ];
    figures.extend(reports.figures());
    Ok(Row { name: "stalled: report".into(), figures, excludes: "anything but the stall" })
}

fn ns(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
