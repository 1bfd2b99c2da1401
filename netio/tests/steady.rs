//! A loop over a port that bypasses the kernel, looked at from outside while it runs: the system calls it makes and the pages
//! it misses.
#![cfg(not(loom))]

#[cfg(feature = "dpdk")]
#[path = "steady/dpdk.rs"]
mod dpdk;
#[path = "steady/thread.rs"]
mod thread;
#[path = "steady/xdp.rs"]
mod xdp;

use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use self::thread::{Observed, observe};

/// How long a thread runs before it is looked at, and is looked at.
const LOOK: Duration = Duration::from_millis(500);

/// Runs `turn` on a thread of its own, over and over, and looks at it when it has run for a while. It returns how much it
/// has done.
fn look_at(mut turn: impl FnMut() -> usize + Send) -> (Option<Observed>, u64) {
    let (number, done, stop) = (AtomicI32::new(0), AtomicU64::new(0), AtomicBool::new(false));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let begin = Instant::now();
            while !stop.load(Ordering::Relaxed) {
                done.fetch_add(turn() as u64, Ordering::Relaxed);
                if number.load(Ordering::Relaxed) == 0 && begin.elapsed() > LOOK {
                    number.store(nix::unistd::gettid().as_raw(), Ordering::Relaxed);
                }
            }
        });
        while number.load(Ordering::Relaxed) == 0 {
            std::thread::sleep(Duration::from_millis(5));
        }
        let before = done.load(Ordering::Relaxed);
        let observed = observe(number.load(Ordering::Relaxed), LOOK);
        let after = done.load(Ordering::Relaxed);
        stop.store(true, Ordering::Relaxed);
        (observed, after - before)
    })
}

/// The method sees what there is to see.
#[test]
fn calls_and_faults_are_seen() {
    let mut page = 0;
    let mut memory = Vec::new();
    let (observed, _) = look_at(|| {
        std::thread::sleep(Duration::from_micros(100));
        if page % 4096 == 0 {
            memory = vec![0_u8; 4096 * 4096];
        }
        memory[page % 4096 * 4096] = 1;
        page += 1;
        1
    });
    if let Some(Observed { calls, faults }) = observed {
        assert!(calls.get("clock_nanosleep").is_some_and(|count| *count > 10), "{calls:?}");
        assert!(faults > 10, "{faults}");
    }
}
