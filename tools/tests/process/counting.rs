//! What stands in the counters is what happened: while the program runs, when it has ended, when it was killed.

use crate::process::wait_until;
use crate::recording::{assert_published, flow};
use crate::site::Site;
use engine::counters::{Reader, Snapshot, find};
use netio::Endpoint;
use netio::host::{HostPort, PortKind, PortOptions};
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddrV4};
use tools::client::ClientConfig;
use tools::client::connection::Connection;
use wire::login::{Key, Username};
use wire::ouch::{
    Appendage, CancelOrder, Capacity, ClOrdId, CrossType, Display, EnterOrder, OrderSide, TimeInForce, YesNo,
};
use wire::{Nanos, Price, Qty, Symbol, UserRefNum};

/// The one file of counters of a site.
fn reader(site: &Site) -> Reader {
    let mut found = find(&site.path(""));
    assert_eq!(found.len(), 1, "{found:?}");
    found.remove(0).reader.expect("counters")
}

fn look(reader: &Reader) -> Snapshot {
    reader.snapshot(Nanos(0))
}

/// A second client, of whose messages each is refused for another reason.
fn refused_messages(site: &Site) -> BTreeMap<&'static str, u64> {
    let key = Key::from_hex("70696e696f6e2d646576656c6f706d656e742d6b65792d2d2d74726164657232").expect("a key");
    let user = Username::new("trader2").expect("a name");
    let config = ClientConfig::new(user, key, site.ports.order_entry().into(), site.ports.rerequest().into());
    let options = PortOptions { kind: PortKind::Socket, ..PortOptions::default() };
    let endpoint = Endpoint::unicast(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0));
    let mut connection = Connection::new(config, HostPort::open(&options, &[endpoint]).expect("a port"));
    connection.log_in(|_, _| {}).expect("a login");
    let order = |number: u32, symbol: &str, qty: u32| EnterOrder {
        user_ref: UserRefNum(number),
        side: OrderSide::Buy,
        qty: Qty(qty),
        symbol: Symbol::new(symbol).expect("a name"),
        price: Price(1),
        time_in_force: TimeInForce::Day,
        display: Display::Visible,
        capacity: Capacity::Agency,
        sweep: YesNo::No,
        cross_type: CrossType::Continuous,
        cl_ord_id: ClOrdId::BLANK,
        appendage: Appendage::EMPTY,
    };
    let client = connection.client();
    client.submit(|out| order(1, "NOWHERE", 5).encode(out)).expect("room");
    client.submit(|out| order(2, "NOWHERE", 5).encode(out)).expect("room");
    client.submit(|out| order(3, "ALC", 0).encode(out)).expect("room");
    client.submit(|out| CancelOrder { user_ref: UserRefNum(77), qty: Qty(0) }.encode(out)).expect("room");
    wait_until("four answers", || {
        connection.turn(|_, _| {}).expect("a session");
        connection.client().unanswered() == 0
    });
    connection.log_out(|_, _| {}).expect("a logout");
    BTreeMap::from([("0x0017 INVALID_SYMBOL", 2), ("0x0013 INVALID_QUANTITY", 1), ("CANCEL_REJECT", 1)])
}

