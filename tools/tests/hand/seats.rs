//! A seat at a real venue in memory: what it sends, what it knows of its orders, what it refuses to send.

use crate::venue_port::{Seen, VenuePort};
use engine::config::Config;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tools::client::{ClientConfig, ReportsFrom, State};
use tools::hand::instruction::Instruction;
use tools::hand::own_orders::Stand;
use tools::hand::seat::{Refused, Seat};
use tools::trade::log::Log;
use wire::login::Username;
use wire::ouch::CancelReason;
use wire::{Qty, UserRefNum};

/// No answer takes as long.
const LIMIT: Duration = Duration::from_secs(20);

pub fn client() -> ClientConfig {
    let config = Config::default();
    let session = &config.sessions[0];
    let user = Username::new(&session.username).expect("a short name");
    ClientConfig::new(user, session.key, config.network.order_entry.into(), config.network.rerequest.into())
}

/// A seat with what was heard at it.
pub struct Table {
    pub seat: Seat<VenuePort>,
    pub log: Log,
    /// What the venue's market data shows.
    pub seen: Arc<Mutex<Seen>>,
}

impl Table {
    /// Logs in.
    pub fn at(client: ClientConfig, port: VenuePort) -> Self {
        let seen = port.seen();
        let mut table = Self { seat: Seat::new(client, port), log: Log::default(), seen };
        table.until("a session", |table| table.seat.state() == State::Up);
        table
    }

    fn until(&mut self, what: &str, done: impl Fn(&mut Self) -> bool) {
        let begin = Instant::now();
        while !done(self) {
            assert!(begin.elapsed() < LIMIT, "expected {what}");
            let log = &mut self.log;
            self.seat.turn(|heard| log.report(&heard.message)).expect("a session");
        }
    }

    /// Sends an instruction and returns its order's number once all that it caused was heard.
    pub fn give(&mut self, line: &str) -> UserRefNum {
        let sent = self.seat.give(&line.parse().expect("an order")).unwrap_or_else(|error| panic!("{line}: {error}"));
        self.until("an answer", |table| table.seat.standing().unanswered == 0);
        // What stands behind an answer comes before the answer to a question asked then.
        self.seat.give(&Instruction::Query).expect("taken");
        self.until("an answer", |table| table.seat.standing().unanswered == 0);
        sent.user_ref.unwrap_or_default()
    }

    fn said(&self) -> String {
        self.log.iter().map(|entry| entry.text.as_str()).collect::<Vec<_>>().join("\n")
    }

    fn stand(&self, order: UserRefNum) -> (Stand, Qty, Qty) {
        let order = self.seat.orders().get(order).expect("known");
        (order.stand, order.leaves_qty, order.cum_qty)
    }
}

