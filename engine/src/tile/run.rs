//! The one poll loop, and how it is told to stop.

use super::{Remains, Stage, StageError, Tile, Wait};
use crate::trace::{Off, Trace};
use netio::clock::Clock;
use netio::port::Port;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use wire::Nanos;

/// What the appliance is at. It only moves forward.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Phase {
    /// In service.
    Running = 0,
    /// Takes no more input; what was taken is finished.
    Draining = 1,
    /// Threads end at their next turn.
    Stopped = 2,
}

/// Shared by all threads of one appliance.
#[derive(Debug)]
pub struct Control {
    phase: AtomicU8,
    /// Work done by each thread since the start; a drained appliance is one in which these stand still.
    work: Box<[AtomicU64]>,
    failure: Mutex<Option<String>>,
}

impl Control {
    /// Control over this many threads.
    #[must_use]
    pub fn new(threads: usize) -> Self {
        Self {
            phase: AtomicU8::new(Phase::Running as u8),
            work: (0..threads).map(|_| AtomicU64::new(0)).collect(),
            failure: Mutex::new(None),
        }
    }

    /// Whether the net tile still receives.
    #[must_use]
    pub fn takes_input(&self) -> bool {
        self.phase.load(Ordering::Relaxed) == Phase::Running as u8
    }

    /// Whether the threads are to end.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.phase.load(Ordering::Relaxed) == Phase::Stopped as u8
    }

    /// Moves on to a later phase.
    pub fn advance(&self, phase: Phase) {
        self.phase.fetch_max(phase as u8, Ordering::Relaxed);
    }

    /// Work done by all threads since the start.
    #[must_use]
    pub fn work(&self) -> u64 {
        self.work.iter().map(|work| work.load(Ordering::Relaxed)).sum()
    }

    /// Why the appliance stopped by itself, if it did.
    ///
    /// # Panics
    /// A thread panicked while it reported a failure.
    #[must_use]
    pub fn failure(&self) -> Option<String> {
        self.failure.lock().expect("never held across a panic").clone()
    }

    fn fail(&self, error: &StageError) {
        let mut failure = self.failure.lock().expect("never held across a panic");
        failure.get_or_insert_with(|| error.to_string());
        drop(failure);
        self.advance(Phase::Stopped);
    }
}

/// How often a thread steers its clock towards the system's, ns.
const RESYNC_NS: u64 = 1_000_000_000;

/// The tiles of one thread.
pub struct TileThread<P: Port, T: Trace = Off> {
    /// In data-flow order.
    pub tiles: Vec<Tile<P, T>>,
    /// The thread's place in [`Control`].
    pub index: usize,
    /// What it does when idle.
    pub wait: Wait,
}

impl<P: Port, T: Trace> TileThread<P, T> {
    /// Polls the tiles until told to stop, and gives back what remains of them.
    pub fn run(mut self, control: &Control, mut clock: Clock) -> Vec<Remains<T>> {
        let mut idle = 0u32;
        let mut work = 0u64;
        let mut next_resync = clock.now().saturating_add(RESYNC_NS);
        while !control.is_stopped() {
            let now = Nanos(clock.now());
            if now.0 >= next_resync {
                clock.resync();
                next_resync = now.0.saturating_add(RESYNC_NS);
            }
            let mut turn = 0;
            for tile in &mut self.tiles {
                match tile.poll(now) {
                    Ok(done) => turn += done,
                    Err(error) => control.fail(&error),
                }
            }
            if turn > 0 {
                work += turn as u64;
                control.work[self.index].store(work, Ordering::Relaxed);
                idle = 0;
            } else {
                idle = idle.saturating_add(1);
                self.wait.wait(idle);
            }
        }
        self.tiles.into_iter().map(Tile::into_remains).collect()
    }
}
