//! The depth stream alone makes the book: after every command, a book rebuilt from its bytes has the engine's displayed orders, each level
//! in the order of its queue; the ticks agree with it, and so do the reports.
//!
//! Random streams of every kind of order go in as OUCH messages, and the published flows of a public benchmark where they are at hand.

#[path = "depth_stream/floor.rs"]
mod floor;
#[path = "consensus/flow.rs"]
mod flow;
#[path = "depth_stream/orders.rs"]
mod orders;
#[path = "depth_stream/rebuilt.rs"]
mod rebuilt;
#[path = "depth_stream/recorded.rs"]
mod recorded;
#[path = "depth_stream/rules.rs"]
mod rules;
#[path = "book_twin/stream.rs"]
mod stream;

use engine::book::BookLimits;
use engine::depth::Stage;
use floor::Floor;
use stream::{FLAVOURS, Stream};
use wire::InstrumentIndex;
use wire::feed::{ChannelIndex, StreamKind};

const PER_STREAM: usize = 1_500;

/// Runs a stream of every flavour so often, and counts what came up.
fn streams(rounds: u64) -> Floor {
    let mut last = None;
    let mut letters = std::collections::BTreeMap::<u8, usize>::new();
    for seed in 0..rounds * FLAVOURS.len() as u64 {
        let flavour = FLAVOURS[usize::try_from(seed).expect("fits") % FLAVOURS.len()];
        let mut floor = Floor::new(&flavour.limits, seed);
        let mut stream = Stream::new(seed, flavour);
        for step in 0..PER_STREAM {
            let live = floor.live();
            let command = stream.next(&live);
            floor.send(&command);
            floor.compare(&format!("seed {seed}, step {step}, {command:?}"));
        }
        for (letter, count) in floor.letters() {
            *letters.entry(*letter).or_default() += count;
        }
        last = Some(floor);
    }
    for letter in *b"SRHAEXDUP" {
        assert!(letters.contains_key(&letter), "no {} came up: {letters:?}", char::from(letter));
    }
    last.expect("a stream")
}

#[test]
fn the_depth_stream_makes_the_book_after_every_command() {
    streams(3);
}

#[test]
#[ignore = "long: run in release by scripts/test"]
fn the_depth_stream_makes_the_book_after_every_command_of_many_streams() {
    streams(60);
}

fn flow_makes_the_book(name: &str) {
    let Some(messages) = flow::file(&format!("{name}.txt.xz")) else { return };
    let limits =
        BookLimits { instruments: 1, sessions: 1, orders: 1 << 15, levels: 1 << 15, stops: 1, fills_per_command: 1 };
    let mut floor = Floor::new(&limits, 1);
    let mut flow = recorded::Flow::default();
    for (number, line) in messages.lines().enumerate() {
        flow.send(line, &mut floor);
        floor.compare_touched(&format!("message {number}: {line}"));
        if number % 1_000 == 999 {
            floor.compare(&format!("message {number}: {line}"));
        }
    }
    floor.compare("the end");
}

#[test]
fn the_depth_stream_makes_the_book_over_the_normal_flow() {
    flow_makes_the_book("normal_s23_n20000");
}

#[test]
fn the_depth_stream_makes_the_book_over_the_static_flow() {
    flow_makes_the_book("static_s23_n20000");
}

#[test]
fn a_stream_begins_with_the_stages_of_the_day_and_what_is_traded() {
    let limits = BookLimits { instruments: 3, sessions: 1, orders: 8, levels: 8, stops: 1, fills_per_command: 1 };
    // Two channels: instruments 0 and 2 on the first, 1 on the second, and a third channel without any.
    let floor = Floor::on_channels(&limits, &[0, 1, 0], &[true, true, true]);
    let of = |channel| floor.begun(ChannelIndex(channel));
    assert_eq!(of(0), ["S O", "R I0", "R I2", "H I0 T", "H I2 T", "S S", "S Q"]);
    assert_eq!(of(1), ["S O", "R I1", "H I1 T", "S S", "S Q"]);
    assert_eq!(of(2), ["S O", "S S", "S Q"]);
    assert_eq!(Stage::ALL.map(Stage::code), *b"OSQMEC");
}

#[test]
fn a_channel_without_depth_has_ticks_alone() {
    let limits = BookLimits { instruments: 2, sessions: 1, orders: 8, levels: 8, stops: 1, fills_per_command: 1 };
    let floor = Floor::on_channels(&limits, &[0, 1], &[false, true]);
    assert!(floor.begun(ChannelIndex(0)).is_empty());
    assert_eq!(floor.begun(ChannelIndex(1)).len(), 5);
    let streams: Vec<_> = floor.exchange.streams().map(|stream| (stream.channel.0, stream.kind)).collect();
    assert_eq!(streams, [(0, StreamKind::Tick), (1, StreamKind::Tick), (1, StreamKind::Depth)]);
    assert_eq!(floor.exchange.channel_of(InstrumentIndex(1)), ChannelIndex(1));
}
