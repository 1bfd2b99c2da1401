//! A look as one JSON object; docs/operations.md names its keys.
//!
//! Goal: whole numbers and stable names. Non-goal: pretty printing.

use super::health::Health;
use super::look::{Look, ProcessState};
use super::sections::Section;
use super::table::{Table, Value};
use crate::json::Text;
use engine::counters::{Group, SnapshotRow};
use std::fmt::{self, Display, Write};
use wire::counters::FieldKind;

/// Rows of a long section, unless all are wanted.
const ROWS: usize = 10;

/// A look, its verdict, and whether every number of the file is wanted too.
struct Object<'a> {
    look: &'a Look,
    health: &'a Health,
    all: bool,
}

impl Display for Object<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { look, health, all } = self;
        write!(f, "{{\"taken_ns\":{},\"verdict\":{},\"reasons\":[", look.now.taken.get(), Text(health.verdict.name()))?;
        for (at, reason) in health.reasons.iter().enumerate() {
            let (rule, grade) = (Text(reason.rule.name()), Text(reason.grade.name()));
            let (subject, what, remedy) = (Text(&reason.subject), Text(&reason.what), Text(&reason.remedy));
            let comma = comma(at);
            write!(
                f,
                "{comma}{{\"rule\":{rule},\"grade\":{grade},\"subject\":{subject},\"what\":{what},\"remedy\":{remedy}}}"
            )?;
        }
        f.write_str("],")?;
        appliance(f, look)?;
        for section in Section::ALL {
            let mut table = section.table(look);
            let is_long = matches!(section, Section::Sessions | Section::Instruments | Section::Rejects);
            if is_long && !all {
                table.rows.truncate(ROWS);
            }
            write!(f, ",{}:", Text(section.name()))?;
            rows(f, section, &table)?;
        }
        if *all {
            counters(f, look)?;
        }
        f.write_char('}')
    }
}

const fn comma(at: usize) -> &'static str {
    if at == 0 { "" } else { "," }
}

/// Who it is, and the numbers and rates of the appliance as a whole.
fn appliance(f: &mut fmt::Formatter<'_>, look: &Look) -> fmt::Result {
    let owner = &look.owner;
    let process = match look.process {
        ProcessState::Runs => "runs",
        ProcessState::Stopped => "stopped",
        ProcessState::Gone => "gone",
    };
    let file = look.path.display().to_string();
    write!(f, "\"appliance\":{{\"name\":{},\"program\":{}", Text(&owner.name), Text(&owner.program))?;
    write!(
        f,
        ",\"pid\":{},\"started_ns\":{},\"file\":{},\"process\":{}",
        owner.pid,
        owner.started.get(),
        Text(&file),
        Text(process)
    )?;
    let group = look.now.groups.iter().find(|group| &*group.name == "appliance");
    for (name, kind) in group.into_iter().flat_map(Group::fields) {
        if let Some(value) = look.get("appliance", name) {
            write!(f, ",{}:{value}", Text(name))?;
        }
        if let (FieldKind::Counter, Some(rate)) = (kind, look.per_second("appliance", 0, name)) {
            write!(f, ",{}:{rate}", Text(&format!("{name}_per_s")))?;
        }
    }
    f.write_char('}')
}

fn rows(f: &mut fmt::Formatter<'_>, section: Section, table: &Table) -> fmt::Result {
    if section.is_single() {
        return match table.rows.first() {
            Some(values) => row(f, table, values),
            None => f.write_str("null"),
        };
    }
    f.write_char('[')?;
    for (at, values) in table.rows.iter().enumerate() {
        f.write_str(comma(at))?;
        row(f, table, values)?;
    }
    f.write_char(']')
}

fn row(f: &mut fmt::Formatter<'_>, table: &Table, values: &[Value]) -> fmt::Result {
    f.write_char('{')?;
    let known = table.columns.iter().zip(values).filter(|(_, value)| !matches!(value, Value::Bar(_)));
    let known = known.filter(|(column, _)| column.key != "bar");
    for (at, (column, value)) in known.enumerate() {
        write!(f, "{}{}:", comma(at), Text(column.key))?;
        match value {
            Value::Empty => f.write_str("null")?,
            Value::Text(text) => write!(f, "{}", Text(text))?,
            Value::Price(price) => write!(f, "{}", Text(&price.to_string()))?,
            Value::Flag(flag) => write!(f, "{flag}")?,
            number => f.write_str(&number.exact().unwrap_or_default())?,
        }
    }
    f.write_char('}')
}

/// Every number of the file: by group, label and field. Prices are whole numbers there, in 1/10,000.
fn counters(f: &mut fmt::Formatter<'_>, look: &Look) -> fmt::Result {
    f.write_str(",\"counters\":{")?;
    for (at, group) in look.now.groups.iter().enumerate() {
        write!(f, "{}{}:{{", comma(at), Text(&group.name))?;
        for (at, row) in group.rows.iter().enumerate() {
            write!(f, "{}{}:{{", comma(at), Text(&row.label))?;
            for (at, (name, kind)) in group.fields().enumerate() {
                write!(f, "{}{}:", comma(at), Text(name))?;
                number(f, row, name, kind)?;
            }
            f.write_char('}')?;
        }
        f.write_char('}')?;
    }
    f.write_char('}')
}

fn number(f: &mut fmt::Formatter<'_>, row: &SnapshotRow, name: &str, kind: FieldKind) -> fmt::Result {
    if kind != FieldKind::Histogram {
        return match (name.contains("price"), row.get_signed(name)) {
            (true, Some(price)) => write!(f, "{price}"),
            _ => write!(f, "{}", row.get(name).unwrap_or(0)),
        };
    }
    let histogram = row.histogram(name).unwrap_or_default();
    write!(f, "{{\"count\":{},\"sum_ns\":{},\"max_ns\":{}", histogram.count(), histogram.sum_ns(), histogram.max_ns())?;
    for (key, per_million) in [("p50_ns", 500_000), ("p90_ns", 900_000), ("p99_ns", 990_000), ("p999_ns", 999_000)] {
        match histogram.percentile_ns(per_million) {
            Some(ns) => write!(f, ",\"{key}\":{ns}")?,
            None => write!(f, ",\"{key}\":null")?,
        }
    }
    f.write_char('}')
}

/// The object as a line.
#[must_use]
pub fn line(look: &Look, health: &Health, all: bool) -> String {
    Object { look, health, all }.to_string()
}
