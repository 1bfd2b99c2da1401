//! Two runs, figure by figure.
//!
//! Goal: what is in both, in pairs of rounds, with a verdict that holds for all of them at once; what is not judged is counted. Non-goal:
//! the statistics; see [`super::judge`].

use super::judge::{ROUNDS_MIN, judge};
use crate::figure::Larger;
use crate::run::{Kept, Run};

/// A smaller change than this is not told from none, in thousandths: so much comes from where the linker puts things.
pub const CHANGE_MIN_PER_MILLE: u32 = 20;
/// Hosts that differ in one of these cannot be compared.
const SAME_HOST: [&str; 6] = ["cpu", "cores", "governor", "kernel", "clock", "build"];

/// What is said of a figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// B takes longer, or does less in the same time.
    Slower,
    /// B takes less time, or does more in it.
    Faster,
    /// Nothing that stands out from the noise.
    Same,
}

/// A figure of both runs.
#[derive(Clone, Debug)]
pub struct Pair {
    /// The figure, as A has it.
    pub figure: Kept,
    /// B by A, as the factor of the mean logarithm over the rounds.
    pub ratio: f64,
    /// Between these the true ratio lies, for all figures at once. Infinitely apart when there were too few rounds.
    pub spread: [f64; 2],
    /// What is said of it.
    pub verdict: Verdict,
}

/// Two runs.
#[derive(Debug)]
pub struct Comparison {
    /// What is in both and can be judged, in the order of A.
    pub pairs: Vec<Pair>,
    /// Numbers of things of which all rounds of B lie above or below all of A: not judged, but worth a look.
    pub counts: Vec<[Kept; 2]>,
    /// What is to be known before the verdicts are believed.
    pub doubts: Vec<String>,
    /// How many rounds were paired.
    pub rounds: u32,
}

impl Comparison {
    /// Compares B with A.
    pub fn of(a: &Run, b: &Run) -> Self {
        let mut doubts = doubts(a, b);
        let rounds = a.rounds.min(b.rounds);
        let whole = |run: &Run, figure: &Kept| u32::try_from(figure.rounds.len()).is_ok_and(|len| len == run.rounds);
        let (mut found, mut counts) = (Vec::new(), Vec::new());
        let mut partial = 0_usize;
        for figure in &a.figures {
            let Some(other) = b.figures.iter().find(|other| other.is_of(figure) && other.unit == figure.unit) else {
                continue;
            };
            match figure.unit.larger(&figure.name) {
                _ if !whole(a, figure) || !whole(b, other) => partial += 1,
                Larger::Neither if apart(&figure.rounds, &other.rounds) => counts.push([figure.clone(), other.clone()]),
                Larger::Neither => {}
                larger => found.push((figure, other, larger)),
            }
        }
        if partial > 0 {
            doubts.push(format!("{partial} figures are not in every round and were not compared"));
        }
        let only = a.figures.iter().filter(|figure| !b.figures.iter().any(|other| other.is_of(figure))).count()
            + b.figures.iter().filter(|figure| !a.figures.iter().any(|other| other.is_of(figure))).count();
        if only > 0 {
            doubts.push(format!("{only} figures are in one of the two only"));
        }
        let in_turns = a.turns.is_some() && a.turns == b.turns;
        let logarithms: Vec<Vec<f64>> = found.iter().map(|(a, b, _)| logarithms(a, b)).collect();
        let pairs = found.into_iter().zip(judge(&logarithms)).map(|((a, b, larger), estimate)| {
            let least = (1.0 + f64::from(CHANGE_MIN_PER_MILLE) / 1_000.0).ln();
            // Rounds that were not taken in turns met another machine: what lies within the range of the other run is noise.
            let stands_out = in_turns || apart(&inner(&a.rounds), &inner(&b.rounds));
            let differs = estimate.differs() && estimate.centre.abs() >= least && stands_out;
            let verdict = match (differs, (estimate.centre > 0.0) == (larger == Larger::Slower)) {
                (false, _) => Verdict::Same,
                (true, true) => Verdict::Slower,
                (true, false) => Verdict::Faster,
            };
            let spread = [estimate.centre - estimate.reach, estimate.centre + estimate.reach].map(f64::exp);
            Pair { figure: a.clone(), ratio: estimate.centre.exp(), spread, verdict }
        });
        Self { pairs: pairs.collect(), counts, doubts, rounds }
    }

