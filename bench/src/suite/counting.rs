//! What the counters cost, in instructions: the collapsed appliance without counters, with them, and with the stages of some messages
//! followed, as a configured appliance does.
//!
//! Goal: figures that noise does not reach, of every message and of what is done every 10 ms. Non-goal: time; what caches and other threads
//! (the keeper's) make of it (`pipeline --only counters`).

use crate::callgrind::{self, Counted};
use crate::error::BenchError;
use crate::figure::{Figure, Row, Section, Unit};
use crate::flow::Flow;
use crate::published::SEED;
use crate::subject::collapsed::Collapsed;
use crate::subject::login::START;
use clap::Args;
use engine::config::Config;
use engine::journal::Durability;
use engine::meter::Meter;
use engine::tile::TileKind;
use engine::trace::{Off, Trace};
use feedhandler::flow::workload::Scenario;

const ORDERS: u32 = 4_000;
const SMOKE_ORDERS: u32 = 100;
const SIZES: [(&str, &str); 4] =
    [("limits.orders", "32768"), ("limits.levels", "32768"), ("limits.stops", "1"), ("limits.session_orders", "32768")];
/// Messages between two turns of the appliance.
const BURSTS: [usize; 2] = [1, 16];
/// Turns after each burst: one takes it in, the other lets the answers out.
const TURNS: u32 = 2;
/// Turns without work, and bursts between two times of keeping house.
const IDLE_TURNS: u32 = 1_000;
const HOUSE_EVERY: usize = 16;
const WITHOUT: &str =
    "clients and the port's far end; the journal's helpers and the keeper, which have threads of their own; time";

/// Count what the counters cost in instructions (needs valgrind).
#[derive(Debug, Default, Args)]
pub struct CountingArgs {
    /// Run what is counted: what this program starts under valgrind
    #[arg(long, hide = true)]
    inside: bool,
}

/// Who counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Not,
    Counted,
    Followed,
}

impl Kind {
    const ALL: [Self; 3] = [Self::Not, Self::Counted, Self::Followed];

    const fn name(self) -> &'static str {
        match self {
            Self::Not => "not counted",
            Self::Counted => "counted",
            Self::Followed => "counted and followed",
        }
    }
}

/// What is counted of each kind, in this order.
const OPERATIONS: [&str; 4] = ["a message alone", "a message of 16", "a turn without work", "keeping house"];

/// Measures.
///
/// # Errors
/// There is no valgrind.
pub fn run(args: &CountingArgs, smoke: bool) -> Result<Section, BenchError> {
    let name = "counting";
    if args.inside {
        let counts = inside(if smoke { SMOKE_ORDERS } else { ORDERS })?;
        return Ok(Section { name, facts: vec![callgrind::said(&counts)], rows: vec![], series: vec![] });
    }
    let arguments = ["counting", "--inside", "--smoke"];
    let arguments = if smoke { &arguments[..] } else { &arguments[..2] };
    let found = callgrind::count(arguments, &["*counted_turns*", "*counted_house*"])?;
    let of = |kind: Kind, operation: usize| found.get(kind as usize * OPERATIONS.len() + operation).copied();
    let mut rows = Vec::new();
    for (at, operation) in OPERATIONS.iter().enumerate() {
        for kind in Kind::ALL {
            let (Some(counted), Some(without)) = (of(kind, at), of(Kind::Not, at)) else { continue };
            let instructions = share(counted);
            let figures = vec![
                Figure { name: "instructions", value: instructions, unit: Unit::Tenths },
                Figure::ratio("not_counted_ratio", instructions, share(without)),
            ];
            let name = format!("{operation}, {}", kind.name());
            rows.push(Row { name: name.into(), figures, excludes: WITHOUT });
        }
    }
    let sample = Config::default().stats.sample;
    let facts = vec![
        ("appliance", "four tiles on one thread, mapped; one instrument, one session".to_owned()),
        ("followed", format!("one of {sample} messages, as built in")),
    ];
    Ok(Section { name, facts, rows, series: vec![] })
}

fn share(counted: Counted) -> u64 {
    Figure::share("", counted.instructions, counted.operations).value
}

/// What is counted, one after the other. Returns how many messages, turns or times each was.
fn inside(orders: u32) -> Result<Vec<u64>, BenchError> {
    let sizes = SIZES.map(|(key, value)| (key.to_owned(), value.to_owned()));
    let mut config = Config::default().with_overrides(&sizes)?;
    config.sessions.truncate(1);
    config.journal.durability = Durability::Mapped;
    config.snapshot.interval_ms = 0;
    let flow = Flow::generated(Scenario::Normal, orders, SEED, &config)?;
    let refused = |error| BenchError::io("keep counters")(std::io::Error::other(error));
    let mut counts = Vec::new();
    for kind in Kind::ALL {
        let meter = (kind != Kind::Not).then(|| Meter::unseen(&config)).transpose().map_err(refused)?;
        match meter.as_ref().and_then(Meter::live).filter(|_| kind == Kind::Followed) {
            Some(live) => count(&config, &flow, meter.as_ref(), |_| live.clone(), &mut counts)?,
            None => count(&config, &flow, meter.as_ref(), |_| Off, &mut counts)?,
        }
    }
    Ok(counts)
}

/// All operations of one kind.
fn count<T: Trace>(
    config: &Config,
    flow: &Flow,
    meter: Option<&Meter>,
    trace: impl Fn(TileKind) -> T + Copy,
    counts: &mut Vec<u64>,
) -> Result<(), BenchError> {
    let mut ended = |count: u64| {
        callgrind::ended(count);
        counts.push(count);
    };
    let open = || Collapsed::open(config, &std::env::temp_dir(), START.0, meter, trace);
    for burst in BURSTS {
        let mut appliance = open()?;
        let answered = play(&mut appliance, flow, burst, |appliance| appliance.counted_turns(TURNS), |_| {})?;
        ended(answered);
    }
    let mut appliance = open()?;
    appliance.counted_turns(IDLE_TURNS)?;
    ended(IDLE_TURNS.into());
    let mut times = 0;
    play(&mut appliance, flow, BURSTS[1], uncounted, |appliance| {
        appliance.counted_house();
        times += 1;
    })?;
    ended(times);
    Ok(())
}

fn uncounted<T: Trace>(appliance: &mut Collapsed<T>) -> Result<usize, BenchError> {
    (0..TURNS).map(|_| appliance.poll()).sum()
}

/// The flow in bursts, each followed by turns of the appliance, every now and then by housekeeping. Returns how many were answered: all.
fn play<T: Trace>(
    appliance: &mut Collapsed<T>,
    flow: &Flow,
    burst: usize,
    mut turns: impl FnMut(&mut Collapsed<T>) -> Result<usize, BenchError>,
    mut house: impl FnMut(&mut Collapsed<T>),
) -> Result<u64, BenchError> {
    let mut answered = 0;
    for (at, messages) in flow.messages().chunks(burst).enumerate() {
        for message in messages {
            if !appliance.submit(0, message)? {
                return Err(BenchError::Tile("a message was not answered in the turns that it has".to_owned()));
            }
        }
        appliance.pass(20_000);
        appliance.talk(|_, _| {})?;
        turns(appliance)?;
        appliance.talk(|_, report| answered += u64::from(report.answers.is_some()))?;
        if at % HOUSE_EVERY == 0 {
            house(appliance);
            appliance.graph().helper().turn();
        }
    }
    if answered == flow.len() as u64 {
        Ok(answered)
    } else {
        Err(BenchError::Tile(format!("expected {} answers, found {answered}", flow.len())))
    }
}
