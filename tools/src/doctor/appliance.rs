//! Section `appliance`: how the running one does, as `pinion stats` judges it.

use super::{Finding, Patient};
use crate::stats::look::ProcessState;
use crate::stats::{Grade, Health};

pub(super) fn check(patient: &Patient) -> Vec<Finding> {
    let Some(look) = &patient.look else {
        return match &patient.unreadable {
            Some(_) => Vec::new(),
            None => vec![Finding::ok("none runs under this configuration")],
        };
    };
    let stopped_in_order = look.process == ProcessState::Gone && look.get("appliance", "phase") == Some(3);
    if stopped_in_order {
        return vec![Finding::ok("it was stopped in order")];
    }
    let health = Health::of(look);
    let mut findings: Vec<Finding> = health
        .reasons
        .into_iter()
        .map(|reason| match reason.grade {
            Grade::Note | Grade::Starting => Finding { remedy: reason.remedy, ..Finding::ok(reason.what) },
            Grade::Degraded => Finding::warning(reason.what, reason.remedy),
            Grade::Broken | Grade::Gone => Finding::problem(reason.what, reason.remedy),
        })
        .collect();
    if findings.is_empty() {
        findings.push(Finding::ok(format!("process {}: {}", look.owner.pid, health.verdict)));
    }
    findings
}
