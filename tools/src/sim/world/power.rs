//! The appliance starts, is killed, loses power; and what is to be there when it comes again.

use super::super::canary::{Canary, Meddler};
use super::super::check::Verdict;
use super::super::check::recovery::{self, Excuses, Remedy};
use super::super::check::stopped::Stopped;
use super::super::check::stored::Stored;
use super::super::ledger::Ledger;
use super::super::plan::Switch;
use super::super::port::SimPort;
use super::super::subscriber::Subscriber;
use super::{Life, Rot, World, broken};
use engine::appliance::graph::Graph;
use engine::journal::{Durability, JournalError};
use engine::messages::{Archive, Keeper};
use engine::recovery::{Recovered, recover};
use engine::retention::Retention;
use engine::snapshot::{Prepared, SnapshotError};
use std::fs;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use wire::Seq;

/// Of a file of the message store: small, so that a short run has several.
pub(super) const STORE_FILE_LEN: usize = 16 << 10;

impl World {
    /// The process of the appliance is no more; the machine goes on.
    pub(super) fn kill(&mut self, how: &str) -> Verdict {
        if self.life.is_none() {
            return Ok(());
        }
        self.look()?;
        self.life = None;
        self.down_until_ns = self.now_ns + self.random.magnitude(100_000..=200_000_000);
        self.trace.say("appliance", format_args!("{how}, {} commands durable", self.ledger.last()));
        if self.random.chance(self.plan.strength(Switch::BitRot)) && !self.healing {
            self.rot()?;
        }
        if self.plan.canary == Some(Canary::DroppedRecord) {
            self.drop_records()?;
        }
        Ok(())
    }

    /// Power ends: now, or every other time in the middle of the next sync. Under `synced` nothing of a segment is on its way but then.
    pub(super) fn power_ends(&mut self) -> Verdict {
        self.power_cuts += 1;
        if self.plan.durability == Durability::Synced && self.power_cuts.is_multiple_of(2) {
            self.trace.say("power", format_args!("ends in the next sync"));
            self.disk.end_power_in_sync();
            return Ok(());
        }
        self.lose_power()
    }

    /// The machine is off.
    pub(super) fn lose_power(&mut self) -> Verdict {
        self.look()?;
        let running = self.life.take().is_some();
        self.network.borrow_mut().forget_inbox();
        let toll = self.disk.lose_power().or_else(broken)?;
        self.trace.say("power", format_args!("lost, {} commands durable; {toll}", self.ledger.last()));
        if self.plan.durability == Durability::Mapped {
            self.beyond_promise = true;
        }
        if running {
            self.down_until_ns = self.now_ns + self.random.magnitude(1_000_000..=500_000_000);
        }
        Ok(())
    }

    /// The appliance starts, or says why it does not.
    pub(super) fn start(&mut self) -> Verdict {
        self.idle = false;
        self.disk.begin_life();
        self.told_ns = 0;
        if !self.healing && self.random.chance(self.plan.strength(Switch::ClockBack)) {
            let by = self.random.magnitude(1_000_000..=5_000_000_000);
            self.skew_ns -= i64::try_from(by).unwrap_or(0);
            self.trace.say("clock", format_args!("is set back by {} us", by / 1_000));
        }
        let now = self.venue_time();
        self.starts += 1;
        let prepares_first = self.random.below(2) == 0;
        let archive = Arc::<Archive>::default();
        let prepare = |world: &Self| {
            let follows = world.plan.snapshot_steps > 0;
            let keeper = || {
                let disk = Arc::clone(&world.disk) as _;
                Box::new(Keeper::new(Arc::clone(&archive), disk, world.dir.clone(), STORE_FILE_LEN))
            };
            let prepared = || Prepared::new(&world.config, Arc::clone(&world.disk) as _);
            follows.then(|| prepared().map(|prepared| prepared.with(keeper()))).transpose()
        };
        let early = if prepares_first { Some(prepare(self)) } else { None };
        let recovered = match recover(&self.config, &self.ground, now) {
            Ok(recovered) => recovered,
            Err(error) => return self.refused(&error),
        };
        let prepared = early.unwrap_or_else(|| prepare(self));
        // What has rotted in the segment in use is in the appliance's memory now, which is written back with its page: whoever restores
        // the file starts anew.
        let begins_anew = self.rot.as_ref().is_some_and(|rot| rot.path.extension().is_some_and(|kind| kind == "seg"));
        self.compare(&recovered)?;
        let recovered = if begins_anew {
            drop(recovered);
            match recover(&self.config, &self.ground, now) {
                Ok(recovered) => recovered,
                Err(error) => return self.refused(&error),
            }
        } else {
            recovered
        };
        let watch = recovered.journal.watch.clone();
        let follower = prepared.and_then(|prepared| prepared.map(|prepared| prepared.follow(watch)).transpose());
        let follower = match follower {
            Ok(follower) => follower,
            Err(SnapshotError::Journal(error)) => return self.refused(&error),
            Err(error) => return self.refused(&JournalError::Failed(error.to_string())),
        };
        let retention = match Retention::new(&self.config, Arc::clone(&self.disk) as _, recovered.journal.watch.clone())
        {
            Ok(retention) => retention,
            Err(error) => return self.refused(&error),
        };
        let port = SimPort::new(Rc::clone(&self.network), Meddler::new(self.plan.canary));
        let graph = Graph::build(&self.config, port, recovered);
        self.operator.reconnect();
        let next_snapshot = self.step + self.plan.snapshot_steps;
        let (stopped, stored) = (Stopped::default(), Stored::default());
        self.life = Some(Life { graph, follower, archive, stored, retention, next_snapshot, stopped });
        Ok(())
    }

