//! A venue that is read from an image goes on as the one that the image was made of.

use crate::harness::{CLIENT, Harness, Outbox, enter, order, venue};
use engine::image::{self, Caused};
use engine::record;
use engine::venue::Venue;
use wire::ouch::{Appendage, AppendageBuffer, OptionValue, OrderSide, TimeInForce};
use wire::{Price, Seq, SessionIndex};

/// How many of a session's reports an image takes along.
const REPORTS: u64 = 40;

/// Orders of all kinds, trades, stops that wait; a second life of the session, and orders that its death is to cancel.
fn lived() -> Harness {
    let mut harness = Harness::logged_in(true);
    let mut user_ref = 0;
    let mut seed = 7u64;
    let mut dice = |sides: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % sides
    };
    for round in 0..60 {
        let messages: Vec<Vec<u8>> = (0..5)
            .map(|_| {
                user_ref += 1;
                let side = if dice(2) == 0 { OrderSide::Buy } else { OrderSide::Sell };
                let price = 100 + i64::try_from(dice(20)).expect("small");
                let qty = 1 + u32::try_from(dice(9)).expect("small");
                match dice(6) {
                    0 => {
                        let mut buffer = AppendageBuffer::new();
                        let stop = if side == OrderSide::Buy { price + 15 } else { price - 15 };
                        assert!(buffer.push(OptionValue::StopPrice(Price(stop))));
                        enter(user_ref, side, price, qty, TimeInForce::Day, buffer.view())
                    }
                    1 => enter(user_ref, side, price, qty, TimeInForce::ImmediateOrCancel, Appendage::EMPTY),
                    _ => order(user_ref, side, price, qty),
                }
            })
            .collect();
        let next = harness.venue.exchange().sessions()[0].next_inbound();
        harness.send(next, &messages);
        harness.advance(1_000_000);
        harness.settle();
        if round == 30 {
            harness.log_in_again();
        }
    }
    harness
}

impl Harness {
    fn log_in_again(&mut self) {
        self.take_sent();
        self.advance(1_000_000_000);
        self.log_in(CLIENT, true).expect("the same user");
    }
}

fn bytes_of(venue: &Venue, ticks: &[Caused]) -> Vec<u8> {
    let mut bytes = Vec::new();
    image::write(venue, REPORTS, ticks.iter().copied(), &mut Vec::new(), &mut bytes).expect("a vector takes all");
    bytes
}

fn read(harness: &Harness, bytes: &[u8]) -> Result<(Venue, Vec<Caused>), image::ImageError> {
    let (mut again, mut ticks) = (venue(&harness.config), Vec::new());
    image::read(&mut again, &mut &bytes[..], |tick| ticks.push(tick))?;
    Ok((again, ticks))
}

#[test]
fn after_each_command_the_rest_leads_to_the_same_state() {
    let harness = lived();
    let journal = &harness.out.journal;
    let command = |at: usize| {
        let (seq, time, kind, body) = &journal[at];
        record::decode(*seq, *time, *kind, body).expect("a journaled command")
    };
    let replay = |venue: &mut Venue, at: usize, out: &mut Outbox| {
        venue.replay(&command(at), out).unwrap_or_else(|error| panic!("command {at}: {error}"));
    };
    let (mut whole, mut out) = (venue(&harness.config), Outbox::default());
    for at in 0..journal.len() {
        replay(&mut whole, at, &mut out);
        if at % 41 != 0 && at + 1 != journal.len() {
            continue;
        }
        let bytes = bytes_of(&whole, &out.market_data);
        let (mut again, ticks) = read(&harness, &bytes).expect("readable");
        again.stand_after(whole.seq(), whole.time());
        assert_eq!(ticks, out.market_data);
        assert_eq!(again.exchange().state_hash(), whole.exchange().state_hash(), "after command {at}");
        assert_eq!(again.exchange().book().audit(), Ok(()));
        assert_eq!(bytes_of(&again, &ticks), bytes, "an image of what was read is the same image");
        // To the end of the journal, past its state hashes.
        let mut rest = Outbox::default();
        (at + 1..journal.len()).for_each(|at| replay(&mut again, at, &mut rest));
        assert_eq!(again.exchange().state_hash(), harness.venue.exchange().state_hash());
        assert_eq!(again.exchange().numbers(), harness.venue.exchange().numbers());
        assert_eq!(again.exchange().feed_session(), harness.venue.exchange().feed_session());
        let ticks: Vec<_> = ticks.into_iter().chain(rest.market_data).collect();
        assert_eq!(ticks, harness.out.market_data);
    }
}

#[test]
fn the_newest_reports_can_be_asked_for_again() {
    let harness = lived();
    let (again, _) = read(&harness, &bytes_of(&harness.venue, &[])).expect("readable");
    let session = SessionIndex(0);
    let next = harness.venue.exchange().sessions()[0].next_outbound();
    assert!(next > REPORTS + 1, "more reports than an image takes along");
    assert_eq!(harness.venue.gateway().oldest_outbound(session), 1);
    assert_eq!(again.gateway().oldest_outbound(session), next - REPORTS);
}

#[test]
fn an_image_that_ends_early_or_goes_on_is_refused() {
    let harness = lived();
    let ticks: Vec<(Seq, _)> = harness.out.market_data.iter().take(3).copied().collect();
    let mut bytes = bytes_of(&harness.venue, &ticks);
    for len in (0..bytes.len()).step_by(bytes.len() / 40) {
        assert!(read(&harness, &bytes[..len]).is_err(), "{len} of {} bytes", bytes.len());
    }
    assert!(read(&harness, &bytes).is_ok());
    bytes.push(0);
    assert!(read(&harness, &bytes).is_err());
}

/// Whatever the bytes say, a venue is read or refused, and nothing panics; what is read fits together.
#[test]
fn damage_is_refused_or_gives_a_book_that_fits_together() {
    let harness = lived();
    let bytes = bytes_of(&harness.venue, &[]);
    for at in (0..bytes.len()).step_by(bytes.len() / 120) {
        let mut damaged = bytes.clone();
        damaged[at] ^= 1 << (at % 8);
        if let Ok((venue, _)) = read(&harness, &damaged) {
            let book = venue.exchange().book();
            assert!(book.order_count() <= usize::try_from(harness.config.limits.orders).expect("small"), "byte {at}");
        }
    }
}
