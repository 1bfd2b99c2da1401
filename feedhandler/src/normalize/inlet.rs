//! Where a venue's datagrams come in: the framing is told and checked, the lines are put in order.
//!
//! Goal: any bytes from a socket or a capture. Non-goal: what the messages say.

use wire::iex::transport::PROTOCOL_DEEP;
use wire::iex::{Segment, SegmentHeader};
use wire::mold::{Packet, PacketKind, Request, SessionId};
use wire::{DecodeError, Nanos};

use super::asking::AskingCounters;
use super::sequencer::{Numbered, Sequenced, Sequencer, SequencerCounters};
use crate::handler::RerequestOptions;

/// How a venue frames its messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// MoldUDP64, around ITCH 5.0.
    Mold,
    /// IEX-TP, around DEEP 1.0.
    IexTp,
}

impl Framing {
    /// Tells it from a datagram; `None` when it is neither.
    #[must_use]
    pub fn detect(datagram: &[u8]) -> Option<Self> {
        if Segment::parse(datagram).is_ok_and(|segment| segment.header().protocol == PROTOCOL_DEEP) {
            return Some(Self::IexTp);
        }
        Packet::parse(datagram).is_ok().then_some(Self::Mold)
    }
}

/// Datagrams that no message came of, and why.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InletCounters {
    /// Datagrams taken.
    pub datagrams: u64,
    /// They are not of the framing.
    pub malformed: u64,
    /// Segments of another message protocol than DEEP 1.0.
    pub foreign: u64,
    /// Segments whose offset in the stream of bytes contradicts their sequence number; their messages are taken.
    pub offsets: u64,
}

/// Takes datagrams of all lines of one stream.
#[derive(Debug)]
pub struct Inlet {
    framing: Option<Framing>,
    sequencer: Sequencer,
    counters: InletCounters,
    /// Where the stream of bytes stands: session, sequence number and offset behind the newest segment.
    offset: Option<(u128, u64, u64)>,
    /// The number behind the last message, once the venue has told the end.
    end: Option<u64>,
}

impl Inlet {
    /// Of this framing, or of that of the first datagram that has one.
    #[must_use]
    pub fn new(framing: Option<Framing>) -> Self {
        Self { framing, sequencer: Sequencer::new(), counters: InletCounters::default(), offset: None, end: None }
    }

    /// The same with a re-request server, where the framing turns out to be MoldUDP64: IEX-TP has another way, which this does not know.
    #[must_use]
    pub fn asking(framing: Option<Framing>, options: RerequestOptions) -> Self {
        Self { sequencer: Sequencer::asking(options), ..Self::new(framing) }
    }

