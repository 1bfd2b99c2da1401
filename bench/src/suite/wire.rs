//! Wire to wire: from when an order is to be sent to its report and its tick, between two processes, beside the floor.
//!
//! Goal: the ratio of the appliance to an echo that moves the same packets through the same port at the same time. Non-goal: a real
//! network; `pinion replay` measures over one.

pub mod far;
mod floor;
mod network;
mod orders;
mod process;
mod session;
mod stall;
mod subject;
mod turns;

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use crate::error::BenchError;
use crate::figure::Section;
use crate::host::file_system;
use crate::load::schedule::Pattern;
use clap::Args;
use engine::journal::Durability;
use engine::tile::Wait;
use netio::Endpoint;
use netio::clock::Clock;
use netio::cpu::{CoreList, allowed_cores};
use netio::host::{Choice, HostPort, PortKind};
use netio::lab::Side;
use network::{Network, port_options};
use nix::sched::{CpuSet, sched_setaffinity};
use nix::unistd::Pid;
use signal_hook::consts::{SIGINT, SIGTERM};
use subject::{Site, Subject};
use turns::{Sent, Sizes, Turns, sweep};

/// Measure the appliance from outside: order to report and order to tick, against an echo through the same port.
///
/// As root, between two network namespaces of its own; else over loopback.
#[derive(Clone, Debug, Args)]
pub struct WireArgs {
    /// Ports, in turns: auto, dpdk, xdp, uring, socket
    #[arg(long, value_delimiter = ',', default_value = "auto")]
    port: Vec<PortKind>,
    /// When reports may leave: mapped, synced
    #[arg(long, value_delimiter = ',', default_value = "mapped,synced", value_parser = durability)]
    durability: Vec<Durability>,
    /// Topologies, by their threads (1, 2, 4); those that leave a core to the client when not given
    #[arg(long, value_delimiter = ',', value_parser = threads)]
    cores: Vec<usize>,
    /// Messages a second, outside of bursts
    #[arg(long, value_delimiter = ',', default_value = "1000,10000", value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    rate: Vec<u64>,
    /// How arrivals lie: fixed, poisson, bursts
    #[arg(long, default_value = "poisson")]
    pattern: Pattern,
    /// What chance is drawn from
    #[arg(long, default_value_t = 23)]
    seed: u64,
    /// How long each subject is measured at each rate, ms
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u64).range(10..=3_600_000))]
    duration_ms: u64,
    /// An answer that takes longer counts as late, µs
    #[arg(long, default_value_t = 10_000)]
    deadline_us: u64,
    /// Do not look for the knee
    #[arg(long)]
    no_sweep: bool,
    /// Loopback even where namespaces can be had
    #[arg(long)]
    loopback: bool,
    /// Journals on the file system of this directory; that of temporary files when not given
    #[arg(long)]
    dir: Option<PathBuf>,
    /// A key of the appliance's configuration, such as topology.wait=spin; may be given many times
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = key_value)]
    overrides: Vec<(String, String)>,
    /// Nothing but an appliance that stands still for so long under load
    #[arg(long, hide = true, value_parser = clap::value_parser!(u64).range(1..=100))]
    stall_ms: Option<u64>,
}

impl Default for WireArgs {
    /// As in a run of everything: one rate, so that it fits the screen.
    fn default() -> Self {
        Self {
            port: vec![PortKind::Auto],
            durability: vec![Durability::Mapped, Durability::Synced],
            cores: Vec::new(),
            rate: vec![10_000],
            pattern: Pattern::Poisson,
            seed: 23,
            duration_ms: 1_000,
            deadline_us: 10_000,
            no_sweep: false,
            loopback: false,
            dir: None,
            overrides: Vec::new(),
            stall_ms: None,
        }
    }
}

/// The rate that counts as unloaded.
const UNLOADED_PER_S: u64 = 1_000;
const SMOKE_RATE_PER_S: u64 = 2_000;

/// Measures.
///
/// # Errors
/// The far side cannot be started, answers wrongly, or a signal came.
pub fn run(args: &WireArgs, smoke: bool, clock: &Clock) -> Result<Section, BenchError> {
    let Signals { stop, over } = Signals::heard()?;
    over.store(false, Ordering::Relaxed);
    // A thread of its own: it visits other network namespaces, and is pinned.
    let measured = std::thread::scope(|scope| {
        let clock = clock.clone();
        let near = std::thread::Builder::new().name("bench-near".to_owned());
        let near = near.spawn_scoped(scope, move || measure(args, smoke, &clock, stop)).map_err(BenchError::Thread)?;
        let died = |_| BenchError::Thread(std::io::Error::other("the measuring thread panicked"));
        near.join().map_err(died)?
    });
    over.store(true, Ordering::Relaxed);
    measured
}

