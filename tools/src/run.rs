//! `pinion run`: the appliance, until it is told to stop.

use crate::options::ConfigOptions;
use crate::recovering::Recovering;
use clap::Args;
use engine::admin::AdminThread;
use engine::answering::{Answering, AnsweringSockets};
use engine::appliance::{Appliance, Around, Space, Stopped, endpoints};
use engine::config::{Config, Line};
use engine::journal::{Durability, Watch, bus_error};
use engine::link::{ORDER_ENTRY, REREQUEST};
use engine::meter::Meter;
use engine::tile::TileKind;
use engine::trace::{Off, Trace};
use netio::cpu::Layout;
use netio::fault::{FaultPlan, FaultPort};
use netio::host::HostPort;
use netio::pages::{Locked, ReservedPages, Settings, lock_all};
use netio::pcap::{PcapError, PcapPort};
use netio::{Port, PortError, pages};
use signal_hook::consts::{SIGINT, SIGTERM, SIGUSR1};
use std::error::Error;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use wire::feed::StreamKind;

/// Options of `pinion run`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pinion run                                     the built-in configuration: loopback, ./journal, synced
  pinion run --config pinion.toml
  pinion run --set journal.durability=mapped --set topology.wait=park
  pinion run --print-config > pinion.toml        a commented file to begin with
  pinion run --set network.port=xdp --pcap run.pcap

SIGINT and SIGTERM stop it in order: no more input is taken, what was taken is finished and made durable. SIGUSR1 ends the market
day for good: nothing is entered or canceled any more, and market data says so and ends.")]
pub struct RunOptions {
    #[command(flatten)]
    config: ConfigOptions,
    /// Print the built-in configuration with its comments, and end.
    #[arg(long)]
    print_config: bool,
    /// Write the datagrams that pass through the port into this file, for tcpdump, tshark or Wireshark
    #[arg(long, value_name = "FILE")]
    pcap: Option<PathBuf>,
}

/// Runs the appliance.
///
/// # Errors
/// The configuration, the port or the journal cannot be used, or the appliance stopped by itself.
pub fn run(options: &RunOptions) -> Result<(), Box<dyn Error>> {
    if options.print_config {
        print!("{}", Config::DEFAULT_TEXT);
        return Ok(());
    }
    let config = options.config.load()?;
    for warning in config.warnings() {
        eprintln!("warning: {warning}");
    }
    for warning in config.topology.warnings(&Layout::here()) {
        eprintln!("warning: {warning}");
    }
    let asked = Asked::default();
    signal_hook::flag::register(SIGUSR1, Arc::clone(&asked.close))?;
    for signal in [SIGINT, SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(&asked.stop))?;
    }
    prepare_memory(&config);
    let port = open_port(&config)?;
    eprintln!("port: {}", port.choice());
    if config.network.faults.is_empty() && options.pcap.is_none() {
        return serve(&config, port, &asked);
    }
    // What the file shows is what the network sees: after the faults.
    let port = capturing(port, endpoints(&config).len(), options.pcap.as_deref())?;
    let captured = port.captured();
    let plan: FaultPlan = config.network.faults.parse()?;
    let served = serve(&config, FaultPort::new(port, &plan), &asked);
    if let Some(captured) = captured {
        eprintln!("pcap: {captured}");
    }
    served
}

/// Puts a capture around a port of this many endpoints, where a file is named.
///
/// # Errors
/// The file cannot be created.
pub fn capturing(port: HostPort, endpoints: usize, file: Option<&Path>) -> Result<PcapPort<HostPort>, PcapError> {
    match file {
        Some(file) => PcapPort::create(port, endpoints, file),
        None => Ok(PcapPort::off(port)),
    }
}

/// How long an address may still be taken. The kernel gives back the sockets of an io_uring some time after the end of its process: 40 ms as
/// a rule; 15 s were seen where a thread that only yielded held up those of the kernel. Whoever starts a dead appliance again at once must
/// not fail by that.
const ADDRESS_PATIENCE: Duration = Duration::from_secs(10);
/// When it is told that this is what the start waits for.
const ADDRESS_TOLD: Duration = Duration::from_secs(1);

/// Opens the port that the configuration asks for.
///
/// # Errors
/// It cannot be had, or another process keeps one of its addresses.
pub fn open_port(config: &Config) -> Result<HostPort, Box<dyn Error>> {
    let begin = Instant::now();
    let mut told = false;
    loop {
        match HostPort::open(&config.network.port, &endpoints(config)) {
            Err(PortError::Endpoint { address, source, .. })
                if source.kind() == ErrorKind::AddrInUse && begin.elapsed() < ADDRESS_PATIENCE =>
            {
                if !told && begin.elapsed() > ADDRESS_TOLD {
                    told = true;
                    eprintln!(
                        "port: {address} is still in use; waiting for it, in case that its process has just ended"
                    );
                }
                std::thread::sleep(Duration::from_millis(2));
            }
            opened => return Ok(opened?),
        }
    }
}

/// What the operator asks for by signals.
#[derive(Default)]
struct Asked {
    stop: Arc<AtomicBool>,
    close: Arc<AtomicBool>,
}

