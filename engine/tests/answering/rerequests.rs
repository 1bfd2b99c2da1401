//! The re-request server without its socket: what it gives, to whom, and how much.

use crate::site::{Site, save};
use crate::storing::{Messages, Storing, published, small};
use engine::config::Answers;
use engine::messages::Archive;
use engine::rerequest::{Proofs, RerequestCounts, Rerequests};
use std::collections::HashMap;
use std::sync::Arc;
use wire::feed::{ChannelIndex, Stream, StreamKind};
use wire::mold::{Packet, PacketKind, Request, SessionId};
use wire::{Addr, Nanos};

const TICKS: Stream = Stream::new(ChannelIndex(0), StreamKind::Tick);
const NEAR: Addr = Addr::new(0x7F00_0001, 40_000);
const FAR: Addr = Addr::new(0x0A01_0203, 40_000);
const SECOND_NS: u64 = 1_000_000_000;
const BEGIN: Nanos = Nanos(1_700_000_000 * SECOND_NS);
/// IPv4 and UDP.
const LOWER: usize = 28;

struct Yard {
    _dir: tempfile::TempDir,
    _site: Site,
    _storing: Storing,
    archive: Arc<Archive>,
    all: Messages,
    proofs: Arc<Proofs>,
    server: Rerequests,
}

impl Yard {
    fn new(change: impl FnOnce(&mut Answers)) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let config = small(dir.path());
        let mut site = Site::open(&config);
        let mut storing = Storing::begin(&site);
        for _ in 0..3 {
            site.trade(200);
            save(&mut storing.follower);
        }
        let mut answers = Answers::default();
        change(&mut answers);
        let (archive, proofs) = (Arc::clone(&storing.archive), Arc::new(Proofs::new(answers.proof_s)));
        let server = Rerequests::new(&answers, Arc::clone(&archive), Arc::clone(&proofs), 0xFEED_5EC2_E700_0001);
        let all = published(&config);
        Self { _dir: dir, _site: site, _storing: storing, archive, all, proofs, server }
    }

    fn session(&self, stream: Stream) -> SessionId {
        stream.session(self.archive.venue().expect("a name"))
    }

    /// The packets that answer this.
    fn ask(&mut self, now: Nanos, from: Addr, bytes: &[u8]) -> Vec<Vec<u8>> {
        let mut packets = Vec::new();
        self.server.on_request(now, from, bytes, |packet| {
            packets.push(packet.to_vec());
            true
        });
        packets
    }

    fn request(&mut self, now: Nanos, from: Addr, sequence: u64, count: u16) -> Vec<Vec<u8>> {
        let bytes = request(self.session(TICKS), sequence, count);
        self.ask(now, from, &bytes)
    }

    fn counts(&self) -> RerequestCounts {
        self.server.counters().read()
    }
}

fn request(session: SessionId, sequence: u64, count: u16) -> Vec<u8> {
    let mut bytes = vec![0; Request::SIZE];
    Request { session, sequence, count }.encode(&mut bytes).expect("room");
    bytes
}

/// The messages of packets that follow each other.
fn messages(packets: &[Vec<u8>], session: SessionId, first: u64) -> Vec<Vec<u8>> {
    let mut next = first;
    let mut messages = Vec::new();
    for bytes in packets {
        assert!(bytes.len() <= 1_408, "{} bytes", bytes.len());
        let packet = Packet::parse(bytes).expect("a packet");
        assert_eq!((packet.session(), packet.sequence(), packet.kind()), (session, next, PacketKind::Data));
        messages.extend(packet.messages().map(|(_, message)| message.to_vec()));
        next = packet.next_sequence();
    }
    messages
}