#[test]
fn what_is_counted_is_what_happened() {
    let site = Site::new().with("topology.cores=2").with("journal.durability=synced");
    let reports = site.path("reports.txt");
    let appliance = site.start();
    let reader = reader(&site);
    assert!(reader.is_alive());
    assert_eq!((reader.owner().name.as_str(), reader.owner().pid), ("pinion", appliance.pid()));
    assert_eq!(look(&reader).get("appliance", "phase"), Some(1));
    assert_published(site.replay(&flow(), &["--reports", reports.to_str().expect("a plain path")]));
    // Without its end, what there is to see is there soon.
    wait_until("the numbers of the flow", || look(&reader).get("appliance", "messages") >= Some(39_878));
    let mut expected_rejects = refused_messages(&site);
    let (said, summary) = appliance.stop_saying();
    assert!(find(&site.path("")).is_empty(), "an orderly end takes the file away");
    assert!(!reader.is_alive());

    // The mapping still holds what was said last.
    let end = look(&reader);
    let get = |group, field| end.get(group, field).unwrap_or_else(|| panic!("no {group} {field}"));
    let of = |group, label, field| {
        let row = end.row(group, label).unwrap_or_else(|| panic!("no {group} {label}"));
        row.get(field).unwrap_or_else(|| panic!("no {field}"))
    };
    assert_eq!(get("appliance", "phase"), 3);
    for field in ["seq", "durable_seq"] {
        assert_eq!(get("appliance", field), summary.seq, "{field}");
        assert_eq!(get("journal", if field == "seq" { "appended_seq" } else { field }), summary.seq);
    }
    for (name, kind) in end.groups.iter().find(|group| &*group.name == "gateway").expect("there").fields() {
        assert_eq!(get("gateway", name), summary.counter(name), "{name} {kind:?}");
    }
    // Messages and reports by session, and by instrument what the report stream says.
    let text = std::fs::read_to_string(&reports).expect("reports");
    let executed: Vec<u64> = text
        .lines()
        .map(|line| line.split(',').collect::<Vec<_>>())
        .filter(|fields| fields[0] == "1")
        .map(|fields| fields[3].parse().expect("a quantity"))
        .collect();
    assert!(!executed.is_empty(), "expected executions in {}", text.lines().next().unwrap_or_default());
    // The client asks for its numbers before it logs out, and when it was not answered for a while.
    let by_trader2 = of("session", "trader2", "messages");
    assert!(by_trader2 >= 4, "{by_trader2}");
    assert_eq!(of("session", "trader2", "rejects"), 4);
    assert_eq!(of("session", "trader1", "messages") + by_trader2, get("appliance", "messages"));
    assert_eq!(get("appliance", "messages"), summary.counter("messages"));
    assert_eq!(of("session", "trader1", "reports") + of("session", "trader2", "reports"), get("appliance", "reports"));
    assert_eq!(of("instrument", "PINION", "trades"), executed.len() as u64);
    assert_eq!(of("instrument", "PINION", "volume"), executed.iter().sum::<u64>());
    assert_eq!(get("appliance", "trades"), executed.len() as u64);
    assert_eq!(of("instrument", "PINION", "orders"), get("appliance", "orders"));
    let rejects: BTreeMap<&str, u64> =
        end.rows("reject").iter().map(|row| (row.label.as_str(), row.get("count").expect("there"))).collect();
    // The flow cancels and replaces what is gone, too.
    let refused = |kind: &str| text.lines().filter(|line| line.split(',').next() == Some(kind)).count() as u64;
    *expected_rejects.entry("CANCEL_REJECT").or_default() += refused("4");
    expected_rejects.insert("0x0107 NOT_LIVE", refused("5"));
    assert!(refused("4") > 0 && refused("5") > 0);
    assert_eq!(rejects, expected_rejects);
    // What passed through the links is what the tiles at both ends say.
    assert_eq!(of("link", "commands", "passed"), summary.seq - 1, "all but the genesis record");
    assert_eq!(of("link", "requests", "passed"), get("port", "rx_datagrams"));
    assert_eq!(of("link", "replies", "passed") + of("link", "packets", "passed"), get("port", "tx_datagrams"));
    assert_eq!(
        of("link", "market_data", "passed"),
        of("feed", "main.tick", "messages") + of("feed", "main.depth", "messages")
    );
    let ticks = format!(
        " {} ticks published, {} depth",
        of("feed", "main.tick", "next") - 1,
        of("feed", "main.depth", "next") - 1
    );
    assert!(summary.text.contains(&ticks), "expected{ticks} in {}", summary.text);
    // The threads' duty is the duty that is told.
    for row in end.rows("thread") {
        let turns = format!("duty: {} ", row.label);
        let line = said.lines().find(|line| line.starts_with(&turns)).unwrap_or_else(|| panic!("{turns} in {said}"));
        let expected =
            format!("{} of {} turns", row.get("working_turns").expect("there"), row.get("turns").expect("there"));
        assert!(line.contains(&expected), "expected {expected} in {line}");
    }
    let syncs = end.rows("journal")[0].histogram("sync").expect("a histogram");
    assert!(syncs.count() > 0 && syncs.count() == get("journal", "syncs"), "{} syncs", syncs.count());
    // One of 64 commands was followed, each with all its stages.
    let whole = end.row("stage", "whole").expect("there");
    let (followed, lost) = (whole.histogram("duration").expect("a histogram"), whole.get("lost").expect("there"));
    let count = followed.count();
    assert!(count > 0 && count + lost <= summary.seq / 64 + 1, "{count} followed, {lost} lost");
    assert!(count >= summary.seq / 64 / 2, "{count} followed of {}, {lost} lost", summary.seq);
    let mut stages_ns = 0;
    for row in end.rows("stage").iter().filter(|row| row.label != "whole") {
        let stage = row.histogram("duration").expect("a histogram");
        assert_eq!(stage.count(), count, "{}", row.label);
        stages_ns += stage.sum_ns();
    }
    // Each duration is told in whole nanoseconds.
    assert!(stages_ns.abs_diff(followed.sum_ns()) <= 11 * count, "{stages_ns} of {}", followed.sum_ns());
}

#[test]
fn a_kill_leaves_the_counters_and_the_next_start_takes_them_over() {
    let site = Site::new();
    let appliance = site.start();
    let first = reader(&site);
    wait_until("a heartbeat", || {
        look(&first).get("appliance", "heartbeat_ns") > look(&first).get("appliance", "ready_ns")
    });
    appliance.kill();
    assert!(!first.is_alive());
    let left = reader(&site);
    assert!(!left.is_alive());
    assert_eq!(look(&left).get("appliance", "phase"), Some(1), "it had no time to say anything else");
    let appliance = site.start();
    let second = reader(&site);
    assert!(second.is_alive());
    assert_eq!(second.owner().pid, appliance.pid());
    assert_eq!(look(&second).get("appliance", "recovery_done"), look(&second).get("appliance", "recovery_records"));
    assert!(look(&second).get("appliance", "recovery_done") > Some(0));
    appliance.stop();
    assert!(find(&site.path("")).is_empty());
}

#[test]
fn who_cannot_count_trades_all_the_same() {
    let site = Site::new().with("stats.dir=/nonexistent/directory");
    let appliance = site.start();
    assert!(appliance.err().contains("warning: /nonexistent/directory/"), "{}", appliance.err());
    appliance.stop();
}
