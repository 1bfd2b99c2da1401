//! A world: one venue, its clients and subscribers, a network and a disk, on one thread and on one seed.
//!
//! ```text
//!   step: time passes ─► datagrams arrive ─► troubles ─► the appliance has its turns, or starts ─► clients speak ─► now and then all is checked
//! ```
//! Goal: nothing in here reads a clock, a random number of the system, or anything else that differs from run to run. Non-goal: threads.

mod end;
mod life;
mod power;
mod site;
mod troubles;

use std::cell::RefCell;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;

use super::canary::Canary;
use super::check::Failure;
use super::check::conserved::Conserved;
use super::check::feed::Feed;
use super::check::once::Once;
use super::check::operators::Operators;
use super::check::released::Released;
use super::check::replay::Replay;
use super::check::{Verdict, agreed};
use super::disk::SimDisk;
use super::ledger::Ledger;
use super::network::{Network, Party};
use super::operator::Operator;
use super::orders::Vocabulary;
use super::plan::{Plan, Switch};
use super::random::Random;
use super::subscriber::Subscriber;
use super::trace::{Keep, Trace};
use super::trader::{Trader, address};
use engine::config::{Config, Line};
use engine::entropy::SeededEntropy;
use engine::ground::Ground;
use engine::journal::Durability;
use life::Life;
use tempfile::TempDir;
use wire::address::Addr;
use wire::{Nanos, SessionIndex};

/// Steps between two looks of the checkers.
const LOOK_STEPS: u64 = 128;
/// When the simulated day begins, ns since the Unix epoch.
const MORNING_NS: u64 = 1_800_000_000_000_000_000;
/// Subscribers of the tick channel.
const SUBSCRIBERS: usize = 2;
/// The longest that an idle world jumps at once, ns.
const JUMP_MAX_NS: u64 = 2_000_000;

/// What a run came to.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What was found, if anything.
    pub failure: Option<Failure>,
    /// How many commands the venue took, in its longest history.
    pub commands: u64,
    /// How often the appliance started.
    pub starts: u64,
    /// The lines of the trace, if they were kept.
    pub text: String,
    /// A digest of all lines.
    pub digest: [u8; 32],
}

/// A bit that flipped in what was synced.
struct Rot {
    path: PathBuf,
    offset: u64,
    was: u8,
    is: u8,
}

/// All of it.
pub struct World {
    plan: Plan,
    trace: Trace,
    random: Random,
    dir: PathBuf,
    config: Config,
    ledger_config: Config,
    ground: Ground,
    disk: Arc<SimDisk>,
    network: Rc<RefCell<Network>>,
    life: Option<Life>,
    starts: u64,
    /// How often power has ended.
    power_cuts: u64,
    ledger: Ledger,
    commands: u64,
    traders: Vec<Trader>,
    operator: Operator,
    subscribers: Vec<Subscriber>,
    released: Released,
    feed: Feed,
    once: Once,
    operators: Operators,
    conserved: Conserved,
    replay: Replay,
    step: u64,
    now_ns: u64,
    skew_ns: i64,
    told_ns: u64,
    idle: bool,
    healing: bool,
    down_until_ns: u64,
    helper_asleep_until_ns: u64,
    follower_asleep_until_ns: u64,
    full_until_ns: u64,
    low_until_ns: u64,
    rot: Option<Rot>,
    /// Something happened that the durability has not promised to survive.
    beyond_promise: bool,
    /// A datagram that was overheard.
    overheard: Option<(Addr, Vec<u8>)>,
    _temporary: TempDir,
}

/// Runs a plan.
///
/// # Errors
/// There is no place for the files, or the plan cannot be.
pub fn run(plan: &Plan, keep: Keep) -> Result<Outcome, Box<dyn std::error::Error>> {
    let mut world = World::new(plan, keep)?;
    let verdict = world.live_through();
    let failure = verdict.err().map(|(checker, what)| {
        let what = super::check::recovery::without_dir(&what, &world.dir);
        Failure { checker, step: world.step, what }
    });
    if let Some(failure) = &failure {
        world.trace.say("checker", format_args!("{}: {}", failure.checker, failure.what));
    }
    let (commands, starts) = (world.commands.max(world.ledger.last().0), world.starts);
    let (text, digest) = world.trace.finish();
    Ok(Outcome { failure, commands, starts, text, digest })
}

