//! `agreed`: client and venue speak of the same orders.

use super::super::ledger::Ledger;
use super::super::trader::Trader;
use super::{Verdict, fail};
use engine::book::OrderKey;
use engine::exchange::Exchange;

/// Whether a client was told anything that cannot be.
///
/// # Errors
/// It was; or it has failed by itself.
pub fn sane(trader: &Trader) -> Verdict {
    let session = trader.session.0;
    if let Some(oddity) = &trader.oddity {
        return fail("agreed", format!("client {session}: {oddity}"));
    }
    match trader.client().failure() {
        Some(failure) => fail("agreed", format!("client {session} cannot go on: {failure}")),
        None => Ok(()),
    }
}

/// At the end: a client has heard everything, and believes in the orders that the venue holds.
///
/// # Errors
/// It has not, or believes in others.
pub fn look(trader: &Trader, exchange: &Exchange, ledger: &Ledger) -> Verdict {
    let session = trader.session;
    let number = session.0;
    let told = &ledger.effects().reports[usize::from(number)];
    if trader.received.len() != told.len() {
        return fail("agreed", format!("client {number} has {} of {} reports", trader.received.len(), told.len()));
    }
    if let Some(place) = (0..told.len()).find(|place| told[*place].bytes != trader.received[*place]) {
        return fail("agreed", format!("client {number} was told another report {}", place + 1));
    }
    let mut believed = 0;
    for (user_ref, open) in trader.standing.of(session) {
        believed += 1;
        let held = exchange
            .book()
            .order(OrderKey::new(session, user_ref))
            .map(|order| (order.side, order.leaves.0, order.order_ref));
        if held != Some((open.side, open.qty, open.order_ref)) {
            return fail("agreed", format!("client {number} has order {} as {open:?}, the venue {held:?}", user_ref.0));
        }
    }
    let held = exchange.book().open_orders(session);
    if believed != held {
        return fail("agreed", format!("client {number} believes in {believed} orders, the venue holds {held}"));
    }
    Ok(())
}
