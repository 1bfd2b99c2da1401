//! Stop orders of the naive book: waiting, elected, entering.

use wire::{InstrumentIndex, OrderRef, Price, Qty, Side};

use super::entry::{Former, stop_terms};
use super::market::TwinOrder;
use super::{Spot, TwinBook, canceled_resting};
use crate::book::{BookEvent, BookReject, CancelReason, NewOrder, Place, TimeInForce};

impl TwinBook {
    /// Lets an order wait for its stop price, or joins it to the elected ones where that is reached, in the place of another one.
    /// Tried out on a copy of the whole book.
    pub(super) fn wait(
        &mut self,
        terms: &NewOrder,
        stop: Price,
        liable: u32,
        former: Option<&Former>,
    ) -> Result<(), BookReject> {
        let mut after = self.clone();
        if let Some(Former { spot, order }) = former {
            after.remove(*spot, order.key);
            after.forget(order.key);
        }
        after.stamp += 1;
        let order = TwinOrder {
            key: terms.key,
            order_ref: terms.order_ref,
            owner: terms.owner,
            leaves: terms.qty.0,
            shown: 0,
            display: terms.display.0,
            liable,
            stamp: after.stamp,
            gtc: terms.tif == TimeInForce::Gtc,
            mark: terms.mark,
            stop: Some(stop_terms(terms)),
        };
        let market = after.markets.entry(terms.instrument.0).or_default();
        let kind = if market.has_reached(terms.side, stop) { Place::Elected } else { Place::Waiting };
        let spot = Spot { instrument: terms.instrument.0, side: terms.side, kind, price: stop.0 };
        if kind == Place::Elected {
            after.elected.push_back((spot, order));
        } else {
            market.join(spot.side, kind, spot.price, order);
        }
        after.remember(terms.key, spot);
        let waiting: usize = after.markets.values().map(super::Market::waiting_count).sum();
        if waiting + after.elected.len() > self.limits.stops as usize {
            return Err(BookReject::StopsFull);
        }
        after.check_room(&after.markets[&spot.instrument], spot)?;
        *self = after;
        Ok(())
    }

    /// Notes the trades of a command, and moves the orders whose stop price they reached to the elected ones.
    pub(super) fn elect_reached(&mut self, events: &[BookEvent]) {
        let trade = |event: &BookEvent| match *event {
            BookEvent::Trade { instrument, price, .. } => Some((instrument.0, price.0)),
            _ => None,
        };
        let trades: Vec<(u32, i64)> = events.iter().filter_map(trade).collect();
        let Some(&(instrument, last)) = trades.last() else { return };
        let prices = || trades.iter().map(|&(_, price)| price);
        let market = self.markets.get_mut(&instrument).expect("an instrument that has traded has a market");
        market.last_trade = Some(last);
        let (low, high) = (prices().min().unwrap_or(last), prices().max().unwrap_or(last));
        for (side, price) in [(Side::Buy, high), (Side::Sell, low)] {
            for (stop, mut order) in market.take_reached(side, price) {
                self.stamp += 1;
                order.stamp = self.stamp;
                let spot = Spot { instrument, side, kind: Place::Elected, price: stop };
                self.spots.insert(order.key, spot);
                self.elected.push_back((spot, order));
            }
        }
    }

    /// Enters an order that has just left the elected ones.
    pub(super) fn enter_elected(&mut self, spot: Spot, order: TwinOrder, next_ref: OrderRef) -> Vec<BookEvent> {
        let stop = order.stop.expect("an elected order has stop terms");
        let terms = NewOrder {
            instrument: InstrumentIndex(spot.instrument),
            key: order.key,
            order_ref: order.order_ref,
            owner: order.owner,
            side: spot.side,
            price: stop.limit,
            qty: Qty(order.leaves),
            tif: stop.tif,
            post_only: stop.post_only,
            min_qty: Qty(stop.min_qty),
            self_match: stop.self_match,
            display: Qty(order.display),
            hidden: stop.hidden,
            stop: None,
            mark: order.mark,
        };
        let mut events = vec![BookEvent::Elected {
            key: order.key,
            order_ref: order.order_ref,
            instrument: terms.instrument,
            side: spot.side,
            price: terms.price,
            qty: terms.qty,
            mark: order.mark,
        }];
        match self.carry_in(&terms, order.liable, Some(&Former { spot, order }), next_ref) {
            Ok(consequences) => events.extend(consequences),
            Err(reject) => {
                self.forget(order.key);
                events.push(canceled_resting(spot, &order, order.leaves, 0, CancelReason::Refused(reject)));
            }
        }
        events
    }
}
