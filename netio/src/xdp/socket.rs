//! System calls on an AF_XDP socket: made, given its memory and rings, bound to a receive queue, woken, asked.
// Why unsafe: socket options and addresses that no safe binding knows.
#![allow(unsafe_code)]

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use super::frames::Frames;
use super::ring::{Consumer, Descriptor, Place, Producer};

/// A bound socket and its rings.
#[derive(Debug)]
pub(super) struct Opened {
    pub fd: OwnedFd,
    pub fill: Producer<u64>,
    pub receive: Consumer<Descriptor>,
    pub transmit: Producer<Descriptor>,
    pub completion: Consumer<u64>,
    /// Whether the driver reads and writes the frames themselves, without a copy.
    pub zero_copy: bool,
}

/// What a socket is to be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted {
    pub interface: u32,
    pub queue: u32,
    /// Slots of the fill and receive rings.
    pub receive_slots: u32,
    /// Slots of the transmit and completion rings.
    pub transmit_slots: u32,
    /// Never let the driver have the frames.
    pub copy: bool,
    /// Poll the driver for this long in each call; 0: let it interrupt.
    pub busy_poll_us: u32,
}

/// Opens a socket on a receive queue. `prepare` gets the fill ring before the kernel sees the socket.
pub(super) fn open(
    wanted: &Wanted,
    frames: &Frames,
    prepare: impl FnOnce(&mut Producer<u64>),
) -> Result<Opened, (&'static str, io::Error)> {
    let fd = new_socket().map_err(|error| ("open an AF_XDP socket", error))?;
    let sized = |option, slots: u32| set(&fd, libc::SOL_XDP, option, &slots).map_err(|error| ("make a ring", error));
    let registration = libc::xdp_umem_reg {
        addr: frames.address(),
        len: frames.len() as u64,
        chunk_size: frames.frame_bytes(),
        headroom: 0,
        flags: 0,
        tx_metadata_len: 0,
    };
    set(&fd, libc::SOL_XDP, libc::XDP_UMEM_REG, &registration).map_err(|error| ("register memory", error))?;
    sized(libc::XDP_UMEM_FILL_RING, wanted.receive_slots)?;
    sized(libc::XDP_UMEM_COMPLETION_RING, wanted.transmit_slots)?;
    sized(libc::XDP_RX_RING, wanted.receive_slots)?;
    sized(libc::XDP_TX_RING, wanted.transmit_slots)?;
    let offsets: libc::xdp_mmap_offsets =
        get(&fd, libc::XDP_MMAP_OFFSETS).map_err(|error| ("ask where the rings are", error))?;
    let place = |map_at, offsets| Place { map_at, offsets };
    let mapped = |error| ("map a ring", error);
    let (receive_slots, transmit_slots) = (wanted.receive_slots, wanted.transmit_slots);
    let mut fill = Producer::map(&fd, &place(FILL_AT, offsets.fr), receive_slots).map_err(mapped)?;
    let completion = Consumer::map(&fd, &place(COMPLETION_AT, offsets.cr), transmit_slots).map_err(mapped)?;
    let receive = Consumer::map(&fd, &place(libc::XDP_PGOFF_RX_RING, offsets.rx), receive_slots).map_err(mapped)?;
    let transmit = Producer::map(&fd, &place(libc::XDP_PGOFF_TX_RING, offsets.tx), transmit_slots).map_err(mapped)?;
    prepare(&mut fill);
    if wanted.busy_poll_us > 0 {
        let busy =
            |option, value: u32| set(&fd, libc::SOL_SOCKET, option, &value).map_err(|error| ("busy-poll", error));
        busy(libc::SO_PREFER_BUSY_POLL, 1)?;
        busy(libc::SO_BUSY_POLL, wanted.busy_poll_us)?;
        busy(libc::SO_BUSY_POLL_BUDGET, BUSY_POLL_BUDGET)?;
    }
    // Without a word on copying the kernel tries without, then with.
    let flags = libc::XDP_USE_NEED_WAKEUP | if wanted.copy { libc::XDP_COPY } else { 0 };
    bind(&fd, wanted, flags).map_err(|error| ("bind to the receive queue", error))?;
    let options: libc::xdp_options = get(&fd, libc::XDP_OPTIONS).map_err(|error| ("ask for the mode", error))?;
    let zero_copy = options.flags & libc::XDP_OPTIONS_ZEROCOPY != 0;
    Ok(Opened { fd, fill, receive, transmit, completion, zero_copy })
}

