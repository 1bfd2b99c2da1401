//! The three tiles behind the port, on this thread.

use std::sync::Arc;

use engine::config::{Config, Line};
use engine::journal::{Genesis, Helper, LocalDisk, Options, Watch, open};
use engine::limits::{
    COMMAND_LINK_SLOTS, DATAGRAM_LINK_SLOTS, MARKET_DATA_LINK_SLOTS, OPERATOR_LINK_SLOTS, PACKET_LINK_SLOTS,
};
use engine::link::{Datagram, FeedEvent, JournalEntry, MARKET_DATA, Operation, OperationDone};
use engine::meter::{MatchingMeter, Meter};
use engine::record;
use engine::recovery;
use engine::tile::{Control, FeedLine, FeedStage, FeedStream, JournalStage, MatchingOutputs, MatchingStage, Stage};
use engine::trace::Live;
use netio::port::EndpointIndex;
use netio::ring::{Consumer, Producer, channel};
use wire::Nanos;
use wire::address::Addr;
use wire::admin::{OperatorCommand, OperatorName, Outcome, Verb};
use wire::feed::{ChannelIndex, Stream, StreamKind};
use wire::login::Key;
use wire::mold::SessionId;

use crate::allocations;

/// 2026-01-02T03:04:05Z.
const START: Nanos = Nanos(1_767_323_045_000_000_000);
/// How far the clock goes between two turns.
const TURN_NS: u64 = 50_000;
/// How often a thread keeps house.
const HOUSE_NS: u64 = 10_000_000;
pub const SECOND_NS: u64 = 1_000_000_000;
/// The tiles behind the port, and the other ends of their links.
pub struct Floor {
    pub matching: MatchingStage<Live>,
    pub meter: MatchingMeter,
    /// The counters' file lives as long.
    _counters: Meter,
    journal: JournalStage<Live>,
    feed: FeedStage,
    helper: Helper,
    watch: Watch,
    requests: Producer<Datagram>,
    operations: Producer<Operation>,
    done: Consumer<OperationDone>,
    /// The operator's last number, and how many commands were done and refused.
    pub number: u64,
    pub answers: [u64; 2],
    replies: Consumer<Datagram>,
    packets: Consumer<Datagram>,
    pub now: Nanos,
    /// Calls of the allocator inside polls.
    pub calls: u64,
    pub market_packets: u64,
}