    /// What was recovered, beside what was there and what has left.
    fn compare(&mut self, recovered: &Recovered) -> Verdict {
        let last = recovered.venue.seq();
        let report = &recovered.journal.report;
        let snapshot = recovered.snapshot.as_ref().map_or(Seq(0), |name| name.seq);
        let passed_over = recovered.passed_over.len();
        let cut = report.cut.as_ref().map_or(0, |torn| torn.bytes);
        self.trace.say(
            "appliance",
            format_args!(
                "starts after {last}: snapshot {snapshot}, {passed_over} passed over, {} records, {cut} bytes cut",
                report.records
            ),
        );
        self.mend()?;
        recovery::archived(&self.dir, self.plan.archives)?;
        if self.plan.canary == Some(Canary::ForgedRecord) {
            self.ledger.spoil();
        }
        let before = self.ledger.last();
        self.commands = self.commands.max(before.0);
        if self.beyond_promise {
            self.ledger.begin_behind(snapshot);
        }
        if before == Seq(0) {
            // A start that failed may have made the journal.
            self.ledger.follow(&self.dir, last).map_err(|what| ("replay", what))?;
        } else if report.created {
            if !self.beyond_promise {
                self.released.survived(Seq(0))?;
            }
            self.ledger = Ledger::new(&self.ledger_config);
            self.ledger.follow(&self.dir, last).map_err(|what| ("replay", what))?;
        } else {
            self.ledger.reconcile(&self.dir, last).map_err(|what| ("replay", what))?;
            self.ledger.follow(&self.dir, last).map_err(|what| ("replay", what))?;
            // What had been written beside what was durable is what the venue had decided.
            self.replay.look(&self.ledger)?;
            if !self.beyond_promise {
                self.released.survived(last)?;
            }
        }
        if self.ledger.last() < before {
            self.ledger.redo(&self.ledger_config).map_err(|what| ("replay", what))?;
            self.once.forget();
            self.operators.forget();
            self.conserved.forget();
        }
        self.replay.recovered(&self.ledger, &recovered.venue)?;
        if self.beyond_promise {
            self.beyond_promise = false;
            self.forgive(last);
        }
        Ok(())
    }

    /// Everybody has to live with what is left.
    fn forgive(&mut self, last: Seq) {
        self.trace.say("everybody", format_args!("begins again from command {last}"));
        self.released.forgive(last);
        self.feed.forget(&self.ledger);
        self.network.borrow_mut().forget_ticks();
        self.subscribers.iter_mut().for_each(|subscriber| *subscriber = Subscriber::default());
        for (trader, reports) in self.traders.iter_mut().zip(&self.ledger.effects().reports) {
            trader.believe(self.now_ns, reports.iter().map(|effect| effect.bytes.clone()).collect());
        }
    }

