//! What an image of a full book takes: of the follower's time, and of memory.

use crate::harness::order;
use engine::command::{Action, Command};
use engine::config::Config;
use engine::exchange::Exchange;
use engine::glimpse::Image;
use engine::sink::NoSink;
use std::time::Instant;
use wire::feed::{ChannelIndex, Stream, StreamKind};
use wire::mold::SessionId;
use wire::ouch::OrderSide;
use wire::{Nanos, Seq, SessionIndex};

fn an_image_of(orders: u32) {
    let room = orders.next_power_of_two().to_string();
    let levels = "4096".to_owned();
    let pairs = [("limits.orders", &room), ("limits.session_orders", &room), ("limits.levels", &levels)];
    let pairs = pairs.map(|(key, value)| (key.to_owned(), value.clone()));
    let config = Config::default().with_overrides(&pairs).expect("valid overrides");
    let mut exchange = Exchange::new(&config.rules());
    let mut seq = 0;
    let mut apply = |exchange: &mut Exchange, action: Action<'_>| {
        seq += 1;
        exchange.apply(&Command { seq: Seq(seq), time: Nanos(seq), action }, &mut NoSink);
    };
    apply(&mut exchange, Action::Genesis { fingerprint: 0, feed_session: SessionId(*b"KQ7B2MXAZZ") });
    for number in 1..=orders {
        let side = if number % 2 == 0 { OrderSide::Buy } else { OrderSide::Sell };
        let away = i64::from(number / 2 * 7_919 % 1_000);
        let price = if number % 2 == 0 { 100_000 - away } else { 100_001 + away };
        let bytes = order(number, side, price, 1 + number % 100);
        let session = SessionIndex(0);
        apply(&mut exchange, Action::Message { session, client_seq: u64::from(number), bytes: &bytes });
    }
    assert_eq!(exchange.book().order_count(), usize::try_from(orders).expect("small"));
    for kind in StreamKind::ALL {
        let begin = Instant::now();
        let image = Image::of(&exchange, Stream::new(ChannelIndex(0), kind), Nanos(0));
        let took = begin.elapsed();
        let bytes: usize = image.pieces().iter().map(Vec::len).sum();
        let held: usize = image.pieces().iter().map(Vec::capacity).sum();
        eprintln!("{orders} orders, {kind:?}: {} messages, {bytes} bytes, {took:?}", image.messages());
        assert!(held < bytes + (512 << 10), "{held} bytes are held for {bytes}");
        assert!(image.pieces().iter().all(|piece| piece.capacity() < 1 << 20), "no piece is a large table");
        if kind == StreamKind::Depth {
            let others = 3 + 2 * exchange.instruments().len() as u64 + 1;
            assert_eq!(image.messages(), u64::from(orders) + others);
        }
    }
}

#[test]
fn an_image_is_no_longer_than_what_it_says() {
    an_image_of(20_000);
}

#[test]
#[ignore = "a million orders; prints what they take"]
fn a_million_orders() {
    an_image_of(1_000_000);
}
