//! What operators set: locks, halts, the drain, listings, and the end of a login or of the day.

use crate::harness::{CLIENT, Harness, Outbox, config, encode, kinds, order, overridden, reason, replacement, venue};
use engine::depth::Change;
use engine::exchange::Exchange;
use engine::image;
use engine::market_event::MarketEvent;
use engine::record;
use wire::admin::{NewInstrument, Outcome, Refusal, Scope, Verb};
use wire::feed::ChannelIndex;
use wire::ouch::{CancelOrder, Inbound, OrderSide, RejectReason};
use wire::tick::TickKind;
use wire::{MemberId, Price, Qty, SessionIndex, Symbol, UserRefNum};

use crate::asking::*;

fn replace(orig: u32, user_ref: u32, price: i64, qty: u32) -> Vec<u8> {
    encode(&Inbound::ReplaceOrder(replacement(orig, user_ref, price, qty)))
}

fn cancel(user_ref: u32) -> Vec<u8> {
    encode(&Inbound::CancelOrder(CancelOrder { user_ref: UserRefNum(user_ref), qty: Qty(0) }))
}

fn said(harness: &mut Harness) -> Vec<MarketEvent> {
    std::mem::take(&mut harness.out.market_data).into_iter().map(|(_, event)| event).collect()
}

fn listing(name: &str) -> NewInstrument {
    NewInstrument {
        symbol: symbol(name),
        tick: 5,
        lot: 2,
        price_min: Price(5),
        price_max: Price(1_000_000),
        quantity_max: Qty(1_000),
        market_protection: None,
        channel: ChannelIndex(0),
    }
}

fn of(symbol_name: &str, user_ref: u32, side: OrderSide, price: i64, qty: u32) -> Vec<u8> {
    let mut bytes = order(user_ref, side, price, qty);
    bytes[10..18].copy_from_slice(&symbol(symbol_name).0);
    bytes
}

#[test]
fn a_locked_scope_enters_nothing_until_its_own_lock_is_gone() {
    let own = [Scope::Session(SessionIndex(0)), Scope::Member(MemberId(0)), Scope::Venue];
    let others = [Scope::Session(SessionIndex(1)), Scope::Member(MemberId(1))];
    let mut harness = Harness::logged_in(true);
    let (mut number, mut user_ref) = (0, 0);
    let mut ask_next = |harness: &mut Harness, verb| {
        number += 1;
        changed(ask(harness, number, verb))
    };
    let mut enter_one = |harness: &mut Harness| {
        user_ref += 1;
        send(harness, &[order(user_ref, BUY, 100, 5)])
    };
    for scope in others {
        assert_eq!(ask_next(&mut harness, Verb::Lock { scope }), 0);
        assert_eq!(kinds(&enter_one(&mut harness)), "A", "{scope} is somebody else");
    }
    for scope in own {
        let standing = harness.venue.exchange().book().open_orders(SessionIndex(0));
        assert_eq!(ask_next(&mut harness, Verb::Lock { scope }), u64::from(standing), "{scope}");
        assert_eq!(harness.take_reports().len() as u32, standing);
        assert_eq!(reason(&enter_one(&mut harness)[0]), RejectReason::LOCKED, "{scope}");
        for unlocked in own.into_iter().filter(|other| *other != scope) {
            assert_eq!(ask_next(&mut harness, Verb::Unlock { scope: unlocked }), 0);
        }
        assert_eq!(reason(&enter_one(&mut harness)[0]), RejectReason::LOCKED, "no other unlock helps {scope}");
        // It hears, asks, and logs in as always.
        assert_eq!(kinds(&send(&mut harness, &[encode(&Inbound::AccountQuery(wire::ouch::AccountQuery {}))])), "Q");
        harness.advance(1_000_000_000);
        harness.log_in(CLIENT, true).expect("a locked session logs in");
        harness.take_sent();
        assert_eq!(ask_next(&mut harness, Verb::Unlock { scope }), 1);
        assert_eq!(kinds(&enter_one(&mut harness)), "A");
    }
    assert_eq!(harness.replayed().exchange().state_hash(), harness.venue.exchange().state_hash());
}

