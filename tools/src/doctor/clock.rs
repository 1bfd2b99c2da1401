//! Section `clock`: whether somebody keeps the time of day right. Its source is a matter of section `host`.

use super::{Finding, Patient};

/// Times in reports that are further off are of little use to anybody, µs.
const FAR_OFF_US: u64 = 1_000;

pub(super) fn check(patient: &Patient) -> Vec<Finding> {
    let mut findings = vec![match patient.machine.clock() {
        None => Finding::warning("the kernel does not say whether its clock is kept right", "see chronyc tracking"),
        Some(clock) if !clock.is_synchronized => {
            let remedy = "run chronyd, or ptp4l with phc2sys; in a container the host's clock counts, which may be kept right all the same";
            Finding::warning("nobody keeps this machine's clock right", remedy)
        }
        Some(clock) if clock.error_us > FAR_OFF_US => {
            let what = format!("the clock may be off by {} µs", clock.error_us);
            Finding::warning(what, "see chronyc tracking; PTP brings it below a microsecond")
        }
        Some(clock) => Finding::ok(format!("synchronized, to {} µs", clock.error_us)),
    }];
    let steps = patient.look.as_ref().and_then(|look| look.get("appliance", "clock_steps")).unwrap_or(0);
    if steps > 0 {
        let what = format!("the clock was set {steps} times by more than a second since the appliance began");
        findings.push(Finding::warning(what, "let it be slewed: see chronyd's makestep"));
    }
    findings
}
