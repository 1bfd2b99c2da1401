//! A comparison as text and as JSON.

use std::fmt;

use super::judge::FALSE_ALARMS_PER_MILLE;
use super::pairs::{CHANGE_MIN_PER_MILLE, Comparison, Pair, Verdict};
use crate::run::Run;
use serde_json::{Value, json};

/// A comparison with the names of what was compared.
pub struct Screen<'a> {
    /// What A and B are called.
    pub names: [&'a str; 2],
    /// The runs.
    pub runs: [&'a Run; 2],
    /// How they compare.
    pub comparison: &'a Comparison,
}

impl fmt::Display for Screen<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { names, runs, comparison } = self;
        for ((letter, name), run) in ["A", "B"].into_iter().zip(names).zip(runs) {
            let of = |fact: &str| run.host.get(fact).map_or("not told", String::as_str).to_owned();
            writeln!(
                f,
                "{letter}  {name}: {}, commit {}, load {}, steal {}",
                of("date"),
                of("commit"),
                of("load"),
                of("steal")
            )?;
        }
        let count = comparison.pairs.len();
        writeln!(
            f,
            "{} rounds; ratios are B/A, and the range behind each holds for all {count} figures at once with {}%.\n\
             What differs by less than {}% is not told from what the linker does.",
            comparison.rounds,
            100 - FALSE_ALARMS_PER_MILLE / 10,
            CHANGE_MIN_PER_MILLE / 10,
        )?;
        comparison.doubts.iter().try_for_each(|doubt| writeln!(f, "NOTE: {doubt}"))?;
        let width =
            |of: fn(&Pair) -> &str| comparison.pairs.iter().map(|pair| of(pair).chars().count()).max().unwrap_or(0);
        let (subject_width, name_width) = (width(|pair| &pair.figure.subject), width(|pair| &pair.figure.name));
        let mut suite = "";
        for pair in &comparison.pairs {
            let figure = &pair.figure;
            if figure.suite != suite {
                suite = &figure.suite;
                writeln!(f, "\n{suite}")?;
            }
            let said = match pair.verdict {
                Verdict::Slower => "  SLOWER",
                Verdict::Faster => "  faster",
                Verdict::Same => "",
            };
            let (subject, name) = (&figure.subject, &figure.name);
            writeln!(
                f,
                "  {subject:<subject_width$}  {name:<name_width$}  {:>5.2}×  {}{said}",
                pair.ratio,
                Spread(pair.spread)
            )?;
        }
        writeln!(f)?;
        for [a, b] in &comparison.counts {
            writeln!(f, "moved, not judged: {}, {}, {}: {} to {}", a.suite, a.subject, a.name, a.value, b.value)?;
        }
        for (word, verdict) in [("slower", Verdict::Slower), ("faster", Verdict::Faster)] {
            for pair in comparison.judged(verdict) {
                writeln!(f, "{word}: {}: {:.2}× ({})", full_name(pair), pair.ratio, Spread(pair.spread))?;
            }
        }
        let [slower, faster, same] =
            [Verdict::Slower, Verdict::Faster, Verdict::Same].map(|verdict| comparison.judged(verdict).count());
        if slower + faster == 0 {
            write!(f, "no difference in {same} figures")
        } else {
            write!(f, "slower in {slower}, faster in {faster}, no difference in {same} of {count} figures")
        }
    }
}

/// Suite, subject and figure.
pub fn full_name(pair: &Pair) -> String {
    let figure = &pair.figure;
    format!("{}, {}, {}", figure.suite, figure.subject, figure.name)
}

/// From where to where.
struct Spread([f64; 2]);

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            [least, most] if most.is_finite() => write!(f, "{least:.2}–{most:.2}"),
            _ => f.write_str("(too few rounds)"),
        }
    }
}

impl Screen<'_> {
    /// One JSON object: `a`, `b` (name and host), `notes`, `figures` with their verdicts, and `verdict`. A range that is not known is null.
    pub fn to_json(&self) -> String {
        let Self { names, runs, comparison } = self;
        let side = |at: usize| json!({ "name": names[at], "host": runs[at].host });
        let word = |verdict| match verdict {
            Verdict::Slower => "slower",
            Verdict::Faster => "faster",
            Verdict::Same => "no difference",
        };
        let figures: Vec<Value> = comparison
            .pairs
            .iter()
            .map(|Pair { figure, ratio, spread: [least, most], verdict }| {
                json!({
                    "suite": figure.suite, "subject": figure.subject, "name": figure.name, "unit": figure.unit,
                    "ratio": ratio, "least": least, "most": most, "verdict": word(*verdict),
                })
            })
            .collect();
        let changed = comparison.pairs.iter().any(|pair| pair.verdict != Verdict::Same);
        let verdict = if changed { "different" } else { "no difference" };
        let notes = &comparison.doubts;
        let (a, b) = (side(0), side(1));
        let rounds = comparison.rounds;
        json!({ "a": a, "b": b, "rounds": rounds, "notes": notes, "figures": figures, "verdict": verdict }).to_string()
    }
}
