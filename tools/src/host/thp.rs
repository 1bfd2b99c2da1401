//! Stage `thp`: huge pages for those who ask, and a kernel that does not move memory about under a running appliance.

use super::finding::{Finding, State};
use super::machine::Machine;
use super::needs::Needs;
use super::step::Step;

/// A setting, the values that will do (the first one is set), and how bad another is.
const SETTINGS: [(&str, &str, &[&str], State); 5] = [
    ("transparent huge pages", "/sys/kernel/mm/transparent_hugepage/enabled", &["madvise", "always"], State::Wrong),
    (
        "making room for them",
        "/sys/kernel/mm/transparent_hugepage/defrag",
        &["madvise", "defer+madvise", "always"],
        State::Advice,
    ),
    // Each of these unmaps pages for a moment, and the next access to one is a fault.
    ("collapsing pages later", "/sys/kernel/mm/transparent_hugepage/khugepaged/defrag", &["0"], State::Advice),
    ("moving pages between NUMA nodes", "/proc/sys/kernel/numa_balancing", &["0"], State::Wrong),
    ("merging equal pages", "/sys/kernel/mm/ksm/run", &["0", "2"], State::Advice),
];

/// All settings that this kernel has.
pub fn check(machine: &Machine, _needs: &Needs) -> Vec<Finding> {
    let findings = SETTINGS.iter().filter_map(|(what, path, good, otherwise)| {
        let found = machine.setting(path)?;
        let is_good = good.contains(&found.as_str());
        Some(
            Finding::new(*what, good.join(" or "), found, is_good, *otherwise)
                .with_steps([Step::write(*path, good[0])]),
        )
    });
    findings.collect()
}