#[test]
fn whatever_is_asked_for_comes_in_packets_that_follow_each_other() {
    let mut yard = Yard::new(|_| {});
    let mut now = BEGIN;
    for stream in [TICKS, Stream::new(ChannelIndex(0), StreamKind::Depth)] {
        let (session, all) = (yard.session(stream), yard.all[&stream].clone());
        let last = all.len() as u64;
        for (sequence, count) in [(1, 1), (1, 200), (last - 1, 2), (last / 2, u16::MAX), (last, 1)] {
            now = Nanos(now.get() + SECOND_NS);
            let packets = yard.ask(now, NEAR, &request(session, sequence, count));
            let got = messages(&packets, session, sequence);
            let begin = sequence as usize - 1;
            let expected = &all[begin..all.len().min(begin + usize::from(count))];
            assert!(got == expected, "{sequence} and {count}: {} of {}", got.len(), expected.len());
        }
    }
}

#[test]
fn beyond_the_end_and_for_nothing_a_heartbeat_comes() {
    let mut yard = Yard::new(|_| {});
    let next = yard.all[&TICKS].len() as u64 + 1;
    for (sequence, count) in [(next, 1), (next + 1_000, 5), (u64::MAX, u16::MAX), (3, 0), (0, 0)] {
        let packets = yard.request(BEGIN, NEAR, sequence, count);
        let [bytes] = packets.as_slice() else { panic!("{} packets", packets.len()) };
        let packet = Packet::parse(bytes).expect("a packet");
        assert_eq!((packet.kind(), packet.sequence()), (PacketKind::Heartbeat, next));
    }
    assert_eq!(yard.request(BEGIN, NEAR, 0, 1), Vec::<Vec<u8>>::new(), "there is no message 0");
    assert_eq!(yard.counts().heartbeats, 5);
}

#[test]
fn one_request_gets_so_many_packets_and_no_more() {
    let mut yard = Yard::new(|answers| answers.rerequest_packets_max = 3);
    assert_eq!(yard.request(BEGIN, NEAR, 1, u16::MAX).len(), 3);
    let mut yard = Yard::new(|answers| answers.rerequest_packets_max = 1);
    assert_eq!(yard.request(BEGIN, NEAR, 1, u16::MAX).len(), 1, "at least one");
}

#[test]
fn rubbish_and_other_sessions_are_counted_and_not_answered() {
    let mut yard = Yard::new(|_| {});
    let good = request(yard.session(TICKS), 1, 1);
    let mut sent = 0;
    for len in (0..Request::SIZE).chain([Request::SIZE + 1, 64, 1_400]) {
        let mut bytes = good.clone();
        bytes.resize(len, 0);
        assert!(yard.ask(BEGIN, NEAR, &bytes).is_empty(), "{len} bytes");
        sent += 1;
    }
    assert_eq!(yard.counts().garbage, sent);
    let venue = yard.archive.venue().expect("a name");
    let other_channel = Stream::new(ChannelIndex(1), StreamKind::Tick).session(venue);
    let foreign = [SessionId(*b"OTHERVENTA"), SessionId::BLANK, SessionId([0xFF; 10])];
    for session in foreign {
        assert!(yard.ask(BEGIN, NEAR, &request(session, 1, 1)).is_empty());
    }
    assert_eq!(yard.counts().foreign, foreign.len() as u64);
    assert!(yard.ask(BEGIN, NEAR, &request(other_channel, 1, 1)).is_empty(), "a channel that the venue has not got");
    assert_eq!(yard.counts().packets, 0);
}

