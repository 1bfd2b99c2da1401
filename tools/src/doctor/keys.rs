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
    let (sessions, operators) = (&config.sessions, &config.operators);
    findings.extend(shared("sessions", sessions.iter().map(|session| (session.key.0, session.username.as_str()))));
    findings.extend(shared("operators", operators.iter().map(|operator| (operator.key.0, operator.name.as_str()))));
    let known =
        sessions.iter().filter(|session| session.has_development_key()).map(|session| session.username.as_str());
    let (reachable, what) = (!config.network.order_entry.ip().is_loopback(), "orders come from this machine only");
    findings.extend(known_to_all("sessions", known, reachable, what));
    let known =
        operators.iter().filter(|operator| operator.has_development_key()).map(|operator| operator.name.as_str());
    let reachable = config.admin.address.is_some_and(|address| !address.ip().is_loopback());
    findings.extend(known_to_all("operators", known, reachable, "they can log in on this machine only"));
    if findings.is_empty() {
        let what = format!("{} sessions and {} operators, each with a key of its own", sessions.len(), operators.len());
        findings.push(Finding::ok(what));
    }
    findings
}

const OWN_KEY: &str = "give each a key of its own: openssl rand -hex 32";

/// Those of whom one can act for the others.
fn shared<'a>(who: &str, all: impl Iterator<Item = ([u8; 32], &'a str)>) -> Vec<Finding> {
    let mut by_key: BTreeMap<[u8; 32], Vec<&str>> = BTreeMap::new();
    all.for_each(|(key, name)| by_key.entry(key).or_default().push(name));
    let found = by_key.values().filter(|names| names.len() > 1).map(|names| {
        let what = format!("{who} {} have the same key: who has one can act for the others", names.join(", "));
        Finding::problem(what, OWN_KEY)
    });
    found.collect()
}

/// Those with a key of the built-in configuration, which is no harm where nobody else comes.
fn known_to_all<'a>(
    who: &str,
    names: impl Iterator<Item = &'a str>,
    reachable: bool,
    why_not: &str,
) -> Option<Finding> {
    let names: Vec<&str> = names.collect();
    let what = format!("{who} {} have development keys, which everybody knows", names.join(", "));
    (!names.is_empty()).then(|| match reachable {
        false => Finding::ok(format!("{what}; {why_not}")),
        true => Finding::problem(what, OWN_KEY),
    })
}
