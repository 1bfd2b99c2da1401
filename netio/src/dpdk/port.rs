//! The port: datagrams in and out of one device, and what a host owes its network.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use super::address::Bound;
use super::device::Device;
use super::frames::{BURST, Frames};
use super::outbox::Outbox;
use super::pool::Pool;
use super::rings::Ring;
use super::watch::LinkState;
use super::{environment, thread as polling};
use crate::clock::Clock;
use crate::ether::{Flow, Inbound, MacAddr, TxSums, classify};
use crate::port::{EndpointIndex, Outgoing, PAYLOAD_MAX, Port, PortCounters, PortError, Received};
use crate::stack::{Due, Route, Stack};

mod open;

/// See the module above.
#[derive(Debug)]
pub struct DpdkPort {
    // Frames first, then the device, then what they lie in: each is dropped before what it needs.
    received: Frames,
    out: Outbox,
    device: Device,
    /// Of `net_ring`.
    _wires: Option<[Arc<Ring>; 2]>,
    pool: Arc<Pool>,
    stack: Stack,
    bound: Vec<Bound>,
    clock: Clock,
    /// As of the last look at the clock, which is not taken at every turn.
    now_ns: u64,
    turn: u32,
    /// How many endpoints the first received frame was handed to already.
    copies: usize,
    /// Tells datagrams apart in captures.
    datagram_id: u16,
    uses_huge_pages: bool,
    counters: PortCounters,
}

impl DpdkPort {
    /// The device, how it is connected, and who does what: a line for people.
    #[must_use]
    pub fn how(&self) -> String {
        let sums = if self.device.fills_checksums() { "the device" } else { "this port" };
        let pages = if self.uses_huge_pages { "huge" } else { "normal" };
        format!(
            "{} ({}, {}), {} at {}/{}, link {}, checksums by {sums}, {pages} pages",
            self.device.name(),
            self.device.driver(),
            environment::version(),
            self.device.mac(),
            self.stack.network().address,
            self.stack.network().prefix_bits,
            self.link(),
        )
    }

    /// Whether the device has a connection, as of some tenths of a second ago.
    #[must_use]
    pub fn link(&self) -> LinkState {
        self.device.watched().link()
    }

    /// Frames that are not in the pool: in the device's queues and in our hands.
    #[must_use]
    pub fn frames_in_use(&self) -> u32 {
        self.pool.in_use()
    }

    /// Tells everyone who has our address now.
    fn announce(&mut self) {
        let Self { out, stack, counters, .. } = self;
        send_control(out, counters, |frame| stack.write_announcement(frame));
    }

    /// Looks at the clock, and sends what is due.
    #[cold]
    fn keep_house(&mut self) {
        self.now_ns = self.clock.now();
        while let Some(due) = self.stack.due(self.now_ns) {
            let Self { out, stack, counters, .. } = self;
            match due {
                Due::GaveUp(next_hop) => out.lost(next_hop, counters),
                Due::Ask(_) | Due::Report(_) => send_control(out, counters, |frame| stack.write(due, frame)),
            }
        }
        if self.out.is_busy() {
            self.out.push_out(&mut self.counters);
        }
    }

    /// Writes the headers before a payload that was filled in, and sends the frame on its way. It is counted if it has none.
    #[inline]
    fn dispatch(&mut self, mut frame: super::frames::Frame, outgoing: Outgoing) {
        let Outgoing { endpoint, to, len } = outgoing;
        let bound = self.bound.get(usize::from(endpoint.0)).copied();
        let Some(bound) = bound.filter(|_| len <= PAYLOAD_MAX && to.port() != 0) else {
            self.counters.tx_errors += 1;
            self.out.put_back(frame);
            return;
        };
        self.counters.tx_bytes += len as u64;
        let (to_mac, asked) = match self.stack.route(*to.ip(), self.now_ns) {
            Route::To(mac) => (mac, None),
            Route::Asking(next_hop) => (MacAddr([0; 6]), Some(next_hop)),
            route @ (Route::Unreachable | Route::Nowhere) => {
                self.counters.tx_errors += 1;
                self.counters.tx_unresolved += u64::from(route == Route::Unreachable);
                self.out.put_back(frame);
                return;
            }
        };
        let vlan = self.stack.station().vlan();
        let ttl = if to.ip().is_multicast() { bound.multicast_ttl } else { UNICAST_TTL };
        let flow = Flow { from: bound.from, from_mac: self.device.mac(), to, to_mac, vlan, ttl };
        let offload = self.device.fills_checksums();
        let sums = if offload { TxSums::Hardware } else { TxSums::Ours };
        self.datagram_id = self.datagram_id.wrapping_add(1);
        let Some(len) = flow.write_headers(frame.room_mut(), len, self.datagram_id, sums) else {
            // There is room for the longest payload and the headers.
            self.counters.tx_errors += 1;
            return;
        };
        frame.set(len, offload);
        match asked {
            None => self.out.send(frame),
            Some(next_hop) => self.wait_for(next_hop, frame),
        }
    }

    #[cold]
    fn wait_for(&mut self, next_hop: Ipv4Addr, frame: super::frames::Frame) {
        if let Err(frame) = self.out.wait(next_hop, frame) {
            self.counters.tx_errors += 1;
            self.counters.tx_unresolved += 1;
            self.out.put_back(frame);
        }
    }
}

