//! The AF_XDP port: frames past the kernel's network stack, with the interface left to the kernel for everything else.
//!
//! ```text
//!            ┌ our addresses, groups and ports ─> sockets (one a receive queue) ─> classify ─> sink
//!  driver ─> program
//!            └ all else: ARP, ping, ssh ────────> kernel
//!  fill ─> headers in place ─> transmit ring ─> driver
//! ```
//!
//! The program is made and loaded when the port opens, and goes with it, also after a crash. The loop makes no system call,
//! except that it wakes a driver that asks for it (in copy mode: once a burst that is sent). Needs root, or `CAP_NET_ADMIN`,
//! `CAP_NET_RAW` and `CAP_BPF`.
//!
//! For each endpoint there is a kernel socket, too, which hears nothing: it holds the port number, and joins the groups, so
//! that the kernel and the hardware filter know of them. How to reach whom is learned from what is received, and asked of the
//! kernel by a thread beside the port; a first datagram to a stranger waits for that, bounded in number.
//!
//! What it does not do: other programs on this host neither hear what it sends nor reach it; two ports, or another XDP
//! program, on one interface.

mod assembler;
mod bpf;
mod cursor;
mod device;
mod frames;
mod interface;
mod neighbours;
mod netlink;
mod options;
mod program;
mod queue;
mod resolver;
mod ring;
mod setup;
mod socket;

use std::io;
use std::net::SocketAddrV4;
use std::os::fd::OwnedFd;
use std::time::Duration;

use nix::poll::{PollFd, PollFlags};

use self::device::{Device, Draft};
pub use self::options::{XdpMode, XdpOptions};
use self::resolver::Resolver;
use crate::ether::{Inbound, RxSums, classify};
use crate::port::{Endpoint, EndpointIndex, Outgoing, PAYLOAD_MAX, Port, PortCounters, PortError, Received};
use crate::socket::wait_for_any;

/// See the module.
#[derive(Debug)]
pub struct XdpPort {
    // In the order in which they go: the thread that looks at the sockets, the programs and the sockets, and at last the
    // port numbers.
    resolver: Resolver,
    devices: Vec<Device>,
    endpoints: Vec<Bound>,
    _sockets: Vec<(OwnedFd, SocketAddrV4)>,
    /// The device that sent last: the next datagram is most often its, too.
    sender: usize,
    counters: PortCounters,
}

/// An endpoint as its datagrams see it.
#[derive(Debug, Clone, Copy)]
struct Bound {
    local: SocketAddrV4,
    /// What it sends from; another one when it is bound to a group, or to all addresses.
    source: SocketAddrV4,
    unicast_by: usize,
    multicast_by: usize,
    multicast_ttl: u8,
}

impl XdpPort {
    /// Opens every endpoint.
    ///
    /// # Errors
    ///
    /// [`PortError::Unavailable`] when this host or this user has no AF_XDP; [`PortError::Endpoint`] when an interface cannot
    /// be used for it, or somebody else uses it already.
    pub fn open(endpoints: &[Endpoint]) -> Result<Self, PortError> {
        Self::open_with(endpoints, &XdpOptions::default())
    }

    /// As [`XdpPort::open`], set up otherwise.
    ///
    /// # Errors
    ///
    /// As for [`XdpPort::open`], and [`PortError::Limit`] when a size cannot be.
    pub fn open_with(endpoints: &[Endpoint], options: &XdpOptions) -> Result<Self, PortError> {
        setup::open(endpoints, options)
    }

    /// How it works here: for each interface its queues, where the program is hooked in, and whether frames are copied.
    #[must_use]
    pub fn how(&self) -> String {
        self.devices.iter().map(Device::describe).collect::<Vec<_>>().join("; ")
    }

    /// Takes the answers that are there.
    #[inline]
    fn listen_to_resolver(&mut self) {
        while let Some(answer) = self.resolver.answer() {
            let now_s = self.resolver.now_s();
            if let Some(device) = self.devices.get_mut(usize::from(answer.place)) {
                device.told(&answer, now_s, &mut self.counters);
            }
        }
    }

    #[inline]
    fn push_out(&mut self) -> Result<(), PortError> {
        for device in &mut self.devices {
            device.push_out(&mut self.counters).map_err(|source| broken("waking an AF_XDP sender", source))?;
        }
        Ok(())
    }

    /// Whether every device has a frame to write into: before `fill` is asked, it is not known which it will be.
    fn has_room(&mut self) -> bool {
        self.devices.iter_mut().all(|device| device.take().map(|frame| device.put_back(frame)).is_some())
    }

