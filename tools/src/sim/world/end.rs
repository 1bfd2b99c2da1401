//! The troubles are over: everybody has to come to rest, and to agree.

use super::super::check::stored::Stored;
use super::super::check::{Verdict, agreed, live, recovery};
use super::World;
use super::power::STORE_FILE_LEN;
use engine::journal::Durability;
use engine::messages::Repair;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// Steps that it may take.
const STEPS_MAX: u64 = 20_000;
/// Steps between two looks whether it has.
const TRY_STEPS: u64 = 64;

impl World {
    /// Heals everything, waits for rest, and restarts once more.
    pub(super) fn end_well(&mut self) -> Verdict {
        self.healing = true;
        self.network.borrow_mut().heal();
        self.disk.heal();
        (self.helper_asleep_until_ns, self.follower_asleep_until_ns, self.down_until_ns) = (0, 0, 0);
        self.trace.say("world", format_args!("is healed"));
        self.rest()?;
        self.kill("killed at rest")?;
        self.start()?;
        self.rest()?;
        self.repair()
    }

    /// Whatever the store has lost is there again, as far as the journal reaches.
    fn repair(&mut self) -> Verdict {
        let is_pruned = self.plan.keep_segments > 0 && !self.plan.archives;
        if self.plan.snapshot_steps == 0 || is_pruned || self.rot.is_some() {
            return Ok(());
        }
        if let Some(life) = &mut self.life {
            let (disk, archive, watch) =
                (Arc::clone(&self.disk) as _, Arc::clone(&life.archive), life.graph.watch().clone());
            let repair = Repair::new(&self.config, disk, archive, STORE_FILE_LEN, &watch);
            match repair.run(&AtomicBool::new(false)) {
                Ok(()) => {}
                // The start needed only what is behind its snapshot; what was before may have gone with the power, and is named.
                Err(error) if self.plan.durability == Durability::Mapped && self.power_cuts > 0 => {
                    let text = recovery::without_dir(&error.to_string(), &self.dir);
                    self.trace.say("store", format_args!("stays incomplete: {text}"));
                    return self.look();
                }
                Err(error) => return Err(("stored", error.to_string())),
            }
            life.stored = Stored::default();
            life.stored.is_whole(&life.archive)?;
        }
        self.look()
    }

    fn rest(&mut self) -> Verdict {
        let until = self.step + STEPS_MAX;
        loop {
            for _ in 0..TRY_STEPS {
                self.step()?;
            }
            self.look()?;
            match self.rests() {
                Ok(()) => {
                    self.trace.say("world", format_args!("is at rest after {} commands", self.ledger.last()));
                    return Ok(());
                }
                Err(verdict) if self.step >= until => return Err(verdict),
                Err(_) => {}
            }
        }
    }

    fn rests(&self) -> Verdict {
        let Some(life) = &self.life else { return Err(("live", "the appliance does not run".to_owned())) };
        let watch = life.graph.watch();
        if watch.durable_seq() < watch.appended_seq() {
            return Err((
                "live",
                format!("command {} is durable, {} appended", watch.durable_seq(), watch.appended_seq()),
            ));
        }
        self.traders.iter().try_for_each(live::look)?;
        if !self.operator.is_content() {
            return Err(("live", "an operator has no answer".to_owned()));
        }
        let exchange = life.graph.venue().exchange();
        self.traders.iter().try_for_each(|trader| agreed::look(trader, exchange, &self.ledger))?;
        self.feed.shows(exchange, &self.subscribers)
    }
}
