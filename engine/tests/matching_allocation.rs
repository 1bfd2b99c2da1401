//! The tiles take their memory once: a counting allocator sees nothing while they work, whatever clients send.
//!
//! The three tiles behind the port, with the appliance's own links and a journal on disk, polled in turn by this thread. Only what
//! happens inside their polls is counted; the clients and the journal's helper are not part of the loop.

#[path = "../../netio/tests/contract/allocations.rs"]
mod allocations;

#[path = "matching_allocation/client.rs"]
mod client;
#[path = "matching_allocation/floor.rs"]
mod floor;

use client::Client;
use engine::config::Config;
use engine::counters::Reader;
use engine::link::{ORDER_ENTRY, REREQUEST};
use floor::{Floor, SECOND_NS};
use wire::address::Addr;
use wire::admin::{NewInstrument, Scope, Verb};
use wire::feed::ChannelIndex;
use wire::mold::{END_OF_SESSION, HEARTBEAT};
use wire::{MemberId, Price, Qty, Seq, SessionIndex, Side, Symbol};

fn config(dir: &std::path::Path) -> Config {
    let pairs = [
        ("limits.orders", "2000"),
        ("limits.session_orders", "1500"),
        ("limits.levels", "1000"),
        ("limits.session_store_messages", "131072"),
        ("journal.state_hash_interval_commands", "64"),
        ("journal.segment_bytes", "1048576"),
        ("journal.dir", dir.to_str().expect("a path in UTF-8")),
        ("stats.dir", dir.parent().and_then(|dir| dir.to_str()).expect("a path in UTF-8")),
    ];
    let overrides: Vec<_> = pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    Config::default().with_overrides(&overrides).expect("valid overrides")
}

/// What an operator asks for in a round: everything but what ends a login or the day, some of it refused.
fn asked(round: u64) -> [Verb; 2] {
    let pinion = Symbol::new("PINION").expect("short");
    let added = |number: u64| NewInstrument {
        symbol: Symbol::new(&format!("N{number}")).expect("short"),
        tick: 1,
        lot: 1,
        price_min: Price(1),
        price_max: Price(1_000),
        quantity_max: Qty(1_000),
        market_protection: None,
        channel: ChannelIndex(0),
    };
    let (own, member) = (Scope::Session(SessionIndex(0)), Scope::Member(MemberId(1)));
    match round / 8 % 7 {
        0 => [Verb::Lock { scope: own }, Verb::Unlock { scope: own }],
        1 => [Verb::Halt { symbol: pinion }, Verb::Halt { symbol: pinion }],
        2 => [Verb::Resume { symbol: pinion }, Verb::AddInstrument(added(round))],
        3 => [Verb::Drain, Verb::Unlock { scope: Scope::Venue }],
        4 => [Verb::Reopen, Verb::KeyChanged { session: SessionIndex(1), fingerprint: round }],
        5 => [
            Verb::CancelOrders { scope: Scope::Venue, symbol: Some(pinion), side: Some(Side::Buy) },
            Verb::CancelOrders { scope: member, symbol: None, side: None },
        ],
        _ => [Verb::Halt { symbol: Symbol::new("NOWHERE").expect("short") }, Verb::Resume { symbol: pinion }],
    }
}