#[test]
fn nothing_of_a_halted_instrument_enters_or_trades_and_all_of_it_is_there_after() {
    let mut harness = Harness::logged_in(false);
    let standing = standing(&mut harness);
    said(&mut harness);
    let pinion = symbol("PINION");
    assert_eq!(changed(ask(&mut harness, 1, Verb::Halt { symbol: pinion })), 1);
    assert_eq!(changed(ask(&mut harness, 2, Verb::Halt { symbol: pinion })), 0);
    let told = |state: u8, said: &[MarketEvent]| match said {
        [MarketEvent::Tick(tick), MarketEvent::Depth(depth)] => {
            assert_eq!((tick.kind, tick.status()), (TickKind::Status, Some(state)));
            let Change::TradingAction { state: action, .. } = depth.change else { panic!("{depth:?}") };
            assert_eq!(action, state);
        }
        other => panic!("{other:?}"),
    };
    told(b'H', &said(&mut harness));
    // A marketable order, one that would rest, and a replace into the market; other instruments trade.
    let mut elsewhere = order(12, BUY, 100, 5);
    elsewhere[10..18].copy_from_slice(&symbol("ALC").0);
    let reports =
        send(&mut harness, &[order(10, BUY, 130, 50), order(11, BUY, 90, 5), replace(1, 13, 130, 5), elsewhere]);
    assert_eq!(kinds(&reports), "JJJ", "the fourth has a number that was passed");
    assert!(reports.iter().all(|report| reason(report) == RejectReason::HALTED));
    let mut elsewhere = order(14, BUY, 100, 5);
    elsewhere[10..18].copy_from_slice(&symbol("ALC").0);
    assert_eq!(kinds(&send(&mut harness, &[elsewhere])), "A");
    assert_eq!(kinds(&send(&mut harness, &[cancel(7)])), "C", "a cancel works");
    said(&mut harness);
    let book = harness.venue.exchange().book().state_hash();
    assert_eq!(changed(ask(&mut harness, 3, Verb::Resume { symbol: pinion })), 1);
    told(b'T', &said(&mut harness));
    assert_eq!(harness.venue.exchange().book().state_hash(), book, "every order is where it was");
    // And now it trades, and the stop order that waited is elected.
    let reports = send(&mut harness, &[order(20, BUY, 111, 5), order(21, SELL, 125, 1), order(22, BUY, 125, 6)]);
    assert!(kinds(&reports).contains('R'), "{}", kinds(&reports));
    assert_eq!(standing, 7);
    assert_eq!(harness.replayed().exchange().state_hash(), harness.venue.exchange().state_hash());
}

#[test]
fn a_drain_keeps_new_orders_out_over_a_restart_and_lets_cancels_work() {
    let mut harness = Harness::logged_in(false);
    standing(&mut harness);
    assert_eq!(changed(ask(&mut harness, 1, Verb::Drain)), 1);
    let reports = send(&mut harness, &[order(10, BUY, 50, 5), replace(1, 11, 100, 4), cancel(2)]);
    assert_eq!(kinds(&reports), "JJC");
    assert!(reports[..2].iter().all(|report| reason(report) == RejectReason::DRAINING));
    assert!(harness.replayed().exchange().controls().is_draining());
    assert_eq!(changed(ask(&mut harness, 2, Verb::Reopen)), 1);
    assert_eq!(kinds(&send(&mut harness, &[order(12, BUY, 50, 5)])), "A");
}

