//! The lines of all channels, heard as a subscriber hears them.
//!
//! Goal: for each line, whether it is silent, behind, or has skipped messages; told by the feed handler's own arbitration. Non-goal: books, and
//! asking for what is missing: that would be one more subscriber for the servers.

use crate::alerts::LineSight;
use engine::config::{Config, Line};
use feedhandler::BookLimits;
use feedhandler::handler::{Delivery, HandlerOptions, Join, LineState};
use feedhandler::runner::{FeedAddresses, Runner};
use netio::host::{HostPort, PortKind};
use std::net::SocketAddrV4;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;
use wire::feed::StreamKind;

/// Between two copies of what is known.
const COPY: Duration = Duration::from_millis(20);
/// Books are not wanted; this is as small as they get.
const NO_BOOKS: BookLimits = BookLimits { instruments: 1, orders: 64, levels: 64 };
/// A line is silent after so many heartbeats without one.
const HEARTBEATS: u64 = 3;
const MESSAGES: usize = 64;

/// Threads that hear one stream each.
#[derive(Debug)]
pub(super) struct Lines {
    streams: Vec<Arc<Mutex<Vec<LineSight>>>>,
    stop: Arc<AtomicBool>,
}

impl Lines {
    /// Joins all lines. One that cannot be joined is told, and counts as silent.
    pub(super) fn hear(config: &Config) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let mut streams = Vec::new();
        for channel in &config.channels {
            let of =
                [(StreamKind::Tick, "tick", &channel.tick_lines), (StreamKind::Depth, "depth", &channel.depth_lines)];
            for (kind, name, lines) in of.into_iter().filter(|(.., lines)| !lines.is_empty()) {
                let stream = format!("{}.{name}", channel.name);
                let silent = |line: &Line| LineSight {
                    stream: stream.clone(),
                    line: line.group.to_string(),
                    state: LineState::Up,
                    lost: 0,
                };
                let seen = Arc::new(Mutex::new(lines.iter().map(silent).collect::<Vec<_>>()));
                streams.push(Arc::clone(&seen));
                let interface = |line: &Line| line.interface.unwrap_or(config.network.interface);
                let addresses = FeedAddresses {
                    lines: lines.iter().map(|line| line.group).collect(),
                    interfaces: lines.iter().map(interface).collect(),
                    local: SocketAddrV4::new(config.network.interface, 0),
                    ..FeedAddresses::default()
                };
                let options = HandlerOptions {
                    delivery: Delivery::Live,
                    join: Join::FirstPacket,
                    rerequest: None,
                    snapshot: None,
                    strict: false,
                    window: MESSAGES,
                    books: NO_BOOKS,
                    silence_ns: u64::from(config.feed.heartbeat_ms) * HEARTBEATS * 1_000_000,
                    ..HandlerOptions::new(kind)
                };
                let stopped = Arc::clone(&stop);
                let hears = move || {
                    if let Err(error) = hear(addresses, options, &seen, &stopped) {
                        eprintln!("pinion watch: {stream} is not heard: {error}");
                        for line in &mut *seen.lock().unwrap_or_else(PoisonError::into_inner) {
                            line.state = LineState::Silent;
                        }
                    }
                };
                if let Err(error) = thread::Builder::new().name("lines".to_owned()).spawn(hears) {
                    eprintln!("pinion watch: there is no thread to hear a stream: {error}");
                }
            }
        }
        Self { streams, stop }
    }

    /// All lines as they are now.
    pub(super) fn sights(&self) -> Vec<LineSight> {
        let streams = self.streams.iter();
        streams.flat_map(|seen| seen.lock().unwrap_or_else(PoisonError::into_inner).clone()).collect()
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

fn hear(
    addresses: FeedAddresses,
    options: HandlerOptions,
    seen: &Mutex<Vec<LineSight>>,
    stop: &AtomicBool,
) -> Result<(), netio::PortError> {
    let port = HostPort::open(&PortKind::Socket.into(), &addresses.endpoints())?;
    let mut runner = Runner::new(port, addresses, options);
    let begin = std::time::Instant::now();
    let patience = Duration::from_nanos(options.silence_ns);
    let mut copied = begin;
    while !stop.load(Ordering::Relaxed) {
        if runner.turn(&mut ())? == 0 {
            runner.wait();
        }
        if copied.elapsed() < COPY {
            continue;
        }
        copied = std::time::Instant::now();
        let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
        for (line, health) in seen.iter_mut().zip(runner.handler().lines()) {
            // Who has just begun to listen has missed nothing.
            let is_new = health.heard.is_none() && begin.elapsed() < patience;
            line.state = if is_new { LineState::Up } else { health.state };
            line.lost = health.lost;
        }
    }
    Ok(())
}
