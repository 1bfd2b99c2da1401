//! What an operator's cancel of many orders costs everybody else.
//!
//! ```text
//!   fill ─► command ─► slice ─► slice ─► … ─► answer
//!                 '-- an order --'- another -'        each waits until the last slice is done
//! ```
//! Goal: how long a slice, the whole, and an order that arrives meanwhile take on the thread of a collapsed appliance. Non-goal: clients,
//! network, and the threads beside; `synced`, where each answer waits for the disk.

use std::fmt::Write as _;

use crate::error::BenchError;
use crate::figure::{Figure, Row, Section};
use crate::host::file_system;
use crate::stream::resting;
use crate::subject::collapsed::Collapsed;
use crate::subject::login::START;
use crate::suite::journal::JournalArgs;
use clap::Args;
use engine::admin::OperatorLinks;
use engine::config::Config;
use engine::link::Operation;
use engine::trace::Off;
use netio::clock::Clock;
use wire::admin::{OperatorCommand, OperatorName, Outcome, Scope, Verb};
use wire::ouch::INBOUND_LEN_MAX;
use wire::{SessionIndex, Symbol};

const ORDERS: u32 = 1_000_000;
const SMOKE_ORDERS: u32 = 5_000;
const INSTRUMENTS: u32 = 100;
/// Messages between two turns while the books are filled.
const BURST: u32 = 64;
const WITHOUT: &str = "clients, network, the journal's helpers: only the turns of the appliance's thread count; mapped";

/// Measure a cancel of many orders, and what an order waits that arrives meanwhile.
#[derive(Debug, Default, Args)]
pub struct OperatorsArgs {
    /// Orders that rest
    #[arg(long, value_parser = clap::value_parser!(u32).range(1_000..=10_000_000))]
    orders: Option<u32>,
    #[command(flatten)]
    place: JournalArgs,
}

/// Whose orders go, and who wants to trade meanwhile.
const DOOMED: usize = 0;
const OTHER: usize = 1;

/// An appliance with many orders.
struct Venue<'a> {
    appliance: Collapsed<Off>,
    clock: &'a Clock,
    /// Orders that each has entered.
    entered: [u32; 2],
    commands: u64,
    /// Time spent in turns.
    busy_ns: u64,
    turn_max_ns: u64,
}

/// What a cancel came to.
struct Canceled {
    whole_ns: u64,
    wait_ns: u64,
    turn_max_ns: u64,
    slices: u64,
    orders: u64,
}

/// Measures.
///
/// # Errors
/// The disk refuses, or the cancel leaves orders.
pub fn run(args: &OperatorsArgs, smoke: bool, clock: &Clock) -> Result<Section, BenchError> {
    let orders = args.orders.unwrap_or(if smoke { SMOKE_ORDERS } else { ORDERS });
    let scratch = args.place.scratch()?;
    let config = config(orders)?;
    let appliance = Collapsed::open(&config, scratch.path(), START.0, None, |_| Off)?;
    let mut venue = Venue { appliance, clock, entered: [0; 2], commands: 0, busy_ns: 0, turn_max_ns: 0 };
    let session = Verb::CancelOrders { scope: Scope::Session(SessionIndex(0)), symbol: None, side: None };
    venue.fill(orders)?;
    let alone_ns = venue.order_alone()?;
    let first = venue.cancel(session, u64::from(orders))?;
    venue.fill(orders)?;
    let middle = venue.cancel(session, u64::from(orders / 2))?;
    venue.fill(orders)?;
    let symbol = Symbol::new("I0").ok_or(BenchError::Login { expected: "a symbol" })?;
    let scope = Scope::Session(SessionIndex(0));
    let instrument = venue.cancel(Verb::CancelOrders { scope, symbol: Some(symbol), side: None }, u64::from(orders))?;
    let row = |name: &'static str, canceled: &Canceled| {
        let Canceled { whole_ns, wait_ns, turn_max_ns, slices, orders } = *canceled;
        let figures = vec![
            Figure::ns("whole_ns", whole_ns),
            Figure::ns("slice_ns", whole_ns / slices.max(1)),
            Figure::ns("order_ns", whole_ns / orders.max(1)),
            Figure::ns("turn_max_ns", turn_max_ns),
            Figure::ns("wait_ns", wait_ns),
            Figure::count("slices", slices),
            Figure::count("orders", orders),
        ];
        Row { name: name.into(), figures, excludes: WITHOUT }
    };
    let rows = vec![
        Row {
            name: "an order, nobody cancels".into(),
            figures: vec![Figure::ns("wait_ns", alone_ns)],
            excludes: WITHOUT,
        },
        row("all of a session, an order comes with it", &first),
        row("all of a session, an order comes in the middle", &middle),
        row("all of a session in an instrument, an order comes with it", &instrument),
    ];
    let facts = vec![
        (
            "orders",
            format!(
                "{orders} of one session rest in {INSTRUMENTS} instruments; the order that waits is another session's"
            ),
        ),
        ("file system", file_system(scratch.path())),
    ];
    Ok(Section { name: "operators", facts, rows, series: vec![] })
}

