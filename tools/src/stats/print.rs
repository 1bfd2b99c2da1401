//! Everything in full, as text.

use super::health::Health;
use super::look::Look;
use super::number::Lasted;
use super::picture::{SMALL, printed};
use super::sections::Section;
use super::table::Value;
use engine::counters::SnapshotRow;
use std::fmt::Write;
use wire::counters::FieldKind;

/// One screen.
pub fn screen(look: &Look, health: &Health, size: Option<(u16, u16)>) -> String {
    let (width, height) = size.unwrap_or(SMALL);
    // A line is left for the shell's prompt.
    printed(look, health, (width.max(SMALL.0), height.max(SMALL.1) - 1))
}

/// The reasons, every section with every row, and then every number of the file by its name.
pub fn all(look: &Look, health: &Health) -> String {
    let mut out =
        format!("{}: {} {}, process {}\n", health.verdict, look.owner.name, look.owner.program, look.owner.pid);
    for reason in &health.reasons {
        let _ = writeln!(
            out,
            "  {} ({}): {}. Do: {}.",
            reason.grade.name(),
            reason.rule.name(),
            reason.what,
            reason.remedy
        );
    }
    for section in Section::ALL {
        let table = section.table(look);
        let note = if table.note.is_empty() { String::new() } else { format!(", {}", table.note) };
        let _ = writeln!(out, "\n{}{note}", section.name());
        if section.is_single() {
            for (column, value) in table.rows.iter().flat_map(|row| table.columns.iter().zip(row)) {
                let _ = writeln!(out, "{:<26}{value}", column.head);
            }
            continue;
        }
        let columns: Vec<usize> = (0..table.columns.len()).collect();
        for line in table.lines(&columns, usize::MAX, 0..table.rows.len()) {
            let _ = writeln!(out, "{}", line.trim_end());
        }
    }
    out.push_str("\ncounters\n");
    for group in &look.now.groups {
        for row in &group.rows {
            for (name, kind) in group.fields() {
                let _ = writeln!(out, "{}[{}].{name} {}", group.name, row.label, raw(row, name, kind));
            }
        }
    }
    out
}

/// A number as it stands in the file; of a histogram what matters.
fn raw(row: &SnapshotRow, name: &str, kind: FieldKind) -> String {
    match kind {
        FieldKind::Histogram => {
            let histogram = row.histogram(name).unwrap_or_default();
            let at =
                |per_million| histogram.percentile_ns(per_million).map_or("-".to_owned(), |ns| Lasted(ns).to_string());
            let (p50, p99, max) = (at(500_000), at(990_000), Lasted(histogram.max_ns()));
            format!("{} p50 {p50} p99 {p99} max {max}", histogram.count())
        }
        FieldKind::Gauge if name.contains("price") => row.get_signed(name).unwrap_or(0).to_string(),
        FieldKind::Counter | FieldKind::Gauge | FieldKind::Time => {
            Value::of(Value::Count, row.get(name)).exact().unwrap_or_default()
        }
    }
}
