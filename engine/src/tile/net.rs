//! The net tile: the only one that touches the port.

use super::run::Control;
use super::{Stage, StageError};
use crate::limits::BURST;
use crate::link::Datagram;
use crate::meter::NetMeter;
use crate::trace::{Milestone, Off, Stamp, Trace};
use netio::port::{Outgoing, Port, PortCounters};
use netio::ring::{Consumer, Producer};
use std::sync::Arc;
use std::time::Duration;
use wire::Nanos;

/// Moves datagrams between the port and the links.
pub struct NetStage<P, T = Off> {
    port: P,
    requests: Producer<Datagram>,
    replies: Consumer<Datagram>,
    packets: Consumer<Datagram>,
    control: Arc<Control>,
    trace: T,
    /// Stamps of the packets that the port took since it was last flushed.
    leaving: Vec<u64>,
    stalls: u64,
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
        Self { port, requests, replies, packets, control, trace: Off, leaving: Vec::new(), stalls: 0 }
    }
}

impl<P: Port, T: Trace> NetStage<P, T> {
    /// The same with a trace.
    #[must_use]
    pub fn with_trace<U: Trace>(self, trace: U) -> NetStage<P, U> {
        let Self { port, requests, replies, packets, control, stalls, .. } = self;
        let leaving = Vec::with_capacity(if U::ON { BURST } else { 0 });
        NetStage { port, requests, replies, packets, control, trace, leaving, stalls }
    }

    /// What the port has counted.
    #[must_use]
    pub fn port_counters(&self) -> PortCounters {
        self.port.counters()
    }

    /// How often it had no room for what the port may have.
    pub(super) const fn stalls(&self) -> u64 {
        self.stalls
    }

    /// Stores what it counted.
    pub(super) fn store(&self, meter: &NetMeter) {
        meter.store(&self.port.counters(), &self.requests, [&self.replies, &self.packets]);
    }

    /// Waits until the port may have something for us, at most for so long.
    pub fn wait(&mut self, timeout: Duration) {
        // What it has and we do not take would end the wait at once.
        if self.control.takes_input() && self.requests.acquire(1) > 0 {
            self.port.wait(timeout);
        } else {
            std::thread::sleep(timeout);
        }
    }

    /// The trace, when the tile has stopped. The port is closed with the rest of the tile.
    #[must_use]
    pub fn into_trace(self) -> T {
        self.trace
    }

    /// Sends what waits in the links, as far as the port has room: reports first, then market data, in one burst.
    fn send(&mut self) -> Result<usize, StageError> {
        let Self { port, replies, packets, leaving, .. } = self;
        let waiting = [replies.acquire(BURST).min(BURST), packets.acquire(BURST).min(BURST)];
        let all: usize = waiting.iter().sum();
        if all == 0 {
            return Ok(0);
        }
        let mut next = 0_usize;
        let sent = port.send(all, |buffer| {
            let datagram = match next.checked_sub(waiting[0]) {
                None => replies.slot(next),
                Some(packet) => packets.slot(packet),
            };
            if T::ON && next < waiting[0] && datagram.stamp > 0 {
                leaving.push(datagram.stamp);
            }
            next += 1;
            buffer[..datagram.len].copy_from_slice(datagram.bytes());
            Some(Outgoing { endpoint: datagram.endpoint, to: datagram.address.into(), len: datagram.len })
        })?;
        replies.release(sent.min(waiting[0]));
        packets.release(sent.saturating_sub(waiting[0]));
        port.flush()?;
        Ok(sent)
    }

    fn receive(&mut self, now: Nanos) -> Result<usize, StageError> {
        // What does not fit the link stays in the port: its queue is longer, and what overflows it is asked for again.
        let room = self.requests.acquire(BURST).min(BURST);
        if room == 0 || !self.control.takes_input() {
            self.stalls += u64::from(room == 0);
            return Ok(0);
        }
        let (requests, trace) = (&mut self.requests, &self.trace);
        let (mut taken, mut arrived) = (0, 0);
        self.port.receive(room, |received| {
            let slot = requests.slot_mut(taken);
            slot.time = now;
            if T::ON {
                // The port gives at once what it has.
                if taken == 0 {
                    arrived = trace.ticks();
                }
                slot.stamp = arrived;
            }
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

impl<P: Port, T: Trace> Stage for NetStage<P, T> {
    fn poll(&mut self, now: Nanos) -> Result<usize, StageError> {
        let sent = self.send()?;
        if T::ON && !self.leaving.is_empty() {
            let (milestone, ticks) = (Milestone::Send, self.trace.ticks());
            self.leaving.drain(..).for_each(|key| self.trace.keep(Stamp { key, milestone, ticks }));
        }
        Ok(sent + self.receive(now)?)
    }
}
