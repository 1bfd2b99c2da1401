//! One interface of a port: the program on it, its queues, who we are there, and the way to others.

use std::io;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use super::bpf::{self, Attached, Hook};
use super::interface::Interface;
use super::neighbours::{Hop, Neighbours};
use super::program::steering;
use super::queue::{Queue, Refused};
use super::resolver::{Answer, Question, Resolver};
use super::socket::Wanted;
use super::{XdpMode, XdpOptions};
use crate::ether::{Flow, MacAddr, Station, TxSums};
use crate::port::{PAYLOAD_MAX, PortCounters};

/// See the module.
#[derive(Debug)]
pub(super) struct Device {
    // Before the queues: no frame comes any more when they are closed.
    _attached: Attached,
    hook: Hook,
    /// Why it is not native, when that was tried.
    why_generic: Option<String>,
    queues: Vec<Queue>,
    interface: Interface,
    station: Station,
    /// The port's number of this device.
    place: u8,
    neighbours: Neighbours,
    /// Datagrams whose receiver's hardware address is being asked for, in the order in which they were sent.
    parked: Vec<Parked>,
    /// Where in a frame the headers of what we send begin, so that the payload begins at a cache line.
    headers_at: u32,
    /// Tells datagrams apart in captures.
    id: u16,
}

/// Complete but for the hardware address of the receiver.
#[derive(Debug, Clone, Copy)]
struct Parked {
    to: Ipv4Addr,
    frame: u64,
    len: u32,
}

/// A datagram to send, and from whom.
#[derive(Debug, Clone, Copy)]
pub(super) struct Draft {
    pub from: SocketAddrV4,
    pub to: SocketAddrV4,
    pub ttl: u8,
    pub len: usize,
}

impl Device {
    pub(super) fn open(
        interface: Interface,
        station: Station,
        place: u8,
        options: &XdpOptions,
    ) -> Result<Self, Refused> {
        let queues = open_queues(&interface, options)?;
        let count = u32::try_from(queues.len()).unwrap_or(u32::MAX);
        let map = bpf::create_sockets_map(count).map_err(|error| ("make a map of sockets", error))?;
        for (number, queue) in (0..).zip(&queues) {
            bpf::set_socket(&map, number, queue.socket()).map_err(|error| ("put a socket into the map", error))?;
        }
        let program = steering(station.listening(), std::os::fd::AsRawFd::as_raw_fd(&map));
        let too_long =
            |_| ("make the steering program", io::Error::other("too many addresses and groups for one program"));
        let program = bpf::load(&program.map_err(too_long)?).map_err(|error| ("load the steering program", error))?;
        // Traffic comes from here on: everything else stands.
        let (attached, hook, why_generic) = attach(&program, interface.device, options.mode)?;
        let headers_at = u32::try_from(PAYLOAD_AT - Flow::headers_len(station.vlan())).unwrap_or(0);
        Ok(Self {
            _attached: attached,
            hook,
            why_generic,
            queues,
            interface,
            station,
            place,
            neighbours: Neighbours::new(),
            parked: Vec::with_capacity(PARKED_MAX),
            headers_at,
            id: 0,
        })
    }

    pub(super) const fn queues(&self) -> &Vec<Queue> {
        &self.queues
    }

    /// Second handles of the sockets, to ask them for their statistics.
    pub(super) fn handles(&self) -> io::Result<Vec<OwnedFd>> {
        self.queues.iter().map(|queue| queue.socket().try_clone()).collect()
    }

    /// Hands at most `max` frames to `each`, with who we are and whom it may teach; how many there were.
    #[inline]
    pub(super) fn receive(
        &mut self,
        max: usize,
        mut each: impl FnMut(&[u8], &Station, &mut Neighbours),
    ) -> io::Result<usize> {
        let Self { queues, station, neighbours, .. } = self;
        let mut left = u32::try_from(max).unwrap_or(u32::MAX);
        let before = left;
        // A frame comes to the queue that the hardware has chosen by its addresses, so their order matters to nobody.
        for queue in queues {
            left -= queue.receive(left, |frame| each(frame, station, neighbours))?;
        }
        Ok((before - left) as usize)
    }

    /// The frame for the next datagram.
    #[inline]
    pub(super) fn take(&mut self) -> Option<u64> {
        self.queues.first_mut()?.take()
    }

