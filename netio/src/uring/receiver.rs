//! The receiving half: a multishot `recvmsg` for each endpoint, kept armed.
// Why unsafe: submissions name memory and descriptors that must outlive them, and completions name buffers.
#![allow(unsafe_code)]

use std::net::{Ipv4Addr, SocketAddrV4};
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::time::Duration;

use io_uring::types::{Fd, Fixed, RecvMsgOut};
use io_uring::{cqueue, opcode};

use super::How;
use super::buffers::{ADDRESS_BYTES, Buffers, CONTROL_BYTES};
use super::options::UringOptions;
use super::queue::{Queue, broken};
use crate::port::{EndpointIndex, PortCounters, PortError, Received};
use crate::socket::{endpoint, is_fatal};

pub(super) struct Receiver {
    queue: Queue,
    buffers: Buffers,
    /// Tells the kernel how much room to leave for the sender's address. It copies this when a request is submitted; boxed,
    /// so that it keeps its place until then.
    shape: Box<libc::msghdr>,
    endpoints: Vec<Armed>,
    armed: usize,
    /// The kernel polls the card for us, when we call it.
    has_napi: bool,
}

#[derive(Debug)]
struct Armed {
    socket: RawFd,
    is_armed: bool,
}

// SAFETY: the pointers of `shape` are null, and only one thread uses a receiver at a time.
unsafe impl Send for Receiver {}

impl Receiver {
    pub(super) fn new(
        sockets: &[(OwnedFd, SocketAddrV4)],
        options: &UringOptions,
        how: &mut How,
    ) -> Result<Self, PortError> {
        let buffers = options.receive_buffers;
        if !buffers.is_power_of_two() || buffers > BUFFERS_MAX {
            let found = usize::from(buffers);
            return Err(PortError::Limit { what: "receive buffers", expected: "a power of two up to 32768", found });
        }
        // Every buffer can be filled, and every endpoint's request can end, before we look.
        let completions = u32::from(buffers) + SOCKETS_MAX;
        let mut queue = Queue::new(SOCKETS_MAX, completions.next_power_of_two(), options, None, how)?;
        let stamped = options.timestamps
            && how.note("timestamps", sockets.iter().try_for_each(|(socket, _)| endpoint::stamp_arrivals(socket)));
        let control = if stamped { CONTROL_BYTES } else { 0 };
        let buffers = Buffers::register(queue.ring(), GROUP, buffers, control)?;
        let files: Vec<RawFd> = sockets.iter().map(|(socket, _)| socket.as_raw_fd()).collect();
        queue.fix_files(&files, options, how);
        let has_napi = options.napi_busy_poll_us > 0
            && how.note("NAPI busy poll", queue.poll_card(options.napi_busy_poll_us))
            && !queue.has_sqpoll();
        // SAFETY: a header of zeros has null pointers and lengths of 0, all of them valid.
        let mut shape: Box<libc::msghdr> = Box::new(unsafe { std::mem::zeroed() });
        shape.msg_namelen = libc::socklen_t::try_from(ADDRESS_BYTES).unwrap_or_default();
        shape.msg_controllen = control;
        let endpoints = files.iter().map(|&socket| Armed { socket, is_armed: false }).collect();
        Ok(Self { queue, buffers, shape, endpoints, armed: 0, has_napi })
    }

    /// The ring, for one that shares its thread.
    pub(super) const fn queue(&self) -> &Queue {
        &self.queue
    }