    /// Takes a datagram that came from the re-request server.
    pub fn answer(&mut self, now: Nanos, datagram: &[u8], sink: &mut impl FnMut(Sequenced<'_>)) {
        match Packet::parse(datagram) {
            Ok(packet) => self.sequencer.answer(now, numbered(&packet), sink),
            Err(_) => self.sequencer.malformed_answer(),
        }
    }

    /// The next request to be sent, until there is none.
    pub fn next_request(&mut self) -> Option<Request> {
        let session = self.sequencer.session()?;
        let (sequence, count) = self.sequencer.next_request()?;
        Some(Request { session: session_id(session), sequence, count })
    }

    /// Takes a datagram of a line.
    pub fn datagram(&mut self, now: Nanos, datagram: &[u8], sink: &mut impl FnMut(Sequenced<'_>)) {
        self.counters.datagrams += 1;
        if self.framing.is_none() {
            self.framing = Framing::detect(datagram);
        }
        if self.framing == Some(Framing::IexTp) {
            self.sequencer.ask_nobody();
        }
        let taken = match self.framing {
            None => {
                Err(DecodeError::TooShort { what: "a packet of a known framing", expected: 20, found: datagram.len() })
            }
            Some(Framing::Mold) => self.packet(now, datagram, sink),
            Some(Framing::IexTp) => self.segment(now, datagram, sink),
        };
        self.counters.malformed += u64::from(taken.is_err());
    }

    /// Gives up holes that have been open for too long.
    pub fn look(&mut self, now: Nanos, sink: &mut impl FnMut(Sequenced<'_>)) {
        self.sequencer.look(now, sink);
    }

    /// The input ends: every hole is lost.
    pub fn finish(&mut self, sink: &mut impl FnMut(Sequenced<'_>)) {
        self.sequencer.finish(sink);
    }

    /// The framing, once it is known.
    #[must_use]
    pub const fn framing(&self) -> Option<Framing> {
        self.framing
    }

    /// Whether the venue ended the session and everything of it has come, or was given up.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.end.is_some_and(|end| self.sequencer.next_sequence() >= end)
    }

    /// What came in.
    #[must_use]
    pub const fn counters(&self) -> &InletCounters {
        &self.counters
    }

    /// What became of it in order.
    #[must_use]
    pub const fn sequencer_counters(&self) -> &SequencerCounters {
        self.sequencer.counters()
    }

    /// What was asked for, where somebody is asked.
    #[must_use]
    pub fn asking_counters(&self) -> Option<AskingCounters> {
        self.sequencer.asking_counters()
    }

    /// Whether a message is awaited that others have overtaken.
    #[must_use]
    pub const fn is_waiting(&self) -> bool {
        self.sequencer.is_waiting()
    }

    fn packet(&mut self, now: Nanos, bytes: &[u8], sink: &mut impl FnMut(Sequenced<'_>)) -> Result<(), DecodeError> {
        let packet = Packet::parse(bytes)?;
        let numbered = numbered(&packet);
        let (name, mut begun) = (numbered.session, false);
        self.sequencer.packet(now, numbered, &mut |event| {
            begun |= event == Sequenced::Session;
            sink(event);
        });
        if begun {
            self.end = None;
        }
        // The end of the session before may still come over the slower line.
        if packet.kind() == PacketKind::EndOfSession && self.sequencer.session() == Some(name) {
            self.end = Some(packet.sequence());
        }
        Ok(())
    }

    fn segment(&mut self, now: Nanos, bytes: &[u8], sink: &mut impl FnMut(Sequenced<'_>)) -> Result<(), DecodeError> {
        let segment = Segment::parse(bytes)?;
        let SegmentHeader { protocol, channel, session, sequence, .. } = *segment.header();
        if protocol != PROTOCOL_DEEP {
            self.counters.foreign += 1;
            return Ok(());
        }
        let session = u128::from(channel) << 32 | u128::from(session);
        self.check_offset(session, &segment);
        let numbered = Numbered { session, sequence, heartbeat: segment.is_heartbeat(), messages: segment.messages() };
        self.sequencer.packet(now, numbered, sink);
        Ok(())
    }

    /// The lines may cut the stream of bytes differently, but where a segment begins with the next message, it begins with the
    /// next byte.
    fn check_offset(&mut self, session: u128, segment: &Segment<'_>) {
        let (next, offset) = (segment.next_sequence(), segment.next_offset());
        match self.offset {
            Some((of, sequence, expected)) if of == session => {
                let SegmentHeader { sequence: found, stream_offset, .. } = *segment.header();
                self.counters.offsets += u64::from(found == sequence && stream_offset != expected);
                if next > sequence {
                    self.offset = Some((session, next, offset));
                }
            }
            _ => self.offset = Some((session, next, offset)),
        }
    }
}

/// The packet as the sequencer sees it.
fn numbered<'a>(packet: &Packet<'a>) -> Numbered<impl Iterator<Item = (u64, &'a [u8])> + use<'a>> {
    let session = packet.session().0.iter().fold(0, |name, byte| name << 8 | u128::from(*byte));
    let heartbeat = packet.kind() != PacketKind::Data;
    Numbered { session, sequence: packet.sequence(), heartbeat, messages: packet.messages() }
}

/// The name that a number of [`numbered`] stands for.
fn session_id(number: u128) -> SessionId {
    let [.., a, b, c, d, e, f, g, h, i, j] = number.to_be_bytes();
    SessionId([a, b, c, d, e, f, g, h, i, j])
}
