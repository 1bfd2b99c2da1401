//! Many seeds, on all cores, until one fails or the time is up.

use std::cell::Cell;
use std::error::Error;
use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Instant;

use super::plan::Plan;
use super::trace::Keep;
use super::world::{Outcome, run as live};

/// What came of them.
#[derive(Debug, Default)]
pub struct Done {
    /// How many were run.
    pub seeds: u64,
    /// How often appliances started.
    pub starts: u64,
    /// How many commands venues took.
    pub commands: u64,
    /// The first that failed.
    pub found: Option<(Plan, Outcome)>,
}

thread_local! {
    static SEED: Cell<Option<u64>> = const { Cell::new(None) };
}

/// From here on a panic is told with the seed that it happened in: it is a finding like any other.
pub fn tell_seed_of_panics() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if let Some(seed) = SEED.get() {
            eprintln!("sim: seed {seed} panics:");
        }
        usual(panic);
    }));
}

/// This thread runs this seed.
pub fn begin(seed: u64) {
    SEED.set(Some(seed));
}

/// Runs them.
///
/// # Errors
/// There is no place for the files.
pub fn run(
    seeds: Range<u64>,
    deadline: Option<Instant>,
    plan: impl Fn(u64) -> Plan + Sync,
) -> Result<Done, Box<dyn Error>> {
    let next = AtomicU64::new(seeds.start);
    let over = AtomicBool::new(false);
    let done = Mutex::new(Done::default());
    let trouble = Mutex::new(None);
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let work = || {
        while !over.load(Ordering::Relaxed) && deadline.is_none_or(|deadline| Instant::now() < deadline) {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds.end {
                return;
            }
            begin(seed);
            let plan = plan(seed);
            match live(&plan, Keep::Digest) {
                Ok(outcome) => {
                    let Ok(mut done) = done.lock() else { return };
                    done.seeds += 1;
                    done.starts += outcome.starts;
                    done.commands += outcome.commands;
                    let lowest = done.found.as_ref().is_none_or(|(found, _)| found.seed > seed);
                    if outcome.failure.is_some() && lowest {
                        over.store(true, Ordering::Relaxed);
                        done.found = Some((plan, outcome));
                    }
                }
                Err(error) => {
                    over.store(true, Ordering::Relaxed);
                    if let Ok(mut trouble) = trouble.lock() {
                        *trouble = Some(error.to_string());
                    }
                }
            }
        }
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..cores).map(|_| scope.spawn(work)).collect();
        for thread in threads {
            if let Err(panic) = thread.join() {
                std::panic::resume_unwind(panic);
            }
        }
    });
    if let Some(trouble) = trouble.into_inner().ok().flatten() {
        return Err(trouble.into());
    }
    Ok(done.into_inner().unwrap_or_default())
}
