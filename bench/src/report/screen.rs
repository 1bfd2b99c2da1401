//! A run as text: everything, or a line a subject on one screen.

use std::fmt::{self, Write as _};

use super::shown::{Shown, short};
use crate::figure::Unit;
use crate::run::{Kept, Run};

/// The width that a short line keeps to.
const SHORT_COLUMNS: usize = 100;
/// Facts of the host that a glance needs.
const SHORT_FACTS: [&str; 7] = ["date", "commit", "cpu", "cores", "kernel", "load", "steal"];

/// Everything.
pub struct Full<'a>(pub &'a Run);

/// A line a subject: ratios first, then as many figures as the line holds.
pub struct Short<'a>(pub &'a Run);

impl fmt::Display for Full<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let run = self.0;
        for (name, value) in &run.host.0 {
            writeln!(f, "{name:<14} {value}")?;
        }
        head(run, f)?;
        for (suite, facts) in &run.sections.0 {
            writeln!(f, "\n{suite}")?;
            for (name, value) in &facts.0 {
                writeln!(f, "  {name}: {value}")?;
            }
            let rows = run.rows(suite);
            let width = width(&rows);
            for (number, (subject, figures)) in rows.iter().enumerate() {
                write!(f, "  {subject:<width$}")?;
                for figure in figures {
                    write!(f, "  {} {}", short(&figure.name), Shown::of(figure))?;
                }
                writeln!(f)?;
                // Said once for neighbours that leave out the same.
                let excludes = excludes(figures);
                if rows.get(number + 1).is_none_or(|(_, next)| self::excludes(next) != excludes) {
                    writeln!(f, "  {:<width$}  without {excludes}", "")?;
                }
            }
        }
        Ok(())
    }
}

impl fmt::Display for Short<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let run = self.0;
        for name in SHORT_FACTS {
            if let Some(value) = run.host.get(name) {
                writeln!(f, "{name:<14} {value}")?;
            }
        }
        head(run, f)?;
        for (suite, _) in &run.sections.0 {
            writeln!(f, "\n{suite}")?;
            let rows = run.rows(suite);
            let width = width(&rows);
            for (subject, figures) in &rows {
                let mut line = format!("  {subject:<width$}");
                for figure in ratios_first(figures) {
                    let more = format!("  {} {:#}", short(&figure.name), Shown::of(figure));
                    if line.chars().count() + more.chars().count() > SHORT_COLUMNS {
                        break;
                    }
                    line.push_str(&more);
                }
                writeln!(f, "{line}")?;
            }
        }
        writeln!(
            f,
            "\nAll figures with what each leaves out: --full, --json, or --html FILE with plots; docs/benchmarks.md says how they are taken."
        )
    }
}

/// What must be read before any figure.
fn head(run: &Run, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if run.rounds > 1 {
        writeln!(f, "{:<14} {}, of each figure the middle one", "rounds", run.rounds)?;
    }
    if run.smoke {
        writeln!(f, "smoke sizes: the figures mean nothing")?;
    }
    if !run.warnings.is_empty() {
        writeln!(f, "WARNING: absolute figures of this machine mean little; ratios within one run hold")?;
    }
    run.warnings.iter().try_for_each(|warning| writeln!(f, "  - {warning}"))
}

fn width(rows: &[(&str, Vec<&Kept>)]) -> usize {
    rows.iter().map(|(subject, _)| subject.chars().count()).max().unwrap_or(0).max(14)
}

/// A subject's figures with those first that hold on any machine.
pub fn ratios_first<'a>(figures: &[&'a Kept]) -> Vec<&'a Kept> {
    let (mut first, rest): (Vec<&Kept>, Vec<&Kept>) =
        figures.iter().copied().partition(|figure| figure.unit == Unit::Thousandths);
    first.extend(rest);
    first
}

/// What a subject's figures leave out.
pub fn excludes(figures: &[&Kept]) -> String {
    let mut said = String::new();
    let mut seen: Vec<&str> = Vec::new();
    for figure in figures {
        if !seen.contains(&figure.excludes.as_str()) {
            // Writing into a String does not fail.
            let _ = write!(said, "{}{}", if seen.is_empty() { "" } else { "; " }, figure.excludes);
            seen.push(&figure.excludes);
        }
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figure::{Figure, Row, Section};

    fn run() -> Run {
        let figures = vec![
            Figure::ns("p50_ns", 700),
            Figure::ratio("floor_ratio", 3, 2),
            Figure::rate("a_very_long_name_of_messages_per_s", 5_000, 1_000_000),
            Figure::rate("another_very_long_name_of_messages_per_s", 5_000, 1_000_000),
        ];
        let rows = vec![Row { name: "x".into(), figures, excludes: "the network" }];
        let mut run = Run { warnings: vec!["not idle".to_owned()], ..Run::default() };
        run.add_round(&[Section { name: "s", facts: vec![("proof", "none".to_owned())], rows, series: vec![] }]);
        run
    }

    #[test]
    fn the_full_text_says_what_is_left_out() {
        let text = Full(&run()).to_string();
        assert!(text.contains("x               p50 700 ns  floor 1.50×  a very"), "{text}");
        assert!(text.contains("without the network") && text.contains("proof: none"), "{text}");
        assert!(text.contains("WARNING") && text.contains("  - not idle"), "{text}");
    }

    #[test]
    fn a_short_line_has_the_ratios_first_and_stays_short() {
        let text = Short(&run()).to_string();
        assert!(
            text.contains("x               floor 1.50×  p50 700 ns  a very long name of messages 5.00 M/s\n"),
            "{text}"
        );
    }
}
