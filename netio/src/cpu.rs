//! Cores: which ones this thread may use, and pinning it to one of them.
//!
//! Non-goal: choosing cores. Placement is configuration.

mod layout;
mod priority;

use std::fmt;

pub use layout::{Layout, numbers};
pub use priority::{Share, yield_to_others};

/// The core numbers that the current thread may run on, ascending. A pinned thread sees only its own core.
#[must_use]
pub fn allowed_cores() -> Vec<usize> {
    let mut cores: Vec<usize> =
        core_affinity::get_core_ids().unwrap_or_default().into_iter().map(|core| core.id).collect();
    cores.sort_unstable();
    cores
}

/// Pins the current thread to one core, by its number as Linux counts them.
///
/// # Errors
///
/// When the kernel refuses: the core does not exist, is offline, or lies outside this process's cpuset.
pub fn pin_current_thread(core: usize) -> Result<(), PinError> {
    let exists = core < CORES_MAX;
    if exists && core_affinity::set_for_current(core_affinity::CoreId { id: core }) {
        return Ok(());
    }
    Err(PinError { core, allowed: CoreList(allowed_cores()) })
}

/// The kernel did not let the thread have the core.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "cannot pin a thread to core {core}: this process may use cores {allowed}; name one of these in the configuration, \
     or widen the cpuset (taskset, the container's limits)"
)]
pub struct PinError {
    /// The core that was asked for.
    pub core: usize,
    /// What the thread may use.
    pub allowed: CoreList,
}

/// Core numbers, shown as ranges: `0-3,8`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CoreList(pub Vec<usize>);

impl fmt::Display for CoreList {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return out.write_str("(none known)");
        }
        for (index, range) in self.0.chunk_by(|low, high| low + 1 == *high).enumerate() {
            if index > 0 {
                out.write_str(",")?;
            }
            match range {
                [one] => write!(out, "{one}")?,
                [first, .., last] => write!(out, "{first}-{last}")?,
                [] => {}
            }
        }
        Ok(())
    }
}

/// How many cores the kernel's fixed-size set can name; beyond it the set's accessors would panic.
const CORES_MAX: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_can_be_pinned_to_each_allowed_core() {
        for core in allowed_cores() {
            let seen = std::thread::spawn(move || pin_current_thread(core).map(|()| allowed_cores())).join().unwrap();
            assert_eq!(seen, Ok(vec![core]));
        }
    }

    #[test]
    fn a_core_that_is_not_there_is_refused_with_the_list_of_those_that_are() {
        for core in [CORES_MAX - 1, CORES_MAX, usize::MAX] {
            let error = pin_current_thread(core).unwrap_err();
            assert_eq!(error.allowed.0, allowed_cores());
            assert!(error.to_string().contains(&format!("core {core}:")), "{error}");
        }
    }

    #[test]
    fn cores_are_shown_as_ranges() {
        assert_eq!(CoreList(vec![0, 1, 2, 5, 7, 8]).to_string(), "0-2,5,7-8");
        assert_eq!(CoreList(vec![]).to_string(), "(none known)");
    }
}
