//! A port that keeps what passes through it in a file: the pcap format with nanoseconds, which tcpdump, tshark and Wireshark
//! read.
//!
//! A port sees payloads; the Ethernet, IPv4 and UDP headers in the file are made up around them, with right checksums and
//! with hardware addresses that spell the IP addresses (`02:00` and its four bytes). What a port drops is not in the file:
//! for frames as they lie on the wire, capture on the interface.
//!
//! The port copies each datagram into a ring, and a thread of its own writes the file. When the thread does not keep up,
//! datagrams pass uncaptured, and are counted; nothing ever waits for the file.
//!
//! Non-goals: reading, filters, rotation.

mod file;

use std::fmt;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

pub use self::file::PcapFile;
use crate::port::{EndpointIndex, Outgoing, PAYLOAD_MAX, Port, PortCounters, PortError, Received};
use crate::ring::{self, Consumer, Producer};

/// Wraps any port. See the module.
#[derive(Debug)]
pub struct PcapPort<P> {
    // Before the tape, which ends when this is gone.
    inner: P,
    tape: Option<Tape>,
}

/// What was captured so far; may be kept after the port is gone, when the file is complete.
#[derive(Debug, Clone, Default)]
pub struct Captured(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    written: AtomicU64,
    missed: AtomicU64,
}

impl Captured {
    /// Datagrams in the file.
    #[must_use]
    pub fn written(&self) -> u64 {
        self.0.written.load(Ordering::Relaxed)
    }

    /// Datagrams that passed uncaptured: the file was too slow, or could not be written any more.
    #[must_use]
    pub fn missed(&self) -> u64 {
        self.0.missed.load(Ordering::Relaxed)
    }
}

impl fmt::Display for Captured {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} datagrams captured, {} missed", self.written(), self.missed())
    }
}

/// A capture that cannot be begun.
#[derive(Debug, thiserror::Error)]
#[error("cannot capture into {path}: {source}; name a file that can be created")]
pub struct PcapError {
    /// The file.
    pub path: String,
    /// What the system said.
    pub source: std::io::Error,
}

impl<P: Port> PcapPort<P> {
    /// Captures what passes through a port of this many endpoints into a new file.
    ///
    /// # Errors
    ///
    /// The file cannot be created, or there can be no thread.
    pub fn create(inner: P, endpoints: usize, path: &Path) -> Result<Self, PcapError> {
        let locals = (0..=u8::MAX).take(endpoints).map(|index| inner.local_addr(EndpointIndex(index))).collect();
        let tape =
            Tape::create(locals, path).map_err(|source| PcapError { path: path.display().to_string(), source })?;
        Ok(Self { inner, tape: Some(tape) })
    }

    /// Captures nothing: for callers who decide at run time.
    #[must_use]
    pub const fn off(inner: P) -> Self {
        Self { inner, tape: None }
    }

    /// The counts; `None` when nothing is captured.
    #[must_use]
    pub fn captured(&self) -> Option<Captured> {
        self.tape.as_ref().map(|tape| tape.captured.clone())
    }

    /// The port behind.
    #[must_use]
    pub const fn inner(&self) -> &P {
        &self.inner
    }
}

