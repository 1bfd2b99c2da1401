//! Where a stream is heard, and who is asked about it.

use crate::options::ConfigOptions;
use crate::symbols::Symbols;
use clap::{Args, ValueEnum};
use engine::config::{Channel, Config, ConfigError, Line};
use feedhandler::handler::{HandlerOptions, Join};
use feedhandler::runner::FeedAddresses;
use netio::PortError;
use netio::host::{HostPort, PortKind};
use std::net::{Ipv4Addr, SocketAddrV4};
use wire::feed::StreamKind;

/// Which stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum StreamName {
    /// 26-byte ticks: trades and totals of levels
    Ticks,
    /// ITCH 5.0: order by order
    Depth,
}

impl From<StreamName> for StreamKind {
    fn from(name: StreamName) -> Self {
        match name {
            StreamName::Ticks => Self::Tick,
            StreamName::Depth => Self::Depth,
        }
    }
}

/// Options that say where.
#[derive(Clone, Debug, Args)]
pub struct PlaceArgs {
    /// The configuration that says where channels are heard.
    #[command(flatten)]
    pub config: ConfigOptions,
    /// A channel of the configuration [default: the first]
    #[arg(long, value_name = "NAME")]
    pub channel: Option<String>,
    /// Which stream of it [default: depth in the live view, else ticks]
    #[arg(long, value_enum)]
    pub stream: Option<StreamName>,
    /// Multicast group and port instead of a channel's; again for line B
    #[arg(long, value_name = "GROUP:PORT[@INTERFACE]", value_parser = line)]
    pub group: Vec<Line>,
    /// Address of the interface that receives it [default: network.interface of the configuration]
    #[arg(long)]
    pub interface: Option<Ipv4Addr>,
    /// Who brings missing messages again, or `none` [default: the configuration's; none with --group]
    #[arg(long, value_name = "ADDRESS", value_parser = server)]
    pub rerequest: Option<Server>,
    /// Who gives snapshots, or `none` [default: the configuration's; none with --group]
    #[arg(long, value_name = "ADDRESS", value_parser = server)]
    pub snapshot: Option<Server>,
}

/// A server, or explicitly none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Server(Option<SocketAddrV4>);

fn server(text: &str) -> Result<Server, String> {
    if text == "none" {
        return Ok(Server(None));
    }
    let address =
        text.parse().map_err(|_| format!("expected an address such as 127.0.0.1:26460, or none, found '{text}'"));
    address.map(|address| Server(Some(address)))
}

fn line(text: &str) -> Result<Line, String> {
    text.parse().map_err(|()| {
        format!("expected a multicast address (224.0.0.0 to 239.255.255.255) and a port, such as 239.26.40.1:26440, found {text}")
    })
}

/// Why it cannot be said where.
#[derive(Debug, thiserror::Error)]
pub enum PlaceError {
    /// The configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// No such channel.
    #[error("there is no channel '{found}': known are {known}")]
    Channel {
        /// As asked for.
        found: String,
        /// Those that there are.
        known: String,
    },
    /// The channel does not have such a stream.
    #[error("channel '{channel}' has no lines for {kind}; see [[channel]] in the configuration")]
    NoLines {
        /// The channel.
        channel: String,
        /// The stream.
        kind: &'static str,
    },
}

/// Where a stream is heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Places {
    /// What people call it.
    pub name: String,
    /// Ticks or depth.
    pub kind: StreamKind,
    /// Line A, and line B where there is one; and who is asked.
    pub addresses: FeedAddresses,
    /// The names of instruments, by `symbol_id`, where they are known beforehand.
    pub symbols: Symbols,
}

impl Places {
    /// Finds them; `default` is the stream when none was named.
    ///
    /// # Errors
    /// The configuration cannot be used, or does not have them.
    pub fn find(args: &PlaceArgs, default: StreamKind) -> Result<Self, PlaceError> {
        let config = args.config.load()?;
        let kind = args.stream.map_or(default, StreamKind::from);
        let interface = args.interface.unwrap_or(config.network.interface);
        let symbols = Symbols::of(&config);
        // Who says where the lines are says where the servers are, too: those of a configuration may be another venue's.
        let named = !args.group.is_empty();
        let server = |given: Option<Server>, configured: Option<SocketAddrV4>| match given {
            Some(Server(address)) => address,
            None => configured.filter(|_| !named),
        };
        let rerequest = server(args.rerequest, config.feed.answers.rerequest);
        let snapshot = server(args.snapshot, config.feed.answers.snapshot);
        let at = |lines: &[Line]| FeedAddresses {
            lines: lines.iter().map(|line| line.group).collect(),
            interfaces: lines.iter().map(|line| line.interface.unwrap_or(interface)).collect(),
            rerequest,
            snapshot: snapshot.map(Into::into),
            local: SocketAddrV4::new(interface, 0),
            ..FeedAddresses::default()
        };
        if named {
            // Symbols of another venue would be wrong ones.
            let symbols = if args.config.config.is_some() { symbols } else { Symbols::default() };
            let name = args.group[0].group.to_string();
            return Ok(Self { name, kind, addresses: at(&args.group), symbols });
        }
        let channel = find_channel(&config, args.channel.as_deref())?;
        let lines = match kind {
            StreamKind::Tick => &channel.tick_lines,
            StreamKind::Depth => &channel.depth_lines,
        };
        if lines.is_empty() {
            let kind = super::tape::kind_name(kind);
            return Err(PlaceError::NoLines { channel: channel.name.clone(), kind });
        }
        Ok(Self { name: channel.name.clone(), kind, addresses: at(lines), symbols })
    }

    /// How the stream is followed, with the servers that there are.
    #[must_use]
    pub fn handler_options(&self) -> HandlerOptions {
        let mut options = HandlerOptions::new(self.kind);
        options.join = match (self.addresses.snapshot, self.addresses.rerequest) {
            (Some(_), _) => Join::Snapshot,
            (None, Some(_)) => Join::Start,
            (None, None) => Join::FirstPacket,
        };
        options
    }

    /// Opens a port that receives the lines and the answers of the re-request server.
    ///
    /// # Errors
    /// A group cannot be joined.
    pub fn open_port(&self, kind: PortKind) -> Result<HostPort, PortError> {
        HostPort::open(&kind.into(), &self.addresses.endpoints())
    }
}

fn find_channel<'a>(config: &'a Config, name: Option<&str>) -> Result<&'a Channel, PlaceError> {
    let found = match name {
        None => config.channels.first(),
        Some(name) => config.channels.iter().find(|channel| channel.name == name),
    };
    found.ok_or_else(|| PlaceError::Channel {
        found: name.unwrap_or_default().to_owned(),
        known: config.channels.iter().map(|channel| channel.name.as_str()).collect::<Vec<_>>().join(", "),
    })
}
