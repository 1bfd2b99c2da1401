//! Who trades, and what.

use super::{Of, columns, of_group};
use crate::stats::look::Look;
use crate::stats::table::{Column, Table, Value};
use wire::Price;

columns! { GATEWAY:
    ("messages/s", "messages_per_s"), ("reports/s", "reports_sent_per_s"), ("datagrams", "datagrams"), ("messages", "messages"), ("reports", "reports_sent"), ("packets", "packets_sent"), ("heartbeats", "heartbeats_sent"),
    ("malformed", "malformed"), ("forged", "forged"), ("duplicates", "duplicates"), ("gaps", "gaps"), ("asked clients", "requests_sent"), ("asked by clients", "requests_received"), ("sent again", "reports_resent"),
    ("challenges", "challenges"), ("logins", "logins"), ("logins refused", "logins_refused"), ("died of silence", "deaths"), ("logouts", "logouts"), ("answers dropped", "replies_dropped"),
}

pub(super) fn gateway(look: &Look) -> Table {
    of_group(look, "gateway", GATEWAY, |of| {
        let totals = GATEWAY[2..].iter().map(|Column { key, .. }| of.count(key));
        [of.rate("messages"), of.rate("reports_sent")].into_iter().chain(totals).collect()
    })
}

columns! { SESSIONS:
    ("session", "session"), ("state", "state"), ("msg/s", "messages_per_s"), ("rej/s", "rejects_per_s"), ("rep/s", "reports_per_s"), ("open", "open_orders"), ("of", "open_orders_max"), ("pending", "pending"), ("heard", "heard_age_ns"),
    ("messages", "messages"), ("reports", "reports"), ("rejects", "rejects"), ("logins", "logins"), ("gaps", "gaps"),
}

/// Sessions, those that send most first.
pub(super) fn sessions(look: &Look) -> Table {
    let mut table = of_group(look, "session", SESSIONS, |of| {
        let is = |field| of.row.get(field) == Some(1);
        let state = match (is("locked"), is("alive")) {
            (true, _) => "locked",
            (false, true) => "up",
            (false, false) => "down",
        };
        vec![
            of.label(),
            Value::text(state),
            of.rate("messages"),
            of.rate("rejects"),
            of.rate("reports"),
            of.count("open_orders"),
            of.count("open_orders_max"),
            of.count("pending"),
            of.age("heard_ns"),
            of.count("messages"),
            of.count("reports"),
            of.count("rejects"),
            of.count("logins"),
            of.count("gaps"),
        ]
    });
    most_active_first(&mut table, "messages_per_s", "messages");
    table
}

columns! { INSTRUMENTS:
    ("symbol", "symbol"), ("status", "status"), ("msg/s", "messages_per_s"), ("trd/s", "trades_per_s"), ("last", "last_price"), ("bid qty", "bid_qty"), ("bid", "bid_price"), ("ask", "ask_price"), ("ask qty", "ask_qty"),
    ("orders", "orders"), ("messages", "messages"), ("trades", "trades"), ("volume", "volume"),
}

/// Instruments, those with most messages first.
pub(super) fn instruments(look: &Look) -> Table {
    let mut table = of_group(look, "instrument", INSTRUMENTS, |of| {
        let status = match of.row.get("status") {
            Some(0) => "trading",
            Some(1) => "halted",
            Some(2) => "closed",
            _ => "?",
        };
        let price = |field, is_there: Option<u64>| match (of.row.get_signed(field), is_there) {
            (Some(price), Some(1..)) => Value::Price(Price(price)),
            _ => Value::Empty,
        };
        let get = |of: Of<'_>, field| of.row.get(field);
        vec![
            of.label(),
            Value::text(status),
            of.rate("messages"),
            of.rate("trades"),
            // Before the first trade it is 0; a price of 0 after one is rarer than a market that has not begun.
            price("last_price", get(of, "last_price")),
            of.count("bid_qty"),
            price("bid_price", get(of, "bid_qty")),
            price("ask_price", get(of, "ask_qty")),
            of.count("ask_qty"),
            of.count("orders"),
            of.count("messages"),
            of.count("trades"),
            of.count("volume"),
        ]
    });
    most_active_first(&mut table, "messages_per_s", "messages");
    table
}

columns! { REJECTS: ("code", "code"), ("rej/s", "rejects_per_s"), ("rejects", "rejects"), }

/// Rejects, the most frequent first.
pub(super) fn rejects(look: &Look) -> Table {
    let mut table = of_group(look, "reject", REJECTS, |of| vec![of.label(), of.rate("count"), of.count("count")]);
    most_active_first(&mut table, "rejects_per_s", "rejects");
    table
}

/// By the rate, and of equal ones by the total.
fn most_active_first(table: &mut Table, rate: &str, total: &str) {
    for key in [total, rate] {
        if let Some(column) = table.column(key) {
            table.sort_down(column);
        }
    }
}
