//! The re-request server of a venue as the command line names it: `address:port`, or `address:port@interface`.
//!
//! Goal: where requests go, where they leave from, and how patiently. Non-goal: what is asked for (the feed handler's sequencer knows).

use std::net::{Ipv4Addr, SocketAddrV4};
use std::str::FromStr;

use feedhandler::handler::RerequestOptions;
use netio::{Endpoint, EndpointIndex};

/// A venue's re-request server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Server {
    /// Whereto requests go. Answers from anywhere else are ignored.
    pub address: SocketAddrV4,
    /// Address of the interface they leave from, where one is named.
    pub interface: Option<Ipv4Addr>,
}

/// A server that is asked over an open port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Whereto requests go.
    pub address: SocketAddrV4,
    /// Where they leave from, and answers come to.
    pub endpoint: EndpointIndex,
}

/// What is no server.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected a unicast address and port, with or without the address of an interface, such as 10.1.0.9:26460@10.0.0.5; found '{0}'"
)]
pub struct ParseServerError(String);

impl Server {
    /// How requests are made: as the handler makes them. There is no snapshot to turn to, so longer gaps are asked for too.
    pub const OPTIONS: RerequestOptions = RerequestOptions { gap_max: 1 << 20, ..RerequestOptions::DEFAULT };

    /// The endpoint from which it is asked.
    #[must_use]
    pub fn asking(&self, otherwise: Ipv4Addr) -> Endpoint {
        Endpoint::unicast(SocketAddrV4::new(self.interface.unwrap_or(otherwise), 0))
    }
}

impl FromStr for Server {
    type Err = ParseServerError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || ParseServerError(text.to_owned());
        let (address, interface) = match text.split_once('@') {
            Some((address, interface)) => (address, Some(interface.parse().map_err(|_| error())?)),
            None => (text, None),
        };
        let address: SocketAddrV4 = address.parse().map_err(|_| error())?;
        let is_sayable = !address.ip().is_multicast() && !address.ip().is_unspecified() && address.port() > 0;
        if is_sayable { Ok(Self { address, interface }) } else { Err(error()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_unicast() {
        let server: Server = "10.1.0.9:26460@127.0.0.1".parse().expect("a server");
        assert_eq!(
            (server.address.to_string(), server.interface),
            ("10.1.0.9:26460".to_owned(), Some(Ipv4Addr::LOCALHOST))
        );
        assert_eq!("127.0.0.1:1".parse::<Server>().map(|server| server.interface), Ok(None));
        for wrong in ["239.26.40.1:26440", "10.1.0.9", "10.1.0.9:0", "0.0.0.0:26460", "10.1.0.9:26460@eth0", "none", ""]
        {
            assert!(wrong.parse::<Server>().is_err(), "{wrong}");
        }
    }
}
