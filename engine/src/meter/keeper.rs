//! The keeper: a cold thread that writes what no tile has to write, and whose heartbeat is the appliance's.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use netio::clock::Clock;
use wire::{Nanos, Seq};

use super::journeys::{Journeys, durations};
use super::{Meter, Stage, system_now};
use crate::answering::AnswersWatch;
use crate::counters::schema::{answers, appliance, journal, stage};
use crate::counters::{Region, Row};
use crate::journal::{Disk, Status, Watch};
use crate::retention::RetentionWatch;
use crate::snapshot::FollowerWatch;
use crate::tile::Control;

/// How often it writes.
pub(super) const TURN: Duration = Duration::from_millis(10);
/// Turns between two looks at what costs a system call.
const PATIENT_TURNS: u32 = 50;
/// A wall clock that moves by more than this between two turns, against the processor's counter, was set.
const STEP_NS: i64 = 1_000_000_000;
/// What may lie between the two readings for them to be of one moment.
const READING_NS: u64 = 50_000_000;

/// Where the keeper looks.
pub(crate) struct Sources {
    pub(crate) control: Arc<Control>,
    pub(crate) watch: Watch,
    pub(crate) follower: Option<FollowerWatch>,
    pub(crate) retention: Option<RetentionWatch>,
    pub(crate) answers: AnswersWatch,
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) dir: PathBuf,
    pub(crate) segment_len: u64,
    pub(crate) clock: Clock,
    /// The last command that was replayed.
    pub(crate) replayed: Seq,
}

#[derive(Debug)]
struct Told {
    stage: AtomicU8,
    stopping: AtomicBool,
}

/// The running keeper. Stopped when dropped.
#[derive(Debug)]
pub(crate) struct Keeper {
    meter: Meter,
    told: Arc<Told>,
    thread: Option<JoinHandle<()>>,
}

impl Keeper {
    /// Starts it on a core, or wherever the scheduler likes. From here on the appliance counts as running.
    ///
    /// # Errors
    /// The system refuses the thread or the core.
    pub(crate) fn spawn(meter: Meter, sources: Sources, core: Option<usize>) -> std::io::Result<Self> {
        let told = Arc::new(Told { stage: AtomicU8::new(Stage::Running as u8), stopping: AtomicBool::new(false) });
        let mut pass = Pass::new(&meter, sources);
        meter.row.set(appliance::ready_ns, system_now().0);
        meter.say(Stage::Running);
        let heard = Arc::clone(&told);
        let body = move || {
            // Where it cannot have the core it runs elsewhere: that is no reason to have no counters.
            let _ = core.map_or(Ok(()), netio::cpu::pin_current_thread);
            loop {
                let is_last = heard.stopping.load(Ordering::Acquire);
                pass.turn(heard.stage.load(Ordering::Relaxed));
                if is_last {
                    return;
                }
                thread::park_timeout(TURN);
            }
        };
        let thread = thread::Builder::new().name("stats".to_owned()).spawn(body)?;
        Ok(Self { meter, told, thread: Some(thread) })
    }

    /// Says what the appliance is at from now on.
    pub(crate) fn drain(&self) {
        self.told.stage.store(Stage::Draining as u8, Ordering::Relaxed);
    }

    /// Ends it with a last look. The file goes when the appliance ended in order, and stays where it did not.
    pub(crate) fn end(mut self, in_order: bool) {
        self.join();
        self.meter.end(if in_order { Stage::Stopped } else { Stage::Failed });
    }

    fn join(&mut self) {
        self.told.stopping.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // A panic has been printed by the thread.
            let _ = thread.join();
        }
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.join();
    }
}

/// What the keeper remembers from turn to turn.
struct Pass {
    sources: Sources,
    rows: Rows,
    journeys: Option<Journeys>,
    turns: u32,
    /// Where the journal stood at the start, bytes.
    began_bytes: u64,
    /// The oldest record that was not durable when it was looked for, and since when.
    waiting: Option<(Seq, Nanos)>,
    /// A clock that nobody sets, how far the wall clock was ahead of it, and how often that jumped.
    unset: Clock,
    ahead_ns: Option<i64>,
    steps: u64,
}

struct Rows {
    appliance: Row,
    journal: Row,
    answers: Vec<Row>,
    stages: Vec<Row>,
}

impl Pass {
    fn new(meter: &Meter, sources: Sources) -> Self {
        let region: &Arc<Region> = &meter.region;
        let rows = Rows {
            appliance: meter.row.clone(),
            journal: meter.journal(),
            answers: region.rows(&answers::GROUP),
            stages: region.rows(&stage::GROUP),
        };
        let journeys = meter.live.clone().map(|table| Journeys::new(table, sources.replayed));
        let began_bytes = bytes_of(&sources);
        let unset = sources.clock.clone();
        Self { sources, rows, journeys, turns: 0, began_bytes, waiting: None, unset, ahead_ns: None, steps: 0 }
    }

