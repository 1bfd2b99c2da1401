//! The memory port: two ends joined by rings, for tests, for the demonstration and for the simulation of a whole venue in
//! one process. No socket, no system call.
//!
//! A datagram sent to an address or a group of the other end arrives there; what is sent elsewhere is gone and counted. A
//! full ring is back-pressure, never loss.
//!
//! Non-goals: more than two ends (a fault port may stand before one), timing.

use std::net::SocketAddrV4;
use std::time::{Duration, Instant};

use crate::port::{Endpoint, EndpointIndex, Outgoing, PAYLOAD_MAX, Port, PortCounters, PortError, Received};
use crate::ring::{self, Consumer, Producer};

/// One end. See [`MemoryPort::pair`].
#[derive(Debug)]
pub struct MemoryPort {
    ours: Vec<Bound>,
    theirs: Vec<Bound>,
    outbound: Producer<Frame>,
    inbound: Consumer<Frame>,
    /// What `fill` writes; not a slot, since a datagram may go to none or to several.
    draft: Box<Frame>,
    counters: PortCounters,
}

impl MemoryPort {
    /// Two ends with these endpoints, and room for `slots` datagrams each way. An endpoint with port 0 gets a number, as
    /// from a system.
    ///
    /// # Errors
    ///
    /// When a list is empty or longer than an [`EndpointIndex`] can name, or an address is used twice at one end.
    ///
    /// # Panics
    ///
    /// When `slots` is not a power of two.
    pub fn pair(a: &[Endpoint], b: &[Endpoint], slots: usize) -> Result<(Self, Self), PortError> {
        let (a, b) = (bind(a, EPHEMERAL_FIRST)?, bind(b, EPHEMERAL_FIRST + 256)?);
        let (a_out, b_in) = ring::channel(slots, Frame::empty);
        let (b_out, a_in) = ring::channel(slots, Frame::empty);
        let end = |ours: &[Bound], theirs: &[Bound], outbound, inbound| Self {
            ours: ours.to_vec(),
            theirs: theirs.to_vec(),
            outbound,
            inbound,
            draft: Box::new(Frame::empty()),
            counters: PortCounters::default(),
        };
        Ok((end(&a, &b, a_out, a_in), end(&b, &a, b_out, b_in)))
    }

    /// Copies what is in `draft` to each endpoint of the other end that takes it, and returns how many did. There is room
    /// for all.
    fn deliver(&mut self, from: SocketAddrV4, to: SocketAddrV4) -> usize {
        let mut copies = 0;
        for (index, bound) in (0..=u8::MAX).zip(&self.theirs) {
            if !bound.endpoint.accepts(bound.local, to) {
                continue;
            }
            let frame = self.outbound.slot_mut(copies);
            let len = self.draft.len;
            frame.endpoint = EndpointIndex(index);
            frame.from = from;
            frame.len = len;
            frame.payload[..len].copy_from_slice(&self.draft.payload[..len]);
            copies += 1;
        }
        self.outbound.release(copies);
        copies
    }
}

impl Port for MemoryPort {
    fn receive(&mut self, max: usize, mut sink: impl FnMut(Received<'_>)) -> Result<usize, PortError> {
        let count = self.inbound.acquire(max).min(max);
        for index in 0..count {
            let frame = self.inbound.slot(index);
            self.counters.rx_datagrams += 1;
            self.counters.rx_bytes += frame.len as u64;
            sink(Received {
                endpoint: frame.endpoint,
                from: frame.from,
                payload: &frame.payload[..frame.len],
                timestamp: None,
            });
        }
        self.inbound.release(count);
        Ok(count)
    }

    fn send(&mut self, max: usize, mut fill: impl FnMut(&mut [u8]) -> Option<Outgoing>) -> Result<usize, PortError> {
        // A group may be joined at every endpoint of the other end: room for all the copies, or no datagram.
        let copies_max = self.theirs.len();
        let mut taken = 0;
        while taken < max {
            if self.outbound.acquire(copies_max) < copies_max {
                self.counters.tx_no_room += 1;
                break;
            }
            let Some(Outgoing { endpoint, to, len }) = fill(&mut self.draft.payload) else { break };
            taken += 1;
            self.counters.tx_datagrams += 1;
            let from = self.ours.get(usize::from(endpoint.0)).map(|bound| bound.local);
            let copies = match from {
                Some(from) if len <= PAYLOAD_MAX => {
                    self.draft.len = len;
                    self.counters.tx_bytes += len as u64;
                    self.deliver(from, to)
                }
                _ => 0,
            };
            if copies == 0 {
                self.counters.tx_errors += 1;
            }
        }
        Ok(taken)
    }

    fn flush(&mut self) -> Result<(), PortError> {
        Ok(())
    }

    fn local_addr(&self, endpoint: EndpointIndex) -> SocketAddrV4 {
        self.ours[usize::from(endpoint.0)].local
    }

    fn counters(&self) -> PortCounters {
        self.counters
    }

    fn wait(&mut self, timeout: Duration) {
        let deadline = Instant::now() + timeout;
        while self.inbound.acquire(1) == 0 && !self.inbound.is_closed() {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            std::thread::sleep(left.min(WAIT_STEP));
        }
    }
}

#[derive(Debug, Clone)]
struct Bound {
    endpoint: Endpoint,
    local: SocketAddrV4,
}

#[derive(Debug)]
struct Frame {
    endpoint: EndpointIndex,
    from: SocketAddrV4,
    len: usize,
    payload: [u8; PAYLOAD_MAX],
}

impl Frame {
    fn empty() -> Self {
        let nowhere = SocketAddrV4::new(std::net::Ipv4Addr::UNSPECIFIED, 0);
        Self { endpoint: EndpointIndex(0), from: nowhere, len: 0, payload: [0; PAYLOAD_MAX] }
    }
}

fn bind(endpoints: &[Endpoint], ephemeral_first: u16) -> Result<Vec<Bound>, PortError> {
    crate::port::check_count(endpoints)?;
    let mut bound: Vec<Bound> = Vec::with_capacity(endpoints.len());
    for (index, endpoint) in (0..=u8::MAX).zip(endpoints) {
        let mut local = endpoint.bind;
        if local.port() == 0 {
            local.set_port(ephemeral_first + u16::from(index));
        }
        if endpoint.groups.is_empty() && bound.iter().any(|other| other.local == local) {
            return Err(PortError::Endpoint {
                endpoint: EndpointIndex(index),
                action: "bind",
                address: local,
                source: std::io::ErrorKind::AddrInUse.into(),
            });
        }
        bound.push(Bound { endpoint: endpoint.clone(), local });
    }
    Ok(bound)
}

const EPHEMERAL_FIRST: u16 = 49_152;
/// How long a waiting end sleeps between looks.
const WAIT_STEP: Duration = Duration::from_micros(50);