    #[inline]
    pub(super) fn put_back(&mut self, frame: u64) {
        if let Some(queue) = self.queues.first_mut() {
            queue.put_back(frame);
        }
    }

    /// Where its payload goes.
    #[inline]
    pub(super) fn payload(&mut self, frame: u64) -> &mut [u8] {
        let bytes = self.queues.first_mut().map(|queue| queue.bytes(frame, PAYLOAD_AT_U32)).unwrap_or_default();
        bytes.get_mut(..PAYLOAD_MAX).unwrap_or_default()
    }

    /// Sends a datagram whose payload lies in the frame, or parks it, or counts why not.
    #[inline]
    pub(super) fn send(&mut self, frame: u64, draft: &Draft, resolver: &mut Resolver, counters: &mut PortCounters) {
        let Draft { from, to, ttl, len } = *draft;
        let (to_mac, ttl) = if to.ip().is_multicast() {
            // 0 means this host only, and here nobody else on this host can hear it.
            if ttl == 0 {
                return self.refuse(frame, counters);
            }
            (Some(MacAddr::of_group(*to.ip())), ttl)
        } else {
            match self.hop(*to.ip(), resolver) {
                Hop::To(mac) => (Some(mac), UNICAST_TTL),
                Hop::Wait if self.parked.len() < PARKED_MAX => (None, UNICAST_TTL),
                Hop::Wait | Hop::Unreachable => {
                    counters.tx_unresolved += 1;
                    return self.refuse(frame, counters);
                }
            }
        };
        if len + IP_AND_UDP_LEN > self.interface.mtu as usize {
            return self.refuse(frame, counters);
        }
        self.id = self.id.wrapping_add(1);
        let flow = Flow {
            from,
            from_mac: self.station.mac(),
            to,
            to_mac: to_mac.unwrap_or(MacAddr::BROADCAST),
            vlan: self.station.vlan(),
            ttl,
        };
        let (id, at) = (self.id, self.headers_at);
        let Some(queue) = self.queues.first_mut() else { return };
        let Some(len) = flow.write_headers(queue.bytes(frame, at), len, id, TxSums::Ours) else {
            return self.refuse(frame, counters);
        };
        let len = u32::try_from(len).unwrap_or(0);
        if to_mac.is_some() {
            queue.queue(frame, at, len);
        } else {
            self.parked.push(Parked { to: *to.ip(), frame, len });
        }
    }

    /// What was queued goes to the driver.
    #[inline]
    pub(super) fn push_out(&mut self, counters: &mut PortCounters) -> io::Result<()> {
        if let Some(queue) = self.queues.first_mut().filter(|queue| queue.is_unsent()) {
            counters.tx_errors += queue.push_out()?;
        }
        Ok(())
    }

    /// Who is waited for has an address, or none.
    #[cold]
    pub(super) fn told(&mut self, answer: &Answer, now_s: u32, counters: &mut PortCounters) {
        self.neighbours.told(answer.address, answer.mac, now_s);
        self.unpark(answer.address, answer.mac, counters);
    }

    /// Sends what waits for an address, or counts it.
    #[cold]
    pub(super) fn unpark(&mut self, to: Ipv4Addr, mac: Option<MacAddr>, counters: &mut PortCounters) {
        let Self { parked, queues, headers_at, .. } = self;
        let Some(queue) = queues.first_mut() else { return };
        parked.retain(|parked| {
            if parked.to != to {
                return true;
            }
            match (mac, queue.bytes(parked.frame, *headers_at).first_chunk_mut::<6>()) {
                (Some(mac), Some(place)) => {
                    *place = mac.0;
                    queue.queue(parked.frame, *headers_at, parked.len);
                }
                _ => {
                    counters.tx_errors += 1;
                    counters.tx_unresolved += 1;
                    queue.put_back(parked.frame);
                }
            }
            false
        });
    }

    /// Where the next station is on the way to an address; the kernel is asked when it is time to.
    #[inline]
    fn hop(&mut self, to: Ipv4Addr, resolver: &mut Resolver) -> Hop {
        if to.is_unspecified() || to.is_broadcast() || self.station.owns(to) {
            return Hop::Unreachable;
        }
        let found = self.neighbours.look_up(to, resolver.now_s());
        if found.ask {
            resolver.ask(Question { place: self.place, interface: self.interface.index, address: to });
        }
        found.hop
    }

