//! Two bad lines of an order-by-order feed: whatever each loses, doubles and reorders, the ticks are those of a perfect one as
//! long as no message is lost on both; and when one is, that is known.

use feedhandler::compressed;
use feedhandler::flow::itch_messages::ItchMessages;
use feedhandler::normalize::{Date, Day, Inlet, Normalizer, Sequenced, Symbols, Zone};
use proptest::prelude::*;
use wire::Nanos;
use wire::mold::{PacketBuilder, SessionId, end_of_session};
use wire::tick::Tick;

const SHIPPED: &[u8] = include_bytes!("../../../tools/data/ex20101224.TEST_ITCH_50.gz");
const SESSION: SessionId = SessionId(*b"000010059B");

fn normalizer() -> Normalizer {
    Normalizer::itch(Day::new(Date::parse("2010-12-24").expect("a date"), Zone::NewYork), Symbols::default())
}

/// The first messages of the sample that change a book.
fn messages() -> Vec<Vec<u8>> {
    let mut reader = ItchMessages::new(compressed::plain(SHIPPED).unwrap());
    let mut messages = Vec::new();
    while messages.len() < 600 && reader.advance().unwrap() {
        if reader.message()[0] != b'P' {
            messages.push(reader.message().to_vec());
        }
    }
    messages
}

/// Packets of so many messages each, in turn.
fn packets(messages: &[Vec<u8>], sizes: &[usize]) -> Vec<Vec<u8>> {
    let (mut packets, mut sequence, mut rest) = (Vec::new(), 1, messages);
    for size in sizes.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (now, later) = rest.split_at((*size).min(rest.len()));
        let mut bytes = vec![0; 1_472];
        let mut builder = PacketBuilder::new(&mut bytes, SESSION, sequence).expect("room");
        assert!(now.iter().all(|message| builder.push(message)));
        let len = builder.finish();
        bytes.truncate(len);
        packets.push(bytes);
        sequence += u64::try_from(now.len()).expect("few");
        rest = later;
    }
    let mut end = vec![0; 20];
    assert!(end_of_session(&mut end, SESSION, sequence).is_some());
    packets.push(end);
    packets
}

fn direct(messages: &[Vec<u8>]) -> Vec<Tick> {
    let (mut normalizer, mut ticks) = (normalizer(), Vec::new());
    messages.iter().for_each(|message| normalizer.message(message, &mut |tick| ticks.push(*tick)));
    ticks
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Comes,
    Doubled,
    Late(usize),
    Lost,
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        6 => Just(Fate::Comes),
        1 => Just(Fate::Doubled),
        2 => (1_usize..12).prop_map(Fate::Late),
        2 => Just(Fate::Lost),
    ]
}

/// When each packet of a line comes: its turn, and the packet.
fn arrivals(packets: &[Vec<u8>], fates: &[Fate], loses: impl Fn(usize) -> bool) -> Vec<(usize, Vec<u8>)> {
    let mut arrivals = Vec::new();
    for (turn, packet) in packets.iter().enumerate() {
        match fates[turn % fates.len()] {
            Fate::Lost if loses(turn) => {}
            Fate::Comes | Fate::Lost => arrivals.push((turn, packet.clone())),
            Fate::Doubled => arrivals.extend([(turn, packet.clone()), (turn + 1, packet.clone())]),
            Fate::Late(by) => arrivals.push((turn + by, packet.clone())),
        }
    }
    arrivals
}

/// What comes of both lines, a microsecond a turn.
fn through(mut both: Vec<(usize, Vec<u8>)>) -> (Vec<Tick>, u64, bool) {
    both.sort_by_key(|(turn, _)| *turn);
    let (mut inlet, mut normalizer, mut ticks) = (Inlet::new(None), normalizer(), Vec::new());
    let mut hear = |event: Sequenced<'_>| normalizer.sequenced(event, &mut |tick| ticks.push(*tick));
    for (turn, packet) in &both {
        inlet.datagram(Nanos(1_000 * u64::try_from(*turn).expect("small")), packet, &mut hear);
    }
    inlet.finish(&mut hear);
    let ended = inlet.has_ended();
    (ticks, normalizer.counters().lost, ended)
}

/// Line B is a session behind.
#[test]
fn the_end_of_the_former_session_does_not_end_the_next() {
    let mut inlet = Inlet::new(None);
    let mut take = |session: &[u8; 10], sequence, end: bool| {
        let mut bytes = [0; 64];
        let mut packet = PacketBuilder::new(&mut bytes, SessionId(*session), sequence).expect("room");
        assert!(packet.push(b"message"));
        let mut len = packet.finish();
        if end {
            len = end_of_session(&mut bytes, SessionId(*session), sequence).expect("room");
        }
        inlet.datagram(Nanos(0), &bytes[..len], &mut |_| {});
        inlet.has_ended()
    };
    assert!(!take(b"monday    ", 1, false));
    assert!(take(b"monday    ", 2, true));
    assert!(!take(b"tuesday   ", 1, false));
    assert!(!take(b"monday    ", 2, true), "that was told before");
    // Not before everything has come that was sent before it.
    assert!(!take(b"tuesday   ", 3, true));
    assert!(take(b"tuesday   ", 2, false));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn what_one_line_loses_the_other_brings(
        sizes_a in prop::collection::vec(1_usize..20, 1..6),
        fates_a in prop::collection::vec(fate(), 7..40),
        sizes_b in prop::collection::vec(1_usize..20, 1..6),
        late_b in 0_usize..20,
    ) {
        let messages = messages();
        // The first packet is the beginning, whichever it is; so both lines begin well.
        let a = arrivals(&packets(&messages, &sizes_a), &fates_a, |turn| turn > 0);
        let first = (0, packets(&messages, &sizes_a).swap_remove(0));
        let b = packets(&messages, &sizes_b).into_iter().enumerate().map(|(turn, packet)| (turn + late_b, packet));
        let (ticks, lost, ended) = through([first].into_iter().chain(a).chain(b).collect());
        prop_assert_eq!(lost, 0);
        prop_assert!(ended);
        prop_assert!(ticks == direct(&messages));
    }

    #[test]
    fn what_both_lose_is_known(fates in prop::collection::vec(fate(), 7..40), at in 1_usize..50) {
        let messages = messages();
        let all = packets(&messages, &[10]);
        let at = 1 + at % (all.len() - 2);
        let lines = [
            arrivals(&all, &fates, |_| false),
            arrivals(&all, &[Fate::Comes], |_| false),
        ];
        let gone = &all[at];
        let both: Vec<_> = lines.concat().into_iter().filter(|(_, packet)| packet != gone).collect();
        let (_, lost, ended) = through([(0, all[0].clone())].into_iter().chain(both).collect());
        prop_assert_eq!(lost, 10);
        prop_assert!(ended);
    }
}