/// The counters, or a warning: an exchange does not stand still because nobody can look at it.
fn meter(config: &Config) -> Option<Meter> {
    Meter::create(config).unwrap_or_else(|error| {
        eprintln!("warning: {error}; `pinion stats` has nothing to show");
        None
    })
}

fn serve<P: Port + Send + 'static>(config: &Config, port: P, asked: &Asked) -> Result<(), Box<dyn Error>> {
    let meter = meter(config);
    match meter.as_ref().and_then(Meter::live) {
        Some(live) => serve_traced(config, port, asked, meter, move |_| live.clone()),
        None => serve_traced(config, port, asked, meter, |_| Off),
    }
}

fn serve_traced<P: Port + Send + 'static, T: Trace>(
    config: &Config,
    port: P,
    asked: &Asked,
    meter: Option<Meter>,
    trace: impl Fn(TileKind) -> T,
) -> Result<(), Box<dyn Error>> {
    let [order_entry, rerequest] = [ORDER_ENTRY, REREQUEST].map(|endpoint| port.local_addr(endpoint));
    bus_error::explain(&config.journal.dir, config.journal.durability)?;
    let appliance = {
        let around = Around { sockets: AnsweringSockets::open(config)?, meter, ..Around::default() };
        let shown = Recovering::show();
        Appliance::start_with(config, port, around, shown.progress(), trace)?
    };
    bus_error::tell(appliance.watch());
    pages::seal();
    let locked = lock_all(config.memory.lock)?;
    tell_memory(config, &locked);
    let report = appliance.report();
    if let Some(torn) = &report.cut {
        eprintln!("journal: cut {torn}; nothing acknowledged was in it");
    }
    let (snapshot, passed_over) = appliance.began_from();
    for reason in passed_over {
        eprintln!("snapshot: passed over: {reason}");
    }
    if let Some(snapshot) = snapshot {
        eprintln!("snapshot: began from {}, the state after seq {}", snapshot.path.display(), snapshot.seq);
    }
    eprintln!(
        "{}: {} records replayed, up to seq {}; orders at {order_entry}, re-requests at {rerequest}; durability {}",
        config.appliance.name, report.records, report.last_seq, config.journal.durability,
    );
    for channel in &config.channels {
        let list = |lines: &[Line]| match lines {
            [] => "nowhere".to_owned(),
            _ => lines.iter().map(ToString::to_string).collect::<Vec<_>>().join(" and "),
        };
        eprintln!(
            "channel {}: ticks on {}, depth on {}",
            channel.name,
            list(&channel.tick_lines),
            list(&channel.depth_lines)
        );
    }
    tell_addresses(config, appliance.answering());
    match appliance.admin() {
        Some(admin) => eprintln!("operators: at {}", admin.address()),
        None => eprintln!("operators: nowhere, for admin.address is \"\""),
    }
    for missing in appliance.keys_missing() {
        eprintln!("warning: {missing}");
    }
    println!("ready");
    let mut was_low = false;
    while !asked.stop.load(Ordering::Relaxed) && !appliance.has_failed() {
        std::thread::sleep(Duration::from_millis(20));
        if asked.close.swap(false, Ordering::Relaxed) {
            appliance.close_market();
            eprintln!(
                "market: the day ends; nothing is entered or canceled any more, here or after a restart on this journal"
            );
        }
        let space = appliance.space();
        if space.is_low != was_low {
            was_low = space.is_low;
            tell_space(config, space);
        }
        if let Some(warning) = appliance.snapshot_warning() {
            eprintln!("snapshot: {warning}; the venue goes on, and so do the attempts");
        }
        for told in appliance.views_told() {
            eprintln!("views: {told}");
        }
        while let Some(warning) = appliance.answering().warning() {
            eprintln!("feed: {warning}");
        }
        tell_admin(&appliance);
        if let Some(warning) = appliance.retention_warning() {
            eprintln!("journal: {warning}; the venue goes on, and so do the attempts");
        }
    }
    tell_answered(appliance.answering());
    tell_admin(&appliance);
    if let Some(admin) = appliance.admin() {
        let counts = admin.counts();
        let counts: Vec<_> = counts.iter().filter(|(_, count)| *count > 0).collect();
        if !counts.is_empty() {
            let counts: Vec<_> = counts.iter().map(|(name, count)| format!("{name} {count}")).collect();
            eprintln!("operators: {}", counts.join(", "));
        }
    }
    let watch = appliance.watch();
    let stopped = appliance.stop().inspect_err(|_| tell_durable(config, &watch))?;
    for duty in &stopped.duty {
        eprintln!("duty: {duty}");
    }
    if let (tables @ 1.., bytes) = pages::late_tables() {
        eprintln!("warning: {tables} tables of {bytes} bytes were asked for after the start: a bug, please report it");
    }
    eprintln!("{}", summary(&stopped));
    Ok(())
}

