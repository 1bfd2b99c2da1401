//! One run of the harness: what was found, where, and how it is kept in a file.
//!
//! Goal: everything that is printed, drawn or compared is made from this, so that a kept file says as much as the screen did, and no
//! figure stands without its unit, its host and what it leaves out. Non-goal: how it looks; see [`crate::report`].

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use crate::error::BenchError;
use crate::figure::{Figure, Section, Series, Unit};
use crate::ordered::{Facts, Ordered};
use crate::sample::median;
use serde::{Deserialize, Serialize};

/// One run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Run {
    /// The machine and the build.
    pub host: Facts,
    /// Why the figures of this machine mean less than they could.
    pub warnings: Vec<String>,
    /// Whether the sizes were too small to mean anything.
    pub smoke: bool,
    /// How often each suite ran.
    pub rounds: u32,
    /// What this run took turns with, round by round: the same text on both sides.
    pub turns: Option<String>,
    /// What was told of each suite.
    pub sections: Ordered<Facts>,
    /// The figures, in the order of printing.
    pub figures: Vec<Kept>,
    /// What only a plot shows.
    pub series: Vec<Line>,
}

/// A figure that is complete in itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// Who measured.
    pub suite: String,
    /// What was measured.
    pub subject: String,
    /// What the number is.
    pub name: String,
    /// The number: of several rounds the middle one.
    pub value: u64,
    /// What it counts.
    pub unit: Unit,
    /// What it leaves out.
    pub excludes: String,
    /// The number of each round that had it.
    pub rounds: Vec<u64>,
}

/// A line of a plot, with the suite that it is of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Who measured.
    pub suite: String,
    /// The line.
    #[serde(flatten)]
    pub series: Series,
    /// The points of each further round; a file keeps only the middle.
    #[serde(skip)]
    further: Vec<Vec<(u64, u64)>>,
}

impl Line {
    /// A line of one round.
    #[must_use]
    pub const fn new(suite: String, series: Series) -> Self {
        Self { suite, series, further: Vec::new() }
    }

    fn is_of(&self, other: &Self) -> bool {
        (&self.suite, self.series.plot, &self.series.name) == (&other.suite, other.series.plot, &other.series.name)
    }
}

impl Kept {
    /// Whether both are the same figure of the same thing.
    #[must_use]
    pub fn is_of(&self, other: &Self) -> bool {
        (&self.suite, &self.subject, &self.name) == (&other.suite, &other.subject, &other.name)
    }
}

impl Run {
    /// Adds what one round found. The first round tells the facts and the order; a figure is the middle one of its rounds.
    pub fn add_round(&mut self, sections: &[Section]) {
        let mut round = Self { rounds: 1, ..Self::default() };
        for section in sections {
            let facts = section.facts.iter().map(|(name, value)| (*name, value.clone())).collect();
            round.sections.0.push((section.name.to_owned(), facts));
            for row in &section.rows {
                round.figures.extend(row.figures.iter().map(|Figure { name, value, unit }| Kept {
                    suite: section.name.to_owned(),
                    subject: row.name.clone().into_owned(),
                    name: (*name).to_owned(),
                    value: *value,
                    unit: *unit,
                    excludes: row.excludes.to_owned(),
                    rounds: vec![*value],
                }));
            }
            round.series.extend(section.series.iter().map(|line| Line::new(section.name.to_owned(), line.clone())));
        }
        self.add(round);
    }

    /// Adds the rounds of another run of the same suites. What this run says of its host stays.
    pub fn add(&mut self, other: Self) {
        self.rounds += other.rounds;
        for (suite, facts) in other.sections.0 {
            if self.sections.get(&suite).is_none() {
                self.sections.0.push((suite, facts));
            }
        }
        for figure in other.figures {
            match self.figures.iter_mut().find(|known| known.is_of(&figure)) {
                Some(known) => {
                    known.rounds.extend(figure.rounds);
                    known.value = median(&known.rounds);
                }
                None => self.figures.push(figure),
            }
        }
        for line in other.series {
            match self.series.iter_mut().find(|known| known.is_of(&line)) {
                Some(known) => known.further.push(line.series.points),
                None => self.series.push(line),
            }
        }
    }

