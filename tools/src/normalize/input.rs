//! Where recorded market data comes from: captures, ITCH files, LOBSTER recordings.
//!
//! Goal: one step at a time, each with the time at which it was recorded. Non-goal: live lines ([`super::live`]), pacing.

use std::fmt;
use std::net::SocketAddrV4;
use std::path::Path;

use feedhandler::FlowError;
use feedhandler::capture::{CaptureCounters, CaptureReader, begins_like_capture};
use feedhandler::compressed::{self, Plain};
use feedhandler::flow::Format;
use feedhandler::flow::itch_messages::ItchMessages;
use feedhandler::flow::lobster::{LobsterCounters, LobsterEvent, LobsterReader};
use wire::{Nanos, Symbol};

/// A recording.
pub enum Input {
    /// Captured packets.
    Capture {
        /// The file.
        reader: CaptureReader<'static>,
        /// Take only what was sent there; everything where it is empty.
        only: Vec<SocketAddrV4>,
        /// Datagrams that were sent elsewhere.
        elsewhere: u64,
    },
    /// ITCH 5.0 messages.
    Itch(ItchMessages<Plain<'static>>),
    /// LOBSTER messages, with or without book rows.
    Lobster(Box<LobsterReader<Plain<'static>, Plain<'static>>>),
}

/// What comes next.
#[derive(Clone, Copy, Debug)]
pub enum Step<'a> {
    /// A packet of a venue's stream.
    Datagram(&'a [u8]),
    /// A packet of the venue's re-request server.
    Answer(&'a [u8]),
    /// A packet that was sent elsewhere than to where it is wanted from.
    Elsewhere,
    /// A message of ITCH 5.0, in order.
    Message(&'a [u8]),
    /// A step of a LOBSTER recording.
    Lobster(LobsterEvent),
}

/// What the file itself does not tell.
#[derive(Clone, Debug, Default)]
pub struct InputOptions {
    /// Take only datagrams that were sent there.
    pub only: Vec<SocketAddrV4>,
    /// The instrument of a LOBSTER recording.
    pub instrument: Option<Symbol>,
}

/// A recording of market data cannot be read from a file.
#[derive(Debug, thiserror::Error)]
pub enum InputError {
    /// The file.
    #[error(transparent)]
    Flow(#[from] FlowError),
    /// Give a capture, an ITCH 5.0 file or a LOBSTER message file.
    #[error(
        "'{path}': expected market data (pcap, pcapng, ITCH 5.0, LOBSTER), found order flow in the form '{found}'; send that with pinion replay"
    )]
    OrderFlow {
        /// The file.
        path: String,
        /// Its format.
        found: Format,
    },
}

impl Input {
    /// Opens a file, compressed or not, whose format shows in its first bytes or its name; `book` is the book file beside a
    /// LOBSTER message file.
    ///
    /// # Errors
    /// It cannot be opened, or is none of the formats.
    pub fn open(path: &Path, book: Option<&Path>, options: InputOptions) -> Result<Self, InputError> {
        let shown = path.display().to_string();
        let mut source = compressed::open(path)?;
        let head = source.fill_buf().map_err(|source| FlowError::Open { path: shown.clone(), source })?;
        if begins_like_capture(head) {
            let reader = CaptureReader::read(&shown, source)?;
            return Ok(Self::Capture { reader, only: options.only, elsewhere: 0 });
        }
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
        match Format::detect(&name, head)? {
            Format::Itch50 => Ok(Self::Itch(ItchMessages::new(source))),
            Format::Lobster => {
                let named = || Symbol::new(name.split('_').next().unwrap_or_default());
                let instrument = options.instrument.or_else(named).unwrap_or(Symbol(*b"TEST    "));
                let book = book.map(compressed::open).transpose()?;
                Ok(Self::Lobster(Box::new(LobsterReader::over(source, book, instrument))))
            }
            found @ Format::Consensus => Err(InputError::OrderFlow { path: shown, found }),
        }
    }

    /// The next step, and when it was recorded: since the Unix epoch in a capture, since midnight elsewhere.
    ///
    /// # Errors
    /// The file is damaged or cut short.
    pub fn next_step(&mut self) -> Result<Option<(Option<Nanos>, Step<'_>)>, FlowError> {
        match self {
            Self::Capture { reader, only, elsewhere } => {
                let datagram = reader.next_datagram()?;
                Ok(datagram.map(|datagram| {
                    let wanted = only.is_empty() || only.contains(&datagram.to);
                    *elsewhere += u64::from(!wanted);
                    (datagram.time, if wanted { Step::Datagram(datagram.payload) } else { Step::Elsewhere })
                }))
            }
            Self::Itch(messages) => {
                if !messages.advance()? {
                    return Ok(None);
                }
                let message = messages.message();
                let stamp =
                    message.get(5..11).map(|stamp| stamp.iter().fold(0, |time, byte| time << 8 | u64::from(*byte)));
                Ok(Some((stamp.map(Nanos), Step::Message(message))))
            }
            Self::Lobster(reader) => {
                let Some(event) = reader.next_event().transpose()? else { return Ok(None) };
                let time_ns = match event {
                    LobsterEvent::Flow(item) => item.time_ns,
                    LobsterEvent::Print { time_ns, .. } | LobsterEvent::Status { time_ns, .. } => Some(time_ns),
                };
                Ok(Some((time_ns.map(Nanos), Step::Lobster(event))))
            }
        }
    }

    /// What a capture had that was passed over, and how many datagrams were sent elsewhere than to those wanted.
    #[must_use]
    pub const fn capture_counters(&self) -> Option<(&CaptureCounters, u64)> {
        match self {
            Self::Capture { reader, elsewhere, .. } => Some((reader.counters(), *elsewhere)),
            Self::Itch(_) | Self::Lobster(_) => None,
        }
    }

    /// What a LOBSTER recording had.
    #[must_use]
    pub fn lobster_counters(&self) -> Option<LobsterCounters> {
        match self {
            Self::Lobster(reader) => Some(reader.counters()),
            Self::Capture { .. } | Self::Itch(_) => None,
        }
    }
}

impl fmt::Debug for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Capture { .. } => "capture",
            Self::Itch(_) => "itch50",
            Self::Lobster(_) => "lobster",
        })
    }
}
