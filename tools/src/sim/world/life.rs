//! An appliance that runs: its tiles, its helper, its follower and its retention have their turns, as the plan lets them.

use std::sync::Arc;

use super::super::check::Verdict;
use super::super::check::recovery::without_dir;
use super::super::check::stopped::Stopped;
use super::super::check::stored::Stored;
use super::super::plan::Switch;
use super::super::port::SimPort;
use super::World;
use engine::appliance::graph::Graph;
use engine::journal::Durability;
use engine::messages::Archive;
use engine::retention::Retention;
use engine::snapshot::Follower;
use engine::tile::TileKind;

/// An appliance that runs.
pub(super) struct Life {
    pub(super) graph: Graph<SimPort>,
    pub(super) follower: Option<Follower>,
    /// What the follower stores for subscribers, and how far that was looked at.
    pub(super) archive: Arc<Archive>,
    pub(super) stored: Stored,
    pub(super) retention: Retention,
    pub(super) next_snapshot: u64,
    pub(super) stopped: Stopped,
}

impl World {
    /// The appliance has its turns.
    pub(super) fn turns(&mut self) -> Verdict {
        let now = self.venue_time();
        let synced = self.plan.durability == Durability::Synced;
        let Some(life) = &mut self.life else { return Ok(()) };
        let loose = !self.healing && self.random.chance(self.plan.strength(Switch::LooseTiles));
        let polled = if loose && !life.stopped.must_stop() {
            let kinds: Vec<TileKind> =
                (0..self.random.between(1..=5)).map(|_| *self.random.pick(&TileKind::ALL)).collect();
            kinds.into_iter().try_fold(0, |work, kind| Ok(work + life.graph.poll_tile(kind, now)?))
        } else {
            life.graph.poll(now)
        };
        let watch = life.graph.watch().clone();
        self.network.borrow_mut().stamp(watch.durable_seq());
        self.replay.saw(life.graph.venue());
        life.stopped.after_tiles(&watch, synced)?;
        match polled {
            Ok(work) => {
                self.idle &= work == 0;
                if life.stopped.must_stop() {
                    return Err(("stopped", "the disk failed the journal, and the appliance goes on".to_owned()));
                }
            }
            Err(error) => {
                let expected = life.stopped.must_stop();
                let text = without_dir(&error.to_string(), &self.dir);
                self.trace.say("appliance", format_args!("stops by itself: {text}"));
                if !expected {
                    return Err(("stopped", format!("it stops although nothing has failed it: {text}")));
                }
                return self.kill("gone");
            }
        }
        if (self.healing || self.random.below(2) == 0) && self.now_ns >= self.helper_asleep_until_ns {
            let before = self.disk.tally();
            if life.graph.helper().turn() {
                self.idle = false;
                let durable = watch.durable_seq();
                self.trace.say("helpers", format_args!("durable up to {durable} of {}", watch.appended_seq()));
            }
            life.stopped.after_helpers(before, self.disk.tally(), &watch)?;
        }
        if self.now_ns >= self.follower_asleep_until_ns {
            self.follow()?;
        }
        Ok(())
    }

    fn follow(&mut self) -> Verdict {
        let Some(Life { follower: Some(follower), next_snapshot, .. }) = &mut self.life else { return Ok(()) };
        let broken = |error: engine::snapshot::SnapshotError| ("replay", format!("the follower ends: {error}"));
        // It looks now and then, as a thread does that sleeps in between.
        if self.step.is_multiple_of(16) {
            follower.follow().map_err(broken)?;
        }
        if self.step < *next_snapshot {
            return Ok(());
        }
        *next_snapshot = self.step + self.plan.snapshot_steps;
        match follower.save() {
            Ok(Some(saved)) => {
                self.trace.say("follower", format_args!("snapshot after {}, {} bytes", saved.name.seq, saved.file_len));
            }
            Ok(None) => {}
            // The venue goes on without.
            Err(error) => {
                let text = without_dir(&error.to_string(), &self.dir);
                self.trace.say("follower", format_args!("no snapshot: {text}"));
            }
        }
        Ok(())
    }

    /// Segments that are no longer needed go, unless the disk refuses.
    pub(super) fn retain(&mut self) {
        let Some(life) = &mut self.life else { return };
        match life.retention.turn() {
            Ok(None) => {}
            Ok(Some(step)) => self.trace.say("retention", format_args!("{step:?}")),
            Err(error) => {
                let text = without_dir(&error.to_string(), &self.dir);
                self.trace.say("retention", format_args!("waits: {text}"));
            }
        }
    }
}