#[test]
fn no_tile_allocates_whatever_clients_send() {
    let dir = tempfile::tempdir().expect("a directory");
    let config = config(&dir.path().join("journal"));
    let before = allocations::calls();
    let mut floor = Floor::new(&config);
    assert!(allocations::calls() > before, "the counter counts");
    let mut clients = [Client::new(&config, 0), Client::new(&config, 1)];
    for life in 0..4_u64 {
        for client in &mut clients {
            client.log_in(&mut floor, life % 2 == 0);
        }
        for round in 0..200_u64 {
            if round % 8 == 7 {
                asked(life * 200 + round).into_iter().for_each(|verb| floor.operate(verb));
            }
            for client in &mut clients {
                client.trade(&mut floor, 0);
                match round % 8 {
                    // A heartbeat, a gap, reports asked for again, a skip, rubbish, a stranger with the token, a packet once more.
                    0 => client.header(&mut floor, ORDER_ENTRY, client.next, HEARTBEAT),
                    1 => client.trade(&mut floor, 7),
                    2 => client.request(&mut floor, 1 + round, 50),
                    3 => client.header(&mut floor, REREQUEST, client.next + 2, HEARTBEAT),
                    4 => floor.receive(ORDER_ENTRY, Addr { ip: 1, port: 1 }, b"no packet"),
                    5 => client.stranger().trade(&mut floor, 0),
                    6 => floor.receive(ORDER_ENTRY, client.address, &client.last_packet),
                    _ => {}
                }
                if round % 8 == 3 {
                    client.next += 2;
                }
                if round % 8 == 1 {
                    // The messages that were numbered too high come in their place now, under numbers of their own.
                    client.trade(&mut floor, 0);
                }
            }
            floor.turn(&mut |datagram| clients.iter_mut().for_each(|client| client.count(datagram)));
        }
        floor.settle(&mut |datagram| clients.iter_mut().for_each(|client| client.count(datagram)));
        if life == 2 {
            clients[0].header(&mut floor, ORDER_ENTRY, clients[0].next, END_OF_SESSION);
        }
        // Long enough for heartbeats; in the first life so long that both clients count as dead.
        for _ in 0..if life == 0 { 12 } else { 3 } {
            floor.now.0 += SECOND_NS;
            floor.settle(&mut |_| {});
        }
    }
    assert_eq!(floor.calls, 0, "allocations and releases in the loop");

    floor.matching.store(&mut floor.meter, true);
    assert!(floor.answers[0] > 150 && floor.answers[1] > 5, "done and refused: {:?}", floor.answers);
    let venue = floor.matching.venue();
    let path = engine::counters::path_of(&config).expect("a directory is given");
    let counted = Reader::open(&path).expect("counters").snapshot(floor.now);
    let (exchange, get) = (venue.exchange(), |group, field| counted.get(group, field).expect("the schema has it"));
    let sum = |group, field| -> u64 { counted.rows(group).iter().filter_map(|row| row.get(field)).sum() };
    assert_eq!(get("appliance", "seq"), venue.seq().0);
    assert_eq!(get("appliance", "trades"), exchange.numbers().match_number.get() - 1);
    assert_eq!(sum("instrument", "trades"), get("appliance", "trades"));
    assert_eq!(sum("instrument", "orders"), exchange.book().order_count() as u64);
    assert_eq!(sum("session", "open_orders"), sum("instrument", "orders"));
    assert_eq!(sum("session", "reports"), get("appliance", "reports"));
    assert_eq!(sum("session", "messages"), get("appliance", "messages"));
    assert_eq!(sum("session", "logins"), 8);
    assert_eq!(sum("session", "gaps"), venue.gateway().counters().gaps);
    assert_eq!(sum("reject", "count"), sum("session", "rejects"));
    let codes: Vec<&str> = counted.rows("reject").iter().map(|row| row.label.as_str()).collect();
    for code in ["0x0013 INVALID_QUANTITY", "0x0017 INVALID_SYMBOL", "0x0100 MALFORMED", "CANCEL_REJECT"] {
        assert!(codes.contains(&code), "{code} is not among {codes:?}");
    }
    let of_link = |link, field| counted.row("link", link).and_then(|row| row.get(field));
    assert_eq!(of_link("operations", "passed"), Some(floor.number));
    assert_eq!((of_link("operations", "depth"), of_link("operations", "high_water")), (Some(0), Some(2)));
    assert_eq!(of_link("outcomes", "drops"), Some(0));
    let best = exchange.book().best(wire::InstrumentIndex(0), wire::Side::Buy).unwrap_or_default();
    assert_eq!(counted.row("instrument", "PINION").and_then(|row| row.get_signed("bid_price")), Some(best.0.0));

    let counters = venue.gateway().counters();
    assert!(venue.seq() > Seq(15_000), "{} commands", venue.seq());
    assert_eq!((counters.logins, counters.deaths, counters.logouts), (8, 2, 1), "{counters:?}");
    for (name, count) in counters.iter().filter(|(name, _)| !["logins_refused", "replies_dropped"].contains(name)) {
        assert!(count > 0, "nothing was counted as {name}: {counters:?}");
    }
    let numbers = venue.exchange().numbers();
    assert!(numbers.match_number.get() > 800 && numbers.order_ref.get() > 3_500, "{numbers:?}");
    assert!(clients.iter().all(|client| client.reports > 6_000) && floor.market_packets > 500);
}