impl Floor {
    pub fn new(config: &Config) -> Self {
        let mut venue = recovery::venue(config, Key([0x5E; 32]));
        let options = Options {
            dir: config.journal.dir.clone(),
            fingerprint: 1,
            segment_len: config.journal.segment_bytes,
            durability: config.journal.durability,
        };
        let genesis = engine::command::Action::Genesis { fingerprint: 1, feed_session: SessionId(*b"FEED000001") };
        let mut body = [0; engine::limits::COMMAND_BODY_MAX];
        let (_, len) = record::encode(START, &genesis, &mut body);
        let (request_in, request_out) = channel(DATAGRAM_LINK_SLOTS, Datagram::empty);
        let (reply_in, reply_out) = channel(DATAGRAM_LINK_SLOTS, Datagram::empty);
        let (packet_in, packet_out) = channel(PACKET_LINK_SLOTS, Datagram::empty);
        let (command_in, command_out) = channel(COMMAND_LINK_SLOTS, JournalEntry::empty);
        let (data_in, data_out) = channel(MARKET_DATA_LINK_SLOTS, FeedEvent::empty);
        let (operations, operations_out) = channel(OPERATOR_LINK_SLOTS, Operation::empty);
        let (operators, done) = channel(OPERATOR_LINK_SLOTS, OperationDone::empty);
        let mut outputs = MatchingOutputs {
            replies: reply_in,
            commands: command_in,
            market_data: data_in,
            operators,
            outcomes_dropped: 0,
        };
        let genesis = Genesis { time: START, body: &body[..len], draw: 7 };
        let journal = open(&options, Arc::new(LocalDisk), genesis, &mut |entry| {
            let command = record::decode(entry.seq, entry.receive_time, entry.kind, entry.body).expect("a command");
            assert!(engine::venue::Outputs::ready(&mut outputs));
            venue.replay(&command, &mut outputs).map_err(|divergence| divergence.to_string())
        })
        .expect("a journal");
        venue.resume(START);
        let channel = &config.channels[0];
        let line = |line: &Line| FeedLine { endpoint: MARKET_DATA, address: line.group.into() };
        let streams = [(StreamKind::Tick, &channel.tick_lines), (StreamKind::Depth, &channel.depth_lines)];
        let streams = streams.map(|(kind, lines)| {
            let stream = Stream::new(ChannelIndex(0), kind);
            let session = stream.session(venue.exchange().feed_session());
            FeedStream { stream, session, next: 1, lines: lines.iter().map(line).collect() }
        });
        let instruments = venue.exchange().instruments().clone();
        let counters = Meter::create(config).expect("a file").expect("a directory is given");
        let live = counters.live().expect("some commands are followed");
        let matching =
            MatchingStage::new(venue, request_out, outputs, journal.watch.clone(), Arc::new(Control::new(1)));
        let mut matching = matching.with_operations(operations_out).with_trace(live.clone());
        Self {
            meter: matching.meter(&counters),
            _counters: counters,
            feed: FeedStage::new(streams.to_vec(), &instruments, SECOND_NS, data_out, packet_in, journal.watch.clone()),
            journal: JournalStage::new(journal.appender, command_out, journal.watch.clone()).with_trace(live),
            matching,
            helper: journal.helper,
            watch: journal.watch,
            requests: request_in,
            operations,
            done,
            number: 0,
            answers: [0; 2],
            replies: reply_out,
            packets: packet_out,
            now: START,
            calls: 0,
            market_packets: 0,
        }
    }

    pub fn receive(&mut self, endpoint: EndpointIndex, from: Addr, bytes: &[u8]) {
        assert!(self.requests.acquire(1) > 0, "the tests keep the link short");
        let slot = self.requests.slot_mut(0);
        (slot.time, slot.endpoint, slot.address, slot.len) = (self.now, endpoint, from, bytes.len());
        slot.payload[..bytes.len()].copy_from_slice(bytes);
        self.requests.release(1);
    }

    pub fn operate(&mut self, verb: Verb) {
        self.number += 1;
        let operator = OperatorName::new("ann").expect("short");
        let command = OperatorCommand { operator, number: self.number, verb };
        self.operations.push(Operation { command, key: None }).expect("the tests keep the link short");
    }

    /// One turn of every tile, counted, and one of the journal's helper, not counted. Gives the packets to clients to `sink`.
    pub fn turn(&mut self, sink: &mut impl FnMut(&Datagram)) {
        self.now.0 += TURN_NS;
        let before = allocations::calls();
        let work = [
            self.matching.poll(self.now).map_err(drop),
            self.journal.poll(self.now).map_err(drop),
            self.feed.poll(self.now).map_err(drop),
        ];
        // As a thread does it: often a little, and every 10 ms what is due.
        self.matching.store_more(&mut self.meter);
        if self.now.0.is_multiple_of(HOUSE_NS) {
            self.matching.store(&mut self.meter, false);
        }
        self.calls += allocations::calls() - before;
        assert!(work.iter().all(Result::is_ok), "no tile fails");
        self.helper.turn();
        while self.replies.acquire(1) > 0 {
            sink(self.replies.slot(0));
            self.replies.release(1);
        }
        while self.done.acquire(1) > 0 {
            self.answers[usize::from(matches!(self.done.slot(0).outcome, Outcome::Refused(_)))] += 1;
            self.done.release(1);
        }
        while self.packets.acquire(1) > 0 {
            self.packets.release(1);
            self.market_packets += 1;
        }
    }

    /// Turns until everything sequenced is durable and released.
    pub fn settle(&mut self, sink: &mut impl FnMut(&Datagram)) {
        for _ in 0..3 {
            self.turn(sink);
        }
        assert_eq!(self.watch.durable_seq(), self.matching.venue().seq(), "a turn of the helper makes all durable");
    }
}
