//! The floor: an echo that moves packets of the same lengths and does nothing else.
//!
//! Goal: what the network and the port alone take, in packets as long as those of the appliance. Non-goal: any protocol; what is lost
//! stays lost.
//!
//! ```text
//!   0         8     10     12
//!   | number  | len | ticks| …     the request; reply and tick begin with the number, too
//! ```

use std::net::SocketAddrV4;

use super::network::{Network, port_options};
use super::orders::lengths;
use crate::error::BenchError;
use crate::load::open_loop::{Channel, Target};
use netio::host::{HostPort, PortKind};
use netio::lab::Side;
use netio::{Endpoint, EndpointIndex, Outgoing, Port};

/// The longest request and reply.
pub const REQUEST_MAX: usize = 256;
/// What a request tells.
const HEAD_LEN: usize = 12;
/// Requests that wait to be sent.
const WAITING_MAX: u64 = 4_096;
/// Datagrams in one turn.
const BURST: usize = 64;

/// The answer that a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reply {
    number: [u8; 8],
    /// Payload length of the reply.
    pub len: u16,
    /// Payload length of the tick.
    pub tick_len: u16,
}

impl Reply {
    /// What this datagram asks for; `None` when it is no request.
    #[must_use]
    pub fn asked(payload: &[u8]) -> Option<Self> {
        let (number, rest) = payload.split_first_chunk::<8>()?;
        let (len, rest) = rest.split_first_chunk::<2>()?;
        let (tick_len, _) = rest.split_first_chunk::<2>()?;
        Some(Self { number: *number, len: u16::from_be_bytes(*len), tick_len: u16::from_be_bytes(*tick_len) })
    }

    /// Writes a datagram of this length that answers, and returns the length.
    pub fn write(&self, out: &mut [u8], len: u16) -> usize {
        let len = usize::from(len).clamp(self.number.len(), REQUEST_MAX);
        out[..len].fill(0);
        out[..self.number.len()].copy_from_slice(&self.number);
        len
    }
}

/// The near side of an echo.
#[derive(Debug)]
pub struct Floor {
    port: HostPort,
    to: SocketAddrV4,
    has_ticks: bool,
    submitted: u64,
    sent: u64,
}

impl Floor {
    /// Sends from the near side to an echo, and listens to the group where the echo sends ticks.
    ///
    /// # Errors
    /// The port cannot be opened.
    pub fn new(
        kind: PortKind,
        network: &Network,
        to: SocketAddrV4,
        group: Option<SocketAddrV4>,
    ) -> Result<Self, BenchError> {
        let near = network.near();
        let listening = group.map(|group| Endpoint::multicast(*group.ip(), group.port(), near));
        let endpoints: Vec<Endpoint> =
            [Endpoint::unicast(SocketAddrV4::new(near, 0))].into_iter().chain(listening).collect();
        let port = network.on_near(|| Ok(HostPort::open(&port_options(kind, Side::Near), &endpoints)?))?;
        Ok(Self { port, to, has_ticks: group.is_some(), submitted: 0, sent: 0 })
    }
}

impl Target for Floor {
    fn submitted(&self) -> u64 {
        self.submitted
    }

    fn has_ticks(&self) -> bool {
        self.has_ticks
    }

    fn room(&mut self) -> bool {
        self.submitted - self.sent < WAITING_MAX
    }

    fn submit(&mut self) -> Result<(), BenchError> {
        self.submitted += 1;
        Ok(())
    }

    fn turn(&mut self, answer: &mut impl FnMut(Channel, u64)) -> Result<usize, BenchError> {
        let Self { port, to, submitted, sent, .. } = self;
        let mut moved = 0;
        if *sent < *submitted {
            moved = port.send(BURST, |buffer| {
                if *sent == *submitted {
                    return None;
                }
                let lengths = lengths(*sent);
                let len = usize::from(lengths.request).max(HEAD_LEN);
                buffer[..len].fill(0);
                buffer[..8].copy_from_slice(&sent.to_be_bytes());
                buffer[8..10].copy_from_slice(&lengths.reply.to_be_bytes());
                buffer[10..12].copy_from_slice(&lengths.ticks.to_be_bytes());
                *sent += 1;
                Some(Outgoing { endpoint: EndpointIndex(0), to: *to, len })
            })?;
            port.flush()?;
        }
        let mut wrong = None;
        moved += port.receive(BURST, |received| {
            let Some((number, _)) = received.payload.split_first_chunk::<8>() else { return };
            let number = u64::from_be_bytes(*number);
            let lengths = lengths(number);
            let (channel, len) = match received.endpoint {
                EndpointIndex(0) => (Channel::Report, lengths.reply),
                _ => (Channel::Tick, lengths.ticks),
            };
            if received.payload.len() == usize::from(len) {
                answer(channel, number);
            } else {
                wrong = Some(received.payload.len());
            }
        })?;
        match wrong {
            None => Ok(moved),
            Some(len) => {
                let (expected, found) = ("replies as long as was asked for", format!("one of {len} bytes"));
                Err(BenchError::Answer { subject: "the echo", expected, found })
            }
        }
    }

    fn is_busy(&self) -> bool {
        self.sent < self.submitted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_answered_under_its_number_with_the_length_it_asks_for() {
        let request = [0, 0, 0, 0, 0, 0, 1, 2, 0, 86, 0, 48, 9, 9];
        let reply = Reply::asked(&request).expect("a request");
        assert_eq!((reply.len, reply.tick_len), (86, 48));
        let mut out = [7; REQUEST_MAX];
        assert_eq!(reply.write(&mut out, reply.len), 86);
        assert_eq!((&out[..8], &out[8..86], out[86]), (&request[..8], &[0; 78][..], 7));
        assert_eq!(reply.write(&mut out, u16::MAX), REQUEST_MAX);
        assert_eq!(Reply::asked(&request[..11]), None);
    }
}
