//! The sending half: slots that the kernel reads from, one submission a burst.
// Why unsafe: the kernel reads slots by pointer while they are on their way.
#![allow(unsafe_code)]

use std::cell::UnsafeCell;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::os::fd::{AsRawFd, OwnedFd, RawFd};

use io_uring::opcode;
use io_uring::types::{Fd, Fixed};

use super::How;
use super::options::UringOptions;
use super::queue::{Queue, broken};
use super::receiver::Receiver;
use crate::port::{Outgoing, PAYLOAD_MAX, PortCounters, PortError};
use crate::socket::endpoint::to_sockaddr;
use crate::socket::is_fatal;

pub(super) struct Sender {
    queue: Queue,
    slots: Box<[UnsafeCell<Slot>]>,
    /// Slots that are not in the kernel; the one freed last is used first, while it is in the cache.
    free: Vec<u16>,
    sockets: Vec<RawFd>,
}

struct Slot {
    address: libc::sockaddr_in,
    payload: [u8; PAYLOAD_MAX],
}

// SAFETY: what the kernel was told of lies in the slots, which do not move; one thread uses a sender at a time.
unsafe impl Send for Sender {}

impl Sender {
    /// One that shares the kernel's polling thread, where there is one, with `receiver`.
    pub(super) fn new(
        sockets: &[(OwnedFd, SocketAddrV4)],
        options: &UringOptions,
        receiver: &Receiver,
        how: &mut How,
    ) -> Result<Self, PortError> {
        let slots = options.send_slots;
        if !slots.is_power_of_two() || slots > SLOTS_MAX {
            let found = usize::from(slots);
            return Err(PortError::Limit { what: "send slots", expected: "a power of two up to 16384", found });
        }
        let beside = Some(receiver.queue());
        let mut queue = Queue::new(u32::from(slots), u32::from(slots) * 2, options, beside, how)?;
        let nowhere = SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 0);
        let slot = |_| UnsafeCell::new(Slot { address: to_sockaddr(nowhere), payload: [0; PAYLOAD_MAX] });
        let sockets: Vec<RawFd> = sockets.iter().map(|(socket, _)| socket.as_raw_fd()).collect();
        queue.fix_files(&sockets, options, how);
        Ok(Self { queue, slots: (0..slots).map(slot).collect(), free: (0..slots).rev().collect(), sockets })
    }

    pub(super) fn send(
        &mut self,
        max: usize,
        mut fill: impl FnMut(&mut [u8]) -> Option<Outgoing>,
        counters: &mut PortCounters,
    ) -> Result<usize, PortError> {
        let mut taken = 0;
        while taken < max {
            if self.free.is_empty() {
                self.push_out(counters)?;
            }
            let Some(&id) = self.free.last() else {
                counters.tx_no_room += 1;
                break;
            };
            // SAFETY: a free slot is not in the kernel, and this is the only reference into it.
            let slot = unsafe { &mut *self.slots[usize::from(id)].get() };
            let Some(Outgoing { endpoint, to, len }) = fill(&mut slot.payload) else { break };
            taken += 1;
            counters.tx_datagrams += 1;
            let Some(&socket) = self.sockets.get(usize::from(endpoint.0)).filter(|_| len <= PAYLOAD_MAX) else {
                counters.tx_errors += 1;
                continue;
            };
            counters.tx_bytes += len as u64;
            slot.address = to_sockaddr(to);
            let (address, payload) = ((&raw const slot.address).cast(), slot.payload.as_ptr());
            // Below 2^16: a payload is not longer.
            let len = u32::try_from(len).unwrap_or_default();
            let request = if self.queue.has_fixed_files() {
                let socket = Fixed(u32::from(endpoint.0));
                opcode::Send::new(socket, payload, len).dest_addr(address).dest_addr_len(SOCKADDR_LEN).build()
            } else {
                opcode::Send::new(Fd(socket), payload, len).dest_addr(address).dest_addr_len(SOCKADDR_LEN).build()
            };
            let request = request.user_data(u64::from(id));
            // SAFETY: the slot stays as it is until its completion frees it; the sockets are closed after `drop`, which
            // waits for that.
            let pushed = unsafe { self.queue.submissions().push(&request) };
            // There are as many submissions as slots, so there is room; if not, the datagram is not lost silently.
            if pushed.is_err() {
                counters.tx_errors += 1;
                continue;
            }
            self.free.pop();
        }
        if self.is_busy() {
            self.push_out(counters)?;
        }
        Ok(taken)
    }

    /// Whether something is in the kernel, or should be.
    #[inline]
    pub(super) fn is_busy(&self) -> bool {
        self.free.len() < self.slots.len()
    }

    /// Submits what was queued and frees the slots of what has left.
    pub(super) fn push_out(&mut self, counters: &mut PortCounters) -> Result<(), PortError> {
        if !self.is_busy() {
            return Ok(());
        }
        self.queue.start()?;
        if self.queue.wants_enter() {
            self.queue.enter()?;
        }
        let mut fatal = None;
        for entry in self.queue.completions() {
            // There are at most as many completions as slots: the list never grows.
            self.free.push(tag_slot(entry.user_data()));
            if entry.result() < 0 {
                counters.tx_errors += 1;
                let error = std::io::Error::from_raw_os_error(-entry.result());
                if is_fatal(&error) {
                    fatal = Some(error);
                }
            }
        }
        fatal.map_or(Ok(()), |source| Err(broken("sending by io_uring", source)))
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        // What was taken is sent, if the socket has room for it: a last word, such as a log-out, gets out.
        let _ = self.push_out(&mut PortCounters::default());
        let all = self.slots.len();
        let Self { queue, free, .. } = self;
        let withdrawn = free.len() == all
            || queue.withdraw(|tag, _| {
                free.push(tag_slot(tag));
                free.len() == all
            });
        if !withdrawn {
            std::mem::forget(std::mem::take(&mut self.slots));
        }
        self.queue.release_files();
    }
}

impl std::fmt::Debug for Sender {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Sender")
            .field("slots", &self.slots.len())
            .field("free", &self.free.len())
            .finish_non_exhaustive()
    }
}

/// Requests are tagged with their slot.
#[allow(clippy::cast_possible_truncation, reason = "we made the tag from a slot's number")]
const fn tag_slot(tag: u64) -> u16 {
    tag as u16
}

const SLOTS_MAX: u16 = 1 << 14;
#[allow(clippy::cast_possible_truncation, reason = "16")]
const SOCKADDR_LEN: libc::socklen_t = size_of::<libc::sockaddr_in>() as libc::socklen_t;
