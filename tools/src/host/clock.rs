//! Stage `clock`: the kernel reads the processor's own counter, and so may the appliance.

use super::finding::{Finding, State};
use super::machine::Machine;
use super::needs::Needs;
use super::step::Step;

const FOLDER: &str = "/sys/devices/system/clocksource/clocksource0";

/// The clock source, and whether the counter runs on whatever the core does.
pub fn check(machine: &Machine, _needs: &Needs) -> Vec<Finding> {
    let cpuinfo = machine.read("/proc/cpuinfo").unwrap_or_default();
    let flags = cpuinfo.lines().find(|line| line.starts_with("flags")).unwrap_or_default();
    if flags.is_empty() {
        // The counters of other processors have no choice of sources worth a look.
        return vec![Finding::nothing_needed("clock source", "this processor has one counter")];
    }
    let found = machine.read(&format!("{FOLDER}/current_clocksource")).unwrap_or_else(|| "not readable".to_owned());
    let available = machine.read(&format!("{FOLDER}/available_clocksource")).unwrap_or_default();
    let has_tsc = available.split_whitespace().any(|source| source == "tsc");
    let source = Finding::new("clock source", "tsc", found.clone(), found == "tsc", State::Wrong)
        .with_steps(has_tsc.then(|| Step::write(format!("{FOLDER}/current_clocksource"), "tsc")))
        .by_hand("where the kernel distrusts a counter that is good: kernel argument tsc=reliable");
    let missing: Vec<&str> =
        ["constant_tsc", "nonstop_tsc"].into_iter().filter(|flag| !flags.split(' ').any(|has| has == *flag)).collect();
    let shown = if missing.is_empty() { "both".to_owned() } else { format!("without {}", missing.join(" and ")) };
    let counter = Finding::new("counter", "constant_tsc and nonstop_tsc", shown, missing.is_empty(), State::Advice)
        .by_hand("times are those of the kernel's clock then, and cost more; on a virtual machine ask for the host's counter");
    vec![source, counter]
}
