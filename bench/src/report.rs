//! What was measured, as one screen or as JSON.
//!
//! Goal: both say the same, and no figure stands without its unit, its host and what it leaves out. Non-goal: comparing results.

use std::fmt::{self, Write as _};

use crate::figure::{Figure, Row, Section, Unit};
use crate::host::HostFacts;
use tools::json::Text;

/// One run.
#[derive(Debug)]
pub struct Report {
    /// Where.
    pub host: HostFacts,
    /// Whether the sizes were too small to mean anything.
    pub smoke: bool,
    /// What was found.
    pub sections: Vec<Section>,
}

impl Report {
    /// One JSON object: `host`, `sections` with their facts, and `figures`, each complete in itself.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut json = String::from("{\"host\":");
        push_object(&mut json, &self.host.facts());
        let _ = write!(json, ",\"smoke\":{},\"sections\":{{", self.smoke);
        for (at, section) in self.sections.iter().enumerate() {
            let _ = write!(json, "{}{}:", comma(at), Text(section.name));
            push_object(&mut json, &section.facts);
        }
        json.push_str("},\"figures\":[");
        let figures = self.sections.iter().flat_map(|section| {
            section.rows.iter().flat_map(move |row| row.figures.iter().map(move |figure| (section, row, figure)))
        });
        for (at, (section, row, figure)) in figures.enumerate() {
            let Figure { name, value, unit } = figure;
            // Writing into a String does not fail, here and above.
            let _ = write!(
                json,
                "{}\n{{\"suite\":{},\"subject\":{},\"name\":{},\"value\":{value},\"unit\":{},\"excludes\":{}}}",
                comma(at),
                Text(section.name),
                Text(&row.name),
                Text(name),
                Text(unit_name(*unit)),
                Text(row.excludes),
            );
        }
        json.push_str("\n]}");
        json
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, value) in self.host.facts() {
            writeln!(f, "{name:<14} {value}")?;
        }
        if self.smoke {
            writeln!(f, "smoke sizes: the figures mean nothing")?;
        }
        for (at, section) in self.sections.iter().enumerate() {
            writeln!(f, "\n{}", section.name)?;
            for (name, value) in &section.facts {
                writeln!(f, "  {name}: {value}")?;
            }
            let width = section.rows.iter().map(|row| row.name.chars().count()).max().unwrap_or(0).max(14);
            for (number, Row { name, figures, excludes }) in section.rows.iter().enumerate() {
                write!(f, "  {name:<width$}")?;
                for figure in figures {
                    write!(f, "  {} {}", short(figure.name), Shown(*figure))?;
                }
                // Said once for neighbours that leave out the same.
                if section.rows.get(number + 1).is_none_or(|next| next.excludes != *excludes) {
                    write!(f, "\n  {:<width$}  without {excludes}", "")?;
                }
                if at + 1 < self.sections.len() || number + 1 < section.rows.len() {
                    writeln!(f)?;
                }
            }
        }
        Ok(())
    }
}

/// A value as people read it.
struct Shown(Figure);

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Figure { value, unit, .. } = self.0;
        match unit {
            Unit::Count => f.write_str(&grouped(value)),
            Unit::PerSecond => write!(f, "{}/s", grouped(value)),
            Unit::Ns if value >= 10_000 => write!(f, "{}.{} µs", grouped(value / 1_000), value % 1_000 / 100),
            Unit::Ns => write!(f, "{value} ns"),
            Unit::TenthNs => write!(f, "{}.{} ns", grouped(value / 10), value % 10),
            Unit::Tenths => write!(f, "{}.{}", grouped(value / 10), value % 10),
            Unit::Thousandths => write!(f, "{}.{:02}×", value / 1_000, value % 1_000 / 10),
        }
    }
}

/// A name without its unit, which the screen shows behind the value.
fn short(name: &str) -> String {
    let unit = ["_ns", "_per_s", "_ratio"].into_iter().find_map(|unit| name.strip_suffix(unit));
    unit.unwrap_or(name).replace('_', " ")
}

const fn unit_name(unit: Unit) -> &'static str {
    match unit {
        Unit::Count => "count",
        Unit::PerSecond => "1/s",
        Unit::Ns => "ns",
        Unit::TenthNs => "0.1 ns",
        Unit::Tenths => "1/10",
        Unit::Thousandths => "1/1000",
    }
}

/// Digits in threes.
fn grouped(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

const fn comma(at: usize) -> &'static str {
    if at == 0 { "" } else { "," }
}

fn push_object(json: &mut String, facts: &[(&'static str, String)]) {
    json.push('{');
    for (at, (name, value)) in facts.iter().enumerate() {
        let _ = write!(json, "{}{}:{}", comma(at), Text(name), Text(value));
    }
    json.push('}');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_shown_for_people() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
        let shown = |figure| Shown(figure).to_string();
        assert_eq!(shown(Figure::ns("a_ns", 9_999)), "9999 ns");
        assert_eq!(shown(Figure::ns("a_ns", 1_234_567)), "1,234.5 µs");
        assert_eq!(shown(Figure::ratio("a_ratio", 205, 100)), "2.05×");
        assert_eq!(shown(Figure::rate("a_per_s", 5_000, 1_000_000_000)), "5,000/s");
        assert_eq!(
            ["hop_p50_ns", "slots_per_s", "time_ratio", "samples"].map(short),
            ["hop p50", "slots", "time", "samples"]
        );
    }

    #[test]
    fn every_figure_of_the_json_says_what_it_leaves_out() {
        let rows = vec![Row { name: "x".into(), figures: vec![Figure::ns("y_ns", 7)], excludes: "all \"else\"" }];
        let sections = vec![Section { name: "s", facts: vec![("proof", "none".to_owned())], rows, series: vec![] }];
        let host = HostFacts::read(&netio::clock::Clock::calibrate());
        let json = Report { host, smoke: true, sections }.to_json();
        let line = "{\"suite\":\"s\",\"subject\":\"x\",\"name\":\"y_ns\",\"value\":7,\"unit\":\"ns\",\
                    \"excludes\":\"all \\\"else\\\"\"}";
        assert!(json.contains(line), "{json}");
        assert!(json.contains("\"smoke\":true,\"sections\":{\"s\":{\"proof\":\"none\"}}"), "{json}");
    }
}
