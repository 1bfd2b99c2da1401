//! Stage `governor`: the cores of the tiles run at their full clock rate, always.

use super::finding::{Finding, State};
use super::machine::Machine;
use super::needs::Needs;
use super::step::Step;

/// The governor, and the hint that some drivers take instead.
pub fn check(machine: &Machine, needs: &Needs) -> Vec<Finding> {
    let settings = [("scaling_governor", "governor"), ("energy_performance_preference", "energy preference")];
    let mut findings = Vec::new();
    for (file, what) in settings {
        let path = |core: &usize| format!("/sys/devices/system/cpu/cpu{core}/cpufreq/{file}");
        let found: Vec<(usize, String)> =
            needs.pinned.iter().filter_map(|core| Some((*core, machine.setting(&path(core))?))).collect();
        let wrong: Vec<&(usize, String)> = found.iter().filter(|(_, value)| value != "performance").collect();
        let shown = match (wrong.first(), found.is_empty()) {
            (_, true) => "nothing to set: the clock rate is not this system's to choose".to_owned(),
            (None, false) => "performance".to_owned(),
            (Some((core, value)), _) => format!("{value} on core {core} and {} more", wrong.len() - 1),
        };
        let steps = wrong.iter().map(|(core, _)| Step::write(path(core), "performance"));
        findings.push(Finding::new(what, "performance", shown, wrong.is_empty(), State::Wrong).with_steps(steps));
    }
    findings
}
