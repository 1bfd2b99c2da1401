//! Out of the appliance's way: other cores than its own, and the least priority.

use super::look::Look;
use netio::cpu::{CoreList, allowed_cores, yield_to_others as yield_thread};
use nix::sched::{CpuSet, sched_setaffinity};
use nix::unistd::Pid;
use std::fs;

/// This thread, and those that it begins, get what others leave over. Where the kernel refuses, they are as good as any.
pub(super) fn yield_to_others() {
    let _ = yield_thread();
}

/// No thread of this process runs on a core that the appliance has for itself.
///
/// # Errors
/// None is left, or the kernel refuses; in words.
pub(super) fn leave_cores_of(look: &Look) -> Result<(), String> {
    let taken: Vec<usize> = look.rows("thread").iter().filter_map(core).collect();
    let allowed = allowed_cores();
    if !allowed.iter().any(|core| taken.contains(core)) {
        return Ok(());
    }
    let free: Vec<usize> = allowed.iter().copied().filter(|core| !taken.contains(core)).collect();
    if free.is_empty() {
        return Err(format!(
            "this process may use cores {} only, which the appliance has for itself: run it elsewhere, or widen the cpuset",
            CoreList(allowed)
        ));
    }
    let mut set = CpuSet::new();
    for core in free {
        set.set(core).map_err(|error| error.to_string())?;
    }
    let threads = fs::read_dir("/proc/self/task").map_err(|error| error.to_string())?;
    let numbers = threads.flatten().filter_map(|thread| thread.file_name().to_str()?.parse().ok());
    for thread in numbers {
        sched_setaffinity(Pid::from_raw(thread), &set).map_err(|error| error.to_string())?;
    }
    Ok(())
}

fn core(thread: &engine::counters::SnapshotRow) -> Option<usize> {
    usize::try_from(thread.get("core_plus_one")?.checked_sub(1)?).ok()
}
