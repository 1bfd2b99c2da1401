//! The configuration: what an operator may choose, read from TOML over a built-in default.
//!
//! Goal: every key has a meaning, a unit and a range in `config/default.toml`; a mistake is refused with its line and a remedy
//! before anything is started. Non-goal: watching the file; a change takes a restart.

mod alert;
mod alerts;
mod answers;
mod appliance;
mod channel;
mod check;
mod dpdk;
mod error;
mod feed;
mod fingerprint;
mod instrument;
mod journal;
mod key_file;
mod limits;
mod log;
mod member;
mod memory;
mod network;
mod placement;
mod reader;
mod session;
mod session_rules;
mod snapshot;
mod stats;
mod topology;
mod tree;
mod uring;
mod views;
mod webhook;
mod xdp;

pub use alert::{Alert, AlertWhat};
pub use alerts::{Alerts, AlertsAct};
pub use answers::{Answers, Trusted};
pub use appliance::Appliance;
pub use channel::{Channel, Line};
pub use check::{MEMBERS_MAX, SESSIONS_MAX};
pub use error::{ConfigError, Hint, Place};
pub use feed::Feed;
pub use instrument::Instrument;
pub use journal::{Archive, Journal};
pub use limits::{Limits, SESSION_STORE_MESSAGES_MIN};
pub use log::{Log, LogFormat};
pub use member::Member;
pub use memory::Memory;
pub use netio::host::PortKind;
pub use network::Network;
pub use session::Session;
pub use session_rules::SessionRules;
pub use snapshot::Snapshot;
pub use stats::Stats;
pub use topology::Topology;
pub use views::Views;
pub use webhook::Webhook;

use crate::{instrument as terms, rules};
use reader::Reader;
use rules::SelfMatch;
use std::path::Path;
use tree::Node;
use wire::feed::ChannelIndex;
use wire::{MemberId, Price};

/// The highest price on a channel with depth: what ITCH 5.0 can say in 32 bits.
pub const DEPTH_PRICE_MAX: Price = Price(u32::MAX as i64);

/// Everything an operator chooses. Whoever holds one may rely on the relations that loading has checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// `[appliance]`.
    pub appliance: Appliance,
    /// `[topology]`.
    pub topology: Topology,
    /// `[memory]`.
    pub memory: Memory,
    /// `[network]`.
    pub network: Network,
    /// `[feed]`.
    pub feed: Feed,
    /// `[journal]`.
    pub journal: Journal,
    /// `[snapshot]`.
    pub snapshot: Snapshot,
    /// `[views]`.
    pub views: Views,
    /// `[stats]`.
    pub stats: Stats,
    /// `[log]`.
    pub log: Log,
    /// `[alerts]`.
    pub alerts: Alerts,
    /// `[session_rules]`.
    pub session_rules: SessionRules,
    /// `[limits]`.
    pub limits: Limits,
    /// `[[channel]]`, by position.
    pub channels: Vec<Channel>,
    /// `[[instrument]]`, by position.
    pub instruments: Vec<Instrument>,
    /// `[[member]]`, by position.
    pub members: Vec<Member>,
    /// `[[session]]`, by position.
    pub sessions: Vec<Session>,
    /// `[[alert]]`, by position.
    pub alert_rules: Vec<Alert>,
}

impl Default for Config {
    /// What `config/default.toml` says.
    fn default() -> Self {
        let member = |name: &str| Member { name: name.to_owned(), self_match: SelfMatch::Allow };
        Self {
            appliance: Appliance::default(),
            topology: Topology::default(),
            memory: Memory::default(),
            network: Network::default(),
            feed: Feed::default(),
            journal: Journal::default(),
            snapshot: Snapshot::default(),
            views: Views::default(),
            stats: Stats::default(),
            log: Log::default(),
            alerts: Alerts::default(),
            session_rules: SessionRules::default(),
            limits: Limits::default(),
            channels: vec![Channel::main()],
            instruments: ["PINION", "ALC", "BOB", "CHAR"].map(Instrument::plain).to_vec(),
            members: vec![member("alpha"), member("beta")],
            sessions: vec![
                Session::development("trader1", "alpha", b"pinion-development-key---trader1"),
                Session::development("trader2", "beta", b"pinion-development-key---trader2"),
            ],
            alert_rules: Alert::defaults(),
        }
    }
}

