//! What it costs that the appliance counts in shared memory, and that somebody reads it.
//!
//! Goal: the same passes without counters, with them, and with a reader ten times a second, in turns, so that what disturbs one disturbs the
//! others. Non-goal: what is counted.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use super::feeder::Feeder;
use super::load::{Bench, DEADLINE_NS, Fed, WARM_UP_PARTS, WITHOUT};
use super::site::End;
use crate::error::BenchError;
use crate::figure::{Figure, Row, Section, Unit};
use crate::load::record::Plan;
use crate::load::schedule::{Pattern, Schedule};
use crate::published::SEED;
use crate::sample::median;
use engine::counters::{Reader, path_of};
use engine::meter::Meter;
use engine::trace::Off;
use wire::Nanos;

/// How often a reader looks.
const LOOK: Duration = Duration::from_millis(100);

/// Who counts, and who looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Not,
    Counted,
    Read,
}

impl Kind {
    const ALL: [Self; 3] = [Self::Not, Self::Counted, Self::Read];

    const fn name(self) -> &'static str {
        match self {
            Self::Not => "not counted",
            Self::Counted => "counted",
            Self::Read => "counted and read",
        }
    }
}

impl Bench<'_> {
    /// Floods in turns, and adds two rows.
    ///
    /// # Errors
    /// A pass failed or came to another end.
    pub fn counted_flood(&self, fed: &Fed<'_>, section: &mut Section) -> Result<(), BenchError> {
        let messages = fed.messages();
        let mut taken_ns = [const { Vec::new() }; 3];
        self.in_turns(|kind| {
            let flood = |feeder: &mut Feeder| feeder.flood(messages);
            let flood = self.pass_of(fed, kind, |_| Some(fed.proved_end()), flood)?;
            taken_ns[kind as usize].push(flood.taken_ns);
            Ok(())
        })?;
        let [without, with @ ..] = &taken_ns;
        let fastest = |taken_ns: &[u64]| taken_ns.iter().copied().min().unwrap_or(0);
        for (kind, with) in Kind::ALL[1..].iter().zip(with) {
            let figures = vec![
                Figure::rate("messages_per_s", messages.len() as u64, median(with)),
                ratio("time_ratio", with, without),
                Figure::ratio("fastest_ratio", fastest(with), fastest(without)),
            ];
            let name = format!("{}, {}", fed.name(), kind.name());
            section.rows.push(Row { name: name.into(), figures, excludes: WITHOUT });
        }
        Ok(())
    }

    /// By the clock in turns, and adds three rows: of each figure the median.
    ///
    /// # Errors
    /// A pass failed or came to another end.
    pub fn counted_open(&self, fed: &Fed<'_>, rate_per_s: u64, section: &mut Section) -> Result<(), BenchError> {
        let messages = self.open_messages(fed);
        let warm_up = messages / WARM_UP_PARTS;
        let plan = Plan { warm_up, measured: messages - warm_up, deadline_ns: DEADLINE_NS };
        let schedule = Schedule { pattern: Pattern::Poisson, rate_per_s, seed: u64::from(SEED) };
        let end = fed.end_after(messages);
        let messages = &fed.messages()[..messages];
        let mut found = [const { [const { Vec::new() }; 3] }; 3];
        self.in_turns(|kind| {
            let feed = |feeder: &mut Feeder| feeder.by_the_clock(messages, &schedule, plan);
            let outcome = self.pass_of(fed, kind, |outcome| (outcome.lost == 0).then_some(end), feed)?;
            for (values, percentile) in found[kind as usize].iter_mut().zip([50_000, 99_000, 99_900]) {
                values.push(outcome.latency.percentile_ns(percentile));
            }
            Ok(())
        })?;
        let without = found[0].clone();
        for (kind, [p50, p99, p999]) in Kind::ALL.iter().zip(&found) {
            let figures = vec![
                Figure::ns("p50_ns", median(p50)),
                Figure::ns("p99_ns", median(p99)),
                Figure::ns("p99_9_ns", median(p999)),
                ratio("p50_ratio", p50, &without[0]),
                ratio("p99_9_ratio", p999, &without[2]),
            ];
            let name = format!("{}, poisson at {rate_per_s}/s, {}", fed.name(), kind.name());
            section.rows.push(Row { name: name.into(), figures, excludes: WITHOUT });
        }
        Ok(())
    }

    /// Each kind as often as the others, and each first as often.
    fn in_turns(&self, mut pass: impl FnMut(Kind) -> Result<(), BenchError>) -> Result<(), BenchError> {
        for turn in 0..self.passes as usize {
            for place in 0..Kind::ALL.len() {
                pass(Kind::ALL[(turn + place) % Kind::ALL.len()])?;
            }
        }
        Ok(())
    }

    fn pass_of<R: Send>(
        &self,
        fed: &Fed<'_>,
        kind: Kind,
        end: impl FnOnce(&R) -> Option<End>,
        feed: impl FnOnce(&mut Feeder) -> Result<R, BenchError> + Send,
    ) -> Result<R, BenchError> {
        if kind == Kind::Not {
            return Ok(self.pass_counted(fed, end, None, |_| Off, feed)?.0);
        }
        let mut config = fed.config().clone();
        // In memory, as where it runs for good, and beside whatever else runs here.
        config.stats.dir = Some(PathBuf::from("/dev/shm")).filter(|dir| dir.is_dir()).or(Some(self.dir.to_owned()));
        config.appliance.name = format!("b{}", std::process::id());
        let refused = |error| BenchError::io("keep counters")(std::io::Error::other(error));
        let meter = Meter::create(&config).map_err(refused)?;
        let live = meter.as_ref().and_then(Meter::live);
        let Some((live, path)) = live.zip(path_of(&config)) else {
            return Err(BenchError::io("keep counters")(std::io::Error::other("the configuration asks for none")));
        };
        let trace = move |_| live.clone();
        if kind == Kind::Counted {
            return Ok(self.pass_counted(fed, end, meter, trace, feed)?.0);
        }
        let reader = Reader::open(&path).map_err(refused)?;
        let is_done = AtomicBool::new(false);
        thread::scope(|scope| {
            let looking = scope.spawn(|| {
                while !is_done.load(Ordering::Relaxed) {
                    std::hint::black_box(reader.snapshot(Nanos(0)));
                    thread::park_timeout(LOOK);
                }
            });
            let came = self.pass_counted(fed, end, meter, trace, feed);
            is_done.store(true, Ordering::Relaxed);
            looking.thread().unpark();
            Ok(came?.0)
        })
    }
}

/// The median of the ratios of what was measured in the same turn.
fn ratio(name: &'static str, with: &[u64], without: &[u64]) -> Figure {
    let ratios = with.iter().zip(without).map(|(with, without)| Figure::ratio("", *with, *without).value);
    Figure { name, value: median(&ratios.collect::<Vec<_>>()), unit: Unit::Thousandths }
}
