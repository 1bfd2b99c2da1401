//! Stage `memlock`: the user who runs the appliance may lock any amount of memory.

use super::finding::{Finding, State};
use super::machine::Machine;
use super::needs::Needs;
use netio::pages::Lock;

/// The limit of this process, which an appliance started the same way will have.
pub fn check(machine: &Machine, needs: &Needs) -> Vec<Finding> {
    if needs.config.memory.lock == Lock::Off {
        return vec![Finding::nothing_needed("locked memory", "memory.lock is \"off\"")];
    }
    let otherwise = if needs.config.memory.lock == Lock::On { State::Wrong } else { State::Advice };
    let limits = machine.read("/proc/self/limits").unwrap_or_default();
    let line = limits.lines().find_map(|line| line.strip_prefix("Max locked memory"));
    let hard = line.and_then(|line| line.split_whitespace().nth(1)).unwrap_or("unknown").to_owned();
    let status = machine.read("/proc/self/status").unwrap_or_default();
    let effective = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    let effective = effective.and_then(|set| u64::from_str_radix(set.trim(), 16).ok()).unwrap_or(0);
    let may = effective & CAP_IPC_LOCK != 0;
    let shown = if may { format!("{hard} bytes, and the right to more") } else { hard.clone() };
    vec![
        Finding::new("locked memory", "unlimited", shown, may || hard == "unlimited", otherwise).by_hand(
            "LimitMEMLOCK=infinity in the systemd unit, or a line 'USER - memlock unlimited' in /etc/security/limits.d/pinion.conf \
             and a new login",
        ),
    ]
}

/// Who has it may lock any amount.
const CAP_IPC_LOCK: u64 = 1 << 14;