impl World {
    fn new(plan: &Plan, keep: Keep) -> Result<Self, Box<dyn std::error::Error>> {
        let memory = std::path::Path::new("/dev/shm");
        let temporary = if memory.is_dir() { tempfile::tempdir_in(memory)? } else { tempfile::tempdir()? };
        let dir = temporary.path().join("journal");
        std::fs::create_dir(&dir)?;
        let mut plan = plan.clone();
        let gate_open = plan.canary == Some(Canary::OpenGate);
        if gate_open {
            plan.durability = Durability::Synced;
        }
        let mut config = site::config(&plan, &dir, plan.canary == Some(Canary::OtherRules))?;
        if gate_open {
            config.journal.durability = Durability::Mapped;
        }
        let ledger_config = site::config(&plan, &dir, false)?;
        if plan.canary == Some(Canary::OtherRules) {
            // The journal names the rules that it was written under; the ledger does not look.
            plan.switch_on(Switch::SelfMatch, 0);
        }
        let disk = Arc::new(SimDisk::new(&plan));
        let entropy = Arc::new(SeededEntropy::new(plan.seed));
        let ground = Ground { disk: Arc::clone(&disk) as _, entropy };
        let addresses_of = |lines: &[Line]| lines.iter().map(|line| line.group.into()).collect::<Vec<Addr>>();
        let lines = addresses_of(&config.channels[0].tick_lines);
        let depth_lines = addresses_of(&config.channels[0].depth_lines);
        let sessions = || (0..u16::try_from(plan.traders).unwrap_or(1)).map(SessionIndex);
        let addresses = sessions().map(|session| address(session, 0)).collect();
        let network = Network::new(&plan, lines.clone(), addresses, SUBSCRIBERS);
        let symbols = config.instruments.iter().map(|instrument| instrument.symbol).collect();
        let vocabulary = Vocabulary::new(plan.clone(), symbols);
        let traders = sessions().map(|session| Trader::new(&plan, &config, session, vocabulary.clone())).collect();
        Ok(Self {
            trace: Trace::new(keep),
            random: Random::new(plan.seed, "world"),
            ledger: Ledger::new(&ledger_config),
            network: Rc::new(RefCell::new(network)),
            subscribers: (0..SUBSCRIBERS).map(|_| Subscriber::default()).collect(),
            conserved: Conserved::new(plan.canary == Some(Canary::WrongMoney)),
            released: Released::default(),
            feed: Feed::new(lines, depth_lines),
            once: Once::default(),
            operators: Operators::default(),
            operator: Operator::new(&plan),
            replay: Replay::default(),
            plan,
            dir,
            config,
            ledger_config,
            ground,
            disk,
            life: None,
            starts: 0,
            power_cuts: 0,
            commands: 0,
            traders,
            step: 0,
            now_ns: 0,
            skew_ns: 0,
            told_ns: 0,
            idle: false,
            healing: false,
            down_until_ns: 0,
            helper_asleep_until_ns: 0,
            follower_asleep_until_ns: 0,
            full_until_ns: 0,
            low_until_ns: 0,
            rot: None,
            beyond_promise: false,
            overheard: None,
            _temporary: temporary,
        })
    }

    fn live_through(&mut self) -> Verdict {
        let names = self.plan.switches().map(Switch::name).collect::<Vec<_>>().join(" ");
        let Plan { seed, steps, durability, segment_bytes, traders, orders_max, snapshot_steps, .. } = self.plan;
        self.trace.say(
            "plan",
            format_args!(
                "seed {seed}, {steps} steps, {durability}, segments of {segment_bytes}, {traders} clients, {orders_max} orders, \
                 a snapshot each {snapshot_steps} steps; {names}"
            ),
        );
        while self.step < self.plan.steps {
            self.step()?;
        }
        self.end_well()
    }

    /// What the appliance's clock says: it never goes back while a process lives.
    fn venue_time(&mut self) -> Nanos {
        let time = (MORNING_NS + self.now_ns).saturating_add_signed(self.skew_ns);
        self.told_ns = self.told_ns.max(time);
        Nanos(self.told_ns)
    }

