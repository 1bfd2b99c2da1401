//! What a glance at a run needs of each suite: a line a subject, ratios first.
//!
//! Goal: the screen of a canonical run and the README's table show the same. The stages of a budget are one line, a sweep is its knee.
//! Non-goal: completeness; the full text, the JSON and the page have that.

use super::plot::knee;
use super::shown::{Shown, short};
use crate::figure::{Plot, SWEEP, Unit};
use crate::run::{Kept, Run};

/// What is told of a stage.
const MIDDLE: &str = "p50_ns";

/// A subject in a few words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glance {
    /// The subject.
    pub subject: String,
    /// Ratios, with their names.
    pub ratios: Vec<String>,
    /// The other figures, likewise.
    pub figures: Vec<String>,
    /// Whether the figures mean something only together.
    pub together: bool,
}

/// The subjects of a suite.
#[must_use]
pub fn glances(run: &Run, suite: &str) -> Vec<Glance> {
    let lines = || run.series.iter().filter(|line| line.suite == suite).map(|line| &line.series);
    let rows = run.rows(suite);
    if lines().any(|line| line.plot == Plot::Budget) {
        let middle = |figures: &[&Kept]| figures.iter().copied().find(|figure| figure.name == MIDDLE).cloned();
        let subject = format!("stages, {}", short(MIDDLE));
        let stage = |(stage, figures): &(&str, Vec<&Kept>)| {
            middle(figures).map(|figure| format!("{stage} {:#}", Shown::of(&figure)))
        };
        let figures = rows.iter().filter_map(stage).collect();
        return vec![Glance { subject, ratios: vec![], figures, together: true }];
    }
    let own = rows.iter().filter(|(subject, _)| !subject.contains(SWEEP)).map(|(subject, figures)| {
        let (ratios, figures): (Vec<&Kept>, Vec<&Kept>) =
            figures.iter().partition(|figure| figure.unit == Unit::Thousandths);
        let said = |figures: Vec<&Kept>| {
            figures.iter().map(|figure| format!("{} {:#}", short(&figure.name), Shown::of(figure))).collect()
        };
        Glance { subject: (*subject).to_owned(), ratios: said(ratios), figures: said(figures), together: false }
    });
    let knees = lines().filter(|line| line.plot == Plot::Rates).map(|line| Glance {
        subject: line.name.clone(),
        ratios: vec![],
        figures: vec![knee(line)],
        together: false,
    });
    own.chain(knees).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figure::{Figure, Row, Section, Series};

    fn section(name: &'static str, rows: Vec<Row>, plot: Plot, points: &[(u64, u64)]) -> Section {
        let series = Series { plot, name: "line".to_owned(), points: points.to_vec(), labels: vec![] };
        Section { name, facts: vec![], rows, series: vec![series] }
    }

    fn row(name: &'static str, p50_ns: u64) -> Row {
        let figures = vec![Figure::ns("p50_ns", p50_ns), Figure::ratio("floor_ratio", 3, 2)];
        Row { name: name.into(), figures, excludes: "the network" }
    }

    #[test]
    fn ratios_stages_and_knees_are_told_briefly() {
        let points = [(1_000, 10), (2_000, 10), (3_000, 1_000)];
        let mut run = Run::default();
        run.add_round(&[
            section("wire", vec![row("x", 70_000), row("x, sweep at 5/s", 9)], Plot::Rates, &points),
            section("budget", vec![row("match", 70), row("send", 12_000)], Plot::Budget, &[(0, 70)]),
        ]);
        let glance = |subject: &str, ratios: &[&str], figures: &[&str], together| Glance {
            subject: subject.to_owned(),
            ratios: ratios.iter().map(|&text| text.to_owned()).collect(),
            figures: figures.iter().map(|&text| text.to_owned()).collect(),
            together,
        };
        assert_eq!(
            glances(&run, "wire"),
            [
                glance("x", &["floor 1.50×"], &["p50 70.0 µs"], false),
                glance("line", &[], &["knee between 2,000/s and 3,000/s"], false)
            ]
        );
        assert_eq!(glances(&run, "budget"), [glance("stages, p50", &[], &["match 70 ns", "send 12.0 µs"], true)]);
        assert_eq!(glances(&run, "none"), []);
    }
}
