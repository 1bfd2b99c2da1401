//! The plain port: UDP sockets, `recvmmsg` and `sendmmsg`. Works on every Linux; what [`crate::uring`] is measured
//! against, and what takes its place where io_uring is forbidden.
//!
//! Each poll costs a system call an endpoint, also when nothing is there.

mod batch;
pub(crate) mod endpoint;

use std::io;
use std::net::SocketAddrV4;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::time::TimeSpec;

use self::batch::Batch;
use crate::port::{Endpoint, EndpointIndex, Outgoing, PAYLOAD_MAX, Port, PortCounters, PortError, Received};

/// See the module.
#[derive(Debug)]
pub struct SocketPort {
    sockets: Vec<(OwnedFd, SocketAddrV4)>,
    receive: Batch,
    /// Where the next receive begins, so that one busy endpoint cannot starve the others.
    first: usize,
    send: Batch,
    /// The endpoint of each filled send slot; `None` once it is on its way.
    pending: Vec<Option<EndpointIndex>>,
    counters: PortCounters,
}

impl SocketPort {
    /// Opens and binds every endpoint.
    ///
    /// # Errors
    ///
    /// [`PortError::Endpoint`] names the one that cannot be had, and why.
    pub fn open(endpoints: &[Endpoint]) -> Result<Self, PortError> {
        Ok(Self {
            sockets: endpoint::open_all(endpoints)?,
            receive: Batch::new(BATCH),
            first: 0,
            send: Batch::new(BATCH),
            pending: Vec::with_capacity(BATCH),
            counters: PortCounters::default(),
        })
    }

    /// Sends what is pending, endpoint by endpoint, so that each needs one call. Stops at an endpoint whose buffer is full.
    fn push_out(&mut self) -> Result<(), PortError> {
        for (index, (socket, _)) in (0..=u8::MAX).zip(&self.sockets) {
            let endpoint = Some(EndpointIndex(index));
            loop {
                let ours = self.pending.iter().enumerate().filter(|(_, owner)| **owner == endpoint);
                let count = self.send.line_up(ours.map(|(slot, _)| slot));
                if count == 0 {
                    break;
                }
                let (done, refused) = match self.send.send(socket.as_fd(), count) {
                    Ok(sent) => (sent, false),
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                    Err(source) if is_fatal(&source) => return Err(PortError::Broken { action: "sendmmsg", source }),
                    Err(_) => (1, true),
                };
                self.counters.tx_errors += u64::from(refused);
                let ours = self.pending.iter_mut().filter(|owner| **owner == endpoint);
                ours.take(done).for_each(|owner| *owner = None);
            }
        }
        if self.pending.iter().all(Option::is_none) {
            self.pending.clear();
        }
        Ok(())
    }
}

impl Port for SocketPort {
    fn receive(&mut self, max: usize, mut sink: impl FnMut(Received<'_>)) -> Result<usize, PortError> {
        if !self.pending.is_empty() {
            self.push_out()?;
        }
        // Counts also what is dropped, so that a flood of oversized datagrams does not hold the caller here.
        let mut looked_at = 0;
        let mut handed = 0;
        let count = self.sockets.len();
        self.first = (self.first + 1) % count;
        for turn in 0..count {
            let index = (self.first + turn) % count;
            // An EndpointIndex can name every socket: checked at `open`.
            let endpoint = EndpointIndex(u8::try_from(index).unwrap_or(u8::MAX));
            while looked_at < max {
                let want = BATCH.min(max - looked_at);
                let got = match self.receive.receive(self.sockets[index].0.as_fd(), want) {
                    Ok(got) => got,
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                    Err(source) if is_fatal(&source) => return Err(PortError::Broken { action: "recvmmsg", source }),
                    Err(_) => {
                        self.counters.rx_errors += 1;
                        break;
                    }
                };
                looked_at += got;
                for slot in 0..got {
                    match self.receive.received(slot) {
                        Some((from, payload)) => {
                            self.counters.rx_datagrams += 1;
                            self.counters.rx_bytes += payload.len() as u64;
                            sink(Received { endpoint, from, payload, timestamp: None });
                            handed += 1;
                        }
                        None => self.counters.rx_truncated += 1,
                    }
                }
                if got < want {
                    break;
                }
            }
        }
        Ok(handed)
    }

    fn send(&mut self, max: usize, mut fill: impl FnMut(&mut [u8]) -> Option<Outgoing>) -> Result<usize, PortError> {
        let mut taken = 0;
        while taken < max {
            if self.pending.len() == BATCH {
                self.push_out()?;
                if self.pending.len() == BATCH {
                    self.counters.tx_no_room += 1;
                    break;
                }
            }
            let slot = self.pending.len();
            let Some(Outgoing { endpoint, to, len }) = fill(self.send.payload_mut(slot)) else { break };
            taken += 1;
            self.counters.tx_datagrams += 1;
            if len > PAYLOAD_MAX || usize::from(endpoint.0) >= self.sockets.len() {
                self.counters.tx_errors += 1;
                continue;
            }
            self.counters.tx_bytes += len as u64;
            self.send.address(slot, to, len);
            self.pending.push(Some(endpoint));
        }
        self.flush()?;
        Ok(taken)
    }

    fn flush(&mut self) -> Result<(), PortError> {
        if self.pending.is_empty() { Ok(()) } else { self.push_out() }
    }

    fn local_addr(&self, endpoint: EndpointIndex) -> SocketAddrV4 {
        self.sockets[usize::from(endpoint.0)].1
    }

    fn counters(&self) -> PortCounters {
        self.counters
    }

    fn wait(&mut self, timeout: Duration) {
        // Called off the hot path, so a list may be made.
        let mut all: Vec<PollFd<'_>> =
            self.sockets.iter().map(|(socket, _)| PollFd::new(socket.as_fd(), PollFlags::POLLIN)).collect();
        wait_for_any(&mut all, timeout);
    }
}

/// Returns when one of them has something, or after `timeout`.
pub(crate) fn wait_for_any(all: &mut [PollFd<'_>], timeout: Duration) {
    // An interrupted wait is a short one, which `wait` may be.
    let _ = ppoll(all, Some(TimeSpec::from(timeout)), None);
}

/// Whether the socket itself is gone or misused, as opposed to one datagram having failed.
pub(crate) fn is_fatal(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EBADF | libc::ENOTSOCK | libc::ENOSYS))
}

/// Datagrams a system call moves at most.
const BATCH: usize = 64;