impl Config {
    /// The built-in default as a commented file to begin one's own with.
    pub const DEFAULT_TEXT: &'static str = include_str!("config/default.toml");

    /// Reads a file over the built-in default; `None` is the default alone.
    ///
    /// # Errors
    /// The file cannot be read, or says something that cannot be used.
    pub fn load(path: Option<&Path>) -> Result<Self, ConfigError> {
        Self::load_with(path, &[])
    }

    /// As [`load`](Self::load), with overrides on top; relations are checked once, after all of them.
    ///
    /// # Errors
    /// The file cannot be read, or file or overrides say something that cannot be used.
    pub fn load_with(path: Option<&Path>, overrides: &[(String, String)]) -> Result<Self, ConfigError> {
        Self::load_placed(path, None, overrides)
    }

    /// As [`load_with`](Self::load_with), with a file between that has `[topology]` alone: the same appliance on another machine.
    ///
    /// # Errors
    /// As there.
    pub fn load_placed(
        path: Option<&Path>,
        topology: Option<&Path>,
        overrides: &[(String, String)],
    ) -> Result<Self, ConfigError> {
        let mut config = Self::default();
        let mut origin = "the built-in default".to_owned();
        let read = |path: &Path| {
            std::fs::read_to_string(path).map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })
        };
        if let Some(path) = path {
            origin = path.display().to_string();
            config.layer(&Node::parse(&read(path)?, &origin)?)?;
        }
        if let Some(path) = topology {
            let name = path.display().to_string();
            let node = Node::parse(&read(path)?, &name)?;
            let mut top = Reader::new(&node, "")?;
            top.table("topology", |reader| config.topology.read(reader))?;
            top.finish()?;
            origin = format!("{origin} with {name}");
        }
        config.override_all(overrides)?;
        check::check(&config, &origin)?;
        Ok(config)
    }

    /// Reads a text over the built-in default. Arrays of tables replace the default's. `origin` names the text in messages.
    ///
    /// # Errors
    /// The text says something that cannot be used.
    pub fn parse(text: &str, origin: &str) -> Result<Self, ConfigError> {
        let mut config = Self::default();
        config.layer(&Node::parse(text, origin)?)?;
        check::check(&config, origin)?;
        Ok(config)
    }

    /// This configuration with `key = value` pairs on top, the last one winning. Keys are dotted, `journal.dir`; entries of arrays
    /// go by position, `instrument.0.tick`. A value is TOML, or a bare string.
    ///
    /// # Errors
    /// A key is unknown, a value cannot be used, or the result contradicts itself.
    pub fn with_overrides(mut self, overrides: &[(String, String)]) -> Result<Self, ConfigError> {
        self.override_all(overrides)?;
        check::check(&self, "the configuration with its overrides")?;
        Ok(self)
    }

    /// What is allowed and yet hardly meant, a sentence each.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        let reachable = !self.network.order_entry.ip().is_loopback() || !self.network.rerequest.ip().is_loopback();
        for session in self.sessions.iter().filter(|session| reachable && session.has_development_key()) {
            warnings.push(format!(
                "session '{}' has a development key, which everyone knows, and order entry at {} can be reached from other \
                 machines: give it a secret key of 32 bytes",
                session.username, self.network.order_entry
            ));
        }
        if self.views.enabled && self.snapshot.interval_ms == 0 {
            let text = "views.enabled is true, but snapshot.interval_ms is 0: the follower that keeps both does not run, and there are no views";
            warnings.push(text.to_owned());
        }
        if !self.network.faults.is_empty() {
            warnings.push(format!(
                "network.faults is \"{}\": packets are harmed on purpose; set it to \"\" outside of tests",
                self.network.faults
            ));
        }
        warnings
    }

    /// The exchange's rules, with every bound resolved.
    #[must_use]
    pub fn rules(&self) -> rules::Rules {
        let instruments = self.instruments.iter().map(|instrument| {
            let (price_min, price_max) = self.price_bounds(instrument);
            terms::Instrument {
                symbol: instrument.symbol,
                tick: instrument.tick.0,
                lot: instrument.lot,
                price_min,
                price_max,
                quantity_max: self.limits.quantity_max,
                market_protection: instrument.market_protection.map(Price::get),
                channel: self.channel_position(instrument).expect("loading has checked that the channel exists"),
            }
        });
        let members = self.members.iter().map(|member| rules::MemberRules { self_match: member.self_match });
        let sessions = self.sessions.iter().map(|session| rules::SessionRules {
            member: self.member_position(&session.member).expect("loading has checked that the member exists"),
            open_orders_max: self.limits.session_orders,
        });
        rules::Rules {
            instruments: instruments.collect(),
            channels: self.channels.iter().map(|channel| rules::ChannelRules { depth: channel.has_depth() }).collect(),
            members: members.collect(),
            sessions: sessions.collect(),
            orders_max: self.limits.orders,
            levels_max: self.limits.levels,
            stops_max: self.limits.stops(),
        }
    }

    /// One number for all that decides outcomes: equal fingerprints replay a journal to equal states. Stable across runs,
    /// machines and versions.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        fingerprint::fingerprint(self, &self.rules())
    }

    /// An instrument's lowest and highest price, its own or those it gets.
    fn price_bounds(&self, instrument: &Instrument) -> (Price, Price) {
        let depth = self.channel_position(instrument).is_some_and(|channel| self.channel_has_depth(channel));
        let limit = self.limits.price_max.0.min(if depth { DEPTH_PRICE_MAX.0 } else { i64::MAX });
        let highest = Price(limit - limit % instrument.tick.0);
        (instrument.price_min.unwrap_or(instrument.tick), instrument.price_max.unwrap_or(highest))
    }

    /// The channel of an instrument; `None` when it names one that is not there.
    fn channel_position(&self, instrument: &Instrument) -> Option<ChannelIndex> {
        let position = match &instrument.channel {
            None => 0,
            Some(name) => self.channels.iter().position(|channel| channel.name == *name)?,
        };
        u8::try_from(position).ok().map(ChannelIndex)
    }

    fn channel_has_depth(&self, channel: ChannelIndex) -> bool {
        self.channels.get(usize::from(channel.0)).is_some_and(Channel::has_depth)
    }

    fn member_position(&self, name: &str) -> Option<MemberId> {
        let position = self.members.iter().position(|member| member.name == name)?;
        u16::try_from(position).ok().map(MemberId)
    }

    fn override_all(&mut self, overrides: &[(String, String)]) -> Result<(), ConfigError> {
        overrides.iter().try_for_each(|(key, value)| self.layer(&Node::of_override(key, value)?))
    }

    /// Puts what a tree says on top.
    fn layer(&mut self, node: &Node) -> Result<(), ConfigError> {
        let mut top = Reader::new(node, "")?;
        top.table("appliance", |reader| self.appliance.read(reader))?;
        top.table("topology", |reader| self.topology.read(reader))?;
        top.table("memory", |reader| self.memory.read(reader))?;
        top.table("network", |reader| self.network.read(reader))?;
        top.table("feed", |reader| self.feed.read(reader))?;
        top.table("journal", |reader| self.journal.read(reader))?;
        top.table("snapshot", |reader| self.snapshot.read(reader))?;
        top.table("views", |reader| self.views.read(reader))?;
        top.table("stats", |reader| self.stats.read(reader))?;
        top.table("log", |reader| self.log.read(reader))?;
        top.table("alerts", |reader| self.alerts.read(reader))?;
        top.table("session_rules", |reader| self.session_rules.read(reader))?;
        top.table("limits", |reader| self.limits.read(reader))?;
        top.tables("channel", (&Channel::default(), &["name"]), Channel::read, &mut self.channels)?;
        let instrument = Instrument::template();
        top.tables("instrument", (&instrument, &["symbol"]), Instrument::read, &mut self.instruments)?;
        top.tables("member", (&Member::template(), &["name"]), Member::read, &mut self.members)?;
        let session_keys = ["username", "member"];
        top.tables("session", (&Session::template(), &session_keys), Session::read, &mut self.sessions)?;
        top.tables("alert", (&Alert::template(), &["name", "what"]), Alert::read, &mut self.alert_rules)?;
        top.finish()
    }
}
