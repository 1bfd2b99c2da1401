//! Where ticks go: multicast lines, a capture, a file of bare ticks, or text.
//!
//! Goal: what is sent over lines is what the appliance's own tick channel sends: the same packets on each line, heartbeats in
//! silence, an end of session. Non-goal: making ticks.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::net::{Ipv4Addr, SocketAddrV4};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use feedhandler::normalize::packets::PACKET_LEN_MAX;
use feedhandler::normalize::{Symbols, TickPackets};
use netio::pcap::PcapFile;
use netio::{EndpointIndex, Outgoing, Port, PortError};
use wire::mold::SessionId;
use wire::tick::Tick;
use wire::{InstrumentIndex, Nanos};

use crate::json::Text;
use crate::tell::print_tick;

/// A silence as long as this is broken by a heartbeat.
pub const HEARTBEAT: Duration = Duration::from_secs(1);
/// How often the end of the session is told, and after what pauses: whoever misses one hears another.
const ENDS: u32 = 5;
const END_PAUSE: Duration = Duration::from_millis(50);
/// How long a port that takes nothing is tried again.
const PATIENCE: Duration = Duration::from_secs(5);

/// What left.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OutletCounters {
    /// Ticks.
    pub ticks: u64,
    /// Packets, each counted once however many lines it goes over.
    pub packets: u64,
    /// Heartbeats.
    pub heartbeats: u64,
}

/// Ticks cannot leave any more.
#[derive(Debug, thiserror::Error)]
pub enum OutletError {
    /// The port cannot go on.
    #[error(transparent)]
    Port(#[from] PortError),
    /// Check space and permissions.
    #[error("cannot write to {to}: {source}")]
    Write {
        /// Whereto.
        to: String,
        /// What the system said.
        source: io::Error,
    },
    /// The network card or its driver stands still.
    #[error("expected the port to take a packet within {seconds} s, found it full; check the interface")]
    Stuck {
        /// How long it was tried.
        seconds: u64,
    },
}

/// The lines that a session is published on.
#[derive(Debug)]
pub struct Lines<P> {
    /// A port with an endpoint for each line.
    pub port: P,
    /// Whereto.
    pub groups: Vec<SocketAddrV4>,
}

/// Where ticks go.
pub struct Outlet<P> {
    target: Target<P>,
    packets: TickPackets,
    /// Ticks in `packets` bear this time at the latest.
    last: Nanos,
    quiet_since: Instant,
    counters: OutletCounters,
}

enum Target<P> {
    Lines(Lines<P>),
    Capture { file: PcapFile, to: String },
    Ticks { out: BufWriter<File>, to: String },
    Text { out: Box<dyn Write>, json: bool, named: Vec<bool> },
}

impl<P: Port> Outlet<P> {
    /// Publishes on lines.
    #[must_use]
    pub fn lines(lines: Lines<P>, session: SessionId) -> Self {
        Self::new(Target::Lines(lines), session)
    }

    /// Prints: a line or a JSON object a tick; and one for each name, before its first tick.
    #[must_use]
    pub fn text(out: Box<dyn Write>, json: bool, session: SessionId) -> Self {
        Self::new(Target::Text { out, json, named: Vec::new() }, session)
    }

    /// Writes a file: a capture of the packets where the name ends so, else bare ticks of 26 bytes.
    ///
    /// # Errors
    /// It cannot be created.
    pub fn file(path: &Path, session: SessionId) -> Result<Self, OutletError> {
        let to = format!("'{}'", path.display());
        let target = if path.extension().is_some_and(|extension| extension == "pcap") {
            match PcapFile::create(path) {
                Ok(file) => Target::Capture { file, to },
                Err(source) => return Err(OutletError::Write { to, source }),
            }
        } else {
            match File::create(path) {
                Ok(file) => Target::Ticks { out: BufWriter::with_capacity(1 << 16, file), to },
                Err(source) => return Err(OutletError::Write { to, source }),
            }
        };
        Ok(Self::new(target, session))
    }

    fn new(target: Target<P>, session: SessionId) -> Self {
        let (packets, counters) = (TickPackets::new(session), OutletCounters::default());
        Self { target, packets, last: Nanos::default(), quiet_since: Instant::now(), counters }
    }

    /// What left.
    #[must_use]
    pub const fn counters(&self) -> OutletCounters {
        self.counters
    }

    /// Whether somebody listens as it happens, so that silence has to be broken.
    #[must_use]
    pub const fn is_live(&self) -> bool {
        matches!(self.target, Target::Lines(_))
    }

