//! `pinion stats --prometheus`: the counters for Prometheus, and a page for health checks.
//!
//! ```text
//!   watcher thread: a look every 250 ms ─► [Latest] ◄─ a thread a connection, eight at most ◄─ listener
//! ```
//! Goal: a process of its own that survives the appliance's restarts, and a reader that sends rubbish, or nothing, harms nobody. Non-goal:
//! TLS and passwords: it listens where it is told to, 127.0.0.1 as a rule, and a proxy does the rest.
//!
//! The standard library's sockets suffice: one short request a scrape, answered and closed. A server from a crate would bring an executor, or
//! forty thousand lines, for three pages.

mod exposition;
mod server;

pub use exposition::{exposition, exposition_without};
pub use server::{Page, answer, listen};

use super::aside;
use super::health::Health;
use super::look::{Look, ProcessState};
use super::source::{Follower, Which, WhichError};
use std::error::Error;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// From look to look.
const LOOK: Duration = Duration::from_millis(250);

/// The latest look and its verdict; `None` while there is no appliance.
#[derive(Debug, Default)]
struct Latest(Mutex<Option<Arc<(Look, Health)>>>);

impl Latest {
    fn set(&self, seen: Option<(Look, Health)>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = seen.map(Arc::new);
    }

    fn get(&self) -> Option<Arc<(Look, Health)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Serves until the process is ended.
///
/// # Errors
/// The address cannot be had, the configuration cannot be used, or several appliances run and none is named.
pub(super) fn serve(which: &Which, address: SocketAddr) -> Result<(), Box<dyn Error>> {
    // What is wrong with the question is said at once; that there is nobody yet is not.
    let path = match which.path() {
        Err(WhichError::None { .. }) => None,
        found => Some(found?),
    };
    let listener = TcpListener::bind(address).map_err(|error| format!("{address}: {error}"))?;
    eprintln!("metrics at http://{}/metrics", listener.local_addr()?);
    let latest = Arc::new(Latest::default());
    let (of_pages, which) = (Arc::clone(&latest), which.clone());
    std::thread::Builder::new().name("watcher".to_owned()).spawn(move || watch(path, &which, &latest))?;
    let pages = move |page: Page| match (page, of_pages.get()) {
        (Page::Metrics, Some(seen)) => (200, exposition(&seen.0, &seen.1)),
        (Page::Metrics, None) => (200, exposition_without()),
        (Page::Health, Some(seen)) => health_page(&seen.1),
        (Page::Health, None) => (503, "gone: there is no appliance\n".to_owned()),
    };
    listen(&listener, Arc::new(pages))?;
    Ok(())
}

fn health_page(health: &Health) -> (u16, String) {
    let reasons = health.reasons.iter().map(|reason| format!("{}: {}\n", reason.grade.name(), reason.what));
    (if health.is_healthy() { 200 } else { 503 }, format!("{}\n{}", health.verdict, reasons.collect::<String>()))
}

fn watch(mut path: Option<PathBuf>, which: &Which, latest: &Latest) {
    let mut follower: Option<Follower> = None;
    let mut pid = None;
    loop {
        if path.is_none() {
            path = which.path().ok();
        }
        if follower.as_ref().map(Follower::path) != path.as_deref() {
            follower = path.clone().map(Follower::new);
        }
        let seen = follower.as_mut().and_then(|follower| follower.look().ok());
        // The only one of the machine may be another one tomorrow.
        if !which.is_named() && seen.as_ref().is_none_or(|look| look.process == ProcessState::Gone) {
            path = which.path().ok().or(path);
        }
        if let Some(look) = &seen
            && pid != Some(look.owner.pid)
        {
            pid = Some(look.owner.pid);
            if let Err(told) = aside::leave_cores_of(look) {
                eprintln!("stats: {told}");
            }
        }
        latest.set(seen.map(|look| {
            let health = Health::of(&look);
            (look, health)
        }));
        std::thread::sleep(LOOK);
    }
}