/// While this suite runs a signal ends it in order; afterwards it is as if nothing had been registered.
struct Signals {
    /// A signal came.
    stop: Arc<AtomicBool>,
    /// The suite does not run.
    over: Arc<AtomicBool>,
}

impl Signals {
    /// Registered once, however often this suite runs.
    fn heard() -> Result<&'static Self, BenchError> {
        static HEARD: OnceLock<Signals> = OnceLock::new();
        if let Some(signals) = HEARD.get() {
            return Ok(signals);
        }
        let signals = Self { stop: Arc::default(), over: Arc::default() };
        for signal in [SIGINT, SIGTERM] {
            let registered = signal_hook::flag::register_conditional_default(signal, Arc::clone(&signals.over))
                .and_then(|_| signal_hook::flag::register(signal, Arc::clone(&signals.stop)));
            registered.map_err(BenchError::io("be told of signals"))?;
        }
        Ok(HEARD.get_or_init(|| signals))
    }
}

fn measure(args: &WireArgs, smoke: bool, clock: &Clock, stop: &AtomicBool) -> Result<Section, BenchError> {
    let base = args.dir.clone().unwrap_or_else(std::env::temp_dir);
    let scratch = tempfile::Builder::new().prefix("pinion-bench-").tempdir_in(&base);
    let scratch = scratch.map_err(BenchError::io("make a directory for the journal"))?;
    let cores = Cores::of(args, smoke);
    let site = Site {
        loopback: args.loopback,
        scratch: scratch.path().to_owned(),
        far_cores: cores.far.clone(),
        wait: cores.wait,
        overrides: &args.overrides,
        clock,
        stop,
    };
    let sent = Sent { pattern: args.pattern, seed: args.seed, deadline_ns: args.deadline_us.saturating_mul(1_000) };
    let mut section = Section { name: "wire", facts: Vec::new(), rows: Vec::new(), series: Vec::new() };
    section.facts.push(("network", Network::make(args.loopback).to_string()));
    section.facts.push(("threads", cores.said));
    if let Some(stall_ms) = args.stall_ms {
        let kind = resolve(&site, args.port.first().copied().unwrap_or_default())?.kind;
        let mut subject = Subject::appliance(&site, kind, Durability::Mapped, cores.threads[0])?;
        section.rows.push(stall::measure(&site, &mut subject, Duration::from_millis(stall_ms))?);
        subject.end()?;
        return Ok(section);
    }
    let sizes = if smoke {
        Sizes { rounds: 1, turn_ns: 60_000_000, sweep_end_per_s: 4_000, halvings: 0 }
    } else {
        const ROUNDS: usize = 5;
        let turn_ns = args.duration_ms * 1_000_000 / ROUNDS as u64;
        Sizes { rounds: ROUNDS, turn_ns, sweep_end_per_s: 2_048_000, halvings: 3 }
    };
    let rates = if smoke { vec![SMOKE_RATE_PER_S] } else { args.rate.clone() };
    let (mut ports, mut knees, mut messages) = (Vec::new(), Vec::new(), 0);
    for &kind in &args.port {
        let choice = resolve(&site, kind)?;
        let kind = choice.kind;
        ports.push(choice.to_string());
        // What is started may use all cores, apart from what is pinned in it; only then this thread goes to its own.
        may_use(&cores.all)?;
        let mut subjects = vec![Subject::echo(&site, kind)?, Subject::kernel_echo(&site, kind)?];
        if kind != PortKind::Socket {
            subjects.push(Subject::socket_echo(&site)?);
        }
        let echoes = subjects.len();
        for &threads in &cores.threads {
            for &durability in &args.durability {
                subjects.push(Subject::appliance(&site, kind, durability, threads)?);
            }
        }
        may_use(cores.near.as_slice())?;
        for &rate_per_s in &rates {
            let rows = Turns::take(&mut subjects, &site, &sent, rate_per_s, &sizes)?.rows(&subjects, &kind.to_string());
            let drawn = Some(&rate_per_s) == rates.last();
            for (row, series) in rows {
                section.rows.push(row);
                section.series.extend(drawn.then_some(series));
            }
        }
        if !args.no_sweep {
            // The floor of the port, and the appliances.
            let (floor, appliances) = subjects.split_at_mut(echoes);
            let mut swept: Vec<&mut Subject> = floor.iter_mut().take(1).chain(appliances).collect();
            let sweeps = sweep(&mut swept, &site, &sent, UNLOADED_PER_S, &sizes)?;
            for (sweep, subject) in sweeps.iter().zip(swept) {
                knees.push(format!("{kind} {}: {}", subject.name, sweep.knee()));
                section.series.push(sweep.series(format!("{kind} {}: report", subject.name)));
            }
        }
        for subject in subjects {
            messages += subject.end()?;
        }
    }
    section.facts.extend([
        ("port", ports.join(" | ")),
        ("file system", file_system(scratch.path())),
        (
            "messages",
            format!(
                "buy, sell into it, cancel; {}; due times from seed {}; turns of {} ms, {} of each subject at each rate, in \
                 turns; the first tenth of each turn is warm-up and left out",
                args.pattern,
                args.seed,
                sizes.turn_ns / 1_000_000,
                sizes.rounds
            ),
        ),
        (
            "latency",
            format!(
                "from the time at which a message was due to the packet that answers it; over {} µs is late, and what is never \
                 answered counts with the time that was waited",
                args.deadline_us
            ),
        ),
        ("floor", "echo: same lengths through the same port, a reply and a tick each; kernel echo: a socket that blocks, reply only; socket echo: as echo, plain sockets at both ends".to_owned()),
        ("proof", format!("all reports and ticks of {messages} messages were what the orders ask for, all executions and ticks were made")),
    ]);
    if !knees.is_empty() {
        section
            .facts
            .push(("knee", format!("p99 of the report passes 10 × that at {UNLOADED_PER_S}/s: {}", knees.join("; "))));
    }
    Ok(section)
}