    /// When all rounds are there: a line goes through the middle of its rounds. One whose rounds have not the same x stays that of the
    /// first.
    #[must_use]
    pub fn finish(mut self) -> Self {
        for Line { series: Series { points, .. }, further, .. } in &mut self.series {
            let further: Vec<Vec<(u64, u64)>> = std::mem::take(further);
            let mut middle = points.clone();
            for (at, (x, y)) in middle.iter_mut().enumerate() {
                let others = further.iter().filter_map(|round| round.get(at).filter(|point| point.0 == *x));
                let all: Vec<u64> = others.map(|point| point.1).chain([*y]).collect();
                *y = median(&all);
            }
            if further
                .iter()
                .all(|round| round.len() == points.len() && round.iter().zip(&*points).all(|(a, b)| a.0 == b.0))
            {
                *points = middle;
            }
        }
        self
    }

    /// The subjects of a suite with their figures, in the order of printing.
    #[must_use]
    pub fn rows(&self, suite: &str) -> Vec<(&str, Vec<&Kept>)> {
        let mut rows: Vec<(&str, Vec<&Kept>)> = Vec::new();
        for figure in self.figures.iter().filter(|figure| figure.suite == suite) {
            match rows.iter_mut().find(|(subject, _)| *subject == figure.subject) {
                Some((_, figures)) => figures.push(figure),
                None => rows.push((&figure.subject, vec![figure])),
            }
        }
        rows
    }

    /// One JSON object: `host`, `warnings`, `sections` with their facts, `figures`, each complete in itself and on a line of its own, and
    /// `series`.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut json = String::from("{");
        let mut field = |name: &str, value: String| {
            // Writing into a String does not fail.
            let _ = write!(json, "{}\"{name}\":{value}", if name == "host" { "" } else { ",\n" });
        };
        field("host", text(&self.host));
        field("warnings", text(&self.warnings));
        field("smoke", self.smoke.to_string());
        field("rounds", self.rounds.to_string());
        field("turns", text(&self.turns));
        field("sections", text(&self.sections));
        field("figures", lines(&self.figures));
        field("series", lines(&self.series));
        json.push('}');
        json
    }

    /// Reads what [`Run::to_json`] wrote.
    ///
    /// # Errors
    /// There is no such file, or it is something else.
    pub fn read(path: &Path) -> Result<Self, BenchError> {
        let json = fs::read_to_string(path).map_err(|source| BenchError::File { path: path.to_owned(), source })?;
        Self::from_json(&json).map_err(|source| BenchError::NoRun { path: path.to_owned(), source })
    }

    /// Reads what [`Run::to_json`] wrote.
    ///
    /// # Errors
    /// It is something else.
    pub fn from_json(json: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(json)
    }
}

/// A value as JSON. All of ours can be written: names are strings, numbers are integers.
fn text(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("strings and integers are JSON")
}

/// Values as a list, one a line.
fn lines(values: &[impl Serialize]) -> String {
    let values: Vec<String> = values.iter().map(|value| format!("\n{}", text(value))).collect();
    format!("[{}]", values.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figure::{Plot, Row};

    fn round(value: u64) -> Section {
        let series =
            Series { plot: Plot::Rates, name: "line".to_owned(), points: vec![(1, value), (2, 5)], labels: vec![] };
        Section {
            name: "s",
            facts: vec![("proof", "none".to_owned())],
            rows: vec![Row { name: "x".into(), figures: vec![Figure::ns("y_ns", value)], excludes: "all \"else\"" }],
            series: vec![series],
        }
    }

    #[test]
    fn every_figure_of_the_json_says_what_it_leaves_out() {
        let mut run = Run { smoke: true, ..Run::default() };
        run.add_round(&[round(7)]);
        let json = run.to_json();
        let line = "\n{\"suite\":\"s\",\"subject\":\"x\",\"name\":\"y_ns\",\"value\":7,\"unit\":\"ns\",\
                    \"excludes\":\"all \\\"else\\\"\",\"rounds\":[7]}";
        assert!(json.contains(line), "{json}");
        assert!(json.contains("\"sections\":{\"s\":{\"proof\":\"none\"}}"), "{json}");
        assert_eq!(Run::from_json(&json).expect("what was written"), run);
    }

    #[test]
    fn rounds_are_kept_and_the_middle_counts() {
        let mut run = Run::default();
        for value in [9, 1, 4] {
            run.add_round(&[round(value)]);
        }
        let run = run.finish();
        assert_eq!((run.rounds, run.figures.len(), run.sections.0.len()), (3, 1, 1));
        assert_eq!((run.figures[0].value, &run.figures[0].rounds[..]), (4, &[9, 1, 4][..]));
        assert_eq!(run.series[0].series.points, [(1, 4), (2, 5)]);
        assert_eq!(Run::from_json(&run.to_json()).expect("what was written"), run);
    }

    #[test]
    fn another_file_is_no_run() {
        assert!(Run::from_json("{}").is_err());
        assert!(Run::from_json("").is_err());
    }
}
