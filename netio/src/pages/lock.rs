//! Keeping all memory of the process where it is: never on a disk, and every page of what comes later there at once.
//!
//! Goal: to lock where that can do no harm, and to say what is missing where it cannot. Non-goal: huge pages of the reserved pools, which
//! never leave memory anyway.

use std::fmt;
use std::fs;

use nix::sys::mman::{MlockAllFlags, mlockall};
use nix::sys::resource::{RLIM_INFINITY, Resource, getrlimit, setrlimit};

/// Whether memory is to be locked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lock {
    /// Where the process may.
    #[default]
    Auto,
    /// It must be.
    On,
    /// Not at all.
    Off,
}

/// Whether memory is locked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Locked {
    /// All of it, and what comes later.
    All,
    /// Nobody asked for it.
    NotAsked,
    /// The process may not; this is how it may.
    NotAllowed(NotAllowed),
}

/// The process may not lock its memory, or not all that it will have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "memory cannot be locked: expected the right to lock any amount, found {found}; give it one of: `ulimit -l unlimited`, \
     LimitMEMLOCK=infinity in the systemd unit, the capability CAP_IPC_LOCK"
)]
pub struct NotAllowed {
    /// What it may, or what the kernel said.
    pub found: String,
}

impl fmt::Display for Locked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("locked"),
            Self::NotAsked => f.write_str("not locked"),
            Self::NotAllowed(reason) => write!(f, "not locked ({})", reason.found),
        }
    }
}

/// Locks what there is and what will come.
///
/// A limit on locked memory, however high, is taken for a refusal: with it the kernel would not lock less later on, but refuse memory.
///
/// # Errors
/// [`Lock::On`], and the process may not.
pub fn lock_all(lock: Lock) -> Result<Locked, NotAllowed> {
    if lock == Lock::Off {
        return Ok(Locked::NotAsked);
    }
    match try_lock() {
        Ok(()) => Ok(Locked::All),
        Err(reason) if lock == Lock::On => Err(reason),
        Err(reason) => Ok(Locked::NotAllowed(reason)),
    }
}

fn try_lock() -> Result<(), NotAllowed> {
    let refused = |error: nix::Error| NotAllowed { found: format!("the kernel's answer '{error}'") };
    let (soft, hard) = getrlimit(Resource::RLIMIT_MEMLOCK).map_err(refused)?;
    if soft != RLIM_INFINITY && hard == RLIM_INFINITY {
        setrlimit(Resource::RLIMIT_MEMLOCK, hard, hard).map_err(refused)?;
    } else if hard != RLIM_INFINITY && !may_lock_anything() {
        return Err(NotAllowed { found: format!("a limit of {} KiB", hard / 1024) });
    }
    mlockall(MlockAllFlags::MCL_CURRENT | MlockAllFlags::MCL_FUTURE).map_err(refused)
}

/// Whether the process has `CAP_IPC_LOCK`, for which there is no limit.
fn may_lock_anything() -> bool {
    const CAP_IPC_LOCK: u32 = 14;
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let effective = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    let effective = effective.and_then(|set| u64::from_str_radix(set.trim(), 16).ok()).unwrap_or(0);
    effective & (1 << CAP_IPC_LOCK) != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    // Locking itself would hold for the whole test process and all that it maps later: `tools/tests/process` looks at an appliance.
    #[test]
    fn nothing_is_locked_unasked() {
        assert_eq!(lock_all(Lock::Off), Ok(Locked::NotAsked));
        assert_eq!(Locked::NotAsked.to_string(), "not locked");
    }

    #[test]
    fn a_refusal_says_what_to_do() {
        let refusal = NotAllowed { found: "a limit of 64 KiB".to_owned() };
        for words in ["64 KiB", "ulimit -l unlimited", "LimitMEMLOCK", "CAP_IPC_LOCK"] {
            assert!(refusal.to_string().contains(words), "{refusal}");
        }
        assert_eq!(Locked::NotAllowed(refusal).to_string(), "not locked (a limit of 64 KiB)");
    }
}
