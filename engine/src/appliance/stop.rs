//! The end of an appliance: drained, synced, and what is left of it.

use super::{Appliance, StopError};
use crate::tile::{Duty, Phase, Remains};
use crate::trace::{Off, Trace};
use crate::venue::Venue;
use netio::port::PortCounters;
use std::thread;
use std::time::{Duration, Instant};
use wire::feed::Stream;

/// What is left of an appliance that has stopped.
pub struct Stopped<T = Off> {
    /// The venue as it stood.
    pub venue: Venue,
    /// What the port counted.
    pub port: PortCounters,
    /// What would have come next on each stream of market data.
    pub next_on: Vec<(Stream, u64)>,
    /// What the tiles kept of the messages that were followed.
    pub traces: Vec<T>,
    /// How much its threads had to do.
    pub duty: Vec<Duty>,
}

impl<T: Trace> Stopped<T> {
    /// What would have come next on a stream.
    #[must_use]
    pub fn next(&self, stream: Stream) -> Option<u64> {
        self.next_on.iter().find(|(known, _)| *known == stream).map(|(_, next)| *next)
    }
}

impl<T: Trace> Appliance<T> {
    /// Takes no more input, finishes what was taken, releases what became durable, syncs, takes a last snapshot, and ends.
    ///
    /// # Errors
    /// It had stopped by itself, or the end of the journal could not be synced, or the last snapshot not be written.
    pub fn stop(mut self) -> Result<Stopped<T>, StopError> {
        let keeper = self.keeper.take();
        if let Some(keeper) = &keeper {
            keeper.drain();
        }
        let stopped = self.finish();
        if let Some(keeper) = keeper {
            keeper.end(stopped.is_ok());
        }
        stopped
    }

    fn finish(mut self) -> Result<Stopped<T>, StopError> {
        self.control.advance(Phase::Draining);
        self.drain();
        // While there are tiles, so that what was taken is answered.
        drop(self.admin.take());
        self.control.advance(Phase::Stopped);
        let (mut venue, mut port, mut next_on, mut traces) = (None, PortCounters::default(), Vec::new(), Vec::new());
        let mut panicked = false;
        for thread in std::mem::take(&mut self.threads) {
            match thread.join() {
                Ok(remains) => {
                    for tile in remains {
                        match tile {
                            Remains::Net(counters, trace) => {
                                port = counters;
                                traces.push(trace);
                            }
                            Remains::Matching(left, trace) => {
                                venue = Some(*left);
                                traces.push(trace);
                            }
                            Remains::Journal(trace) => traces.push(trace),
                            Remains::Feed(next) => next_on = next,
                        }
                    }
                }
                Err(_) => panicked = true,
            }
        }
        let duty = self.duty();
        let journal = self.helper.stop();
        if let Some(reason) = self.control.failure() {
            return Err(StopError::Failed(reason));
        }
        if panicked {
            return Err(StopError::Panicked);
        }
        journal?;
        drop(self.answering);
        if let Some(follower) = self.follower {
            follower.stop()?;
        }
        let venue = venue.ok_or(StopError::Panicked)?;
        Ok(Stopped { venue, port, next_on, traces, duty })
    }

    /// Waits until no tile has had work for a while and everything appended is durable.
    fn drain(&self) {
        let deadline = Instant::now() + DRAIN_MAX;
        let mut work = self.control.work();
        let mut quiet_since = Instant::now();
        while Instant::now() < deadline && !self.has_failed() {
            thread::sleep(Duration::from_millis(1));
            let before = std::mem::replace(&mut work, self.control.work());
            if work != before || self.watch.durable_seq() < self.watch.appended_seq() {
                quiet_since = Instant::now();
            } else if quiet_since.elapsed() >= QUIET {
                return;
            }
        }
    }
}

/// How long no tile may have had work before the appliance counts as drained.
const QUIET: Duration = Duration::from_millis(20);
/// How long draining may take: a client that keeps asking must not keep the appliance alive.
const DRAIN_MAX: Duration = Duration::from_secs(5);