    /// The figures of which this is said.
    pub fn judged(&self, verdict: Verdict) -> impl Iterator<Item = &Pair> {
        self.pairs.iter().filter(move |pair| pair.verdict == verdict)
    }
}

/// What speaks against believing the verdicts.
fn doubts(a: &Run, b: &Run) -> Vec<String> {
    let mut found = Vec::new();
    let rounds = usize::try_from(a.rounds.min(b.rounds)).unwrap_or(0);
    if rounds < ROUNDS_MIN {
        found.push(format!(
            "{rounds} rounds in both: nothing can be told from noise in fewer than {ROUNDS_MIN}, use --rounds"
        ));
    } else if a.rounds != b.rounds {
        found.push(format!("{} rounds against {}: only the first {rounds} are compared", a.rounds, b.rounds));
    }
    if a.turns.is_none() || a.turns != b.turns {
        found.push(
            "not taken in turns: what changed on the machine between the two is in the ratios; use compare --against PROGRAM".to_owned(),
        );
    }
    if a.smoke || b.smoke {
        found.push("smoke sizes: the figures mean nothing".to_owned());
    }
    for name in SAME_HOST {
        if a.host.get(name) != b.host.get(name) {
            let of = |run: &Run| run.host.get(name).cloned().unwrap_or_else(|| "not told".to_owned());
            found.push(format!("another {name}: {} against {}", of(a), of(b)));
        }
    }
    found
}

/// The logarithm of each round's ratio; 0 counts as 1.
fn logarithms(a: &Kept, b: &Kept) -> Vec<f64> {
    a.rounds.iter().zip(&b.rounds).map(|(a, b)| real(*b).ln() - real(*a).ln()).collect()
}

#[allow(clippy::cast_precision_loss, reason = "beyond 2^53 it is less than the noise of anything")]
fn real(value: u64) -> f64 {
    value.max(1) as f64
}

/// Whether no round of one lies within the range of the other.
fn apart(a: &[u64], b: &[u64]) -> bool {
    let range = |values: &[u64]| Some((*values.iter().min()?, *values.iter().max()?));
    match (range(a), range(b)) {
        (Some((a_least, a_most)), Some((b_least, b_most))) => a_most < b_least || b_most < a_least,
        _ => false,
    }
}