/// Where subscribers ask.
fn tell_addresses(config: &Config, answering: &Answering) {
    let address = |address: Option<_>| address.map_or("nowhere".to_owned(), |address| format!("at {address}"));
    let (rerequest, snapshot) = (answering.rerequest_address(), answering.snapshot_address());
    eprintln!("subscribers: re-requests {}, snapshots {}", address(rerequest), address(snapshot));
    if config.snapshot.interval_ms == 0 && config.feed.answers.is_any() {
        eprintln!("subscribers: nothing is answered, because no follower runs; set snapshot.interval_ms above 0");
    }
}

/// What subscribers were answered.
fn tell_answered(answering: &Answering) {
    let tell = |what: &str, counts: Vec<(&str, u64)>| {
        let counts: Vec<_> =
            counts.iter().filter(|(_, count)| *count > 0).map(|(name, n)| format!("{name} {n}")).collect();
        if !counts.is_empty() {
            eprintln!("{what}: {}", counts.join(", "));
        }
    };
    tell("re-requests", answering.rerequests().map(|counts| counts.iter().collect()).unwrap_or_default());
    tell("snapshots for subscribers", answering.glimpses().map(|counts| counts.iter().collect()).unwrap_or_default());
}

/// What operators did.
fn tell_admin<T: Trace>(appliance: &Appliance<T>) {
    while let Some(told) = appliance.admin().and_then(AdminThread::told) {
        eprintln!("admin: {told}");
    }
}

fn tell_space(config: &Config, space: Space) {
    let (dir, mib) = (config.journal.dir.display(), |bytes: u64| bytes >> 20);
    let (free, floor) = (mib(space.free_bytes), mib(config.journal.disk_floor_bytes));
    if space.is_low {
        eprintln!(
            "journal: {dir} has {free} MiB left, less than the floor of {floor} MiB: new orders are rejected from now on, cancels are not; \
             make room, or see journal.keep_bytes"
        );
    } else {
        eprintln!("journal: {dir} has {free} MiB left again, more than the floor of {floor} MiB: orders are taken");
    }
}

/// How far the journal goes for certain, when the appliance could not go on.
fn tell_durable(config: &Config, watch: &Watch) {
    let (seq, dir) = (watch.durable_seq(), config.journal.dir.display());
    match config.journal.durability {
        Durability::Synced => eprintln!("journal: durable up to seq {seq}; nothing that came later has left"),
        Durability::Mapped => eprintln!(
            "journal: released up to seq {seq}, which is durable as far as the kernel can still write it: see its log for errors of the disk"
        ),
    }
    eprintln!(
        "journal: remove the cause, look with `pinion journal verify {dir}` and `pinion recover --dry-run`, then start again: a start goes \
         on from what is durable"
    );
}

/// What is made from here until the appliance has started, the port's buffers with it, is for good: on reserved pages if there are any, near
/// the core of the first thread.
fn prepare_memory(config: &Config) {
    let layout = Layout::here();
    // With one node there is nothing to choose.
    let first = config.topology.pin.first().filter(|_| layout.nodes() > 1);
    let settings = Settings { reserved: config.memory.huge_pages, node: first.and_then(|core| layout.node(*core)) };
    if !pages::begin(&settings) {
        eprintln!(
            "warning: the kernel does not let this process choose NUMA node {}: memory may be far from its cores; in a container, \
             give it the system calls mbind and set_mempolicy, or start it with numactl",
            settings.node.unwrap_or_default()
        );
    }
}

/// What the tables lie on now, and what to do where that is not what was asked for or slower than it could be.
fn tell_memory(config: &Config, locked: &Locked) {
    let pages = pages::huge_pages();
    eprintln!("memory: {pages}; {locked}");
    let asked = match config.memory.huge_pages {
        ReservedPages::None => false,
        ReservedPages::Only(_) => true,
        // Who has reserved some wanted all of it there.
        ReservedPages::Any => pages.bytes_hugetlb > 0,
    };
    if asked && pages.bytes_transparent_asked > 0 {
        eprintln!(
            "warning: {} MiB of large tables found no reserved huge page: see `pinion host check pages`, or set memory.huge_pages to \
             \"none\"",
            pages.bytes_transparent_asked.div_ceil(1 << 20)
        );
    }
    if pages.bytes_small > 0 {
        eprintln!(
            "warning: {} MiB of large tables are on pages of 4 KiB, and access to them is slower: see `pinion host check pages thp`",
            pages.bytes_small.div_ceil(1 << 20)
        );
    }
}

fn summary<T>(stopped: &Stopped<T>) -> String {
    let venue = &stopped.venue;
    let counters: Vec<String> = venue
        .gateway()
        .counters()
        .iter()
        .filter(|(_, value)| *value > 0)
        .map(|(name, value)| format!("{name} {value}"))
        .collect();
    let published = |kind| {
        let streams = stopped.next_on.iter().filter(|(stream, _)| stream.kind == kind);
        streams.map(|(_, next)| next - 1).sum::<u64>()
    };
    format!(
        "stopped at seq {}, state hash {:016x}, {} ticks published, {} depth messages; {}",
        venue.seq(),
        venue.exchange().state_hash(),
        published(StreamKind::Tick),
        published(StreamKind::Depth),
        counters.join(", "),
    )
}
