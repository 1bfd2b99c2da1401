//! Section `journal`: who has it, and whether its newest part is whole.

use super::holders::name_of;
use super::{Finding, Patient};
use crate::journal::check_segment;
use engine::journal::directory;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Larger segments are left to `pinion journal verify`.
const QUICK_BYTES: u64 = 256 << 20;
/// How many of the newest are checked.
const NEWEST: usize = 2;

pub(super) fn check(patient: &Patient) -> Vec<Finding> {
    let dir = &patient.config.journal.dir;
    let segments = match directory::segments(dir) {
        Ok(segments) => segments,
        Err(_) if !dir.exists() => {
            return vec![Finding::ok(format!("{} is not there yet; the first start makes it", dir.display()))];
        }
        Err(error) => return vec![Finding::problem(error.to_string(), "let this user read it")],
    };
    let mut findings = Vec::new();
    let holder = holder(patient, &dir.join("LOCK"));
    match holder {
        Some(pid) if Some(pid) == patient.pid() => {
            findings.push(Finding::ok(format!("in use by the appliance, process {pid}")))
        }
        Some(pid) => {
            let what = format!("{} is in use by process {pid} ({})", dir.display(), name_of(&patient.machine, pid));
            findings.push(match patient.pid() {
                // Its counters are elsewhere, or it keeps none.
                None if name_of(&patient.machine, pid) == "pinion" => Finding::ok(what),
                _ => Finding::problem(what, "end that process, or name another journal.dir"),
            });
        }
        None if segments.is_empty() => findings.push(Finding::ok("empty")),
        None => findings.push(Finding::ok("in use by nobody")),
    }
    if holder.is_some() {
        // The last record of a running appliance may look torn, and reading takes its disk's time.
        return findings;
    }
    for segment in segments.iter().rev().filter(|segment| !segment.is_archived()).take(NEWEST) {
        if fs::metadata(&segment.path).is_ok_and(|file| file.len() > QUICK_BYTES) {
            findings.push(Finding::ok(format!(
                "{}: not checked here for its size; see `pinion journal verify`",
                segment.path.display()
            )));
            continue;
        }
        findings.push(match check_segment(&segment.path) {
            Ok(_) => Finding::ok(format!("{}: whole", segment.path.display())),
            Err(error) => {
                Finding::problem(error, format!("pinion journal verify {}, then what it says", dir.display()))
            }
        });
    }
    findings
}

/// Who holds a lock on a file, as the kernel's table says: to try the lock could make a start fail.
fn holder(patient: &Patient, lock: &Path) -> Option<u32> {
    let file = fs::metadata(lock).ok()?;
    let table = patient.machine.read("/proc/locks")?;
    table.lines().find_map(|line| {
        let words: Vec<&str> = line.split_whitespace().filter(|word| *word != "->").collect();
        let (pid, place) = (words.get(4)?, words.get(5)?);
        let inode: u64 = place.rsplit(':').next()?.parse().ok()?;
        (words.get(1) == Some(&"FLOCK") && inode == file.ino()).then(|| pid.parse().ok())?
    })
}
