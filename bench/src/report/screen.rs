//! A run as text: everything, or a line a subject on one screen.

use std::fmt::{self, Write as _};

use super::glance::{Glance, glances};
use super::shown::{Shown, short};
use crate::figure::Unit;
use crate::run::{Kept, Run};

/// The width that a short line keeps to.
const SHORT_COLUMNS: usize = 100;
/// Facts of the host that a glance needs, by lines.
const SHORT_FACTS: [&[&str]; 3] = [&["date", "commit"], &["cpu", "cores", "kernel"], &["load", "steal"]];

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
            let width = width(rows.iter().map(|(subject, _)| *subject));
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
        for names in SHORT_FACTS {
            let told = |name: &&str| Some(format!("{name} {}", run.host.get(name)?));
            let told: Vec<String> = names.iter().filter_map(told).collect();
            told.chunks(names.len()).try_for_each(|line| writeln!(f, "{}", line.join("; ")))?;
        }
        if run.rounds > 1 {
            writeln!(f, "{} rounds, of each figure the middle one", run.rounds)?;
        }
        if run.smoke {
            writeln!(f, "smoke sizes: the figures mean nothing")?;
        }
        if !run.warnings.is_empty() {
            let mut words =
                vec!["WARNING: absolute figures of this machine mean little; ratios within one run hold. Why:"];
            words.extend(run.warnings.iter().map(String::as_str));
            let mut said = String::new();
            let words = words.iter().flat_map(|sentence| sentence.split(' ').chain([";"])).collect::<Vec<_>>();
            let sentences = words.join(" ").replace(" ;", ";").replace("Why:;", "Why:");
            wrap(&mut said, sentences.trim_end_matches(';').split(' '), " ", 2);
            writeln!(f, "{said}")?;
        }
        for (suite, _) in &run.sections.0 {
            writeln!(f, "\n{suite}")?;
            let glances = glances(run, suite);
            let width = short_width(glances.iter().map(|glance| glance.subject.as_str()));
            for Glance { subject, ratios, figures, together } in &glances {
                let mut line = format!("  {subject:<width$}");
                if *together {
                    line.push_str("  ");
                    wrap(&mut line, figures.iter().map(String::as_str), ", ", width + 4);
                } else {
                    for figure in ratios.iter().chain(figures) {
                        if line.chars().count() + 2 + figure.chars().count() > SHORT_COLUMNS {
                            break;
                        }
                        let _ = write!(line, "  {figure}");
                    }
                }
                writeln!(f, "{line}")?;
            }
        }
        writeln!(f, "\nEverything, with what each figure leaves out: --full, --json, --html FILE (with plots).")
    }
}

/// Adds parts with what joins them, in lines that keep to the width; all but the first are indented.
fn wrap<'a>(text: &mut String, parts: impl Iterator<Item = &'a str>, between: &str, indent: usize) {
    let mut first = true;
    for part in parts {
        let column = text.lines().last().unwrap_or("").chars().count();
        if !first {
            text.push_str(between);
            if column + between.len() + part.chars().count() > SHORT_COLUMNS {
                text.truncate(text.trim_end().len());
                // Writing into a String does not fail.
                let _ = write!(text, "\n{:indent$}", "");
            }
        }
        text.push_str(part);
        first = false;
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

fn width<'a>(subjects: impl Iterator<Item = &'a str>) -> usize {
    subjects.map(|subject| subject.chars().count()).max().unwrap_or(0).max(14)
}

/// The same for short lines; the few names that are longer than most push their figures to the right.
fn short_width<'a>(subjects: impl Iterator<Item = &'a str>) -> usize {
    const MOST: usize = 48;
    width(subjects.filter(|subject| subject.chars().count() <= MOST))
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
