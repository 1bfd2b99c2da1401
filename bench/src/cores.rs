//! Threads on named cores.
//!
//! Goal: what two measuring threads need of the machine, in one place. Non-goal: choosing cores by their caches; `taskset` does.

use std::hint::spin_loop;
use std::thread;

use crate::error::BenchError;
use netio::cpu::{allowed_cores, pin_current_thread};

/// Turns without work before the other threads of the core get a chance: where cores are shared, pure spinning stands still.
const SPIN_TURNS: u32 = 1 << 14;

/// The first two usable cores, when there are two.
#[must_use]
pub fn pair() -> Option<[usize; 2]> {
    match allowed_cores()[..] {
        [near, far, ..] => Some([near, far]),
        _ => None,
    }
}

/// Runs on a thread of its own, on this core, so that the caller's thread stays where it is.
///
/// # Errors
/// The core cannot be had, or what ran failed.
pub fn on_core<T: Send>(core: usize, run: impl FnOnce() -> Result<T, BenchError> + Send) -> Result<T, BenchError> {
    thread::scope(|scope| {
        let run = move || {
            pin_current_thread(core)?;
            run()
        };
        let thread = thread::Builder::new().name("bench-near".to_owned()).spawn_scoped(scope, run);
        let died = |_| BenchError::Thread(std::io::Error::other("the measuring thread panicked"));
        thread.map_err(BenchError::Thread)?.join().map_err(died)?
    })
}

/// One turn without work.
#[inline]
pub fn wait(turns: &mut u32) {
    *turns = turns.wrapping_add(1);
    if turns.is_multiple_of(SPIN_TURNS) {
        thread::yield_now();
    } else {
        spin_loop();
    }
}