#[test]
fn the_orders_of_a_seat_are_those_of_the_venue() {
    let mut table = Table::at(client(), VenuePort::new(None));
    let sell = table.give("sell 100 PINION @ 10.05 --tag first");
    assert_eq!(table.stand(sell), (Stand::Live, Qty(100), Qty(0)));
    let buy = table.give("buy 30 PINION @ 10.05 --tif ioc");
    assert_eq!(table.stand(buy), (Stand::Filled, Qty(0), Qty(30)));
    assert_eq!(table.stand(sell), (Stand::Live, Qty(70), Qty(30)));
    // So that 80 at most execute: 50 are left.
    table.give(&format!("reduce {sell} 80"));
    assert_eq!(table.stand(sell), (Stand::Live, Qty(50), Qty(30)));
    // Without a price it stays where it is, with its tag.
    let again = table.give(&format!("replace {sell} 90"));
    assert_eq!(table.stand(sell).0, Stand::Replaced(again));
    assert_eq!(table.stand(again), (Stand::Live, Qty(60), Qty(30)));
    assert_eq!(table.seat.orders().get(again).map(|order| order.terms.tag.as_str().to_owned()), Some("first".into()));
    assert_eq!(table.seat.orders().open().count(), 1);
    table.give(&format!("modify {again} short 70"));
    assert_eq!(table.stand(again), (Stand::Live, Qty(40), Qty(30)));
    table.give(&format!("cancel {again}"));
    assert_eq!(table.stand(again), (Stand::Canceled(CancelReason::USER), Qty(0), Qty(30)));
    // Entered anew, an order begins a total of its own.
    let first = table.give("sell 10 PINION @ 10.05");
    table.give("buy 4 PINION @ 10.05 --tif ioc");
    let anew = table.give(&format!("replace {first} 6 --re-enter"));
    assert_eq!(table.stand(anew), (Stand::Live, Qty(6), Qty(0)));
    assert_eq!(table.seat.orders().get(anew).map(|order| order.total()), Some(Qty(6)));
    table.give(&format!("cancel {anew}"));
    assert_eq!(table.seat.orders().open().count(), 0);
    // A stop waits until a trade reaches it.
    let stop = table.give("buy 5 PINION @ 12 --stop 11");
    assert_eq!(table.stand(stop), (Stand::Waiting, Qty(5), Qty(0)));
    table.give("sell 1 PINION @ 11");
    table.give("buy 1 PINION @ 11 --tif ioc");
    assert_eq!(table.stand(stop).0, Stand::Live);
    // Self-match prevention takes off what would have traded.
    let newest = table.give("sell 2 PINION @ 12 --self-match newest");
    assert_eq!(table.stand(newest), (Stand::Canceled(CancelReason::SELF_MATCH), Qty(0), Qty(0)));
    let said = table.said();
    for words in [
        "accepted 1 sell 100 PINION @ 10.05",
        "executed 1 30 @ 10.05 A trade 1",
        "canceled 1 20 U asked for by the client",
        "replaced 1 by 3 sell 60 PINION @ 10.05",
        "modified 3 short 40",
        "restated 7 StopReached",
        "prevented 10 2 Q CancelNewest",
    ] {
        assert!(said.contains(words), "expected '{words}' in\n{said}");
    }
    assert_eq!(table.seat.orders().strangers(), 0);
}

#[test]
fn what_the_venue_would_ignore_is_not_sent() {
    let mut table = Table::at(client(), VenuePort::new(None));
    let first = table.give("buy 1 PINION @ 10 --ref 7");
    assert_eq!(first, UserRefNum(7));
    let refused = table.seat.give(&"buy 1 PINION @ 10 --ref 7".parse().expect("an order"));
    assert_eq!(refused, Err(Refused::Number { found: UserRefNum(7), last: UserRefNum(7) }));
    let refused = table.seat.give(&"replace 3 1".parse().expect("an order"));
    assert_eq!(refused, Err(Refused::Price(UserRefNum(3))));
    assert_eq!(table.give("buy 1 PINION @ 10"), UserRefNum(8));
    table.give("buy 0 PINION @ 10");
    assert!(table.said().contains("rejected 9 0x0013"), "{}", table.said());
    let standing = table.seat.standing();
    assert_eq!((standing.last_number, standing.latency.answers), (6, 6));
    assert!(
        standing.latency.best_ns <= standing.latency.last_ns && standing.latency.last_ns <= standing.latency.worst_ns
    );
}

/// Whoever comes back sees the orders that were left in the book.
#[test]
fn orders_from_before_the_login_are_known_again() {
    let mut table = Table::at(client(), VenuePort::new(None));
    let sell = table.give("sell 100 PINION @ 10.05 --hidden");
    table.give("buy 30 PINION @ 10.05 --tif ioc");
    table.seat.leave();
    table.until("the end", |table| table.seat.state() == State::Closed);
    let port = table.seat.into_port();
    let mut table = Table::at(ClientConfig { reports_from: ReportsFrom::Oldest, ..client() }, port);
    table.until("the orders", |table| table.seat.orders().iter().count() == 2);
    table.give("query");
    assert_eq!(table.stand(sell), (Stand::Live, Qty(70), Qty(30)));
    // And can be worked with: it stays hidden.
    let again = table.give(&format!("replace {sell} 60"));
    assert_eq!(table.stand(again), (Stand::Live, Qty(30), Qty(30)));
    let depth = &table.seen.lock().expect("nobody panicked").depth;
    assert!(depth.get(wire::InstrumentIndex(0)).is_none_or(|depth| depth.levels(wire::Side::Sell).next().is_none()));
    let display = |order| table.seat.orders().get(order).and_then(|order| order.terms.display);
    assert_eq!(display(again), display(sell));
}