#[test]
fn whoever_is_disconnected_is_told_and_has_its_wish_on_disconnect() {
    for cancels in [false, true] {
        let mut harness = Harness::logged_in(cancels);
        let standing = standing(&mut harness);
        let session = SessionIndex(0);
        assert_eq!(changed(ask(&mut harness, 1, Verb::Disconnect { session })), 1);
        harness.settle();
        assert!(!harness.venue.exchange().sessions()[0].is_alive());
        let packets: Vec<_> = harness.take_sent().into_iter().map(|(_, _, bytes)| bytes).collect();
        let last = wire::mold::Packet::parse(packets.last().expect("a farewell")).expect("whole");
        assert_eq!(last.kind(), wire::mold::PacketKind::EndOfSession);
        let left = harness.venue.exchange().book().order_count();
        assert_eq!(left, if cancels { 0 } else { standing });
        assert_eq!(changed(ask(&mut harness, 2, Verb::Disconnect { session })), 0, "it was so already");
        assert!(harness.take_sent().is_empty());
        harness.advance(1_000_000_000);
        harness.log_in(CLIENT, cancels).expect("it may come back");
        assert_eq!(harness.replayed().exchange().state_hash(), harness.venue.exchange().state_hash());
    }
}

#[test]
fn an_added_instrument_is_told_traded_and_there_after_a_restart() {
    let mut harness = Harness::logged_in(false);
    let before = harness.venue.exchange().instruments().len();
    assert_eq!(reason(&send(&mut harness, &[of("NEW", 1, BUY, 100, 2)])[0]), RejectReason::INVALID_SYMBOL);
    said(&mut harness);
    assert_eq!(changed(ask(&mut harness, 1, Verb::AddInstrument(listing("NEW")))), 1);
    let index = harness.venue.exchange().instruments().find(symbol("NEW")).expect("listed");
    assert_eq!(index.get() as usize, before);
    let told = said(&mut harness);
    let [MarketEvent::Depth(listed), MarketEvent::Tick(status), MarketEvent::Depth(trading)] = &told[..] else {
        panic!("{told:?}")
    };
    assert_eq!(listed.change, Change::Directory { instrument: index });
    assert_eq!((status.symbol_id, status.status()), (index, Some(b'T')));
    assert_eq!(trading.change, Change::TradingAction { instrument: index, state: b'T' });
    // Its tick and lot are kept.
    let reports = send(
        &mut harness,
        &[of("NEW", 2, BUY, 101, 2), of("NEW", 3, BUY, 100, 1), of("NEW", 4, BUY, 100, 4), of("NEW", 5, SELL, 100, 2)],
    );
    assert_eq!(kinds(&reports), "JJAAEE");
    assert_eq!([&reports[0], &reports[1]].map(reason), [RejectReason::PRICE_NOT_TICK, RejectReason::QUANTITY_NOT_LOT]);
    assert_eq!(ask(&mut harness, 2, Verb::AddInstrument(listing("NEW"))), Outcome::Refused(Refusal::ALREADY_EXISTS));
    assert_eq!(ask(&mut harness, 3, Verb::AddInstrument(listing("PINION"))), Outcome::Refused(Refusal::ALREADY_EXISTS));
    assert_eq!(changed(ask(&mut harness, 4, Verb::Halt { symbol: symbol("NEW") })), 1);
    // By the journal, and by an image.
    let replayed = harness.replayed();
    let mut bytes = Vec::new();
    image::write(&harness.venue, 10, std::iter::empty(), &mut Vec::new(), &mut bytes).expect("a vector");
    let mut imaged = venue(&harness.config);
    image::read(&mut imaged, &mut &bytes[..], |_| {}).expect("readable");
    for again in [&replayed, &imaged] {
        assert_eq!(again.exchange().state_hash(), harness.venue.exchange().state_hash());
        assert_eq!(again.exchange().instruments().find(symbol("NEW")), Some(index));
        assert!(again.exchange().controls().is_halted(index));
        assert_eq!(again.exchange().book().order_count(), 1);
    }
    // Other rules have no place for it.
    let narrow = overridden(config(), &[("limits.instruments_added", "0")]);
    assert!(image::read(&mut venue(&narrow), &mut &bytes[..], |_| {}).is_err());
}

