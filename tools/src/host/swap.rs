//! Stage `swap`: no page of the appliance is on a disk.

use super::finding::{Finding, State};
use super::machine::Machine;
use super::needs::Needs;
use super::step::Step;
use netio::pages::Lock;

/// Swap in use; locked memory cannot go there, but what is not locked can.
pub fn check(machine: &Machine, needs: &Needs) -> Vec<Finding> {
    let swaps = machine.read("/proc/swaps").unwrap_or_default();
    let devices: Vec<&str> = swaps.lines().skip(1).filter_map(|line| line.split_whitespace().next()).collect();
    let shown = if devices.is_empty() { "none".to_owned() } else { devices.join(" ") };
    let otherwise = if needs.config.memory.lock == Lock::On { State::Advice } else { State::Wrong };
    let steps = devices.iter().map(|device| Step::run(&["swapoff", device], &["swapon", device]));
    vec![
        Finding::new("swap", "none", shown, devices.is_empty(), otherwise)
            .with_steps(steps)
            .by_hand("for good: take it out of /etc/fstab, or set memory.lock = \"on\""),
    ]
}
