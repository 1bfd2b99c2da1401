//! Out of the appliance's way: other cores than its own, and the least priority.

use super::look::Look;
use netio::cpu::{CoreList, Share, allowed_cores, yield_to_others as yield_thread};
use nix::sched::{CpuSet, sched_setaffinity};
use nix::unistd::Pid;
use std::fs;

/// This thread, and those that it begins, get what others leave over. Where the kernel refuses, they are as good as any.
pub(super) fn yield_to_others() {
    let _ = yield_thread(Share::Least);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::source::Follower;
    use engine::counters::schema::thread;
    use engine::counters::{Plan, Region};
    use wire::Nanos;

    #[test]
    fn the_cores_of_the_appliance_are_left() {
        let allowed = allowed_cores();
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("pinion-x.counters");
        let plan = Plan::default().with(thread::GROUP, allowed.iter().map(ToString::to_string));
        let region = Region::create(Some(&path), "pinion", &plan, Nanos(5)).expect("a file");
        let mut follower = Follower::new(path);
        let take = |row: usize| region.row(&thread::GROUP, row).set(thread::core_plus_one, allowed[row] as u64 + 1);
        // Unpinned threads take nobody's core.
        assert_eq!(leave_cores_of(&follower.look().expect("a look")), Ok(()));
        assert_eq!(allowed_cores(), allowed);
        for row in 0..allowed.len() {
            take(row);
            let left = leave_cores_of(&follower.look().expect("a look"));
            if row + 1 < allowed.len() {
                assert_eq!((left, allowed_cores()), (Ok(()), allowed[row + 1..].to_vec()));
            } else {
                assert!(left.is_err_and(|told| told.contains("widen the cpuset")), "none is left");
            }
        }
        let threads = fs::read_dir("/proc/self/task").expect("Linux").flatten();
        for thread in threads {
            let status = fs::read_to_string(thread.path().join("status")).unwrap_or_default();
            let list = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:\t")).unwrap_or_default();
            let last = allowed.last().expect("one");
            assert!(list.is_empty() || list == last.to_string() || allowed.len() == 1, "{list}");
        }
    }
}
