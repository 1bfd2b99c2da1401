//! `pinion run`: the appliance, until it is told to stop.

pub mod notify;
mod telling;

use crate::alerts::AlertThread;
use crate::log::{self, Kind, LogThread, tell};
use crate::options::ConfigOptions;
use crate::recovering::Recovering;
use clap::Args;
use engine::answering::AnsweringSockets;
use engine::appliance::{Appliance, Around, endpoints};
use engine::config::{Config, Line};
use engine::journal::bus_error;
use engine::link::{ORDER_ENTRY, REREQUEST};
use engine::meter::Meter;
use engine::tile::TileKind;
use engine::trace::{Off, Trace};
use netio::cpu::Layout;
use netio::fault::{FaultPlan, FaultPort};
use netio::host::HostPort;
use netio::pages::{Settings, lock_all};
use netio::pcap::{PcapError, PcapPort};
use netio::{Port, PortError, pages};
use notify::{Notifier, Watchdog};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1};
use std::error::Error;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use telling::{summary, tell_addresses, tell_admin, tell_answered, tell_durable, tell_memory, tell_space};

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
    // Before anything is said: a log that cannot be kept is one that nobody would miss in time.
    let reopen = Arc::new(AtomicBool::new(false));
    signal_hook::flag::register(SIGHUP, Arc::clone(&reopen))?;
    let _log = LogThread::begin(&config, reopen)
        .map_err(|error| format!("the log cannot be kept, see log.file: {error}"))?
        .installed();
    for warning in config.warnings() {
        tell(Kind::ConfigWarning, format!("warning: {warning}"));
    }
    for warning in config.topology.warnings(&Layout::here()) {
        tell(Kind::ConfigWarning, format!("warning: {warning}"));
    }
    let asked = Asked::default();
    signal_hook::flag::register(SIGUSR1, Arc::clone(&asked.close))?;
    for signal in [SIGINT, SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(&asked.stop))?;
    }
    prepare_memory(&config);
    let port = open_port(&config)?;
    tell(Kind::Port, format!("port: {}", port.choice()));
    if config.network.faults.is_empty() && options.pcap.is_none() {
        return serve(&config, port, &asked);
    }
    // What the file shows is what the network sees: after the faults.
    let port = capturing(port, endpoints(&config).len(), options.pcap.as_deref())?;
    let captured = port.captured();
    let plan: FaultPlan = config.network.faults.parse()?;
    let served = serve(&config, FaultPort::new(port, &plan), &asked);
    if let Some(captured) = captured {
        tell(Kind::Capture, format!("pcap: {captured}"));
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
                    tell(
                        Kind::PortWaits,
                        format!(
                            "port: {address} is still in use; waiting for it, in case that its process has just ended"
                        ),
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
        tell(Kind::ConfigWarning, format!("warning: {error}; `pinion stats` has nothing to show"));
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
    let notifier = Notifier::from_environment().unwrap_or_else(|error| {
        tell(
            Kind::ServiceManager,
            format!(
                "warning: the service manager cannot be told how it goes, NOTIFY_SOCKET names nothing usable: {error}"
            ),
        );
        Notifier::default()
    });
    notifier.status("replaying the journal");
    let mut appliance = {
        let around = Around { sockets: AnsweringSockets::open(config)?, meter, ..Around::default() };
        let shown = Recovering::show();
        Appliance::start_with(config, port, around, shown.progress(), trace)?
    };
    bus_error::tell(appliance.watch());
    pages::seal();
    let locked = lock_all(config.memory.lock)?;
    tell_memory(config, &locked);
    log::read_hot(appliance.take_records());
    let report = appliance.report();
    if let Some(torn) = &report.cut {
        tell(Kind::JournalCut, format!("journal: cut {torn}; nothing acknowledged was in it"));
    }
    let (snapshot, passed_over) = appliance.began_from();
    for reason in passed_over {
        tell(Kind::SnapshotPassedOver, format!("snapshot: passed over: {reason}"));
    }
    if let Some(snapshot) = snapshot {
        tell(
            Kind::SnapshotUsed,
            format!("snapshot: began from {}, the state after seq {}", snapshot.path.display(), snapshot.seq),
        );
    }
    tell(
        Kind::Serving,
        format!(
            "{}: {} records replayed, up to seq {}; orders at {order_entry}, re-requests at {rerequest}; durability {}",
            config.appliance.name, report.records, report.last_seq, config.journal.durability,
        ),
    );
    for channel in &config.channels {
        let list = |lines: &[Line]| match lines {
            [] => "nowhere".to_owned(),
            _ => lines.iter().map(ToString::to_string).collect::<Vec<_>>().join(" and "),
        };
        tell(
            Kind::Channel,
            format!(
                "channel {}: ticks on {}, depth on {}",
                channel.name,
                list(&channel.tick_lines),
                list(&channel.depth_lines)
            ),
        );
    }
    tell_addresses(config, appliance.answering());
    match appliance.admin() {
        Some(admin) => tell(Kind::Operators, format!("operators: at {}", admin.address())),
        None => tell(Kind::Operators, "operators: nowhere, for admin.address is \"\""),
    }
    for missing in appliance.keys_missing() {
        tell(Kind::ConfigWarning, format!("warning: {missing}"));
    }
    // Whoever reads that it is ready finds everything before it in the log.
    log::flush();
    println!("ready");
    notifier.ready(&format!("orders at {order_entry}, began after seq {}", report.last_seq));
    let mut watchdog = Watchdog::from_environment();
    let alerts = AlertThread::spawn(config).map_err(|error| format!("there is no thread for the alerts: {error}"))?;
    let mut was_low = false;
    while !asked.stop.load(Ordering::Relaxed) && !appliance.has_failed() {
        std::thread::sleep(Duration::from_millis(20));
        if asked.close.swap(false, Ordering::Relaxed) {
            appliance.close_market();
            tell(
                Kind::MarketClosed,
                "market: the day ends; nothing is entered or canceled any more, here or after a restart on this journal",
            );
        }
        let turns = || appliance.duty().iter().map(|duty| duty.turns).collect();
        if watchdog.as_mut().is_some_and(|watchdog| watchdog.has_life(Instant::now(), turns)) {
            notifier.alive();
        }
        let space = appliance.space();
        if space.is_low != was_low {
            was_low = space.is_low;
            tell_space(config, space);
        }
        if let Some(warning) = appliance.snapshot_warning() {
            tell(Kind::SnapshotFailed, format!("snapshot: {warning}; the venue goes on, and so do the attempts"));
        }
        for told in appliance.views_told() {
            tell(Kind::Views, format!("views: {told}"));
        }
        while let Some(warning) = appliance.answering().warning() {
            tell(Kind::Feed, format!("feed: {warning}"));
        }
        tell_admin(appliance.admin());
        if let Some(warning) = appliance.retention_warning() {
            tell(Kind::Retention, format!("journal: {warning}; the venue goes on, and so do the attempts"));
        }
    }
    if appliance.has_failed() {
        // Whoever is to be woken hears why it ended.
        std::thread::sleep(Duration::from_millis(100 + 2 * u64::from(config.alerts.every_ms)));
    }
    // What an orderly end looks like from outside is no reason to wake anybody.
    drop(alerts);
    notifier.stopping();
    tell_answered(appliance.answering());
    tell_admin(appliance.admin());
    if let Some(admin) = appliance.admin() {
        let counts = admin.counts();
        let counts: Vec<_> = counts.iter().filter(|(_, count)| *count > 0).collect();
        if !counts.is_empty() {
            let counts: Vec<_> = counts.iter().map(|(name, count)| format!("{name} {count}")).collect();
            tell(Kind::Operators, format!("operators: {}", counts.join(", ")));
        }
    }
    let watch = appliance.watch();
    let stopped = appliance.stop().inspect_err(|_| tell_durable(config, &watch))?;
    for duty in &stopped.duty {
        tell(Kind::Duty, format!("duty: {duty}"));
    }
    if let (tables @ 1.., bytes) = pages::late_tables() {
        tell(
            Kind::Bug,
            format!(
                "warning: {tables} tables of {bytes} bytes were asked for after the start: a bug, please report it"
            ),
        );
    }
    tell(Kind::Stopped, summary(&stopped));
    Ok(())
}

/// What is made from here until the appliance has started, the port's buffers with it, is for good: on reserved pages if there are any, near
/// the core of the first thread.
fn prepare_memory(config: &Config) {
    let layout = Layout::here();
    // With one node there is nothing to choose.
    let first = config.topology.pin.first().filter(|_| layout.nodes() > 1);
    let settings = Settings { reserved: config.memory.huge_pages, node: first.and_then(|core| layout.node(*core)) };
    if !pages::begin(&settings) {
        tell(
            Kind::MemoryWarning,
            format!(
                "warning: the kernel does not let this process choose NUMA node {}: memory may be far from its cores; in a container, \
             give it the system calls mbind and set_mempolicy, or start it with numactl",
                settings.node.unwrap_or_default()
            ),
        );
    }
}
