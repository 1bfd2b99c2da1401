//! `[[channel]]`: where market data goes. Its position is the channel's letter in the names of its streams.

use super::error::ConfigError;
use super::reader::{Reader, bad_value, text};
use super::tree::Node;
use std::fmt;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::str::FromStr;

/// A market-data channel: the instruments that name it, on two streams.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Channel {
    /// What instruments call it.
    pub name: String,
    /// Where its ticks go: line A, and line B where there is one. All carry the same packets.
    pub tick_lines: Vec<Line>,
    /// The same of its depth; none: the channel has ticks alone.
    pub depth_lines: Vec<Line>,
}

/// One line of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Line {
    /// The multicast group and port.
    pub group: SocketAddrV4,
    /// Address of the interface through which it leaves; `network.interface` where not given.
    pub interface: Option<Ipv4Addr>,
}

impl Line {
    /// A line through `network.interface`.
    #[must_use]
    pub const fn new(group: SocketAddrV4) -> Self {
        Self { group, interface: None }
    }
}

impl FromStr for Line {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (group, interface) = match text.split_once('@') {
            None => (text, None),
            Some((group, interface)) => (group, Some(interface.parse::<Ipv4Addr>().map_err(|_| ())?)),
        };
        let group = group.parse::<SocketAddrV4>().map_err(|_| ())?;
        let usable = group.ip().is_multicast() && group.port() != 0 && !interface.is_some_and(|one| one.is_multicast());
        if usable { Ok(Self { group, interface }) } else { Err(()) }
    }
}

impl fmt::Display for Line {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.group.fmt(out)?;
        self.interface.map_or(Ok(()), |interface| write!(out, "@{interface}"))
    }
}

const NAME_EXPECTED: &str = super::appliance::NAME_EXPECTED;
const LINE_EXPECTED: &str = "a multicast group and port, 224.0.0.0 to 239.255.255.255, such as \"239.26.40.1:26440\", and where it is to leave \
     through another interface than network.interface that one's address, \"239.26.40.1:26440@10.0.0.1\"";
const LINES_EXPECTED: &str = "a list of at most two multicast groups";

impl Channel {
    /// The channel of the built-in default.
    pub(super) fn main() -> Self {
        let line = |third, fourth, port| Line::new(SocketAddrV4::new(Ipv4Addr::new(239, 26, third, fourth), port));
        Self {
            name: "main".to_owned(),
            tick_lines: vec![line(40, 1, 26_440), line(40, 2, 26_441)],
            depth_lines: vec![line(41, 1, 26_450), line(41, 2, 26_451)],
        }
    }

    /// Whether it has a depth stream.
    #[must_use]
    pub const fn has_depth(&self) -> bool {
        !self.depth_lines.is_empty()
    }

    pub(super) fn read(&mut self, mut reader: Reader<'_>) -> Result<(), ConfigError> {
        reader.checked("name", NAME_EXPECTED, super::appliance::name, &mut self.name)?;
        reader.list("tick_lines", LINES_EXPECTED, line, &mut self.tick_lines)?;
        reader.list("depth_lines", LINES_EXPECTED, line, &mut self.depth_lines)?;
        reader.finish()
    }
}

fn line(node: &Node, path: &str) -> Result<Line, ConfigError> {
    let line = text(node).and_then(|text| text.parse().ok());
    line.ok_or_else(|| bad_value(node, path, LINE_EXPECTED.to_owned()))
}
