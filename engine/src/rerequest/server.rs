//! The thread that answers re-requests, over a port of its own.

use std::net::SocketAddrV4;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::{RerequestCounters, Rerequests};
use netio::clock::Clock;
use netio::port::{EndpointIndex, Outgoing, Port, PortError};
use wire::Nanos;
use wire::address::Addr;
use wire::mold::Request;

/// Datagrams taken from the port at once.
const BURST: usize = 64;
/// How long the thread waits at the port, so that a stop is heard soon.
const PATIENCE: Duration = Duration::from_millis(20);
/// More than this of a datagram is not looked at: it is no request then.
const LOOKED_AT: usize = Request::SIZE + 1;

/// The server with its port.
pub(super) struct Server<P> {
    port: P,
    core: Rerequests,
    /// Datagrams that are being answered.
    taken: Vec<(SocketAddrV4, [u8; LOOKED_AT], usize)>,
}

impl<P: Port> Server<P> {
    pub(super) fn new(port: P, core: Rerequests) -> Self {
        Self { port, core, taken: Vec::with_capacity(BURST) }
    }

    /// Answers what has come. Returns how many datagrams that was.
    pub(super) fn turn(&mut self, now: Nanos) -> Result<usize, PortError> {
        let Self { port, core, taken } = self;
        taken.clear();
        port.receive(BURST, |received| {
            let len = received.payload.len().min(LOOKED_AT);
            let mut bytes = [0; LOOKED_AT];
            bytes[..len].copy_from_slice(&received.payload[..len]);
            taken.push((received.from, bytes, len));
        })?;
        for (from, bytes, len) in taken.iter() {
            let Some(mut answering) = core.begin(now, Addr::from(*from), &bytes[..*len]) else { continue };
            let mut ended = false;
            // The port writes what it has no room for when it is asked again; more than twice is not tried.
            for _ in 0..2 {
                port.send(usize::from(u16::MAX), |out| {
                    let Some(len) = core.next(now, &mut answering, out) else {
                        ended = true;
                        return None;
                    };
                    Some(Outgoing { endpoint: EndpointIndex(0), to: *from, len })
                })?;
                if ended {
                    break;
                }
            }
            if !ended {
                core.counters().add(|counts| &counts.blocked, 1);
            }
        }
        port.flush()?;
        Ok(taken.len())
    }
}

/// The server on a thread of its own. Stopped when dropped.
#[derive(Debug)]
pub struct RerequestThread {
    stopping: Arc<AtomicBool>,
    counters: Arc<RerequestCounters>,
    address: SocketAddrV4,
    thread: Option<JoinHandle<()>>,
}

impl RerequestThread {
    /// Starts it, wherever the scheduler likes. The port has one endpoint.
    ///
    /// # Errors
    /// The system refuses a thread.
    pub fn spawn<P: Port + Send + 'static>(port: P, core: Rerequests, clock: Clock) -> std::io::Result<Self> {
        let stopping = Arc::new(AtomicBool::new(false));
        let (stop, counters, address) = (Arc::clone(&stopping), core.counters(), port.local_addr(EndpointIndex(0)));
        let archive = Arc::clone(&core.archive);
        let body = move || {
            // An older file is read whole when it is asked for the first time.
            netio::pages::passing();
            let mut server = Server::new(port, core);
            while !stop.load(Ordering::Acquire) {
                match server.turn(Nanos(clock.now())) {
                    Ok(0) => server.port.wait(PATIENCE),
                    Ok(_) => {}
                    Err(error) => {
                        archive
                            .told
                            .tell(format!("re-requests are not answered any more, until the next start: {error}"));
                        return;
                    }
                }
            }
        };
        let thread = thread::Builder::new().name("rerequest".to_owned()).spawn(body)?;
        Ok(Self { stopping, counters, address, thread: Some(thread) })
    }

    /// What it has counted.
    #[must_use]
    pub const fn counters(&self) -> &Arc<RerequestCounters> {
        &self.counters
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddrV4 {
        self.address
    }
}

impl Drop for RerequestThread {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            // A panic has been printed by the thread.
            let _ = thread.join();
        }
    }
}
