//! What is measured: a process on the far side and who talks to it on the near side.
//!
//! Goal: appliance and floors are started, woken, loaded and ended in the same way. Non-goal: in which order.

use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use super::floor::Floor;
use super::network::{Network, port_options};
use super::orders::ticks_of;
use super::process::Peer;
use super::session::Session;
use crate::error::BenchError;
use crate::load::open_loop::{Answered, Channel, Load, Target, drive};
use engine::config::Config;
use engine::journal::Durability;
use engine::tile::Wait;
use netio::clock::Clock;
use netio::host::PortKind;
use netio::lab::Side;
use nix::unistd::Pid;

/// How long a woken process gets before its load begins.
const WAKING: Duration = Duration::from_millis(2);
/// The address of the tick group; its port is one that nobody uses.
const GROUP: std::net::Ipv4Addr = std::net::Ipv4Addr::new(239, 26, 40, 1);

/// Where subjects are started.
pub struct Site<'a> {
    /// Loopback even where namespaces can be had.
    pub loopback: bool,
    /// For journals and logs.
    pub scratch: PathBuf,
    /// What the threads of the far side may be pinned to; empty: the scheduler's choice.
    pub far_cores: Vec<usize>,
    /// What idle threads do.
    pub wait: Wait,
    /// The user's keys over those of the appliance.
    pub overrides: &'a [(String, String)],
    /// To clone from.
    pub clock: &'a Clock,
    /// Set by a signal.
    pub stop: &'a AtomicBool,
}

/// One of those that are measured in turns.
pub struct Subject {
    /// What it is called in the results.
    pub name: String,
    peer: Peer,
    near: Near,
    /// Between the two. Last: it goes when nobody uses it any more.
    _network: Network,
    /// Ticks that no order causes: that trading begins, one an instrument.
    opening_ticks: u64,
}

enum Near {
    Floor(Floor),
    Session(Box<Session>),
}

impl Subject {
    /// The echo through the port that is measured.
    ///
    /// # Errors
    /// It does not start.
    pub fn echo(site: &Site<'_>, kind: PortKind) -> Result<Self, BenchError> {
        Self::echo_called("echo", site, kind)
    }

    /// The same through plain sockets at both ends, which are polled: what a port past the kernel is measured against.
    ///
    /// # Errors
    /// It does not start.
    pub fn socket_echo(site: &Site<'_>) -> Result<Self, BenchError> {
        Self::echo_called("socket echo", site, PortKind::Socket)
    }

    fn echo_called(name: &str, site: &Site<'_>, kind: PortKind) -> Result<Self, BenchError> {
        let network = Network::make(site.loopback);
        let (bind, mut group) = (network.free_far()?, network.free_far()?);
        group.set_ip(GROUP);
        let mut arguments = vec!["echo".to_owned(), format!("--wait={}", wait_name(site.wait))];
        arguments.extend(
            [("port", kind.to_string()), ("bind", bind.to_string()), ("group", group.to_string())]
                .map(|(name, value)| format!("--{name}={value}")),
        );
        arguments.extend(site.far_cores.first().map(|core| format!("--pin={core}")));
        let name = name.to_owned();
        let peer = Peer::start(&network, &format!("{kind} {name}"), &arguments, &site.scratch)?;
        let near = Near::Floor(Floor::new(kind, &network, bind, Some(group))?);
        Ok(Self { name, peer, near, _network: network, opening_ticks: 0 })
    }

    /// The echo through a plain socket; the near side is the same as that of the others.
    ///
    /// # Errors
    /// It does not start.
    pub fn kernel_echo(site: &Site<'_>, kind: PortKind) -> Result<Self, BenchError> {
        let network = Network::make(site.loopback);
        let bind = network.free_far()?;
        let mut arguments = vec!["kernel".to_owned(), format!("--bind={bind}")];
        arguments.extend(site.far_cores.first().map(|core| format!("--pin={core}")));
        let name = "kernel echo".to_owned();
        let peer = Peer::start(&network, &format!("{kind} {name}"), &arguments, &site.scratch)?;
        let near = Near::Floor(Floor::new(kind, &network, bind, None)?);
        Ok(Self { name, peer, near, _network: network, opening_ticks: 0 })
    }

    /// The appliance, its first session logged in.
    ///
    /// # Errors
    /// It does not start, or refuses the login.
    pub fn appliance(
        site: &Site<'_>,
        kind: PortKind,
        durability: Durability,
        cores: usize,
    ) -> Result<Self, BenchError> {
        let name = format!("{durability}, {cores} core{}", if cores == 1 { "" } else { "s" });
        let network = Network::make(site.loopback);
        let settings = settings(site, &network, kind, durability, cores)?;
        let config = Config::load_with(None, &settings)?;
        let mut arguments = vec!["appliance".to_owned()];
        arguments.extend(settings.iter().map(|(key, value)| format!("--set={key}={value}")));
        let mut peer = Peer::start(&network, &format!("{kind} {name}"), &arguments, &site.scratch)?;
        peer.wake()?;
        let near = Session::log_in(kind, &network, &config, site.clock)?;
        peer.sleep()?;
        let opening_ticks = config.instruments.len() as u64;
        Ok(Self { name, peer, near: Near::Session(Box::new(near)), _network: network, opening_ticks })
    }

