//! One receive queue of a device: its socket, its frames, and who has which of them.
//!
//! ```text
//!  frames 0 … receive_slots - 1   go round: fill ring, driver, receive ring, us, fill ring
//!  frames after that              go round: free, us, transmit ring, driver, completion ring, free
//! ```
//!
//! Rings are as long as there are frames to go round in them, so there is always room to give one back.
// Why unsafe: frames are lent by the kernel, which the borrow checker cannot see.
#![allow(unsafe_code)]

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use super::frames::Frames;
use super::ring::Descriptor;
use super::socket::{self, Opened, Wanted};

#[derive(Debug)]
pub(super) struct Queue {
    // Before the frames: closed while they are still there.
    socket: Opened,
    frames: Frames,
    /// Frames that are neither the kernel's nor being filled; the one that came back last is used first, while it is in
    /// the cache.
    free: Vec<u64>,
    /// Whether the kernel has not taken everything from the transmit ring, as far as we know.
    is_unsent: bool,
    busy_polls: bool,
}

/// A queue that could not be opened: what was tried, and what the system said.
pub(super) type Refused = (&'static str, io::Error);

impl Queue {
    /// Opens a queue that receives, and sends when there are transmit slots for more than form's sake.
    pub(super) fn open(wanted: &Wanted, frame_bytes: u32, sends: bool) -> Result<Self, Refused> {
        let frames = wanted.receive_slots + if sends { wanted.transmit_slots } else { 0 };
        let memory = |error| ("take memory for frames", io::Error::new(io::ErrorKind::OutOfMemory, error));
        let mut frames = Frames::new(frames, frame_bytes).map_err(memory)?;
        let number = |index: u32| u64::from(index) * u64::from(frame_bytes);
        let socket = socket::open(wanted, &frames, |fill| {
            let room = fill.room(wanted.receive_slots);
            (0..wanted.receive_slots.min(room)).for_each(|index| fill.push(number(index)));
            fill.publish();
        })?;
        if socket.zero_copy {
            frames.keep_for_good();
        }
        let sending = wanted.receive_slots..wanted.receive_slots + if sends { wanted.transmit_slots } else { 0 };
        Ok(Self {
            socket,
            frames,
            free: sending.rev().map(number).collect(),
            is_unsent: false,
            busy_polls: wanted.busy_poll_us > 0,
        })
    }

    pub(super) const fn socket(&self) -> &OwnedFd {
        &self.socket.fd
    }

    pub(super) fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.fd.as_fd()
    }

    pub(super) const fn is_zero_copy(&self) -> bool {
        self.socket.zero_copy
    }

    /// Hands at most `max` received frames to `each`, and takes them back; how many there were.
    #[inline]
    pub(super) fn receive(&mut self, max: u32, mut each: impl FnMut(&[u8])) -> io::Result<u32> {
        let Self { socket, frames, .. } = self;
        let count = socket.receive.ready().min(max);
        if count == 0 {
            if self.busy_polls || socket.fill.wants_wakeup() {
                return self.wake_receiver().map(|()| 0);
            }
            return Ok(0);
        }
        // There are as many slots as frames go round.
        let count = count.min(socket.fill.room(count));
        for _ in 0..count {
            let Descriptor { address, len, .. } = socket.receive.take();
            // SAFETY: the kernel has put the frame into the receive ring, so it is ours until the fill ring has it again;
            // the reference ends with this turn.
            if let Some(frame) = unsafe { frames.filled(address, len) } {
                each(frame);
            }
            socket.fill.push(frames.frame_of(address));
        }
        socket.receive.release();
        socket.fill.publish();
        if socket.fill.wants_wakeup() {
            self.wake_receiver()?;
        }
        Ok(count)
    }

    /// A frame to write into: give it to [`queue`](Self::queue) or [`put_back`](Self::put_back). `None` while all are on
    /// their way.
    #[inline]
    pub(super) fn take(&mut self) -> Option<u64> {
        if self.free.is_empty() {
            self.reclaim();
        }
        self.free.pop()
    }

    /// Takes back frames that were sent.
    #[inline]
    pub(super) fn reclaim(&mut self) {
        let Self { socket, frames, free, .. } = self;
        let count = socket.completion.ready();
        for _ in 0..count {
            // There are at most as many as go round: the list never grows.
            free.push(frames.frame_of(socket.completion.take()));
        }
        if count > 0 {
            socket.completion.release();
        }
    }

    #[inline]
    pub(super) fn put_back(&mut self, frame: u64) {
        self.free.push(frame);
    }

    /// The bytes of a frame that was taken, from `at` on.
    #[inline]
    pub(super) fn bytes(&mut self, frame: u64, at: u32) -> &mut [u8] {
        let len = self.frames.frame_bytes() - at;
        // SAFETY: a frame that was taken is neither the kernel's nor anybody's else; the result borrows this only owner.
        unsafe { self.frames.writable(frame + u64::from(at), len) }.unwrap_or_default()
    }

    /// Sends `len` bytes of a frame that was taken, from `at` on. The kernel is told by [`push_out`](Self::push_out).
    #[inline]
    pub(super) fn queue(&mut self, frame: u64, at: u32, len: u32) {
        // There are as many slots as frames go round; were there none, the frame is not lost.
        if self.socket.transmit.room(1) == 0 {
            return self.free.push(frame);
        }
        self.socket.transmit.push(Descriptor { address: frame + u64::from(at), len, options: 0 });
        self.is_unsent = true;
    }

    #[inline]
    pub(super) const fn is_unsent(&self) -> bool {
        self.is_unsent
    }

    /// Tells the kernel of what was queued, and wakes the driver if it must be. How many frames were refused meanwhile.
    pub(super) fn push_out(&mut self) -> io::Result<u64> {
        self.socket.transmit.publish();
        let mut refused = 0;
        let mut left = self.socket.transmit.left();
        // Where frames are copied, a call moves a bounded number of them. One that moves none would move none again.
        while left > 0 {
            if !self.socket.transmit.wants_wakeup() {
                // The driver looks by itself.
                left = 0;
                break;
            }
            let result = socket::wake_sender(&self.socket.fd);
            match result.map_err(|error| (error.raw_os_error(), error)) {
                Ok(()) | Err((Some(libc::EAGAIN | libc::EINTR), _)) => {}
                // One frame was dropped on the way.
                Err((Some(libc::EBUSY | libc::ENOBUFS), _)) => refused += 1,
                // The interface is down: what is queued waits until it is up again.
                Err((Some(libc::ENETDOWN), _)) => break,
                Err((_, error)) => return Err(error),
            }
            let before = std::mem::replace(&mut left, self.socket.transmit.left());
            if left == before {
                break;
            }
        }
        self.is_unsent = left > 0;
        self.reclaim();
        Ok(refused)
    }

    #[cold]
    fn wake_receiver(&self) -> io::Result<()> {
        match socket::wake_receiver(&self.socket.fd) {
            Err(error)
                if !matches!(
                    error.raw_os_error(),
                    Some(libc::EAGAIN | libc::EINTR | libc::EBUSY | libc::ENOBUFS | libc::ENETDOWN)
                ) =>
            {
                Err(error)
            }
            _ => Ok(()),
        }
    }
}