    #[cold]
    fn refuse(&mut self, frame: u64, counters: &mut PortCounters) {
        counters.tx_errors += 1;
        self.put_back(frame);
    }

    /// For people: `eth1, 2 queues, native, zero-copy`.
    pub(super) fn describe(&self) -> String {
        let queues = self.queues.len();
        let plural = if queues == 1 { "" } else { "s" };
        let hook = match (self.hook, &self.why_generic) {
            (Hook::Native, _) => "native".to_owned(),
            (Hook::Generic, None) => "generic".to_owned(),
            (Hook::Generic, Some(why)) => format!("generic (the driver: {why})"),
        };
        let zero_copy = self.queues.iter().all(Queue::is_zero_copy);
        let copies = if zero_copy { "zero-copy" } else { "copy" };
        let vlan = self.station.vlan().map_or(String::new(), |vlan| format!(", VLAN {vlan}"));
        format!("{}{vlan}, {queues} queue{plural}, {hook}, {copies}", self.interface.name)
    }
}

/// A socket on every receive queue: what comes to a queue without one is the kernel's, and lost to us.
fn open_queues(interface: &Interface, options: &XdpOptions) -> Result<Vec<Queue>, Refused> {
    let mut queues = Vec::new();
    for number in 0..interface.receive_queues.max(1) {
        let sends = number == 0;
        let wanted = Wanted {
            interface: interface.device,
            queue: number,
            receive_slots: options.receive_slots,
            // A ring of some length is asked of every socket.
            transmit_slots: if sends { options.transmit_slots } else { TRANSMIT_SLOTS_MIN },
            copy: options.copy,
            busy_poll_us: options.busy_poll_us,
        };
        match patiently(|(_, error)| is_taken(error), || Queue::open(&wanted, options.frame_bytes, sends)) {
            Ok(queue) => queues.push(queue),
            // There are more queues than the driver uses.
            Err((_, error)) if number > 0 && error.raw_os_error() == Some(libc::EINVAL) => break,
            Err(refused) => return Err(refused),
        }
    }
    Ok(queues)
}

fn attach(program: &OwnedFd, device: u32, mode: XdpMode) -> Result<(Attached, Hook, Option<String>), Refused> {
    let attach = |hook| {
        let attached = || bpf::attach(program, device, hook);
        patiently(is_taken, attached).map_err(|error| ("attach the program", error))
    };
    if mode == XdpMode::Generic {
        return attach(Hook::Generic).map(|attached| (attached, Hook::Generic, None));
    }
    match attach(Hook::Native) {
        Ok(attached) => Ok((attached, Hook::Native, None)),
        Err((_, error)) if mode == XdpMode::Auto && !is_taken(&error) && !is_forbidden(&error) => {
            attach(Hook::Generic).map(|attached| (attached, Hook::Generic, Some(error.to_string())))
        }
        Err(refused) => Err(refused),
    }
}

/// Whether somebody else is there.
pub(super) fn is_taken(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EBUSY | libc::EEXIST))
}

/// Whether we may not.
pub(super) fn is_forbidden(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EPERM | libc::EACCES))
}

/// Tries again for a while when somebody else is there. Of a port that is gone, the kernel takes some milliseconds to take
/// apart what it held; and a child that is just being started has what its parent had, until it runs its own program.
pub(super) fn patiently<T, E>(
    is_taken: impl Fn(&E) -> bool,
    mut attempt: impl FnMut() -> Result<T, E>,
) -> Result<T, E> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match attempt() {
            Err(error) if is_taken(&error) && Instant::now() < deadline => std::thread::sleep(Duration::from_millis(2)),
            other => return other,
        }
    }
}

const PATIENCE: Duration = Duration::from_millis(300);
/// Payloads begin at a cache line.
const PAYLOAD_AT: usize = 64;
const PAYLOAD_AT_U32: u32 = 64;
const IP_AND_UDP_LEN: usize = 28;
const UNICAST_TTL: u8 = 64;
/// Datagrams that may wait for hardware addresses; fewer than there are frames to send.
pub(super) const PARKED_MAX: usize = 256;
/// The shortest transmit ring.
const TRANSMIT_SLOTS_MIN: u32 = 2;
