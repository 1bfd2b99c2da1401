//! A line of multicast as the command line names it: `group:port`, or `group:port@interface`.
//!
//! Goal: one form for what is listened to and what is published. Non-goal: opening it.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::str::FromStr;

use netio::Endpoint;

/// Where packets go to or come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// The group and its port.
    pub group: SocketAddrV4,
    /// Address of the interface, where the line names one.
    pub interface: Option<Ipv4Addr>,
}

/// What is no line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected a multicast group and port, with or without the address of an interface, such as 239.26.40.1:26440@10.0.0.5; found '{0}'"
)]
pub struct ParseLineError(String);

impl Line {
    /// Whether a text looks like a line rather than like the name of a file.
    #[must_use]
    pub fn is_like(text: &str) -> bool {
        text.split('@').next().is_some_and(|group| group.parse::<SocketAddrV4>().is_ok())
    }

    /// The endpoint that receives it.
    #[must_use]
    pub fn receiving(&self, otherwise: Ipv4Addr) -> Endpoint {
        Endpoint::multicast(*self.group.ip(), self.group.port(), self.interface.unwrap_or(otherwise))
    }

    /// The endpoint from which it is sent.
    #[must_use]
    pub fn sending(&self, otherwise: Ipv4Addr, ttl: u8) -> Endpoint {
        let bind = SocketAddrV4::new(self.interface.unwrap_or(otherwise), 0);
        Endpoint { multicast_ttl: ttl, ..Endpoint::unicast(bind) }
    }
}

impl FromStr for Line {
    type Err = ParseLineError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || ParseLineError(text.to_owned());
        let (group, interface) = match text.split_once('@') {
            Some((group, interface)) => (group, Some(interface.parse().map_err(|_| error())?)),
            None => (text, None),
        };
        let group: SocketAddrV4 = group.parse().map_err(|_| error())?;
        if group.ip().is_multicast() { Ok(Self { group, interface }) } else { Err(error()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_told_from_files() {
        let line: Line = "239.26.40.1:26440@127.0.0.1".parse().expect("a line");
        assert_eq!(
            (line.group.to_string(), line.interface),
            ("239.26.40.1:26440".to_owned(), Some(Ipv4Addr::LOCALHOST))
        );
        assert_eq!("239.26.40.1:26440".parse::<Line>().map(|line| line.interface), Ok(None));
        assert!(Line::is_like("10.0.0.1:5") && !Line::is_like("day.pcap") && !Line::is_like("-"));
        for wrong in ["10.0.0.1:5", "239.26.40.1", "239.26.40.1:26440@eth0", "day.pcap", ""] {
            assert!(wrong.parse::<Line>().is_err(), "{wrong}");
        }
    }
}