impl Port for DpdkPort {
    #[inline]
    fn receive(&mut self, max: usize, mut sink: impl FnMut(Received<'_>)) -> Result<usize, PortError> {
        polling::enter();
        self.turn = self.turn.wrapping_add(1);
        if self.turn.is_multiple_of(TURNS_A_LOOK) {
            self.keep_house();
        }
        if self.out.is_busy() {
            self.out.push_out(&mut self.counters);
        }
        let mut handed = 0;
        // Counts also what is dropped or answered, so that a flood of it does not hold the caller here.
        let mut looked_at = 0;
        let looks_max = max.saturating_add(BURST);
        while handed < max && looked_at < looks_max {
            if self.received.is_empty() && self.received.receive(self.device.id()) == 0 {
                break;
            }
            let Self { received, out, stack, counters, now_ns, .. } = self;
            let Some(frame) = received.first() else { break };
            looked_at += 1;
            if frame.is_cut() {
                counters.rx_truncated += 1;
                received.skip();
                continue;
            }
            match classify(frame.bytes(), stack.station(), frame.sums()) {
                Ok(Inbound::Datagram(datagram)) => {
                    let (from, payload) = (datagram.from, datagram.payload);
                    let rest = datagram.endpoints.get(self.copies..).unwrap_or_default();
                    let now = rest.len().min(max - handed);
                    for &endpoint in &rest[..now] {
                        counters.rx_datagrams += 1;
                        counters.rx_bytes += payload.len() as u64;
                        sink(Received { endpoint, from, payload, timestamp: None });
                    }
                    handed += now;
                    if now < rest.len() {
                        // The others get it next time.
                        self.copies += now;
                        break;
                    }
                    self.copies = 0;
                }
                Ok(Inbound::Arp(arp)) => {
                    let mut found = None;
                    send_control(out, counters, |frame| {
                        let (learned, reply) = stack.heard(&arp, *now_ns, frame);
                        found = learned;
                        reply
                    });
                    if let Some((next_hop, mac)) = found {
                        out.found(next_hop, mac, counters);
                    }
                }
                Ok(Inbound::Echo(echo)) => {
                    send_control(out, counters, |frame| echo.write_reply(stack.station(), frame));
                }
                Ok(Inbound::GroupQuery(query)) => stack.asked(query, *now_ns),
                Err(reason) => reason.count(counters),
            }
            self.received.skip();
        }
        if self.out.is_busy() {
            self.out.push_out(&mut self.counters);
        }
        Ok(handed)
    }

    #[inline]
    fn send(&mut self, max: usize, mut fill: impl FnMut(&mut [u8]) -> Option<Outgoing>) -> Result<usize, PortError> {
        polling::enter();
        let payload_at = Flow::headers_len(self.stack.station().vlan());
        let mut taken = 0;
        while taken < max {
            let Some(mut frame) = self.out.take(&mut self.counters) else {
                self.counters.tx_no_room += 1;
                break;
            };
            let payload = &mut frame.room_mut()[payload_at..payload_at + PAYLOAD_MAX];
            let Some(outgoing) = fill(payload) else {
                self.out.put_back(frame);
                break;
            };
            taken += 1;
            self.counters.tx_datagrams += 1;
            self.dispatch(frame, outgoing);
        }
        if self.out.is_waiting() {
            // A question may be due, and should not wait for the next look at the clock.
            self.keep_house();
        }
        if self.out.is_busy() {
            self.out.push_out(&mut self.counters);
        }
        Ok(taken)
    }

    fn flush(&mut self) -> Result<(), PortError> {
        polling::enter();
        // Some drivers wake the kernel also when there is nothing to send.
        if self.out.is_busy() {
            self.out.push_out(&mut self.counters);
        }
        Ok(())
    }

    fn local_addr(&self, endpoint: EndpointIndex) -> SocketAddrV4 {
        self.bound[usize::from(endpoint.0)].local
    }

    fn counters(&self) -> PortCounters {
        let mut counters = self.counters;
        self.device.watched().add_to(&mut counters);
        counters
    }

    fn wait(&mut self, timeout: Duration) {
        polling::enter();
        let deadline = Instant::now() + timeout;
        loop {
            self.keep_house();
            if !self.received.is_empty() || self.received.receive(self.device.id()) > 0 {
                return;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            thread::sleep(left.min(WAIT_STEP));
        }
    }
}

impl Drop for DpdkPort {
    fn drop(&mut self) {
        let last: Vec<Due> = self.stack.last_words(self.now_ns).collect();
        let Self { out, stack, counters, .. } = self;
        for due in last {
            send_control(out, counters, |frame| stack.write(due, frame));
        }
        // What was taken leaves, if the device has room for it.
        let deadline = Instant::now() + LAST_WORDS_WITHIN;
        while out.is_busy() && Instant::now() < deadline {
            out.push_out(counters);
        }
    }
}

/// Sends a frame of our own, if there is room: whoever waits for it asks again.
fn send_control(out: &mut Outbox, counters: &mut PortCounters, write: impl FnOnce(&mut [u8]) -> Option<usize>) {
    let Some(mut frame) = out.take(counters) else {
        write(&mut []);
        return;
    };
    match write(frame.room_mut()) {
        Some(len) => {
            frame.set(len, false);
            out.send(frame);
        }
        None => out.put_back(frame),
    }
}

const UNICAST_TTL: u8 = 64;
/// The clock is looked at in one of so many turns: some microseconds, for what takes tenths of seconds.
const TURNS_A_LOOK: u32 = 64;
/// How long a waiting caller sleeps between looks.
const WAIT_STEP: Duration = Duration::from_micros(50);
const LAST_WORDS_WITHIN: Duration = Duration::from_millis(20);