/// The rounds without the lowest and the highest tenth of them, at least one of each when there are enough.
fn inner(rounds: &[u64]) -> Vec<u64> {
    let mut sorted = rounds.to_vec();
    sorted.sort_unstable();
    let cut = if sorted.len() < ROUNDS_MIN { 0 } else { sorted.len().div_ceil(10) };
    sorted[cut..sorted.len() - cut].to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figure::{Figure, Row, Section};
    use crate::stream::random::Random;

    const SUBJECTS: [&str; 6] = ["static", "normal", "swing-25", "swing-40", "flash-crash", "worst"];

    /// Rounds with 3% of noise in every figure; the latency of one subject multiplied, in thousandths.
    fn run(seed: u64, rounds: u32, slowed: u64) -> Run {
        let mut random = Random::new(seed);
        // The sum of twelve even ones is nearly a normal one; each is up to 18% off, so that the sum has a spread of 3%.
        let mut noisy = |value: u64| (0..12).map(|_| value / 12 * (820 + random.below(361)) / 1_000).sum::<u64>();
        let mut run = Run { turns: Some("in turns".to_owned()), ..Run::default() };
        for _ in 0..rounds {
            let rows = SUBJECTS.map(|name| {
                let factor = if name == "swing-40" { slowed } else { 1_000 };
                let figures = vec![
                    Figure::count("samples", 1_000),
                    Figure::rate("messages_per_s", noisy(5_000_000), 1_000_000_000),
                    Figure::ns("p50_ns", noisy(20_000 * factor)),
                ];
                Row { name: name.into(), figures, excludes: "the network" }
            });
            run.add_round(&[Section { name: "core", facts: vec![], rows: rows.to_vec(), series: vec![] }]);
        }
        run
    }

    fn named(comparison: &Comparison, verdict: Verdict) -> Vec<String> {
        comparison.judged(verdict).map(|pair| format!("{} {}", pair.figure.subject, pair.figure.name)).collect()
    }

    #[test]
    fn the_slower_figure_is_named_and_no_other() {
        let (a, b) = (run(1, 10, 1_000), run(2, 10, 1_200));
        let comparison = Comparison::of(&a, &b);
        assert_eq!(named(&comparison, Verdict::Slower), ["swing-40 p50_ns"]);
        assert_eq!(named(&comparison, Verdict::Faster), Vec::<String>::new());
        let pair = comparison.judged(Verdict::Slower).next().expect("one");
        assert!(pair.spread[0] > 1.02 && pair.spread[0] < 1.2 && pair.spread[1] > 1.2, "{pair:?}");
        assert_eq!(comparison.doubts, Vec::<String>::new());
        assert_eq!(named(&Comparison::of(&b, &a), Verdict::Faster), ["swing-40 p50_ns"]);
    }

    #[test]
    fn more_in_a_second_is_faster() {
        let mut b = run(4, 10, 1_000);
        for figure in
            b.figures.iter_mut().filter(|figure| figure.subject == "normal" && figure.name == "messages_per_s")
        {
            figure.rounds.iter_mut().for_each(|round| *round = *round * 3 / 2);
        }
        assert_eq!(named(&Comparison::of(&run(3, 10, 1_000), &b), Verdict::Faster), ["normal messages_per_s"]);
    }

    #[test]
    fn too_few_rounds_or_another_host_are_doubted() {
        let (mut a, b) = (run(1, 3, 1_000), run(2, 3, 2_000));
        a.turns = None;
        a.host.0.push(("cpu".to_owned(), "other".to_owned()));
        let comparison = Comparison::of(&a, &b);
        assert_eq!(named(&comparison, Verdict::Same).len(), 12);
        for doubt in ["3 rounds in both", "not taken in turns", "another cpu: other against not told"] {
            assert!(comparison.doubts.iter().any(|found| found.starts_with(doubt)), "{doubt}: {:?}", comparison.doubts);
        }
    }

    #[test]
    fn runs_at_different_times_must_differ_by_more_than_their_own_range() {
        // A machine that gets slower and slower, and B a tenth slower than A in each round.
        let drifting = |by: u64, turns: Option<&str>| {
            let mut run = run(1, 10, 1_000);
            for figure in &mut run.figures {
                figure.rounds = (0..10).map(|round| (100_000 + 5_000 * round) * by / 100).collect();
            }
            Run { turns: turns.map(str::to_owned), ..run }
        };
        let slower =
            |by, turns| Comparison::of(&drifting(100, turns), &drifting(by, turns)).judged(Verdict::Slower).count();
        assert_eq!([slower(110, Some("x")), slower(110, None), slower(200, None)], [6, 0, 6]);
        assert_eq!(
            Comparison::of(&drifting(100, Some("x")), &drifting(110, Some("y"))).judged(Verdict::Slower).count(),
            0
        );
    }

    #[test]
    fn counts_are_shown_when_they_moved() {
        let (a, mut b) = (run(1, 10, 1_000), run(2, 10, 1_000));
        assert!(Comparison::of(&a, &b).counts.is_empty());
        b.figures[0].rounds.iter_mut().for_each(|round| *round += 1);
        assert_eq!(Comparison::of(&a, &b).counts.len(), 1);
    }

    #[test]
    fn a_figure_of_one_run_alone_is_counted() {
        let (a, mut b) = (run(1, 10, 1_000), run(2, 10, 1_000));
        b.figures.pop();
        b.figures[1].rounds.pop();
        let comparison = Comparison::of(&a, &b);
        assert_eq!(comparison.pairs.len(), 10);
        assert!(
            comparison.doubts.iter().any(|doubt| doubt.starts_with("1 figures are in one")),
            "{:?}",
            comparison.doubts
        );
        assert!(
            comparison.doubts.iter().any(|doubt| doubt.starts_with("1 figures are not in")),
            "{:?}",
            comparison.doubts
        );
    }
}