    /// Wakes it, puts it under load, and lets it sleep again.
    ///
    /// # Errors
    /// It cannot go on, or its answers are wrong.
    pub fn load(&mut self, site: &Site<'_>, load: &Load) -> Result<Answered, BenchError> {
        self.peer.wake()?;
        std::thread::sleep(WAKING);
        let answered = match &mut self.near {
            Near::Floor(floor) => drive(floor, load, site.clock, site.stop),
            Near::Session(session) => drive(&mut **session, load, site.clock, site.stop),
        };
        self.peer.sleep()?;
        answered
    }

    /// On which channels it answers.
    pub fn channels(&self) -> &'static [Channel] {
        let has_ticks = match &self.near {
            Near::Floor(floor) => floor.has_ticks(),
            Near::Session(session) => session.has_ticks(),
        };
        if has_ticks { &[Channel::Report, Channel::Tick] } else { &[Channel::Report] }
    }

    /// Its process.
    pub fn pid(&self) -> Option<Pid> {
        self.peer.pid()
    }

    /// Ends it. Of the appliance, returns how many messages it was held to.
    ///
    /// # Errors
    /// It fails, or did something else than was ordered.
    pub fn end(mut self) -> Result<u64, BenchError> {
        self.peer.wake()?;
        let submitted = match self.near {
            Near::Floor(_) => 0,
            Near::Session(session) => {
                let submitted = session.submitted();
                session.log_out()?;
                submitted
            }
        };
        let said = self.peer.end()?;
        let expected = format!(" {} ticks published", ticks_of(submitted) + self.opening_ticks);
        if submitted > 0 && !said.contains(&expected) {
            let found = said.lines().last().unwrap_or("nothing").to_owned();
            let expected = "as many ticks as the orders ask for";
            return Err(BenchError::Answer { subject: "the appliance", expected, found });
        }
        Ok(submitted)
    }
}

/// What the appliance is told beside the built-in configuration.
fn settings(
    site: &Site<'_>,
    far: &Network,
    kind: PortKind,
    durability: Durability,
    cores: usize,
) -> Result<Vec<(String, String)>, BenchError> {
    let (order_entry, rerequest, mut line) = (far.free_far()?, far.free_far()?, far.free_far()?);
    line.set_ip(GROUP);
    let pin = site.far_cores.get(..cores).unwrap_or_default();
    let journal = site.scratch.join(format!("{kind}-{durability}-{cores}"));
    let own = [
        ("topology.cores", cores.to_string()),
        ("topology.pin", format!("{pin:?}")),
        ("topology.wait", wait_name(site.wait).to_owned()),
        ("network.port", kind.to_string()),
        ("network.order_entry", order_entry.to_string()),
        ("network.rerequest", rerequest.to_string()),
        ("network.interface", far.far().to_string()),
        ("channel.0.tick_lines", format!("[\"{line}\"]")),
        ("journal.dir", journal.display().to_string()),
        ("journal.durability", durability.to_string()),
        ("journal.segment_bytes", "16777216".to_owned()),
        // The follower would take turns on the measured cores; `--set` brings it back.
        ("snapshot.interval_ms", "0".to_owned()),
        // Nobody dies while the others are measured.
        ("feed.heartbeat_ms", "60000".to_owned()),
        ("session_rules.heartbeat_ms", "60000".to_owned()),
        ("session_rules.timeout_ms", "600000".to_owned()),
        ("limits.orders", "65536".to_owned()),
        ("limits.levels", "65536".to_owned()),
        ("limits.session_orders", "65536".to_owned()),
        ("limits.session_store_messages", "131072".to_owned()),
    ];
    let options = port_options(kind, Side::Far);
    let dpdk = [
        ("network.dpdk.device", options.dpdk.device),
        ("network.dpdk.huge_pages", options.dpdk.huge_pages.to_string()),
        ("network.dpdk.memory_mib", options.dpdk.memory_mib.to_string()),
    ];
    let dpdk = dpdk.into_iter().filter(|_| kind == PortKind::Dpdk);
    let own = own.into_iter().chain(dpdk).map(|(key, value)| (key.to_owned(), value));
    Ok(own.chain(site.overrides.iter().cloned()).collect())
}

const fn wait_name(wait: Wait) -> &'static str {
    match wait {
        Wait::Spin => "spin",
        Wait::Yield => "yield",
        Wait::Park => "park",
    }
}
