//! Section `keys`: who can read them, and whether anybody else has them.

use super::{Finding, Patient};
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;

/// What others than owner and group may not do with a file that has keys in it.
const OTHERS_READ: u32 = 0o004;
const OTHERS_WRITE: u32 = 0o002;

pub(super) fn check(patient: &Patient) -> Vec<Finding> {
    let config = &patient.config;
    let mut findings = Vec::new();
    if let Some(path) = &patient.options.config
        && let Ok(file) = fs::metadata(path)
    {
        let mode = file.permissions().mode();
        let has_keys = fs::read_to_string(path).is_ok_and(|text| {
            text.lines().any(|line| {
                line.trim_start().strip_prefix("key").is_some_and(|rest| rest.trim_start().starts_with('='))
            })
        });
        let shown = format!("{} with mode {:03o}", path.display(), mode & 0o777);
        if mode & OTHERS_WRITE != 0 {
            findings.push(Finding::problem(
                format!("everybody may change {shown}"),
                format!("chmod 640 {}", path.display()),
            ));
        } else if has_keys && mode & OTHERS_READ != 0 {
            let remedy = format!("chmod 640 {}, or put each key into a file of its own (key_file)", path.display());
            findings.push(Finding::warning(format!("everybody may read {shown}, and it has keys in it"), remedy));
        }
    }
    let mut by_key: BTreeMap<[u8; 32], Vec<&str>> = BTreeMap::new();
    for session in &config.sessions {
        by_key.entry(session.key.0).or_default().push(&session.username);
    }
    for names in by_key.values().filter(|names| names.len() > 1) {
        let what = format!("sessions {} have the same key: who has one can act for the others", names.join(", "));
        findings.push(Finding::problem(what, "give each a key of its own: openssl rand -hex 32"));
    }
    let known: Vec<&str> =
        config.sessions.iter().filter(|session| session.has_development_key()).map(|s| s.username.as_str()).collect();
    if !known.is_empty() {
        let what = format!("sessions {} have development keys, which everybody knows", known.join(", "));
        findings.push(match config.network.order_entry.ip().is_loopback() {
            true => Finding::ok(format!("{what}; orders come from this machine only")),
            false => Finding::problem(what, "give each a key of its own: openssl rand -hex 32"),
        });
    }
    if findings.is_empty() {
        findings.push(Finding::ok(format!("{} sessions, each with a key of its own", config.sessions.len())));
    }
    findings
}
