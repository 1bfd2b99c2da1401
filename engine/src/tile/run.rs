//! The one poll loop, and how it is told to stop.

use super::duty::{Duty, Published, Tally};
use super::{Remains, Stage, StageError, Tile, TileKind, Wait};
use crate::counters::schema::thread;
use crate::log::{HotLog, Remark};
use crate::meter::ThreadMeter;
use crate::trace::{Off, Trace};
use netio::clock::Clock;
use netio::port::Port;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
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
    /// What each thread has done since the start; a drained appliance is one in which the work stands still.
    threads: Box<[Published]>,
    failure: Mutex<Option<String>>,
    /// The operator has ended the market day.
    closes_market: AtomicBool,
}

impl Control {
    /// Control over this many threads.
    #[must_use]
    pub fn new(threads: usize) -> Self {
        Self {
            phase: AtomicU8::new(Phase::Running as u8),
            threads: (0..threads).map(|_| Published::default()).collect(),
            failure: Mutex::new(None),
            closes_market: AtomicBool::new(false),
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

    /// Ends the market day.
    pub fn close_market(&self) {
        self.closes_market.store(true, Ordering::Relaxed);
    }

    /// Whether the market day is to end.
    #[must_use]
    pub fn closes_market(&self) -> bool {
        self.closes_market.load(Ordering::Relaxed)
    }

    /// Work done by all threads since the start.
    #[must_use]
    pub fn work(&self) -> u64 {
        self.threads.iter().map(|thread| thread.work.load(Ordering::Relaxed)).sum()
    }

    /// What a thread has done up to some milliseconds ago: the one of this index, called `name`, with these tiles.
    #[must_use]
    pub fn duty(&self, index: usize, name: &str, tiles: &[TileKind]) -> Duty {
        self.threads[index].read(name.to_owned(), tiles)
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

/// How often a thread publishes its duty, ns.
const PUBLISH_NS: u64 = 10_000_000;
/// How often it steers its clock towards the system's, in the same.
const RESYNC_PUBLICATIONS: u32 = 100;
/// A thread that publishes so much too late stood still, ns: no turn of ours takes as long.
const STOOD_STILL_NS: u64 = 100_000_000;

/// The tiles of one thread.
pub struct TileThread<P: Port, T: Trace = Off> {
    /// In data-flow order.
    pub tiles: Vec<Tile<P, T>>,
    /// The thread's place in [`Control`].
    pub index: usize,
    /// What it does when idle.
    pub wait: Wait,
    /// Where it says what happens to it.
    pub log: HotLog,
    /// Where it counts for others to see.
    pub meter: Option<ThreadMeter>,
}

impl<P: Port, T: Trace> TileThread<P, T> {
    /// Polls the tiles until told to stop, and gives back what remains of them.
    pub fn run(mut self, control: &Control, mut clock: Clock) -> Vec<Remains<T>> {
        let published = &control.threads[self.index];
        let mut meter = self.meter;
        let mut tiles: Vec<Polled<P, T>> =
            self.tiles.into_iter().map(|tile| Polled { tile, working: 0, work: 0, counted: 0 }).collect();
        let turn_order = turn_order(&tiles.iter().map(|polled| polled.tile.kind()).collect::<Vec<_>>());
        let mut idle = 0u32;
        let mut work = 0u64;
        let mut now = Nanos(clock.now());
        let mut tally = Tally::begin(now.0);
        let (mut next_publication, mut publications) = (now.0.saturating_add(PUBLISH_NS), 0);
        self.log.say(now, Remark::Began);
        while !control.is_stopped() {
            now = Nanos(clock.now());
            tally.turns += 1;
            if idle == 0 {
                tally.worked_until(now.0);
            }
            if now.0 >= next_publication {
                let late_ns = now.0 - next_publication;
                if late_ns >= STOOD_STILL_NS {
                    self.log.say(now, Remark::StoodStill { for_ns: late_ns });
                }
                next_publication = now.0.saturating_add(PUBLISH_NS);
                published.publish(now.0, &tally, tiles.iter().map(|polled| polled.working));
                if let Some(meter) = &mut meter {
                    store(meter, now, &tally, &mut tiles, false);
                }
                publications += 1;
                if publications == RESYNC_PUBLICATIONS {
                    publications = 0;
                    clock.resync();
                }
            }
            let mut turn = 0;
            for &place in &turn_order {
                let Polled { tile, working, work, counted } = &mut tiles[place];
                match tile.poll(now) {
                    Ok(0) => {}
                    Ok(done) => {
                        turn += done;
                        *work += done as u64;
                        // Once, however often it has had its turn in this one.
                        *working += u64::from(*counted != tally.turns);
                        *counted = tally.turns;
                    }
                    Err(error) => {
                        self.log.say(now, Remark::Failed);
                        control.fail(&error);
                    }
                }
            }
            if turn > 0 {
                work += turn as u64;
                published.work.store(work, Ordering::Relaxed);
                tally.worked(now.0);
                idle = 0;
            } else {
                idle = idle.saturating_add(1);
                if let Some(meter) = &mut meter {
                    for (polled, meter) in tiles.iter_mut().zip(&mut meter.tiles) {
                        polled.tile.store_more(&mut meter.own);
                    }
                }
                self.wait.wait_by(idle, |time| match tiles.iter_mut().find_map(|polled| polled.tile.net()) {
                    Some(net) => net.wait(time),
                    None => std::thread::sleep(time),
                });
            }
        }
        published.publish(now.0, &tally, tiles.iter().map(|polled| polled.working));
        if let Some(meter) = &mut meter {
            store(meter, now, &tally, &mut tiles, true);
        }
        tiles.into_iter().map(|polled| polled.tile.into_remains()).collect()
    }
}

/// Stores what the thread and its tiles have counted where others see it: a bounded part of what there may be much of, or all.
#[cold]
fn store<P: Port, T: Trace>(meter: &mut ThreadMeter, now: Nanos, tally: &Tally, tiles: &mut [Polled<P, T>], all: bool) {
    let row = &meter.row;
    for (field, value) in [
        (thread::turns, tally.turns),
        (thread::working_turns, tally.working_turns),
        (thread::time_ns, now.0.saturating_sub(tally.began)),
        (thread::working_ns, tally.working_ns),
        (thread::heartbeat_ns, now.0),
    ] {
        row.set(field, value);
    }
    for (polled, meter) in tiles.iter_mut().zip(&mut meter.tiles) {
        polled.tile.store(&mut meter.own, all);
        meter.store(now, [tally.turns, polled.working, polled.work, polled.tile.stalls()]);
    }
}

/// In which order the tiles of a thread have their turn, by their places: as the data flows. What the journal tile has made durable goes on by
/// way of the matching tile, so that one has a second turn, and a report leaves in one burst with the market data of the same command.
pub(crate) fn turn_order(kinds: &[TileKind]) -> Vec<usize> {
    let matching = kinds.iter().position(|kind| *kind == TileKind::Matching);
    let mut order = Vec::with_capacity(kinds.len() + 1);
    for (place, kind) in kinds.iter().enumerate() {
        order.push(place);
        if *kind == TileKind::Journal {
            order.extend(matching);
        }
    }
    order
}

/// A tile, in how many turns it found work and how much, and the last one that was counted.
struct Polled<P: Port, T: Trace> {
    tile: Tile<P, T>,
    working: u64,
    work: u64,
    counted: u64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use TileKind::{Feed, Journal, Matching, Net};

    #[test]
    fn what_became_durable_goes_on_in_the_same_turn() {
        assert_eq!(turn_order(&[Net, Matching, Journal, Feed]), [0, 1, 2, 1, 3]);
        assert_eq!(turn_order(&[Matching, Journal]), [0, 1, 0]);
        assert_eq!(turn_order(&[Net, Feed]), [0, 1]);
        assert_eq!(turn_order(&[Journal]), [0]);
    }
}
