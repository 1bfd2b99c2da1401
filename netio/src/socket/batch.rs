//! The memory of one `recvmmsg` or `sendmmsg`: payloads, addresses and the headers that point at them, made once.
// Why unsafe: the calls themselves, and headers that hold pointers.
#![allow(unsafe_code)]

use std::io;
use std::net::SocketAddrV4;
use std::os::fd::{AsRawFd, BorrowedFd};

use super::endpoint::{from_sockaddr, to_sockaddr};
use crate::port::PAYLOAD_MAX;

pub(super) struct Batch {
    slots: Box<[Slot]>,
    /// Filled anew before each call, so that no pointer is older than the last Rust access to what it points at.
    headers: Box<[libc::mmsghdr]>,
}

struct Slot {
    address: libc::sockaddr_in,
    part: libc::iovec,
    payload: [u8; PAYLOAD_MAX],
}

// SAFETY: the pointers in headers and slots lead only into this batch's own boxes, which move with it.
unsafe impl Send for Batch {}

impl Batch {
    pub(super) fn new(count: usize) -> Self {
        let nowhere = to_sockaddr(SocketAddrV4::new(std::net::Ipv4Addr::UNSPECIFIED, 0));
        let slot = |_| Slot {
            address: nowhere,
            part: libc::iovec { iov_base: std::ptr::null_mut(), iov_len: 0 },
            payload: [0; PAYLOAD_MAX],
        };
        // SAFETY: a header of zeros has null pointers and lengths of 0, all of them valid.
        let empty: libc::mmsghdr = unsafe { std::mem::zeroed() };
        Self { slots: (0..count).map(slot).collect(), headers: vec![empty; count].into_boxed_slice() }
    }

    /// Receives at most `want` datagrams into the first slots, without blocking.
    pub(super) fn receive(&mut self, socket: BorrowedFd<'_>, want: usize) -> io::Result<usize> {
        let want = want.min(self.slots.len());
        for (slot, header) in self.slots.iter_mut().zip(&mut self.headers).take(want) {
            point(header, slot, PAYLOAD_MAX);
        }
        let count = u32::try_from(want).unwrap_or(u32::MAX);
        // SAFETY: the first `want` headers describe memory of our slots, which nothing else touches during the call.
        let got = unsafe {
            libc::recvmmsg(
                socket.as_raw_fd(),
                self.headers.as_mut_ptr(),
                count,
                libc::MSG_DONTWAIT,
                std::ptr::null_mut(),
            )
        };
        usize::try_from(got).map_err(|_| io::Error::last_os_error())
    }

    /// What the last `receive` put into a slot; `None` when it was longer than a payload may be.
    pub(super) fn received(&self, slot: usize) -> Option<(SocketAddrV4, &[u8])> {
        let header = &self.headers[slot];
        if header.msg_hdr.msg_flags & libc::MSG_TRUNC != 0 {
            return None;
        }
        let len = usize::try_from(header.msg_len).map_or(PAYLOAD_MAX, |len| len.min(PAYLOAD_MAX));
        let slot = &self.slots[slot];
        Some((from_sockaddr(&slot.address), &slot.payload[..len]))
    }

    pub(super) fn payload_mut(&mut self, slot: usize) -> &mut [u8] {
        &mut self.slots[slot].payload
    }

    /// Says where a filled slot goes.
    pub(super) fn address(&mut self, slot: usize, to: SocketAddrV4, len: usize) {
        self.slots[slot].address = to_sockaddr(to);
        self.slots[slot].part.iov_len = len;
    }

    /// Makes headers for these slots, in this order, and says how many they are.
    pub(super) fn line_up(&mut self, slots: impl Iterator<Item = usize>) -> usize {
        let mut count = 0;
        for (slot, header) in slots.zip(&mut self.headers) {
            let slot = &mut self.slots[slot];
            point(header, slot, slot.part.iov_len);
            count += 1;
        }
        count
    }

    /// Sends the first `count` that were lined up, without blocking, and says how many went.
    pub(super) fn send(&mut self, socket: BorrowedFd<'_>, count: usize) -> io::Result<usize> {
        let count = u32::try_from(count.min(self.headers.len())).unwrap_or(u32::MAX);
        // SAFETY: the first `count` headers describe memory of our slots, which nothing writes during the call.
        let sent = unsafe { libc::sendmmsg(socket.as_raw_fd(), self.headers.as_mut_ptr(), count, libc::MSG_DONTWAIT) };
        usize::try_from(sent).map_err(|_| io::Error::last_os_error())
    }
}

impl std::fmt::Debug for Batch {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Batch").field("slots", &self.slots.len()).finish_non_exhaustive()
    }
}

fn point(header: &mut libc::mmsghdr, slot: &mut Slot, len: usize) {
    slot.part = libc::iovec { iov_base: slot.payload.as_mut_ptr().cast(), iov_len: len };
    header.msg_hdr.msg_name = std::ptr::from_mut(&mut slot.address).cast();
    header.msg_hdr.msg_namelen = SOCKADDR_LEN;
    header.msg_hdr.msg_iov = &raw mut slot.part;
    header.msg_hdr.msg_iovlen = 1;
    header.msg_hdr.msg_flags = 0;
    header.msg_len = 0;
}

#[allow(clippy::cast_possible_truncation, reason = "16")]
const SOCKADDR_LEN: libc::socklen_t = size_of::<libc::sockaddr_in>() as libc::socklen_t;