#[test]
fn an_instrument_that_cannot_be_is_refused() {
    let narrow = overridden(config(), &[("limits.instruments_added", "1")]);
    let mut harness = Harness::with(narrow);
    let base = listing("NEW");
    let too_high = Price(i64::from(u32::MAX) + 4);
    let wrong = [
        (NewInstrument { channel: ChannelIndex(1), ..base }, Refusal::UNKNOWN_CHANNEL),
        (NewInstrument { symbol: Symbol(*b"A B     "), ..base }, Refusal::BAD_TERMS),
        (NewInstrument { tick: 0, ..base }, Refusal::BAD_TERMS),
        (NewInstrument { tick: -5, ..base }, Refusal::BAD_TERMS),
        (NewInstrument { lot: 0, ..base }, Refusal::BAD_TERMS),
        (NewInstrument { price_min: Price(7), ..base }, Refusal::BAD_TERMS),
        (NewInstrument { price_min: Price(1_000_005), ..base }, Refusal::BAD_TERMS),
        (NewInstrument { price_max: too_high, ..base }, Refusal::BAD_TERMS),
        (NewInstrument { price_min: Price(-5), ..base }, Refusal::BAD_TERMS),
        (NewInstrument { quantity_max: Qty(1), ..base }, Refusal::BAD_TERMS),
        (NewInstrument { market_protection: Some(0), ..base }, Refusal::BAD_TERMS),
    ];
    let mut number = 0;
    let mut ask_next = |harness: &mut Harness, added| {
        number += 1;
        ask(harness, number, Verb::AddInstrument(added))
    };
    for (added, refusal) in wrong {
        assert_eq!(ask_next(&mut harness, added), Outcome::Refused(refusal), "{added:?}");
    }
    assert_eq!(changed(ask_next(&mut harness, base)), 1);
    assert_eq!(ask_next(&mut harness, listing("NEXT")), Outcome::Refused(Refusal::NO_ROOM));
    // The room is a rule.
    let wider = overridden(config(), &[("limits.instruments_added", "2")]);
    assert_ne!(wider.fingerprint(), harness.config.fingerprint());
}

#[test]
fn after_the_close_only_what_changes_no_book_is_done() {
    let mut harness = Harness::logged_in(false);
    standing(&mut harness);
    assert_eq!(changed(ask(&mut harness, 1, Verb::CloseMarket)), 1);
    assert_eq!(harness.out.ends.len(), 1);
    assert_eq!(changed(ask(&mut harness, 2, Verb::CloseMarket)), 0);
    said(&mut harness);
    let pinion = symbol("PINION");
    let lock = Verb::Lock { scope: Scope::Venue };
    let refused = [
        ALL,
        lock,
        Verb::Halt { symbol: pinion },
        Verb::Resume { symbol: pinion },
        Verb::AddInstrument(listing("NEW")),
    ];
    for (number, verb) in (3..).zip(refused) {
        assert_eq!(ask(&mut harness, number, verb), Outcome::Refused(Refusal::MARKET_CLOSED), "{verb:?}");
    }
    for (number, verb) in (10..).zip([Verb::Drain, Verb::Reopen, Verb::Disconnect { session: SessionIndex(0) }]) {
        assert_eq!(changed(ask(&mut harness, number, verb)), 1, "{verb:?}");
    }
    assert!(said(&mut harness).is_empty());
    assert_eq!(harness.replayed().exchange().state_hash(), harness.venue.exchange().state_hash());
}

/// A journal in which no operator spoke has the hashes that it always had.
#[test]
fn the_hash_of_a_venue_without_operators_is_what_it_was() {
    let mut harness = Harness::logged_in(false);
    standing(&mut harness);
    let wide = Exchange::new(&harness.config.rules()).state_hash();
    let narrow = overridden(config(), &[("limits.instruments_added", "0")]);
    assert_eq!(Exchange::new(&narrow.rules()).state_hash(), wide);
    let mut again = venue(&narrow);
    for (seq, time, kind, body) in &harness.out.journal {
        let command = record::decode(*seq, *time, *kind, body).expect("a command");
        again.replay(&command, &mut Outbox::default()).expect("the same state");
    }
    assert_eq!(again.exchange().state_hash(), harness.venue.exchange().state_hash());
}