fn config(orders: u32) -> Result<Config, BenchError> {
    let most = 3 * u64::from(orders) + 1_024;
    let records = (most * 160).next_multiple_of(1 << 20);
    let mut text = format!(
        "[journal]\ndurability = \"mapped\"\nsegment_bytes = {records}\n[snapshot]\ninterval_ms = 0\n\
         [limits]\norders = {room}\nlevels = {room}\nsession_orders = {room}\nstops = 1\n",
        room = u64::from(orders) + 1_024,
    );
    for name in ["d", "o"] {
        let key = "5a".repeat(32);
        // A string takes any text.
        let _ = writeln!(text, "[[member]]\nname = \"{name}\"");
        let _ = writeln!(text, "[[session]]\nusername = \"{name}\"\nmember = \"{name}\"\nkey = \"{key}\"");
    }
    text += &resting::instruments(INSTRUMENTS);
    Ok(Config::parse(&text, "the benchmark's rules")?)
}

impl Venue<'_> {
    /// One turn of the appliance and of its clients; says whether the other's order was answered.
    fn turn(&mut self) -> Result<bool, BenchError> {
        let before = self.clock.now();
        self.appliance.poll()?;
        let taken_ns = self.clock.now() - before;
        self.busy_ns += taken_ns;
        self.turn_max_ns = self.turn_max_ns.max(taken_ns);
        self.appliance.pass(taken_ns);
        let mut answered = false;
        while self.appliance.talk(|client, report| answered |= client == OTHER && report.answers.is_some())? > 0 {}
        Ok(answered)
    }

    fn enter(&mut self, client: usize) -> Result<bool, BenchError> {
        let mut bytes = [0; INBOUND_LEN_MAX];
        let len = resting::enter(self.entered[client], INSTRUMENTS, &mut bytes);
        let len = len.ok_or(BenchError::Login { expected: "an order that fits" })?;
        let taken = self.appliance.submit(client, &bytes[..len])?;
        self.entered[client] += u32::from(taken);
        Ok(taken)
    }

    fn resting(&mut self) -> u64 {
        self.appliance.graph().venue().exchange().book().order_count() as u64
    }

    /// Lets so many orders rest.
    fn fill(&mut self, orders: u32) -> Result<(), BenchError> {
        let mut left = u64::from(orders).saturating_sub(self.resting());
        while left > 0 {
            for _ in 0..left.min(BURST.into()) {
                left -= u64::from(self.enter(DOOMED)?);
            }
            self.turn()?;
            self.appliance.graph().helper().turn();
        }
        for _ in 0..BURST {
            self.turn()?;
        }
        Ok(())
    }

    /// What an order takes when nothing else is there.
    fn order_alone(&mut self) -> Result<u64, BenchError> {
        self.enter(OTHER)?;
        self.appliance.talk(|_, _| {})?;
        let before = self.busy_ns;
        while !self.turn()? {}
        Ok(self.busy_ns - before)
    }

    /// Has orders canceled; an order arrives when no more than so many are left.
    fn cancel(&mut self, verb: Verb, arrives_at: u64) -> Result<Canceled, BenchError> {
        self.commands += 1;
        let operator = OperatorName::new("bench").unwrap_or(OperatorName::BLANK);
        let command = OperatorCommand { operator, number: self.commands, verb };
        let OperatorLinks { operations, .. } = self.appliance.graph().operators();
        let pushed = operations.push(Operation { command, key: None });
        pushed.map_err(|_| BenchError::Tile("expected room for an operator's command".to_owned()))?;
        (self.busy_ns, self.turn_max_ns) = (0, 0);
        let seq = self.appliance.graph().venue().seq().0;
        let (mut arrived, mut waited, mut done) = (None, None, None);
        while waited.is_none() || done.is_none() {
            if arrived.is_none() && (self.resting() <= arrives_at || done.is_some()) {
                self.enter(OTHER)?;
                self.appliance.talk(|_, _| {})?;
                arrived = Some(self.busy_ns);
            }
            let answered = self.turn()?;
            if let (Some(arrived), None, true) = (arrived, waited, answered) {
                waited = Some(self.busy_ns - arrived);
            }
            if let (None, Some(outcome)) = (&done, self.appliance.graph().operators().done.pop()) {
                done = Some((outcome.outcome, self.busy_ns));
            }
        }
        let (Some((Outcome::Done { changed, .. }, whole_ns)), Some(wait_ns)) = (done, waited) else {
            return Err(BenchError::Tile("expected the cancel to be done, found it refused".to_owned()));
        };
        // The command, its further slices, and the order.
        let slices = self.appliance.graph().venue().seq().0 - seq - 1;
        Ok(Canceled { whole_ns, wait_ns, turn_max_ns: self.turn_max_ns, slices, orders: changed })
    }
}