    fn step(&mut self) -> Verdict {
        self.step += 1;
        let mut passes = self.random.magnitude(1_000..=self.plan.step_ns);
        if self.idle {
            let due = self.traders.iter().map(Trader::due_ns).chain(self.network.borrow().due_ns()).min();
            passes = passes.max(due.unwrap_or(u64::MAX).saturating_sub(self.now_ns).min(JUMP_MAX_NS));
        }
        self.now_ns += passes;
        self.trace.at(self.step, self.now_ns);
        self.idle = true;
        if self.disk.has_no_power() {
            self.lose_power()?;
        }
        self.deliver();
        if !self.healing {
            self.troubles()?;
        }
        if self.life.is_some() {
            self.turns()?;
        } else if self.now_ns >= self.down_until_ns {
            self.start()?;
        }
        self.operate()?;
        for trader in &mut self.traders {
            let did = trader.step(self.now_ns, &self.plan, &mut self.network.borrow_mut(), self.healing);
            if let Some(did) = did {
                self.trace.say("client", format_args!("{} {did}", trader.session.0));
            }
        }
        if self.step.is_multiple_of(LOOK_STEPS) {
            self.look()?;
            // After the ledger has read all that there is.
            self.retain();
        }
        Ok(())
    }

    fn deliver(&mut self) {
        let arrived = self.network.borrow_mut().advance(self.now_ns);
        for arrived in arrived {
            self.idle = false;
            match arrived.to {
                Party::Trader(number) => {
                    let trader = &mut self.traders[number];
                    let before = trader.received.len();
                    trader.hear(self.now_ns, arrived.from, &arrived.payload);
                    let after = trader.received.len();
                    if after > before {
                        self.trace.say("client", format_args!("{number} has reports up to {after}"));
                    }
                }
                Party::Subscriber(number, line) => {
                    if let Err(what) = self.subscribers[number].hear(line, &arrived.payload) {
                        self.trace.say("subscriber", format_args!("{number} line {line}: {what}"));
                    }
                }
                Party::Venue(_) => {}
            }
        }
        if let Some(arrived) = self.network.borrow().inbox.back() {
            self.idle = false;
            self.overheard = Some((arrived.from, arrived.payload.clone()));
        }
    }

    /// The operator has a turn, where there is somebody to ask.
    fn operate(&mut self) -> Verdict {
        let Some(life) = &mut self.life else { return Ok(()) };
        let watch = life.graph.watch().clone();
        let links = life.graph.operators();
        let ends = (&mut links.operations, &mut links.done);
        let (asked, told) = self.operator.step(self.step, &self.plan, self.healing, ends, &watch);
        if let Some(asked) = asked {
            self.idle = false;
            self.trace.say("operator", format_args!("asks {}: {:?}", asked.number, asked.verb));
        }
        let Some(mut told) = told else { return Ok(()) };
        self.trace.say("operator", format_args!("is told {}: {:?}", told.asked.number, told.outcome));
        if self.plan.canary == Some(Canary::WrongAnswer)
            && let wire::admin::Outcome::Done { changed, .. } = &mut told.outcome
        {
            *changed += 1;
        }
        self.released
            .left(told.cause, told.durable, || format!("the answer to command {} of an operator", told.asked.number))?;
        self.operators.saw(told);
        Ok(())
    }

    /// The checkers look at all that happened since the last time.
    fn look(&mut self) -> Verdict {
        let Self { ledger, network, traders, released, feed, once, operators, conserved, replay, .. } = self;
        if let Some(life) = &mut self.life {
            ledger.follow(&self.dir, life.graph.watch().durable_seq()).map_err(|what| ("replay", what))?;
            life.stored.look(&life.archive, ledger)?;
        }
        replay.look(ledger)?;
        for left in network.borrow_mut().take_left() {
            released.saw(&left, ledger)?;
            feed.saw(&left, ledger, released)?;
        }
        once.look(ledger, traders)?;
        operators.look(ledger)?;
        conserved.look(ledger)?;
        traders.iter().try_for_each(agreed::sane)
    }
}

/// The files below the simulation cannot be had: no finding, but an end.
fn broken<T>(error: std::io::Error) -> Result<T, (&'static str, String)> {
    Err(("simulator", error.to_string()))
}