/// From whatever addresses, with whatever bytes: none that has not proved itself gets more than three times what came from it.
#[test]
fn who_has_not_proved_itself_is_no_way_to_amplify() {
    let mut yard = Yard::new(|_| {});
    let session = yard.session(TICKS);
    let (mut came, mut went) = (HashMap::<Addr, usize>::new(), HashMap::<Addr, usize>::new());
    let mut seed = 7u64;
    let mut dice = move |sides: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % sides
    };
    let mut answered = 0;
    for at in 0..20_000u64 {
        let from = Addr::new(0x0A00_0000 + dice(40) as u32, 1_024 + dice(3) as u16);
        let mut bytes = request(session, 1 + dice(2_000), [1, 3, 200, u16::MAX, 0][dice(5) as usize]);
        if dice(10) == 0 {
            bytes.truncate(dice(21) as usize);
        }
        if dice(10) == 0 {
            let from = dice(20) as usize;
            bytes.iter_mut().skip(from).for_each(|byte| *byte ^= 0x55);
        }
        *came.entry(from).or_default() += bytes.len() + LOWER;
        let now = Nanos(BEGIN.get() + at * 1_000_000);
        let packets = yard.ask(now, from, &bytes);
        answered += packets.len();
        *went.entry(from).or_default() += packets.iter().map(|packet| packet.len() + LOWER).sum::<usize>();
        for (from, went) in &went {
            assert!(*went <= 3 * came[from], "{from}: {went} bytes for {}", came[from]);
        }
    }
    assert!(answered > 10_000, "most get something: {answered}");
    // The same asker, proved, gets all that it wants.
    let now = Nanos(BEGIN.get() + 30 * SECOND_NS);
    yard.proofs.prove(FAR.ip, now);
    let size = |packets: Vec<Vec<u8>>| packets.iter().map(Vec::len).sum::<usize>();
    assert!(size(yard.request(now, FAR, 1, 500)) > 10_000);
    let after = Nanos(now.get() + 300 * SECOND_NS);
    assert!(size(yard.request(after, FAR, 1, 500)) <= 3 * 48 - LOWER, "the proof has ended");
}

#[test]
fn an_asker_has_a_quota_that_its_ports_share_and_others_do_not_feel() {
    let mut yard = Yard::new(|answers| {
        answers.rerequest_asker_bytes_per_s = 100_000;
        answers.rerequest_asker_requests_per_s = 1_000_000;
    });
    let mut bytes = 0;
    for at in 0..4_000u64 {
        let from = Addr { port: 1_024 + (at % 50) as u16, ..NEAR };
        let now = Nanos(BEGIN.get() + at * 1_000_000);
        bytes += yard.request(now, from, 1, 40).iter().map(|packet| packet.len() + LOWER).sum::<usize>();
    }
    assert!((400_000..=400_000 + 10_000 + 1_436).contains(&bytes), "4 s at 100 kB and a tenth of a second's: {bytes}");
    assert!(yard.counts().over_asker > 1_000);
    let other = Addr::new(0x7F00_0002, 1);
    assert_eq!(yard.request(Nanos(BEGIN.get() + 4_000_000_000), other, 1, 1).len(), 1);
}

#[test]
fn requests_have_a_quota_too_however_little_they_ask_for() {
    let mut yard = Yard::new(|answers| answers.rerequest_asker_requests_per_s = 100);
    let answered: usize =
        (0..2_000u64).map(|at| yard.request(Nanos(BEGIN.get() + at * 1_000_000), NEAR, 1, 1).len()).sum();
    assert!((200..=212).contains(&answered), "2 s at 100: {answered}");
}

/// A flood from ten thousand addresses: all together get no more than the quota of all, and memory stays as it is.
#[test]
fn all_together_have_a_quota() {
    let mut yard = Yard::new(|answers| {
        answers.rerequest_bytes_per_s = 200_000;
        answers.trusted = vec!["0.0.0.0/0".parse().expect("all")];
    });
    let mut bytes = 0;
    for at in 0..10_000u64 {
        let from = Addr::new(0x0B00_0000 + at as u32, 9);
        let now = Nanos(BEGIN.get() + at * 100_000);
        bytes += yard.request(now, from, 1, 500).iter().map(|packet| packet.len() + LOWER).sum::<usize>();
    }
    assert!((200_000..=200_000 + 20_000 + 1_436).contains(&bytes), "1 s at 200 kB and a tenth's: {bytes}");
    assert!(yard.counts().over_total > 1_000);
}
