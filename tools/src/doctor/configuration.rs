//! Section `configuration`: what can be used, and is hardly meant.

use super::{Finding, Patient};
use engine::config::AlertWhat;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

pub(super) fn check(patient: &Patient) -> Vec<Finding> {
    let config = &patient.config;
    let mut findings = vec![Finding::ok(format!(
        "{}: {} instruments, {} sessions, fingerprint {:016x}",
        config.appliance.name,
        config.instruments.len(),
        config.sessions.len(),
        config.fingerprint()
    ))];
    let warnings = config.warnings().into_iter().chain(config.topology.warnings(&patient.machine.layout()));
    // Each says what to do behind its colon.
    findings.extend(warnings.map(|warning| match warning.rsplit_once(": ") {
        Some((what, remedy)) => Finding::warning(what, remedy),
        None => Finding::warning(warning, ""),
    }));
    findings.extend(counters(config.stats.dir.as_deref()));
    if let Some(file) = &config.log.file {
        let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        if !folder.is_dir() {
            let what = format!("log.file is {}, and there is no folder {}", file.display(), folder.display());
            findings.push(Finding::problem(what, "make it, for the user who runs the appliance"));
        }
    }
    for rule in config.alert_rules.iter().filter(|rule| !rule.exec.is_empty()) {
        let program = &rule.exec[0];
        let runs = fs::metadata(program).is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0);
        if !runs {
            let what = format!("alert '{}' runs {program}, which is no program here", rule.name);
            findings
                .push(Finding::problem(what, "install it, make it executable (chmod +x), or take it out of the rule"));
        }
    }
    let acts = config
        .alert_rules
        .iter()
        .any(|rule| rule.what == AlertWhat::GapOnLine && (!rule.exec.is_empty() || rule.webhook.is_some()));
    if acts && config.alerts.acts == engine::config::AlertsAct::Run {
        let what = "a rule for gap_on_line has a program or a webhook, but only `pinion watch` hears lines, and alerts.acts is \"run\"";
        findings.push(Finding::warning(what, "run `pinion watch`, and set alerts.acts to \"watch\""));
    }
    findings
}

fn counters(dir: Option<&Path>) -> Option<Finding> {
    let Some(dir) = dir else {
        let what = "stats.dir is \"\": nobody can see how the appliance does, and its alerts watch the disk and the clock only";
        return Some(Finding::warning(what, "set it to \"/dev/shm\""));
    };
    if !dir.is_dir() {
        let what = format!("stats.dir is {}, which is no folder", dir.display());
        return Some(Finding::problem(what, "set it to \"/dev/shm\", or make it"));
    }
    None
}
