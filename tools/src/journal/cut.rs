//! `pinion journal cut`: gives up the end of a journal that no copy mends.
//!
//! Goal: the operator sees what is lost, decides, and can go back: nothing is deleted. Non-goal: deciding.

use super::names::Names;
use super::{Trouble, must_be_journal};
use crate::options::ConfigOptions;
use crate::when::Rfc3339;
use clap::Args;
use engine::journal::LocalDisk;
use engine::journal::cut::{Cut, Losses};
use engine::snapshot::SnapshotName;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use wire::{Nanos, Seq};

/// Give up the end of a damaged journal, and keep it aside
#[derive(Args, Clone, Debug)]
#[command(after_help = "\
For a journal that `pinion run` refuses, when no copy mends it. Tells what would be given up and asks. What is given up goes into \
DIR/cut-TIME: the damaged segment as it was, later ones, snapshots that stand behind the cut, the mark of durability. The next start goes on \
behind the record that was named. Clients and subscribers may know of more than the journal then: tell them. The journal must not be in use.

Example:
  pinion journal cut journal --behind 1234566

Exit status: 0 done, 2 not done, and why.")]
pub(super) struct CutArgs {
    /// The journal's directory
    #[arg(value_name = "DIR")]
    dir: PathBuf,
    /// The last record that stays
    #[arg(long, value_name = "SEQ")]
    behind: u64,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    config: ConfigOptions,
}

pub(super) fn cut(args: &CutArgs, out: &mut impl Write, talk: &mut impl Write) -> Result<(), Trouble> {
    must_be_journal(&args.dir)?;
    let names = Names::of(&args.config.load()?);
    let behind = Seq(args.behind);
    let cut = Cut::plan(&args.dir, behind, &LocalDisk)?;
    let (kept, given_up): (Vec<_>, Vec<_>) =
        SnapshotName::list(&args.dir)?.into_iter().partition(|name| name.seq <= behind);
    if kept.is_empty() && !cut.is_whole() {
        return Err(Trouble::NotCut(format!(
            "the first records have been pruned, and there is no snapshot of record {behind} or an earlier one: nothing could start \
             from what would be left"
        )));
    }
    tell(&args.dir, behind, cut.losses(), &names, given_up.len(), talk).map_err(Trouble::Output)?;
    if !args.yes && !agreed(talk).map_err(Trouble::Output)? {
        return Err(Trouble::NotCut("not cut, nothing was changed".to_owned()));
    }
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_nanos());
    let time = Rfc3339(Nanos(u64::try_from(now).unwrap_or_default())).to_string();
    let aside = args.dir.join(format!("cut-{}", time.replace([':', '.'], "-")));
    let beside: Vec<PathBuf> = given_up.into_iter().map(|name| name.path).collect();
    cut.make(&aside, &beside, &LocalDisk)?;
    writeln!(out, "cut behind record {behind}; what was given up is in {}", aside.display()).map_err(Trouble::Output)
}

fn tell(
    dir: &Path,
    behind: Seq,
    losses: &Losses,
    names: &Names,
    snapshots: usize,
    talk: &mut impl Write,
) -> io::Result<()> {
    writeln!(talk, "journal {} would end with record {behind}. Given up, and kept aside:", dir.display())?;
    match losses.span {
        None => writeln!(talk, "  no whole record")?,
        Some([(first, since), (last, until)]) => {
            let (since, until) = (Rfc3339(since), Rfc3339(until));
            writeln!(talk, "  {} whole records, {first} ({since}) to {last} ({until})", losses.records)?;
        }
    }
    for (session, records) in &losses.sessions {
        writeln!(talk, "  of session {}: {records}", names.user(*session))?;
    }
    writeln!(talk, "  {snapshots} snapshots")
}

fn agreed(talk: &mut impl Write) -> io::Result<bool> {
    if !io::stdin().is_terminal() {
        writeln!(talk, "nobody is there to ask; with --yes it is done")?;
        return Ok(false);
    }
    write!(talk, "Write \"give up\" to do it: ")?;
    talk.flush()?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    Ok(answer.trim() == "give up")
}