    fn refused(&mut self, error: &JournalError) -> Verdict {
        let text = recovery::without_dir(&error.to_string(), &self.dir);
        self.trace.say("appliance", format_args!("refuses: {text}"));
        let rotten =
            self.rot.as_ref().and_then(|rot| rot.path.file_name()).map(|name| name.to_string_lossy().into_owned());
        let disk_errors = self.disk.tally().errors > 0;
        let excuses = Excuses { rotten, disk_errors, beyond_promise: self.beyond_promise };
        self.down_until_ns = self.now_ns + self.random.magnitude(100_000..=50_000_000);
        match recovery::judge(error, &excuses)
            .map_err(|(checker, what)| (checker, recovery::without_dir(&what, &self.dir)))?
        {
            Remedy::Wait => Ok(()),
            Remedy::Restore => self.mend(),
            Remedy::Wipe => {
                self.trace.say("operator", format_args!("takes the journal away"));
                self.disk.wipe().or_else(broken)
            }
        }
    }

    /// A bit flips in a file while nobody uses it.
    fn rot(&mut self) -> Verdict {
        let paths = self.disk.paths();
        if paths.is_empty() {
            return Ok(());
        }
        let last = self.ledger.place_of(self.ledger.last());
        let names_last = |path: &&PathBuf| {
            last.is_some_and(|last| path.to_string_lossy().ends_with(&format!("-{:08}.seg", last.position.segment)))
        };
        let current = paths.iter().find(names_last).filter(|_| self.random.below(3) == 0);
        let path = current.unwrap_or_else(|| self.random.pick(&paths)).clone();
        let bytes = fs::read(&path).or_else(broken)?;
        if bytes.is_empty() {
            return Ok(());
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let in_use = names_last(&&path);
        if in_use && self.plan.durability == Durability::Mapped {
            // What is not synced may look like the end of a write that was torn.
            return Ok(());
        }
        // Mostly where something is, and often in what came last: nothing behind it says that it was there.
        let used = bytes.iter().rposition(|byte| *byte != 0).map_or(bytes.len(), |last| last + 1);
        let from = last.filter(|_| in_use && self.random.below(2) == 0);
        let from =
            from.and_then(|last| usize::try_from(last.position.offset).ok()).filter(|from| *from < used).unwrap_or(0);
        let anywhere = self.random.below(8) == 0;
        let at = if anywhere { self.random.place(bytes.len()) } else { from + self.random.place(used - from) };
        let (was, is) = (bytes[at], bytes[at] ^ 1 << self.random.below(8));
        self.disk.overwrite(&path, at as u64, &[is]).or_else(broken)?;
        self.trace.say("disk", format_args!("a bit flips in byte {at} of {name}"));
        self.rot = Some(Rot { path, offset: at as u64, was, is });
        Ok(())
    }

    /// The operator restores what has rotted, if it is still there and still rotten.
    fn mend(&mut self) -> Verdict {
        let Some(Rot { path, offset, was, is }) = self.rot.take() else { return Ok(()) };
        let found = fs::read(&path).ok().and_then(|bytes| bytes.get(usize::try_from(offset).ok()?).copied());
        if found == Some(is) {
            self.trace.say("operator", format_args!("restores byte {offset}"));
            return self.disk.overwrite(&path, offset, &[was]).or_else(broken);
        }
        Ok(())
    }

    /// For a canary: the last records vanish, and so does what is known of them.
    fn drop_records(&mut self) -> Verdict {
        let last = self.ledger.last();
        let places = [last.0.saturating_sub(5), last.0].map(|seq| self.ledger.place_of(Seq(seq)));
        let [Some(first), Some(end)] = places else { return Ok(()) };
        if first.position.segment != end.position.segment {
            return Ok(());
        }
        for path in self.disk.paths() {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if name.ends_with(&format!("-{:08}.seg", first.position.segment)) {
                let len = fs::metadata(&path).or_else(broken)?.len();
                let zeros = vec![0; usize::try_from(len - first.position.offset).unwrap_or(0)];
                self.disk.overwrite(&path, first.position.offset, &zeros).or_else(broken)?;
            } else if name == "durable.mark" {
                self.disk.overwrite(&path, 0, &[0; 8]).or_else(broken)?;
            }
        }
        Ok(())
    }
}
