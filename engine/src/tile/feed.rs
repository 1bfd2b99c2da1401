//! The feed tile: market data whose cause is durable, packed into MoldUDP64 packets, the same ones for each line of its stream.
//!
//! A stream's packet grows while there is more to say, and leaves when it is full or nothing is ready any more: as many messages a packet as
//! fit, and none of them waits for another.

use super::{Stage, StageError};
use crate::instrument::{InstrumentTable, ListedTable};
use crate::journal::Watch;
use crate::limits::{BURST, PACKET_LEN_MAX};
use crate::link::{Datagram, FeedEvent, News};
use crate::market_event::MarketEvent;
use crate::meter::FeedMeter;
use netio::port::EndpointIndex;
use netio::ring::{Consumer, Producer};
use wire::Nanos;
use wire::address::Addr;
use wire::feed::{CHANNELS_MAX, Stream, StreamKind};
use wire::mold::{self, END_OF_SESSION, HEARTBEAT, Header, SessionId};

/// One line of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FeedLine {
    /// Through which endpoint of the port it leaves.
    pub endpoint: EndpointIndex,
    /// Its group.
    pub address: Addr,
}

/// A stream, and where it goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedStream {
    /// Which one.
    pub stream: Stream,
    /// The session of its packets.
    pub session: SessionId,
    /// The number of its next message.
    pub next: u64,
    /// Its lines; none: its messages are numbered, and go nowhere.
    pub lines: Vec<FeedLine>,
}

/// What was sent of a stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FeedCounts {
    /// Packets, on all lines together.
    pub packets: u64,
    /// Their payload.
    pub bytes: u64,
    /// Those without messages among them.
    pub heartbeats: u64,
    /// How many lines there are.
    pub lines: u64,
    /// When the last one was.
    pub sent: Nanos,
}

/// Publishes all streams.
pub struct FeedStage {
    streams: Vec<Outgoing>,
    /// A stream's place in `streams`, by channel and kind.
    places: [u8; 2 * CHANNELS_MAX],
    instruments: ListedTable,
    heartbeat_ns: u64,
    /// Nothing follows on any stream.
    ended: bool,
    events: Consumer<FeedEvent>,
    packets: Producer<Datagram>,
    watch: Watch,
    stalls: u64,
}

impl FeedStage {
    /// A feed tile that goes on with these streams.
    ///
    /// # Panics
    /// Never: a venue has fewer streams than a byte can number.
    #[must_use]
    pub fn new(
        streams: Vec<FeedStream>,
        instruments: &InstrumentTable,
        heartbeat_ns: u64,
        events: Consumer<FeedEvent>,
        packets: Producer<Datagram>,
        watch: Watch,
    ) -> Self {
        let mut places = [u8::MAX; 2 * CHANNELS_MAX];
        for (place, stream) in streams.iter().enumerate() {
            places[index(stream.stream)] = u8::try_from(place).expect("few streams");
        }
        let streams = streams.into_iter().map(Outgoing::new).collect();
        let instruments = ListedTable::of(instruments);
        Self { streams, places, instruments, heartbeat_ns, ended: false, events, packets, watch, stalls: 0 }
    }

    /// The number of each stream's next message.
    #[must_use]
    pub fn next_sequences(&self) -> Vec<(Stream, u64)> {
        self.streams.iter().map(|outgoing| (outgoing.stream, outgoing.first + u64::from(outgoing.count))).collect()
    }

    /// How often there was no room for a packet.
    pub(super) const fn stalls(&self) -> u64 {
        self.stalls
    }

    /// Stores what it counted.
    pub(super) fn store(&self, meter: &FeedMeter) {
        let of = |outgoing: &Outgoing| (outgoing.first + u64::from(outgoing.count), outgoing.counts);
        meter.store(self.streams.iter().map(of), &self.events, &self.packets);
    }

    /// Puts a message into its stream's packet, which leaves before when it is full; `false` when there was no room for that.
    fn append(&mut self, event: &MarketEvent, now: Nanos) -> bool {
        let place = self.places[index(event.stream(&self.instruments))];
        let outgoing = &mut self.streams[usize::from(place)];
        if outgoing.push(event, &self.instruments) {
            return true;
        }
        if !outgoing.send(&mut self.packets, now) {
            return false;
        }
        assert!(outgoing.push(event, &self.instruments), "a message of market data fits an empty packet: {event:?}");
        true
    }

    /// Sends what has been packed; the number of packets and whether all of them left.
    fn flush(&mut self, now: Nanos) -> (usize, bool) {
        let (mut sent, mut all) = (0, true);
        for outgoing in self.streams.iter_mut().filter(|outgoing| outgoing.count > 0) {
            let left = outgoing.send(&mut self.packets, now);
            sent += usize::from(left);
            all &= left;
        }
        (sent, all)
    }
}

/// How many messages are taken in one turn.
const MESSAGES_PER_TURN: usize = BURST * 32;