    pub(super) fn receive(
        &mut self,
        max: usize,
        mut sink: impl FnMut(Received<'_>),
        counters: &mut PortCounters,
    ) -> Result<usize, PortError> {
        if self.armed < self.endpoints.len() {
            self.arm()?;
        }
        if self.queue.completions().is_empty() {
            if self.queue.wants_enter() {
                self.queue.enter()?;
            } else if self.has_napi {
                // The kernel looks at the card only while somebody waits, though it be for no time.
                self.queue.enter_and_wait(Duration::ZERO)?;
            } else {
                return Ok(0);
            }
        }
        let mut handed = 0;
        let mut gave = false;
        let mut fatal = None;
        for entry in self.queue.completions().take(max) {
            let endpoint = EndpointIndex(tag_endpoint(entry.user_data()));
            if !cqueue::more(entry.flags())
                && let Some(state) = self.endpoints.get_mut(usize::from(endpoint.0))
            {
                self.armed -= usize::from(state.is_armed);
                state.is_armed = false;
            }
            let Ok(len) = usize::try_from(entry.result()) else {
                let error = std::io::Error::from_raw_os_error(-entry.result());
                match error.raw_os_error() {
                    Some(libc::ENOBUFS) => counters.rx_no_buffer += 1,
                    // The thread that armed it has ended; the next one arms again, or is told that it may not.
                    Some(libc::ECANCELED) => {}
                    _ if is_fatal(&error) => fatal = Some(error),
                    _ => counters.rx_errors += 1,
                }
                continue;
            };
            let Some(id) = cqueue::buffer_select(entry.flags()) else {
                counters.rx_errors += 1;
                continue;
            };
            // SAFETY: this completion hands us the buffer, and it is given back below, after its last use.
            let filled = unsafe { self.buffers.filled(id, len) };
            match RecvMsgOut::parse(filled, &self.shape) {
                Ok(message) if message.is_payload_truncated() => counters.rx_truncated += 1,
                Ok(message) => match sender_address(message.name_data()) {
                    Some(from) => {
                        let payload = message.payload_data();
                        counters.rx_datagrams += 1;
                        counters.rx_bytes += payload.len() as u64;
                        handed += 1;
                        let timestamp = time_of_arrival(message.control_data());
                        sink(Received { endpoint, from, payload, timestamp });
                    }
                    None => counters.rx_errors += 1,
                },
                Err(()) => counters.rx_errors += 1,
            }
            self.buffers.give(id);
            gave = true;
        }
        if gave {
            self.buffers.publish();
        }
        if let Some(source) = fatal {
            return Err(broken("receiving by io_uring", source));
        }
        if self.armed < self.endpoints.len() {
            self.arm()?;
        }
        Ok(handed)
    }

    pub(super) fn wait(&mut self, timeout: Duration) -> Result<(), PortError> {
        if self.armed < self.endpoints.len() {
            self.arm()?;
        }
        if self.queue.completions().is_empty() { self.queue.enter_and_wait(timeout) } else { Ok(()) }
    }

    /// Arms every endpoint that is not, whether for the first time or because its request has ended (no buffers, an empty
    /// datagram, an error). What arrived meanwhile waits in the socket.
    #[cold]
    fn arm(&mut self) -> Result<(), PortError> {
        self.queue.start()?;
        let shape: *const libc::msghdr = &raw const *self.shape;
        let fixed = self.queue.has_fixed_files();
        for (index, state) in (0_u32..).zip(&mut self.endpoints) {
            if state.is_armed {
                continue;
            }
            let request = if fixed {
                opcode::RecvMsgMulti::new(Fixed(index), shape, GROUP).build()
            } else {
                opcode::RecvMsgMulti::new(Fd(state.socket), shape, GROUP).build()
            };
            let request = request.user_data(u64::from(index));
            // SAFETY: the port closes the socket, and frees the buffers, only after `drop` has withdrawn the request.
            if unsafe { self.queue.submissions().push(&request) }.is_err() {
                break;
            }
            state.is_armed = true;
            self.armed += 1;
        }
        self.queue.enter()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        let Self { queue, endpoints, armed, .. } = self;
        let withdrawn = *armed == 0
            || queue.withdraw(|tag, is_last| {
                if let Some(state) = endpoints.get_mut(usize::from(tag_endpoint(tag))) {
                    *armed -= usize::from(is_last && state.is_armed);
                    state.is_armed &= !is_last;
                }
                *armed == 0
            });
        if !withdrawn {
            self.buffers.leak();
        }
        self.queue.release_files();
    }
}

impl std::fmt::Debug for Receiver {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { queue, buffers, endpoints, .. } = self;
        out.debug_struct("Receiver")
            .field("queue", queue)
            .field("buffers", buffers)
            .field("endpoints", endpoints)
            .finish()
    }
}

/// From the bytes of a `sockaddr_in`: family 2, port 2, address 4, padding 8.
fn sender_address(name: &[u8]) -> Option<SocketAddrV4> {
    let [_, _, p0, p1, a, b, c, d, ..] = *name else { return None };
    Some(SocketAddrV4::new(Ipv4Addr::new(a, b, c, d), u16::from_be_bytes([p0, p1])))
}

/// From a control message: length 8, level 4, type 4, seconds 8, nanoseconds 8, all as this machine has them.
#[inline]
fn time_of_arrival(control: &[u8]) -> Option<u64> {
    let (head, time) = control.split_first_chunk::<16>()?;
    let (seconds, nanoseconds) = time.split_first_chunk::<8>()?;
    let nanoseconds = nanoseconds.first_chunk::<8>()?;
    let [_, _, _, _, _, _, _, _, level @ .., t0, t1, t2, t3] = *head;
    let of = (i32::from_ne_bytes(level), i32::from_ne_bytes([t0, t1, t2, t3]));
    let seconds = u64::try_from(i64::from_ne_bytes(*seconds)).ok()?;
    let nanoseconds = u64::try_from(i64::from_ne_bytes(*nanoseconds)).ok()?;
    (of == (libc::SOL_SOCKET, libc::SCM_TIMESTAMPNS)).then(|| seconds.saturating_mul(1_000_000_000) + nanoseconds)
}

/// Requests are tagged with their endpoint.
#[allow(clippy::cast_possible_truncation, reason = "we made the tag from an endpoint's index")]
const fn tag_endpoint(tag: u64) -> u8 {
    tag as u8
}

const GROUP: u16 = 0;
const SOCKETS_MAX: u32 = 256;
const BUFFERS_MAX: u16 = 1 << 15;