/// Tells the driver that there is something to send.
pub(super) fn wake_sender(fd: &OwnedFd) -> io::Result<()> {
    // SAFETY: nothing is read or written: no memory, no address.
    let result = unsafe { libc::sendto(fd.as_raw_fd(), std::ptr::null(), 0, libc::MSG_DONTWAIT, std::ptr::null(), 0) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Tells the driver that there are frames to receive into; with busy polling, has it look for some.
pub(super) fn wake_receiver(fd: &OwnedFd) -> io::Result<()> {
    let (nothing, no_address) = (std::ptr::null_mut(), std::ptr::null_mut());
    // SAFETY: nothing is read or written: no memory, no address.
    let result =
        unsafe { libc::recvfrom(fd.as_raw_fd(), nothing, 0, libc::MSG_DONTWAIT, no_address, std::ptr::null_mut()) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// What was lost before it came to our ring.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Lost {
    /// Frames for us.
    pub frames: u64,
    /// How often there was no frame to receive into.
    pub no_frame: u64,
}

/// Asks what was lost since the socket was opened.
pub(super) fn lost(fd: &OwnedFd) -> io::Result<Lost> {
    let found: libc::xdp_statistics = get(fd, libc::XDP_STATISTICS)?;
    let frames = found.rx_dropped + found.rx_ring_full + found.rx_invalid_descs;
    Ok(Lost { frames, no_frame: found.rx_fill_ring_empty_descs })
}

fn new_socket() -> io::Result<OwnedFd> {
    // SAFETY: makes a descriptor, and nothing else.
    let fd = unsafe { libc::socket(libc::AF_XDP, libc::SOCK_RAW | libc::SOCK_CLOEXEC, 0) };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the kernel has just made it for us.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "44, and a structure of 16 bytes")]
fn bind(fd: &OwnedFd, wanted: &Wanted, flags: u16) -> io::Result<()> {
    let address = libc::sockaddr_xdp {
        sxdp_family: libc::AF_XDP as u16,
        sxdp_flags: flags,
        sxdp_ifindex: wanted.interface,
        sxdp_queue_id: wanted.queue,
        sxdp_shared_umem_fd: 0,
    };
    let len = size_of::<libc::sockaddr_xdp>() as libc::socklen_t;
    // SAFETY: the pointer and the length describe `address`, which the kernel only reads.
    let result = unsafe { libc::bind(fd.as_raw_fd(), (&raw const address).cast(), len) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

fn set<T: Copy>(fd: &OwnedFd, level: libc::c_int, option: libc::c_int, value: &T) -> io::Result<()> {
    let len = libc::socklen_t::try_from(size_of::<T>()).unwrap_or(libc::socklen_t::MAX);
    // SAFETY: the pointer and the length describe `value`, which the kernel only reads; it checks the rest. Memory that
    // a registration names is the caller's to keep.
    let result = unsafe { libc::setsockopt(fd.as_raw_fd(), level, option, std::ptr::from_ref(value).cast(), len) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// `T` is a C structure of integers, as all that this module asks for.
fn get<T: Copy>(fd: &OwnedFd, option: libc::c_int) -> io::Result<T> {
    // SAFETY: zeros are a value of a structure of integers.
    let mut value: T = unsafe { std::mem::zeroed() };
    let mut len = libc::socklen_t::try_from(size_of::<T>()).unwrap_or(0);
    let to = (&raw mut value).cast();
    // SAFETY: the kernel writes at most `len` bytes to `value`, and leaves integers.
    let result = unsafe { libc::getsockopt(fd.as_raw_fd(), libc::SOL_XDP, option, to, &raw mut len) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(value) }
}

const FILL_AT: libc::off_t = libc::XDP_UMEM_PGOFF_FILL_RING.cast_signed();
const COMPLETION_AT: libc::off_t = libc::XDP_UMEM_PGOFF_COMPLETION_RING.cast_signed();
/// Frames that the driver handles at most in a call that polls it.
const BUSY_POLL_BUDGET: u32 = 64;