impl Stage for FeedStage {
    fn poll(&mut self, now: Nanos) -> Result<usize, StageError> {
        let durable = self.watch.durable_seq();
        let ready = self.events.acquire(MESSAGES_PER_TURN).min(MESSAGES_PER_TURN);
        let mut work = 0;
        while work < ready {
            let FeedEvent { cause, news } = *self.events.slot(work);
            if cause > durable {
                break;
            }
            match news {
                News::Market(event) => {
                    if !self.append(&event, now) {
                        self.stalls += 1;
                        break;
                    }
                }
                News::Added(index, listed) => self.instruments.add(index, listed),
                News::Closed => {
                    if !self.flush(now).1 {
                        self.stalls += 1;
                        break;
                    }
                    self.ended = true;
                    // Said at once, and again with every heartbeat.
                    self.streams.iter_mut().for_each(|outgoing| outgoing.spoke = Nanos(0));
                }
            }
            work += 1;
        }
        self.events.release(work);
        if work < MESSAGES_PER_TURN {
            work += self.flush(now).0;
        }
        let count = if self.ended { END_OF_SESSION } else { HEARTBEAT };
        for outgoing in &mut self.streams {
            if now.since(outgoing.spoke) >= self.heartbeat_ns && outgoing.count == 0 {
                outgoing.tell_next(count, &mut self.packets, now);
            }
        }
        Ok(work)
    }
}

/// A stream with the packet that is being filled.
struct Outgoing {
    stream: Stream,
    session: SessionId,
    lines: Vec<FeedLine>,
    /// Of the packet: the number of its first message, how many it has, its length, and when the last one left.
    first: u64,
    count: u16,
    len: usize,
    spoke: Nanos,
    counts: FeedCounts,
    packet: [u8; PACKET_LEN_MAX],
}

impl Outgoing {
    fn new(FeedStream { stream, session, next, lines }: FeedStream) -> Self {
        let (len, spoke) = (mold::HEADER_LEN, Nanos(0));
        let counts = FeedCounts { lines: lines.len() as u64, ..FeedCounts::default() };
        Self { stream, session, lines, first: next, count: 0, len, spoke, counts, packet: [0; PACKET_LEN_MAX] }
    }

    /// Appends a message; `false` when it does not fit.
    #[inline]
    fn push(&mut self, event: &MarketEvent, instruments: &ListedTable) -> bool {
        let rest = &mut self.packet[self.len..];
        let Some((length, room)) = rest.split_first_chunk_mut::<{ mold::BLOCK_HEADER_LEN }>() else { return false };
        let written = match event {
            MarketEvent::Tick(tick) => tick.encode(room),
            MarketEvent::Depth(event) => event.encode(instruments, room),
        };
        let Some((written, stated)) = written.and_then(|len| Some((len, u16::try_from(len).ok()?))) else {
            return false;
        };
        *length = stated.to_be_bytes();
        self.len += mold::BLOCK_HEADER_LEN + written;
        self.count += 1;
        true
    }

    /// Gives the packet to every line, and begins the next one; `false` when there is no room for it on all of them.
    fn send(&mut self, packets: &mut Producer<Datagram>, now: Nanos) -> bool {
        let count = self.count;
        if !self.give(count, packets, now) {
            return false;
        }
        self.first += u64::from(count);
        (self.count, self.len) = (0, mold::HEADER_LEN);
        true
    }

    /// Tells every line what comes next, in a packet without messages, where there is room for it.
    fn tell_next(&mut self, count: u16, packets: &mut Producer<Datagram>, now: Nanos) {
        self.give(count, packets, now);
    }

    fn give(&mut self, count: u16, packets: &mut Producer<Datagram>, now: Nanos) -> bool {
        let lines = self.lines.len();
        if lines > 0 && packets.acquire(lines) < lines {
            return false;
        }
        self.spoke = now;
        let header = Header { session: self.session, sequence: self.first, count };
        let written = header.encode(&mut self.packet);
        debug_assert_eq!(written, Some(mold::HEADER_LEN));
        for (place, line) in self.lines.iter().enumerate() {
            let slot = packets.slot_mut(place);
            slot.endpoint = line.endpoint;
            slot.address = line.address;
            slot.payload[..self.len].copy_from_slice(&self.packet[..self.len]);
            slot.len = self.len;
        }
        packets.release(lines);
        let (sent, is_heartbeat) = (lines as u64, matches!(count, HEARTBEAT | END_OF_SESSION));
        self.counts.packets += sent;
        self.counts.bytes += sent * self.len as u64;
        self.counts.heartbeats += if is_heartbeat { sent } else { 0 };
        self.counts.sent = now;
        true
    }
}

/// A stream's number.
fn index(stream: Stream) -> usize {
    2 * usize::from(stream.channel.0) + usize::from(stream.kind == StreamKind::Depth)
}