    fn turn(&mut self, stage: u8) {
        let now = system_now();
        self.see_clock();
        let failed = self.store_journal(now);
        self.store_answers();
        self.store_stages();
        let row = &self.rows.appliance;
        // What has failed says so before anybody stops it.
        let stage = if failed || self.sources.control.failure().is_some() { Stage::Failed as u8 } else { stage };
        row.set(appliance::phase, stage.into());
        row.set(appliance::durable_seq, self.sources.watch.durable_seq().0);
        row.set(appliance::clock_steps, self.steps);
        row.set(appliance::heartbeat_ns, now.0);
        self.turns = self.turns.wrapping_add(1);
    }

    /// Whether somebody set the wall clock.
    fn see_clock(&mut self) {
        let (before, counted, after) = (system_now(), self.unset.now(), system_now());
        if after.0.abs_diff(before.0) > READING_NS {
            return;
        }
        let ahead_ns = before.0.cast_signed().wrapping_sub(counted.cast_signed());
        let earlier = self.ahead_ns.replace(ahead_ns);
        let moved = earlier.is_some_and(|earlier| ahead_ns.abs_diff(earlier) > STEP_NS.unsigned_abs());
        self.steps += u64::from(moved);
    }

    /// Returns whether journal or follower have failed.
    fn store_journal(&mut self, now: Nanos) -> bool {
        let (row, watch) = (&self.rows.journal, &self.sources.watch);
        let durable = watch.durable_seq();
        let appended = watch.appended_seq();
        self.waiting = match self.waiting {
            _ if durable >= appended => None,
            Some((seq, since)) if durable < seq => Some((seq, since)),
            _ => Some((Seq(durable.0 + 1), now)),
        };
        row.set(journal::appended_seq, appended.0);
        row.set(journal::durable_seq, durable.0);
        row.set(journal::waiting_since_ns, self.waiting.map_or(0, |(_, since)| since.0));
        row.set(journal::segment, watch.segment());
        row.set(journal::bytes, bytes_of(&self.sources).saturating_sub(self.began_bytes));
        let mut failed = matches!(watch.status(), Status::Failed(_));
        if let Some(follower) = &self.sources.follower {
            let (taken, seq) = follower.taken();
            row.set(journal::snapshots, taken);
            row.set(journal::snapshot_seq, seq.0);
            row.set(journal::followed_seq, follower.followed().0);
            failed |= follower.has_failed();
        }
        if let Some(retention) = &self.sources.retention {
            row.set(journal::pruned_segments, retention.pruned());
        }
        row.set(journal::failed, failed.into());
        // Who is to close the entry looks for himself, and more often.
        let known = watch.free_bytes();
        if known > 0 {
            row.set(journal::free_bytes, known);
        } else if self.turns.is_multiple_of(PATIENT_TURNS)
            && let Ok(free) = self.sources.disk.free_bytes(&self.sources.dir)
        {
            row.set(journal::free_bytes, free);
        }
        failed
    }

    fn store_answers(&self) {
        let [rerequest, snapshot] = &self.rows.answers[..] else { return };
        if let Some(counts) = self.sources.answers.rerequests() {
            rerequest.set(answers::requests, counts.requests);
            rerequest.set(answers::answered, counts.packets);
            rerequest.set(answers::messages, counts.messages);
            rerequest.set(answers::refused, counts.unproved + counts.over_asker + counts.over_total);
            rerequest.set(answers::garbage, counts.garbage + counts.foreign);
        }
        if let Some((counts, connections)) = self.sources.answers.glimpses() {
            let turned_away = counts.rejected + counts.slow + counts.no_image + counts.refused;
            let requests = counts.served + turned_away + counts.garbage + counts.gone;
            snapshot.set(answers::requests, requests);
            snapshot.set(answers::answered, counts.served);
            snapshot.set(answers::messages, counts.images);
            snapshot.set(answers::refused, turned_away);
            snapshot.set(answers::garbage, counts.garbage);
            snapshot.set(answers::connections, connections);
        }
    }

    fn store_stages(&mut self) {
        let Some(journeys) = &mut self.journeys else { return };
        let (rows, clock) = (&self.rows.stages, &self.sources.clock);
        journeys.turn(self.sources.watch.durable_seq(), |journey| {
            for (row, ticks) in rows.iter().zip(durations(journey)) {
                row.add_duration(stage::duration, clock.ns_of(ticks));
            }
        });
        if let Some(whole) = rows.last() {
            whole.set(stage::lost, journeys.lost());
        }
    }
}

/// How far the journal is, from its first segment on.
fn bytes_of(sources: &Sources) -> u64 {
    let (segment, offset) = sources.watch.position();
    segment.saturating_mul(sources.segment_len).saturating_add(offset)
}