    /// Moves a payload to the device that is to send it.
    #[cold]
    fn move_over(&mut self, frame: u64, to: usize, len: usize) -> Option<u64> {
        let [from, to] = self.devices.get_disjoint_mut([self.sender, to]).ok()?;
        let other = to.take()?;
        let (payload, place) = (from.payload(frame), to.payload(other));
        place.get_mut(..len)?.copy_from_slice(payload.get(..len)?);
        from.put_back(frame);
        Some(other)
    }
}

impl Port for XdpPort {
    #[inline]
    fn receive(&mut self, max: usize, mut sink: impl FnMut(Received<'_>)) -> Result<usize, PortError> {
        self.listen_to_resolver();
        let now_s = self.resolver.now_s();
        let Self { devices, counters, .. } = self;
        let (mut seen, mut handed) = (0, 0);
        for device in devices {
            let mut waited_for = None;
            let looked_at = device.receive(max - seen, |frame, station, neighbours| {
                match classify(frame, station, RxSums::Verify) {
                    Ok(Inbound::Datagram(datagram)) => {
                        if neighbours.learn(*datagram.from.ip(), datagram.from_mac, now_s) {
                            waited_for = Some((*datagram.from.ip(), datagram.from_mac));
                        }
                        for &endpoint in datagram.endpoints {
                            counters.rx_datagrams += 1;
                            counters.rx_bytes += datagram.payload.len() as u64;
                            handed += 1;
                            let (from, payload) = (datagram.from, datagram.payload);
                            sink(Received { endpoint, from, payload, timestamp: None });
                        }
                    }
                    // The program sends us nothing of that kind.
                    Ok(Inbound::Arp(_) | Inbound::Echo(_) | Inbound::GroupQuery(_)) => counters.rx_not_ours += 1,
                    Err(reason) => reason.count(counters),
                }
            });
            seen += looked_at.map_err(|source| broken("receiving by AF_XDP", source))?;
            if let Some((address, mac)) = waited_for {
                device.unpark(address, Some(mac), counters);
            }
        }
        // What could not be handed on before, and what waited for an address.
        self.push_out()?;
        Ok(handed)
    }

    #[inline]
    fn send(&mut self, max: usize, mut fill: impl FnMut(&mut [u8]) -> Option<Outgoing>) -> Result<usize, PortError> {
        self.listen_to_resolver();
        let mut taken = 0;
        while taken < max {
            if self.devices.len() > 1 && !self.has_room() {
                self.counters.tx_no_room += 1;
                break;
            }
            let Some(device) = self.devices.get_mut(self.sender) else { break };
            let Some(frame) = device.take() else {
                self.counters.tx_no_room += 1;
                break;
            };
            let Some(Outgoing { endpoint, to, len }) = fill(device.payload(frame)) else {
                device.put_back(frame);
                break;
            };
            taken += 1;
            self.counters.tx_datagrams += 1;
            let bound = self.endpoints.get(usize::from(endpoint.0));
            let Some(&bound) = bound.filter(|_| len <= PAYLOAD_MAX && to.port() != 0) else {
                self.counters.tx_errors += 1;
                device.put_back(frame);
                continue;
            };
            self.counters.tx_bytes += len as u64;
            let by = if to.ip().is_multicast() { bound.multicast_by } else { bound.unicast_by };
            let frame = if by == self.sender { Some(frame) } else { self.move_over(frame, by, len) };
            self.sender = by;
            if let (Some(device), Some(frame)) = (self.devices.get_mut(by), frame) {
                let draft = Draft { from: bound.source, to, ttl: bound.multicast_ttl, len };
                device.send(frame, &draft, &mut self.resolver, &mut self.counters);
            }
        }
        self.push_out()?;
        Ok(taken)
    }

    #[inline]
    fn flush(&mut self) -> Result<(), PortError> {
        self.listen_to_resolver();
        self.push_out()
    }

    fn local_addr(&self, endpoint: EndpointIndex) -> SocketAddrV4 {
        self.endpoints[usize::from(endpoint.0)].local
    }

    fn counters(&self) -> PortCounters {
        let lost = self.resolver.lost();
        PortCounters { rx_missed: lost.frames, rx_no_buffer: lost.no_frame, ..self.counters }
    }

    fn wait(&mut self, timeout: Duration) {
        // Called off the hot path, so a list may be made.
        let queues = self.devices.iter().flat_map(Device::queues);
        let mut all: Vec<PollFd<'_>> = queues.map(|queue| PollFd::new(queue.as_fd(), PollFlags::POLLIN)).collect();
        wait_for_any(&mut all, timeout);
    }
}

fn broken(action: &'static str, source: io::Error) -> PortError {
    PortError::Broken { action, source }
}