    /// Takes a tick; it leaves with its packet.
    ///
    /// # Errors
    /// Ticks cannot leave any more.
    pub fn tick(&mut self, tick: &Tick, symbols: &Symbols) -> Result<(), OutletError> {
        self.counters.ticks += 1;
        self.last = self.last.max(tick.timestamp);
        match &mut self.target {
            Target::Lines(_) | Target::Capture { .. } => {
                if self.packets.push(tick) {
                    self.flush()?;
                }
                Ok(())
            }
            Target::Ticks { out, to } => {
                let mut bytes = [0; Tick::SIZE];
                let len = tick.encode(&mut bytes).unwrap_or_default();
                out.write_all(&bytes[..len]).map_err(|source| OutletError::Write { to: to.clone(), source })
            }
            Target::Text { out, json, named } => {
                let number = usize::try_from(tick.symbol_id.0).unwrap_or_default();
                if named.len() <= number {
                    named.resize(number + 1, false);
                }
                let name =
                    (!std::mem::replace(&mut named[number], true)).then(|| symbols.name(tick.symbol_id)).flatten();
                let printed = match name {
                    Some(name) => print_name(out, *json, tick.symbol_id, &name.to_string()),
                    None => Ok(()),
                };
                let printed = printed.and_then(|()| print_tick(out, *json, self.counters.ticks, tick));
                printed.map_err(|source| OutletError::Write { to: "standard output".to_owned(), source })
            }
        }
    }

    /// Lets out what waits in a packet that is not full.
    ///
    /// # Errors
    /// Ticks cannot leave any more.
    pub fn flush(&mut self) -> Result<(), OutletError> {
        let mut bytes = [0; PACKET_LEN_MAX];
        while let Some(len) = self.packets.write(&mut bytes) {
            self.counters.packets += 1;
            self.packet(&bytes[..len])?;
        }
        Ok(())
    }

    /// Breaks a silence that is too long.
    ///
    /// # Errors
    /// Heartbeats cannot leave any more.
    pub fn keep_alive(&mut self) -> Result<(), OutletError> {
        if self.is_live() && self.quiet_since.elapsed() >= HEARTBEAT { self.heartbeat() } else { Ok(()) }
    }

    /// Tells the next number.
    ///
    /// # Errors
    /// Heartbeats cannot leave any more.
    pub fn heartbeat(&mut self) -> Result<(), OutletError> {
        let mut bytes = [0; PACKET_LEN_MAX];
        let Some(len) = self.packets.heartbeat(&mut bytes) else { return Ok(()) };
        self.counters.heartbeats += 1;
        self.packet(&bytes[..len])
    }

    /// Lets out everything, and ends the session.
    ///
    /// # Errors
    /// It cannot leave.
    pub fn finish(&mut self) -> Result<(), OutletError> {
        self.flush()?;
        let mut bytes = [0; PACKET_LEN_MAX];
        let len = self.packets.end(&mut bytes).unwrap_or_default();
        match &mut self.target {
            Target::Lines(_) => {
                for _ in 1..ENDS {
                    self.packet(&bytes[..len])?;
                    thread::sleep(END_PAUSE);
                }
                self.packet(&bytes[..len])
            }
            Target::Capture { .. } => {
                self.packet(&bytes[..len])?;
                let Target::Capture { file, to } = &mut self.target else { return Ok(()) };
                file.flush().map_err(|source| OutletError::Write { to: to.clone(), source })
            }
            Target::Ticks { out, to } => out.flush().map_err(|source| OutletError::Write { to: to.clone(), source }),
            Target::Text { out, .. } => {
                out.flush().map_err(|source| OutletError::Write { to: "standard output".to_owned(), source })
            }
        }
    }

    fn packet(&mut self, bytes: &[u8]) -> Result<(), OutletError> {
        self.quiet_since = Instant::now();
        match &mut self.target {
            Target::Lines(lines) => lines.send(bytes),
            Target::Capture { file, to } => {
                let pushed = file.push(self.last.get(), CAPTURE_FROM, CAPTURE_TO, bytes);
                pushed.map_err(|source| OutletError::Write { to: to.clone(), source })
            }
            Target::Ticks { .. } | Target::Text { .. } => Ok(()),
        }
    }
}

/// Whom the packets of a capture are said to go to: line A of the tick channel that the appliance has built in.
const CAPTURE_TO: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(239, 26, 40, 1), 26_440);
const CAPTURE_FROM: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::LOCALHOST, 26_440);

impl<P: Port> Lines<P> {
    /// Sends the same packet over each line. Waits while the port is full, but not for ever.
    fn send(&mut self, packet: &[u8]) -> Result<(), OutletError> {
        let Self { port, groups } = self;
        for (endpoint, to) in (0..=u8::MAX).map(EndpointIndex).zip(groups.iter()) {
            let mut since = None;
            while send_one(port, Outgoing { endpoint, to: *to, len: packet.len() }, packet)? == 0 {
                if since.get_or_insert_with(Instant::now).elapsed() > PATIENCE {
                    return Err(OutletError::Stuck { seconds: PATIENCE.as_secs() });
                }
                port.flush()?;
                thread::yield_now();
            }
        }
        Ok(port.flush()?)
    }
}

fn send_one(port: &mut impl Port, outgoing: Outgoing, packet: &[u8]) -> Result<usize, PortError> {
    port.send(1, |buffer| {
        buffer.get_mut(..packet.len())?.copy_from_slice(packet);
        Some(outgoing)
    })
}

fn print_name(out: &mut impl Write, json: bool, number: InstrumentIndex, name: &str) -> io::Result<()> {
    if json {
        writeln!(out, "{{\"symbol_id\":{number},\"symbol\":{}}}", Text(name))
    } else {
        writeln!(out, "# symbol_id {number} is {name}")
    }
}
