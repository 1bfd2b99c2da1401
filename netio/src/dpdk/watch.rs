//! What the devices say of themselves, read by another thread than the one that polls: it takes system calls with some
//! drivers and slow reads over the bus with others.
// Why unsafe: DPDK's calls.
#![allow(unsafe_code)]

use std::fmt;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use dpdk_sys as sys;

use crate::port::PortCounters;

/// What was read last of one device. Counts begin at 0 when it is opened.
#[derive(Debug, Default)]
pub(super) struct Watched {
    id: u16,
    name: String,
    missed: AtomicU64,
    rx_errors: AtomicU64,
    no_buffer: AtomicU64,
    tx_errors: AtomicU64,
    /// Megabits a second; `DOWN`; or `UNKNOWN`.
    link: AtomicI64,
    /// What the device had counted before it was opened, where it cannot forget.
    before: [u64; 4],
}

/// Whether the device has a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkState {
    /// It has.
    Up {
        /// As the driver says, which virtual ones make up.
        speed_mbps: u32,
    },
    /// It has not.
    Down,
    /// The driver cannot tell.
    Unknown,
}

impl fmt::Display for LinkState {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Up { speed_mbps } => write!(out, "up ({speed_mbps} Mb/s)"),
            Self::Down => out.write_str("down"),
            Self::Unknown => out.write_str("not known"),
        }
    }
}

impl Watched {
    /// Begins to watch a device. `None` when one of this name is watched already.
    pub(super) fn begin(id: u16, name: &str) -> Option<Arc<Self>> {
        let mut all = ALL.lock().unwrap_or_else(PoisonError::into_inner);
        if all.iter().any(|other| other.name == name) {
            return None;
        }
        let before = counts(id).unwrap_or_default();
        let watched = Arc::new(Self { id, name: name.to_owned(), before, ..Self::default() });
        watched.look();
        all.push(Arc::clone(&watched));
        Some(watched)
    }

    /// Whether a device of this name is open in this process.
    pub(super) fn is_open(name: &str) -> bool {
        ALL.lock().unwrap_or_else(PoisonError::into_inner).iter().any(|other| other.name == name)
    }

    /// The last look; nobody looks afterwards, and the device may be closed.
    pub(super) fn end(&self) {
        let mut all = ALL.lock().unwrap_or_else(PoisonError::into_inner);
        self.look();
        all.retain(|other| other.name != self.name);
    }

    pub(super) fn add_to(&self, counters: &mut PortCounters) {
        counters.rx_missed += self.missed.load(Ordering::Relaxed);
        counters.rx_errors += self.rx_errors.load(Ordering::Relaxed);
        counters.rx_no_buffer += self.no_buffer.load(Ordering::Relaxed);
        counters.tx_errors += self.tx_errors.load(Ordering::Relaxed);
    }

    pub(super) fn link(&self) -> LinkState {
        match self.link.load(Ordering::Relaxed) {
            UNKNOWN => LinkState::Unknown,
            DOWN => LinkState::Down,
            speed => LinkState::Up { speed_mbps: u32::try_from(speed).unwrap_or(u32::MAX) },
        }
    }

    fn look(&self) {
        if let Some(now) = counts(self.id) {
            let kept = [&self.missed, &self.rx_errors, &self.no_buffer, &self.tx_errors];
            for ((kept, now), before) in kept.into_iter().zip(now).zip(self.before) {
                kept.store(now.saturating_sub(before), Ordering::Relaxed);
            }
        }
        let mut speed_mbps = 0;
        // SAFETY: the device is open as long as it is watched, which the lock keeps it while this runs.
        let link = match unsafe { sys::pinion_link(self.id, &raw mut speed_mbps) } {
            0 => DOWN,
            1.. => i64::from(speed_mbps),
            _ => UNKNOWN,
        };
        self.link.store(link, Ordering::Relaxed);
    }
}

/// Reads what every open device says.
pub(super) fn look_at_all() {
    let all = ALL.lock().unwrap_or_else(PoisonError::into_inner);
    all.iter().for_each(|watched| watched.look());
}

/// Missed for want of room, received in error, without a buffer, not sent.
fn counts(id: u16) -> Option<[u64; 4]> {
    let mut stats = sys::rte_eth_stats::default();
    // SAFETY: as in `look`.
    let refused = unsafe { sys::rte_eth_stats_get(id, &raw mut stats) };
    (refused == 0).then_some([stats.imissed, stats.ierrors, stats.rx_nombuf, stats.oerrors])
}

static ALL: Mutex<Vec<Arc<Watched>>> = Mutex::new(Vec::new());
const DOWN: i64 = -1;
const UNKNOWN: i64 = -2;
