//! `recovery`: the appliance starts where it must, and refuses where it must.

use std::path::Path;

use super::{Verdict, fail};
use engine::journal::{JournalError, directory};

/// What may excuse a refusal.
#[derive(Clone, Debug, Default)]
pub struct Excuses {
    /// Damage to what was synced: the file, by name.
    pub rotten: Option<String>,
    /// The disk gave errors while the appliance started.
    pub disk_errors: bool,
    /// The durability has not promised to survive what has happened.
    pub beyond_promise: bool,
}

/// What is to be done after a refusal that is in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// Try again later.
    Wait,
    /// Restore the file.
    Restore,
    /// Begin anew.
    Wipe,
}

/// The appliance refused to start.
///
/// # Errors
/// It had no reason to, or does not name it.
pub fn judge(error: &JournalError, excuses: &Excuses) -> Result<Remedy, (&'static str, String)> {
    let text = error.to_string();
    if let Some(file) = &excuses.rotten {
        if text.contains(file.as_str()) {
            return Ok(Remedy::Restore);
        }
        if excuses.disk_errors && text.contains("os error") {
            // It met the disk's error first; the damage waits for the next start.
            return Ok(Remedy::Wait);
        }
        return fail("recovery", format!("{file} is damaged, and the refusal does not name it: {text}"));
    }
    if excuses.disk_errors {
        return Ok(Remedy::Wait);
    }
    if excuses.beyond_promise {
        return Ok(Remedy::Wipe);
    }
    fail("recovery", format!("it refuses to start: {text}"))
}

/// Every segment that is no more lies in the archive, where there is to be one.
///
/// # Errors
/// One is gone.
pub fn archived(dir: &Path, archives: bool) -> Verdict {
    let wrong = |error: JournalError| ("recovery", error.to_string());
    let live = directory::segments(dir).map_err(wrong)?;
    let packed = directory::archived(dir).map_err(wrong)?;
    let Some(first) = live.first().filter(|_| archives) else { return Ok(()) };
    let missing = (0..first.index)
        .find(|index| !packed.iter().any(|segment| (segment.epoch, segment.index) == (first.epoch, *index)));
    match missing {
        Some(index) => fail("recovery", format!("segment {index} is neither in the journal nor in its archive")),
        None => Ok(()),
    }
}

/// The same without what differs from run to run.
#[must_use]
pub fn without_dir(text: &str, dir: &Path) -> String {
    let dir = dir.display().to_string();
    text.replace(&format!("{dir}/"), "").replace(&dir, "the directory")
}
