//! The net tile: the only one that touches the port.

use super::run::Control;
use super::{Stage, StageError};
use crate::limits::BURST;
use crate::link::Datagram;
use netio::port::{Outgoing, Port, PortCounters};
use netio::ring::{Consumer, Producer};
use std::sync::Arc;
use wire::Nanos;

/// Moves datagrams between the port and the links.
pub struct NetStage<P> {
    port: P,
    requests: Producer<Datagram>,
    replies: Consumer<Datagram>,
    packets: Consumer<Datagram>,
    control: Arc<Control>,
}

impl<P: Port> NetStage<P> {
    /// A net tile over an open port.
    #[must_use]
    pub const fn new(
        port: P,
        requests: Producer<Datagram>,
        replies: Consumer<Datagram>,
        packets: Consumer<Datagram>,
        control: Arc<Control>,
    ) -> Self {
        Self { port, requests, replies, packets, control }
    }

    /// What the port has counted.
    #[must_use]
    pub fn port_counters(&self) -> PortCounters {
        self.port.counters()
    }

    fn receive(&mut self, now: Nanos) -> Result<usize, StageError> {
        // What does not fit the link stays in the port: its queue is longer, and what overflows it is asked for again.
        let room = self.requests.acquire(BURST).min(BURST);
        if room == 0 || !self.control.takes_input() {
            return Ok(0);
        }
        let requests = &mut self.requests;
        let mut taken = 0;
        self.port.receive(room, |received| {
            let slot = requests.slot_mut(taken);
            slot.time = now;
            slot.endpoint = received.endpoint;
            slot.address = received.from.into();
            slot.len = received.payload.len();
            slot.payload[..received.payload.len()].copy_from_slice(received.payload);
            taken += 1;
        })?;
        requests.release(taken);
        Ok(taken)
    }
}

/// Sends what waits in a link, as far as the port has room.
fn send<P: Port>(port: &mut P, link: &mut Consumer<Datagram>) -> Result<usize, StageError> {
    let ready = link.acquire(BURST).min(BURST);
    if ready == 0 {
        return Ok(0);
    }
    let mut next = 0;
    let sent = port.send(ready, |buffer| {
        let datagram = link.slot(next);
        next += 1;
        buffer[..datagram.len].copy_from_slice(datagram.bytes());
        Some(Outgoing { endpoint: datagram.endpoint, to: datagram.address.into(), len: datagram.len })
    })?;
    link.release(sent);
    Ok(sent)
}

impl<P: Port> Stage for NetStage<P> {
    fn poll(&mut self, now: Nanos) -> Result<usize, StageError> {
        let replies = send(&mut self.port, &mut self.replies)?;
        let packets = send(&mut self.port, &mut self.packets)?;
        if replies + packets > 0 {
            self.port.flush()?;
        }
        Ok(replies + packets + self.receive(now)?)
    }
}