/// Lets this thread run on these cores; no cores are no wish.
fn may_use(cores: &[usize]) -> Result<(), BenchError> {
    let mut set = CpuSet::new();
    cores.iter().try_for_each(|core| set.set(*core)).map_err(|error| BenchError::Thread(error.into()))?;
    if cores.is_empty() {
        return Ok(());
    }
    sched_setaffinity(Pid::from_raw(0), &set).map_err(|error| BenchError::Thread(error.into()))
}

/// Who runs where.
struct Cores {
    all: Vec<usize>,
    near: Option<usize>,
    far: Vec<usize>,
    threads: Vec<usize>,
    wait: Wait,
    said: String,
}

impl Cores {
    fn of(args: &WireArgs, smoke: bool) -> Self {
        let allowed = allowed_cores();
        let spare = allowed.len().saturating_sub(1);
        let mut threads = args.cores.clone();
        if threads.is_empty() {
            threads.extend([1, 2, 4].into_iter().filter(|threads| *threads <= spare && !smoke));
        }
        if threads.is_empty() {
            threads.push(1);
        }
        let most = threads.iter().copied().max().unwrap_or(1);
        let list = CoreList(allowed.clone());
        if smoke || most > spare {
            let said = format!(
                "{} at once, unpinned, on cores {list}: the client and {most} of the appliance; not fit for absolute figures",
                most + 1
            );
            return Self { all: allowed, near: None, far: Vec::new(), threads, wait: Wait::Yield, said };
        }
        let (near, far) = (allowed[0], allowed[1..=most].to_vec());
        // Who spins leaves no core to the kernel's work and to the helpers of the journal.
        let left = spare - most;
        let (wait, fit) = if left > 0 {
            (Wait::Spin, "they spin")
        } else {
            (Wait::Yield, "they yield; not fit for absolute figures")
        };
        let said = format!(
            "{} at once: the client on core {near}, the far side on {}, {left} of {list} left to the kernel and the journal's helpers; \
             {fit}",
            most + 1,
            CoreList(far.clone()),
        );
        Self { all: allowed, near: Some(near), far, threads, wait, said }
    }
}

/// The port that is really opened on the far side, and why not another.
fn resolve(site: &Site<'_>, kind: PortKind) -> Result<Choice, BenchError> {
    let network = Network::make(site.loopback);
    let mut address = network.free_far()?;
    address.set_port(0);
    let open =
        || HostPort::open(&port_options(kind, Side::Far), &[Endpoint::unicast(address)]).map_err(std::io::Error::other);
    Ok(network.on_far(open).map_err(BenchError::io("open a port"))?.choice().clone())
}

fn durability(text: &str) -> Result<Durability, String> {
    match text {
        "mapped" => Ok(Durability::Mapped),
        "synced" => Ok(Durability::Synced),
        _ => Err(format!("expected mapped or synced, found '{text}'")),
    }
}

fn threads(text: &str) -> Result<usize, String> {
    match text {
        "1" => Ok(1),
        "2" => Ok(2),
        "4" => Ok(4),
        _ => Err(format!("expected 1, 2 or 4, found '{text}'")),
    }
}

fn key_value(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or_else(|| format!("expected KEY=VALUE, found '{text}'"))?;
    Ok((key.trim().to_owned(), value.trim().to_owned()))
}
