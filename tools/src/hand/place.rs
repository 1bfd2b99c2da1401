//! Where a person trades, and as whom.
//!
//! Goal: one word names a login of the configuration; nothing at all names that of the built-in one. Non-goal: keys on the command line,
//! where every process of the machine could read them.

use crate::client::ClientConfig;
use clap::Args;
use engine::config::Config;
use netio::Endpoint;
use netio::host::{HostPort, PortKind};
use std::error::Error;
use std::fs;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::path::{Path, PathBuf};
use wire::login::{Key, Username};

/// Where and as whom to log in.
#[derive(Clone, Debug, Args)]
pub struct SeatArgs {
    /// The login, a [[session]] of the configuration [default: its first]
    #[arg(long, value_name = "NAME", alias = "user", help_heading = "Login")]
    session: Option<String>,
    /// A file with the login's key, 64 hexadecimal digits [default: as configured]
    #[arg(long, value_name = "FILE", help_heading = "Login")]
    key_file: Option<PathBuf>,
    /// The appliance's order-entry address [default: network.order_entry of the configuration]
    #[arg(long, value_name = "ADDRESS", help_heading = "Login")]
    server: Option<SocketAddrV4>,
    /// The appliance's re-request address for reports [default: as configured; with --server the port after that]
    #[arg(long, value_name = "ADDRESS", help_heading = "Login")]
    server_rerequest: Option<SocketAddrV4>,
    /// Have the venue cancel the session's orders when it ends
    #[arg(long, help_heading = "Login")]
    pub cancel_on_disconnect: bool,
    /// How to reach the network: auto, dpdk, xdp, uring or socket
    #[arg(long, default_value = "socket", help_heading = "Login")]
    pub port: PortKind,
}

/// Why it cannot be said where or as whom.
#[derive(Debug, thiserror::Error)]
pub enum PlaceError {
    /// Take one that there is.
    #[error(
        "expected a session of the configuration, found '{found}'; known are {known}. Or give its key with --key-file"
    )]
    Session {
        /// What was asked for.
        found: String,
        /// The configured ones.
        known: String,
    },
    /// Give --session.
    #[error("expected a [[session]] in the configuration, found none; add one, or give --session and --key-file")]
    NoSession,
    /// Correct the name.
    #[error("expected a session's name of 1 to 16 printable ASCII characters, found '{0}'")]
    Name(String),
    /// Make the file readable, or name another.
    #[error("cannot read the key in '{}': {error}", file.display())]
    KeyFile {
        /// Which.
        file: PathBuf,
        /// What the system said.
        error: std::io::Error,
    },
    /// Put the right thing into the file.
    #[error("expected 64 hexadecimal digits in '{}', found {found} characters", file.display())]
    Key {
        /// Which.
        file: PathBuf,
        /// How much is in it.
        found: usize,
    },
    /// Give --server-rerequest.
    #[error("expected a re-request address beside the server's port 65535; give --server-rerequest")]
    NoRerequest,
}

impl SeatArgs {
    /// The client's configuration.
    ///
    /// # Errors
    /// There is no such session, or no key for it.
    pub fn client(&self, config: &Config) -> Result<ClientConfig, PlaceError> {
        let named = self.session.as_deref();
        let configured = match named {
            Some(name) => config.sessions.iter().find(|session| session.username == name),
            None => config.sessions.first(),
        };
        let name = named.or(configured.map(|session| session.username.as_str())).ok_or(PlaceError::NoSession)?;
        let key = match (&self.key_file, configured) {
            (Some(file), _) => read_key(file)?,
            (None, Some(session)) => session.key,
            (None, None) => {
                let known: Vec<_> = config.sessions.iter().map(|session| session.username.as_str()).collect();
                return Err(PlaceError::Session { found: name.to_owned(), known: known.join(", ") });
            }
        };
        let user = Username::new(name).filter(|_| !name.is_empty());
        let user = user.ok_or_else(|| PlaceError::Name(name.to_owned()))?;
        let server = self.server.unwrap_or_else(|| reachable(config.network.order_entry));
        let rerequest = match (self.server_rerequest, self.server) {
            (Some(address), _) => address,
            (None, None) => reachable(config.network.rerequest),
            (None, Some(server)) => {
                SocketAddrV4::new(*server.ip(), server.port().checked_add(1).ok_or(PlaceError::NoRerequest)?)
            }
        };
        let client = ClientConfig::new(user, key, server.into(), rerequest.into());
        Ok(ClientConfig { cancel_on_disconnect: self.cancel_on_disconnect, ..client })
    }

    /// A port on any free local address from which the venue can be reached.
    ///
    /// # Errors
    /// There is none.
    pub fn open_port(&self, client: &ClientConfig) -> Result<HostPort, Box<dyn Error>> {
        let server = SocketAddrV4::from(client.order_entry);
        let local = if server.ip().is_loopback() { Ipv4Addr::LOCALHOST } else { Ipv4Addr::UNSPECIFIED };
        Ok(HostPort::open(&self.port.into(), &[Endpoint::unicast(SocketAddrV4::new(local, 0))])?)
    }
}

/// An appliance that listens everywhere is reached here.
fn reachable(configured: SocketAddrV4) -> SocketAddrV4 {
    let ip = if configured.ip().is_unspecified() { Ipv4Addr::LOCALHOST } else { *configured.ip() };
    SocketAddrV4::new(ip, configured.port())
}

fn read_key(file: &Path) -> Result<Key, PlaceError> {
    let text = fs::read_to_string(file).map_err(|error| PlaceError::KeyFile { file: file.to_owned(), error })?;
    let digits = text.trim();
    Key::from_hex(digits).ok_or_else(|| PlaceError::Key { file: file.to_owned(), found: digits.chars().count() })
}
