//! Datagrams held back: preallocated frames, and the order in which they wait.

use std::net::{Ipv4Addr, SocketAddrV4};

use crate::port::{EndpointIndex, Outgoing, PAYLOAD_MAX, Received};

#[derive(Debug)]
pub(super) struct Held {
    frames: Box<[Frame]>,
    free: Vec<usize>,
    waiting: Vec<Waiting>,
}

#[derive(Debug, Clone, Copy)]
struct Waiting {
    frame: usize,
    /// How many others still go first.
    others: u32,
}

#[derive(Debug)]
pub(super) struct Frame {
    endpoint: EndpointIndex,
    /// Where it came from, or goes to.
    address: SocketAddrV4,
    timestamp: Option<u64>,
    len: usize,
    payload: [u8; PAYLOAD_MAX],
}

impl Held {
    pub(super) fn new(count: usize) -> Self {
        let empty = |_| Frame {
            endpoint: EndpointIndex(0),
            address: SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 0),
            timestamp: None,
            len: 0,
            payload: [0; PAYLOAD_MAX],
        };
        Self { frames: (0..count).map(empty).collect(), free: (0..count).collect(), waiting: Vec::with_capacity(count) }
    }

    /// Copies a datagram, to follow after this many others; false when there is no frame left for it.
    pub(super) fn keep(&mut self, datagram: &Received<'_>, others: u32) -> bool {
        let len = datagram.payload.len();
        if len > PAYLOAD_MAX {
            return false;
        }
        let Some(index) = self.free.pop() else { return false };
        let frame = &mut self.frames[index];
        frame.endpoint = datagram.endpoint;
        frame.address = datagram.from;
        frame.timestamp = datagram.timestamp;
        frame.len = len;
        frame.payload[..len].copy_from_slice(datagram.payload);
        self.waiting.push(Waiting { frame: index, others });
        true
    }

    /// Another datagram went first, or an idle turn stands for one.
    pub(super) fn let_one_pass(&mut self) {
        for waiting in &mut self.waiting {
            waiting.others = waiting.others.saturating_sub(1);
        }
    }

    pub(super) fn is_due(&self) -> bool {
        self.waiting.iter().any(|waiting| waiting.others == 0)
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// The first that no longer waits. Its frame is free again at the next `keep`.
    pub(super) fn take_due(&mut self) -> Option<&Frame> {
        let at = self.waiting.iter().position(|waiting| waiting.others == 0)?;
        let Waiting { frame, .. } = self.waiting.remove(at);
        self.free.push(frame);
        Some(&self.frames[frame])
    }
}

impl Frame {
    pub(super) fn as_received(&self) -> Received<'_> {
        let Self { endpoint, address, timestamp, len, payload } = self;
        Received { endpoint: *endpoint, from: *address, payload: &payload[..*len], timestamp: *timestamp }
    }

    pub(super) fn copy_to(&self, buffer: &mut [u8]) -> Outgoing {
        buffer[..self.len].copy_from_slice(&self.payload[..self.len]);
        Outgoing { endpoint: self.endpoint, to: self.address, len: self.len }
    }
}
