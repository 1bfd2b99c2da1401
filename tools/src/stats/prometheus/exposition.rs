//! All numbers in Prometheus' text format, version 0.0.4.
//!
//! Names follow from the file alone: `pinion_GROUP_FIELD`, counters with `_total` behind; times and durations in seconds, prices in currency
//! units. So a field that a later version counts is here without a change. Histograms have two bounds for every power of two, always the same
//! ones, or else two scrapes could not be compared.

use crate::stats::health::{Health, Verdict};
use crate::stats::look::{Look, ProcessState};
use engine::counters::{Group, Histogram, SnapshotRow};
use std::fmt::{self, Write};
use wire::Price;
use wire::counters::FieldKind;

/// Bounds of histograms reach from 2^7 ns, 128 ns, …
const LOWEST_POWER: u32 = 7;
/// … to 2^35 ns, 34 s.
const HIGHEST_POWER: u32 = 35;

/// What is there of an appliance.
#[must_use]
pub fn exposition(look: &Look, health: &Health) -> String {
    let mut out = Out { text: String::new(), appliance: escaped(&look.owner.name) };
    let is_up = look.process != ProcessState::Gone;
    out.family("pinion_up", "gauge", "1: the process runs.");
    out.sample("pinion_up", "", &[], u8::from(is_up));
    out.family("pinion_info", "gauge", "Who it is.");
    let pid = look.owner.pid.to_string();
    out.sample("pinion_info", "", &[("program", &look.owner.program), ("pid", &pid)], 1);
    out.family("pinion_health", "gauge", "1 at the verdict of the latest look.");
    for verdict in Verdict::ALL {
        out.sample("pinion_health", "", &[("verdict", verdict.name())], u8::from(verdict == health.verdict));
    }
    out.family("pinion_health_reasons", "gauge", "How many reasons of a kind the verdict has.");
    let mut reasons: Vec<_> = health.reasons.iter().map(|reason| (reason.rule, reason.grade)).collect();
    reasons.sort_unstable();
    for same in reasons.chunk_by(|one, two| one == two) {
        let (rule, grade) = same[0];
        out.sample("pinion_health_reasons", "", &[("rule", rule.name()), ("grade", grade.name())], same.len());
    }
    for group in &look.now.groups {
        if !group.rows.is_empty() {
            out.group(group);
        }
    }
    out.text
}

/// What is said while there is none.
#[must_use]
pub fn exposition_without() -> String {
    let mut out = Out { text: String::new(), appliance: String::new() };
    out.family("pinion_up", "gauge", "1: the process runs.");
    out.text.push_str("pinion_up 0\n");
    out.text
}

struct Out {
    text: String,
    appliance: String,
}

impl Out {
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        let _ = writeln!(self.text, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn sample(&mut self, name: &str, ending: &str, labels: &[(&str, &str)], value: impl fmt::Display) {
        let _ = write!(self.text, "{name}{ending}{{appliance=\"{}\"", self.appliance);
        for (label, text) in labels {
            let _ = write!(self.text, ",{label}=\"{}\"", escaped(text));
        }
        let _ = writeln!(self.text, "}} {value}");
    }

    fn group(&mut self, group: &Group) {
        for (field, kind) in group.fields() {
            let name = metric(&group.name, field, kind);
            let (kind_name, what) = match kind {
                FieldKind::Counter => ("counter", "since the start"),
                FieldKind::Gauge => ("gauge", "now"),
                FieldKind::Time => ("gauge", "a time, seconds since the Unix epoch; 0: never"),
                FieldKind::Histogram => ("histogram", "seconds"),
            };
            self.family(&name, kind_name, &format!("{field} of {}: {what}.", group.name));
            for row in &group.rows {
                self.row(&group.name, &name, row, field, kind);
            }
        }
    }

    fn row(&mut self, group: &str, name: &str, row: &SnapshotRow, field: &str, kind: FieldKind) {
        // Its name stands with every sample anyway.
        let label: &[(&str, &str)] = if group == "appliance" { &[] } else { &[(group, row.label.as_str())] };
        if kind == FieldKind::Histogram {
            self.histogram(name, label, &row.histogram(field).unwrap_or_default());
            return;
        }
        let value = row.get(field).unwrap_or(0);
        if field.ends_with("_ns") {
            self.sample(name, "", label, Seconds(value));
        } else if field.ends_with("price") {
            self.sample(name, "", label, Price(value.cast_signed()));
        } else {
            self.sample(name, "", label, value);
        }
    }

    fn histogram(&mut self, name: &str, labels: &[(&str, &str)], histogram: &Histogram) {
        let mut reached = histogram.cumulative().peekable();
        let mut below = 0;
        let bounds =
            (LOWEST_POWER..=HIGHEST_POWER).flat_map(|power| [1_u64 << power, (1_u64 << power) + (1 << (power - 1))]);
        for bound in bounds {
            // Durations are whole: below the bound is at most one less.
            while let Some((_, count)) = reached.next_if(|(longest, _)| *longest < bound) {
                below = count;
            }
            let le = Seconds(bound - 1).to_string();
            self.sample(name, "_bucket", &[labels, &[("le", le.as_str())]].concat(), below);
        }
        let count = histogram.count();
        self.sample(name, "_bucket", &[labels, &[("le", "+Inf")]].concat(), count);
        self.sample(name, "_sum", labels, Seconds(histogram.sum_ns()));
        self.sample(name, "_count", labels, count);
    }
}

fn metric(group: &str, field: &str, kind: FieldKind) -> String {
    let seconds = field.strip_suffix("_ns").map(|field| format!("{field}_seconds"));
    let field = match kind {
        FieldKind::Histogram => format!("{field}_seconds"),
        _ => seconds.unwrap_or_else(|| field.to_owned()),
    };
    let ending = if kind == FieldKind::Counter { "_total" } else { "" };
    format!("pinion_{group}_{field}{ending}")
}

/// Nanoseconds as seconds, exact.
struct Seconds(u64);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:09}", self.0 / 1_000_000_000, self.0 % 1_000_000_000)
    }
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
