//! The thread that takes connections, and a bounded number of threads that serve one each.

use std::net::{IpAddr, SocketAddr, SocketAddrV4, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::connection::{Ending, Serving};
use super::desk::Desk;
use crate::rerequest::Proofs;
use netio::clock::Clock;
use nix::sys::socket::{setsockopt, sockopt::ReceiveTimeout};
use nix::sys::time::{TimeVal, TimeValLike};
use wire::Nanos;

/// How long the thread waits for a connection, so that a stop is heard soon.
const PATIENCE_MS: i64 = 50;
/// Of a connection's thread: it calls nothing deep, and its stack may be locked in memory.
const STACK_BYTES: usize = 256 << 10;

/// How many may come, and how long each may take.
#[derive(Clone, Copy, Debug)]
pub struct GlimpseOptions {
    /// Connections at a time.
    pub connections_max: u16,
    /// Those from one address.
    pub address_connections_max: u16,
    /// How long a connection may stand still.
    pub stall: Duration,
}

/// What was counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GlimpseCounts {
    /// Snapshots that were taken whole.
    pub served: u64,
    /// Images that were made for them.
    pub images: u64,
    /// Logins that asked for no stream of this venue.
    pub rejected: u64,
    /// Connections that did not speak the protocol.
    pub garbage: u64,
    /// Connections that were too slow.
    pub slow: u64,
    /// Connections for which no image was made in time.
    pub no_image: u64,
    /// Connections that ended by themselves.
    pub gone: u64,
    /// Connections beyond what may come at a time.
    pub refused: u64,
}

impl GlimpseCounts {
    /// Each with its name.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let Self { served, images, rejected, garbage, slow, no_image, gone, refused } = *self;
        [
            ("served", served),
            ("images", images),
            ("rejected", rejected),
            ("garbage", garbage),
            ("slow", slow),
            ("no_image", no_image),
            ("gone", gone),
            ("refused", refused),
        ]
        .into_iter()
    }
}

#[derive(Debug)]
struct Shared {
    desk: Arc<Desk>,
    proofs: Arc<Proofs>,
    options: GlimpseOptions,
    stopping: AtomicBool,
    /// The addresses that are being served, one for each connection.
    served: Mutex<Vec<IpAddr>>,
    endings: [AtomicU64; 6],
    refused: AtomicU64,
}

impl Shared {
    fn counts(&self) -> GlimpseCounts {
        let ended = |ending: Ending| self.endings[ending as usize].load(Ordering::Relaxed);
        GlimpseCounts {
            served: ended(Ending::Served),
            images: self.desk.count(),
            rejected: ended(Ending::Rejected),
            garbage: ended(Ending::Garbage),
            slow: ended(Ending::Slow),
            no_image: ended(Ending::NoImage),
            gone: ended(Ending::Gone),
            refused: self.refused.load(Ordering::Relaxed),
        }
    }
}

/// What a snapshot server does, for whoever looks.
#[derive(Clone, Debug)]
pub struct GlimpseWatch(Arc<Shared>);

impl GlimpseWatch {
    /// What it has counted, and how many connections it has now.
    #[must_use]
    pub fn counts(&self) -> (GlimpseCounts, usize) {
        let connections = self.0.served.lock().unwrap_or_else(PoisonError::into_inner).len();
        (self.0.counts(), connections)
    }
}

/// The snapshot server. Stopped when dropped: connections that are served end.
#[derive(Debug)]
pub struct GlimpseThread {
    shared: Arc<Shared>,
    address: SocketAddrV4,
    thread: Option<JoinHandle<()>>,
}

impl GlimpseThread {
    /// Starts it behind a listening socket.
    ///
    /// # Errors
    /// The system refuses a thread, or the socket is of no use.
    pub fn spawn(
        listener: TcpListener,
        desk: Arc<Desk>,
        proofs: Arc<Proofs>,
        options: GlimpseOptions,
        clock: Clock,
    ) -> std::io::Result<Self> {
        let SocketAddr::V4(address) = listener.local_addr()? else {
            return Err(std::io::Error::other("the snapshot server is for IPv4"));
        };
        setsockopt(&listener, ReceiveTimeout, &TimeVal::milliseconds(PATIENCE_MS))?;
        let shared = Arc::new(Shared {
            desk,
            proofs,
            options,
            stopping: AtomicBool::new(false),
            served: Mutex::default(),
            endings: Default::default(),
            refused: AtomicU64::new(0),
        });
        let accepting = Arc::clone(&shared);
        let thread = thread::Builder::new()
            .name("glimpse".to_owned())
            .stack_size(STACK_BYTES)
            .spawn(move || accept(&listener, &accepting, &clock))?;
        Ok(Self { shared, address, thread: Some(thread) })
    }

    /// What it has counted.
    #[must_use]
    pub fn counts(&self) -> GlimpseCounts {
        self.shared.counts()
    }

    /// How it does, for as long as one likes.
    #[must_use]
    pub fn watch(&self) -> GlimpseWatch {
        GlimpseWatch(Arc::clone(&self.shared))
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddrV4 {
        self.address
    }
}

impl Drop for GlimpseThread {
    fn drop(&mut self) {
        self.shared.stopping.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            // A panic has been printed by the thread.
            let _ = thread.join();
        }
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>, clock: &Clock) {
    let mut threads: Vec<JoinHandle<()>> = Vec::new();
    while !shared.stopping.load(Ordering::Acquire) {
        threads.retain(|thread| !thread.is_finished());
        let Ok((socket, from)) = listener.accept() else {
            // Nobody came, or somebody went at once; or the process has no more descriptors, and then this is a pause.
            thread::sleep(Duration::from_millis(1));
            continue;
        };
        let Some(place) = Place::take(shared, from.ip()) else {
            shared.refused.fetch_add(1, Ordering::Relaxed);
            continue;
        };
        let clock = clock.clone();
        let body = move || serve(socket, &place, &clock);
        let spawned = thread::Builder::new().name("glimpse-sub".to_owned()).stack_size(STACK_BYTES).spawn(body);
        match spawned {
            Ok(thread) => threads.push(thread),
            Err(_) => drop(shared.refused.fetch_add(1, Ordering::Relaxed)),
        }
    }
    for thread in threads {
        // A panic has been printed by the thread.
        let _ = thread.join();
    }
}

fn serve(socket: TcpStream, place: &Place, clock: &Clock) {
    let Shared { desk, proofs, options, stopping, endings, .. } = &*place.shared;
    let serving = Serving { desk, stall: options.stall, stopping };
    let ending = serving.serve(socket, || {
        if let IpAddr::V4(ip) = place.ip {
            proofs.prove(ip.to_bits(), Nanos(clock.now()));
        }
    });
    endings[ending as usize].fetch_add(1, Ordering::Relaxed);
}

/// One of the connections that may be served at a time.
struct Place {
    shared: Arc<Shared>,
    ip: IpAddr,
}

impl Place {
    fn take(shared: &Arc<Shared>, ip: IpAddr) -> Option<Self> {
        let mut served = shared.served.lock().unwrap_or_else(PoisonError::into_inner);
        let same = served.iter().filter(|other| **other == ip).count();
        let GlimpseOptions { connections_max, address_connections_max, .. } = shared.options;
        if served.len() >= usize::from(connections_max) || same >= usize::from(address_connections_max) {
            return None;
        }
        served.push(ip);
        Some(Self { shared: Arc::clone(shared), ip })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut served = self.shared.served.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = served.iter().position(|ip| *ip == self.ip) {
            served.swap_remove(place);
        }
    }
}