impl<P: Port> Port for PcapPort<P> {
    fn receive(&mut self, max: usize, mut sink: impl FnMut(Received<'_>)) -> Result<usize, PortError> {
        let Self { inner, tape } = self;
        let Some(tape) = tape else { return inner.receive(max, sink) };
        inner.receive(max, |received| {
            if let Some(to) = tape.local(received.endpoint) {
                tape.keep(received.timestamp, received.from, to, received.payload);
            }
            sink(received);
        })
    }

    fn send(&mut self, max: usize, mut fill: impl FnMut(&mut [u8]) -> Option<Outgoing>) -> Result<usize, PortError> {
        let Self { inner, tape } = self;
        let Some(tape) = tape else { return inner.send(max, fill) };
        inner.send(max, |buffer| {
            let outgoing = fill(buffer)?;
            // What the port behind refuses to send is not for the file either.
            if let (Some(from), Some(payload)) = (tape.local(outgoing.endpoint), buffer.get(..outgoing.len)) {
                tape.keep(None, from, outgoing.to, payload);
            }
            Some(outgoing)
        })
    }

    fn flush(&mut self) -> Result<(), PortError> {
        self.inner.flush()
    }

    fn local_addr(&self, endpoint: EndpointIndex) -> SocketAddrV4 {
        self.inner.local_addr(endpoint)
    }

    fn counters(&self) -> PortCounters {
        self.inner.counters()
    }

    fn wait(&mut self, timeout: Duration) {
        self.inner.wait(timeout);
    }
}

/// The port's end of the ring to the file.
#[derive(Debug)]
struct Tape {
    locals: Vec<SocketAddrV4>,
    /// Taken when the port is dropped.
    slots: Option<Producer<Slot>>,
    writer: Option<JoinHandle<()>>,
    captured: Captured,
}

/// A datagram on its way to the file.
#[derive(Debug)]
struct Slot {
    time_ns: u64,
    from: SocketAddrV4,
    to: SocketAddrV4,
    len: usize,
    payload: [u8; PAYLOAD_MAX],
}

impl Tape {
    fn create(locals: Vec<SocketAddrV4>, path: &Path) -> std::io::Result<Self> {
        let file = PcapFile::create(path)?;
        let nowhere = SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 0);
        let empty = || Slot { time_ns: 0, from: nowhere, to: nowhere, len: 0, payload: [0; PAYLOAD_MAX] };
        let (slots, full) = ring::channel(SLOTS, empty);
        let captured = Captured::default();
        let counts = captured.clone();
        let writer = thread::Builder::new().name("pcap".to_owned()).spawn(move || write(file, full, &counts))?;
        Ok(Self { locals, slots: Some(slots), writer: Some(writer), captured })
    }

    fn local(&self, endpoint: EndpointIndex) -> Option<SocketAddrV4> {
        self.locals.get(usize::from(endpoint.0)).copied()
    }

    fn keep(&mut self, timestamp: Option<u64>, from: SocketAddrV4, to: SocketAddrV4, payload: &[u8]) {
        let Some(slots) = &mut self.slots else { return };
        if slots.acquire(1) == 0 || payload.len() > PAYLOAD_MAX {
            self.captured.0.missed.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let slot = slots.slot_mut(0);
        slot.time_ns = timestamp.unwrap_or_else(now_ns);
        (slot.from, slot.to, slot.len) = (from, to, payload.len());
        slot.payload[..payload.len()].copy_from_slice(payload);
        slots.release(1);
    }
}

impl Drop for Tape {
    fn drop(&mut self) {
        // The writer sees that nothing more can come, and finishes.
        self.slots = None;
        if let Some(writer) = self.writer.take() {
            let _ = writer.join();
        }
    }
}

/// Writes until nothing more can come. After an error it only counts.
fn write(file: PcapFile, mut slots: Consumer<Slot>, captured: &Captured) {
    let Counts { written, missed } = &*captured.0;
    let mut file = Some(file);
    loop {
        // Asked before looking: what was there when the port went is still written.
        let closed = slots.is_closed();
        let ready = slots.acquire(BURST).min(BURST);
        for index in 0..ready {
            let Slot { time_ns, from, to, len, payload } = slots.slot(index);
            let kept = file.as_mut().is_some_and(|file| file.push(*time_ns, *from, *to, &payload[..*len]).is_ok());
            if !kept {
                file = None;
            }
            (if kept { written } else { missed }).fetch_add(1, Ordering::Relaxed);
        }
        slots.release(ready);
        if ready == 0 {
            if file.as_mut().is_some_and(|file| file.flush().is_err()) {
                file = None;
            }
            if closed {
                return;
            }
            thread::sleep(IDLE);
        }
    }
}

fn now_ns() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

/// Datagrams between port and file: 6 MiB, some milliseconds of a busy port.
const SLOTS: usize = 4096;
/// Datagrams the writer takes at once.
const BURST: usize = 64;
/// How long the writer sleeps when there is nothing to write.
const IDLE: Duration = Duration::from_millis(1);
