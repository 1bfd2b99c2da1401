//! `pinion recover`: what a start would find, without starting.
//!
//! Goal: an operator who fears for a journal sees what would come of it, and nothing is changed. Non-goal: repairing.

use crate::options::ConfigOptions;
use crate::recovering::Recovering;
use clap::Args;
use engine::journal::directory;
use engine::past::{Moment, Stood, stood_watched};
use engine::snapshot::SnapshotName;
use std::error::Error;

/// Try what a start would come to; changes nothing
#[derive(Debug, Args)]
#[command(after_help = "\
Reads the newest usable snapshot and the records behind it, as `pinion run` does at its start, and tells what they lead to. Takes no lock, so it \
may run beside an appliance, whose last record may then look torn.

Example:
  pinion recover --config pinion.toml --dry-run

Exit status: 0 a start would succeed, 1 it would be refused, and why.")]
pub struct RecoverArgs {
    #[command(flatten)]
    config: ConfigOptions,
    /// Say that nothing is to be changed. There is no other way yet: `pinion run` recovers when it starts
    #[arg(long, required = true)]
    dry_run: bool,
}

/// Runs the command.
///
/// # Errors
/// A start would be refused.
pub fn execute(args: &RecoverArgs) -> Result<(), Box<dyn Error>> {
    let config = args.config.load()?;
    let dir = config.journal.dir.as_path();
    if directory::epoch(dir)?.is_none() {
        println!("journal       {}: none yet; a start begins one", dir.display());
        return Ok(());
    }
    for name in SnapshotName::list(dir)?.iter().rev() {
        println!("snapshot      {} after {}", name.path.display(), name.seq);
    }
    let Stood { venue, snapshot, passed_over, records } = {
        let shown = Recovering::show();
        stood_watched(&config, dir, Moment::End, shown.progress())?
    };
    for reason in &passed_over {
        println!("passed over   {reason}");
    }
    let from =
        snapshot.map_or_else(|| "the first record".to_owned(), |name| format!("the snapshot after {}", name.seq));
    println!("replayed      {records} records from {from}");
    println!("last seq      {}", venue.seq());
    println!("received_ns   {}", venue.time().get());
    println!("state hash    {:016x}", venue.exchange().state_hash());
    let book = venue.exchange().book();
    println!("live orders   {} on {} levels", book.order_count(), book.level_count());
    let alive = venue.exchange().sessions().iter().filter(|session| session.is_alive()).count();
    println!("sessions      {alive} alive");
    println!("a start would succeed");
    Ok(())
}
