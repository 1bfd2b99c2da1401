//! Section `host`: what `pinion host check` finds.

use super::{Finding, Patient};
use crate::host::finding::State;
use crate::host::needs::Needs;
use crate::host::{STAGES, reservation};
use std::path::Path;

/// A stage in which all is well is one line.
pub(super) fn check(patient: &Patient) -> Vec<Finding> {
    let declared = Path::new("hugepages.conf");
    let declared = declared.exists().then(|| reservation::read(declared).ok()).flatten();
    let needs = Needs::of(patient.config.clone(), declared, &patient.machine);
    let mut findings = Vec::new();
    for stage in STAGES {
        let found = (stage.check)(&patient.machine, &needs);
        let bad: Vec<_> = found.iter().filter(|finding| finding.state != State::Good).collect();
        if bad.is_empty() {
            findings.push(Finding::ok(format!("{}: as needed", stage.name)));
        }
        for finding in bad {
            let what = format!("{}: {}: needed {}; found {}", stage.name, finding.what, finding.needed, finding.found);
            let by_hand = finding.by_hand.clone().unwrap_or_default();
            let remedy = match (finding.steps.is_empty(), by_hand.is_empty()) {
                (true, false) => by_hand,
                (false, true) => format!("pinion host init {}", stage.name),
                (false, false) => format!("pinion host init {}; or {by_hand}", stage.name),
                (true, true) => format!("pinion host check {}", stage.name),
            };
            findings.push(match finding.state {
                State::Wrong => Finding::problem(what, remedy),
                State::Good | State::Advice => Finding::warning(what, remedy),
            });
        }
    }
    findings
}
