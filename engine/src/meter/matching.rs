//! The rows that the matching tile stores: venue, gateway, sessions, instruments, rejects.
//!
//! Goal: never more than a few rows at a time, however many there are, for whoever trades waits meanwhile. Non-goal: completeness at one
//! moment. Of sessions a window goes round; of instruments those are stored of which something has changed, a few each time that the
//! thread keeps house and one in each turn that has nothing else to do, none more often than the thread keeps house.

use std::sync::Arc;

use netio::ring::Consumer;
use wire::admin::Scope;
use wire::ouch::RejectReason;
use wire::{InstrumentIndex, SessionIndex, Side};

use super::link::LinkEnd;
use super::plan::Link;
use super::tally::{self, Tally};
use crate::counters::schema::{appliance, gateway, instrument, reject, session};
use crate::counters::{Region, Row};
use crate::link::Operation;
use crate::tile::MatchingOutputs;
use crate::venue::Venue;

/// Rows of each of the two kinds that there may be many of, stored at a time.
pub(crate) const ROWS_MAX: usize = 16;

/// Where they are stored, and how far the storing is.
#[derive(Debug)]
pub struct MatchingMeter {
    appliance: Row,
    gateway: Row,
    sessions: Vec<Row>,
    instruments: Vec<Row>,
    /// How many have their label from the plan; those that an operator adds get theirs when they are stored.
    listed: usize,
    /// With their labels, which they get when their code occurs for the first time.
    rejects: Vec<(Row, String)>,
    requests: LinkEnd,
    replies: LinkEnd,
    commands: LinkEnd,
    market_data: LinkEnd,
    operations: LinkEnd,
    outcomes: LinkEnd,
    /// Messages of market data that were made before there was a count.
    market_data_before: u64,
    /// The next session's turn.
    next_session: usize,
    /// Instruments that are to be stored before those that change meanwhile.
    due: Vec<InstrumentIndex>,
    rejects_stored: [u64; tally::OTHERS + 1],
}

impl MatchingMeter {
    /// For a venue that goes on from where it stands. Stores all rows once.
    pub(crate) fn new(region: &Arc<Region>, venue: &Venue, tally: &mut Tally, outputs: &MatchingOutputs) -> Self {
        let (exchange, instruments) = (venue.exchange(), region.rows(&instrument::GROUP));
        let mut meter = Self {
            appliance: region.row(&appliance::GROUP, 0),
            gateway: region.row(&gateway::GROUP, 0),
            sessions: region.rows(&session::GROUP),
            rejects: region.rows(&reject::GROUP).into_iter().zip(reject_labels()).collect(),
            requests: LinkEnd::new(region, Link::Requests),
            replies: LinkEnd::new(region, Link::Replies),
            commands: LinkEnd::new(region, Link::Commands),
            market_data: LinkEnd::new(region, Link::MarketData),
            operations: LinkEnd::new(region, Link::Operations),
            outcomes: LinkEnd::new(region, Link::Outcomes),
            market_data_before: outputs.market_data.released(),
            next_session: 0,
            due: Vec::with_capacity(instruments.len()),
            rejects_stored: [0; tally::OTHERS + 1],
            listed: exchange.instruments().len() - exchange.instruments().added().len(),
            instruments,
        };
        for index in (0..).take(venue.exchange().instruments().len()) {
            tally.touch(InstrumentIndex(index));
        }
        meter.store_all_instruments(venue, tally);
        meter.store_sessions(venue, tally, usize::MAX);
        meter.store_venue(venue, tally, outputs);
        meter
    }

    /// Stores what is due: a bounded number of rows, or at the end `all` of them.
    pub(crate) fn store<T>(
        &mut self,
        venue: &Venue,
        tally: &mut Tally,
        outputs: &MatchingOutputs,
        requests: &Consumer<T>,
        operations: Option<&Consumer<Operation>>,
        all: bool,
    ) {
        self.store_venue(venue, tally, outputs);
        self.requests.store_consumer(requests);
        self.replies.store_producer(&outputs.replies);
        self.replies.store_drops(venue.gateway().counters().replies_dropped);
        self.commands.store_producer(&outputs.commands);
        self.market_data.store_producer(&outputs.market_data);
        if let Some(operations) = operations {
            self.operations.store_consumer(operations);
        }
        self.outcomes.store_producer(&outputs.operators);
        self.outcomes.store_drops(outputs.outcomes_dropped);
        if all {
            self.store_sessions(venue, tally, usize::MAX);
            self.store_all_instruments(venue, tally);
            let orders: u64 = tally.instruments.iter().map(|tally| tally.orders).sum();
            debug_assert_eq!(
                orders,
                venue.exchange().book().order_count() as u64,
                "what events add up to is in the book"
            );
            return;
        }
        self.store_sessions(venue, tally, ROWS_MAX);
        for _ in 0..ROWS_MAX {
            if !self.store_one(venue, tally) {
                // Those that have changed since the last time are next.
                std::mem::swap(&mut self.due, &mut tally.due);
                break;
            }
        }
    }

    /// Stores one instrument, if one is due. For turns that have nothing else to do.
    pub(crate) fn store_one(&mut self, venue: &Venue, tally: &mut Tally) -> bool {
        let Some(instrument) = self.due.pop() else { return false };
        self.store_instrument(instrument, venue, tally);
        true
    }

    fn store_all_instruments(&mut self, venue: &Venue, tally: &mut Tally) {
        while self.store_one(venue, tally) {}
        std::mem::swap(&mut self.due, &mut tally.due);
        while self.store_one(venue, tally) {}
    }

    fn store_venue(&mut self, venue: &Venue, tally: &Tally, outputs: &MatchingOutputs) {
        let (exchange, row) = (venue.exchange(), &self.appliance);
        let book = exchange.book();
        row.set(appliance::seq, venue.seq().0);
        row.set(appliance::entry_closed, exchange.is_entry_closed().into());
        row.set(appliance::market_closed, exchange.is_market_closed().into());
        row.set(appliance::draining, exchange.controls().is_draining().into());
        row.set(appliance::locked, exchange.controls().has_lock(Scope::Venue).into());
        row.set(appliance::orders, book.order_count() as u64);
        row.set(appliance::levels, book.level_count() as u64);
        row.set(appliance::stops, book.stop_count() as u64);
        row.set(appliance::messages, tally.messages);
        row.set(appliance::reports, tally.reports);
        row.set(appliance::trades, tally.trades);
        row.set(appliance::market_data, outputs.market_data.released() - self.market_data_before);
        // The group has the gateway's own fields in their order.
        for (field, (_, value)) in venue.gateway().counters().iter().enumerate() {
            self.gateway.set(field, value);
        }
        for (place, (count, stored)) in tally.rejects.iter().zip(&mut self.rejects_stored).enumerate() {
            if count != stored {
                store_reject(&self.rejects, place, *count, *stored == 0);
                *stored = *count;
            }
        }
    }

    fn store_sessions(&mut self, venue: &Venue, tally: &Tally, rows_max: usize) {
        let exchange = venue.exchange();
        for _ in 0..self.sessions.len().min(rows_max) {
            self.next_session = (self.next_session + 1) % self.sessions.len();
            let (row, counted) = (&self.sessions[self.next_session], tally.sessions[self.next_session]);
            let Ok(index) = u16::try_from(self.next_session).map(SessionIndex) else { return };
            let (state, peer) = (&exchange.sessions()[self.next_session], venue.gateway().peer(index));
            row.set(session::alive, state.is_alive().into());
            row.set(session::locked, exchange.controls().is_locked(index, state.member()).into());
            row.set(session::heard_ns, peer.heard.0);
            row.set(session::messages, counted.messages);
            row.set(session::reports, state.next_outbound() - 1);
            row.set(session::rejects, counted.rejects);
            row.set(session::open_orders, exchange.book().open_orders(index).into());
            row.set(session::open_orders_max, state.open_orders_max().into());
            row.set(session::pending, peer.pending);
            row.set(session::logins, counted.logins);
            row.set(session::gaps, peer.gaps);
        }
    }

    fn store_instrument(&self, index: InstrumentIndex, venue: &Venue, tally: &mut Tally) {
        let Some(row) = self.instruments.get(index.0 as usize) else { return };
        if index.0 as usize >= self.listed {
            row.label(venue.exchange().instruments().get(index).symbol.name());
        }
        let counted = &mut tally.instruments[index.0 as usize];
        counted.is_due = false;
        let exchange = venue.exchange();
        let [bid, ask] = [Side::Buy, Side::Sell].map(|side| exchange.book().best(index, side).unwrap_or_default());
        let status = match (exchange.is_market_closed(), exchange.controls().is_halted(index)) {
            (true, _) => CLOSED,
            (false, true) => HALTED,
            (false, false) => TRADING,
        };
        row.set(instrument::status, status);
        row.set(instrument::messages, counted.messages);
        row.set(instrument::trades, counted.trades);
        row.set(instrument::volume, counted.volume);
        row.set_signed(instrument::last_price, counted.last_price.0);
        row.set_signed(instrument::bid_price, bid.0.0);
        row.set(instrument::bid_qty, bid.1.into());
        row.set_signed(instrument::ask_price, ask.0.0);
        row.set(instrument::ask_qty, ask.1.into());
        row.set(instrument::orders, counted.orders);
    }
}

const TRADING: u64 = 0;
const HALTED: u64 = 1;
const CLOSED: u64 = 2;

/// Stores how often a code occurred, in a row that is taken into use when it does for the first time.
fn store_reject(rows: &[(Row, String)], place: usize, count: u64, is_first: bool) {
    let named = RejectReason::ALL.iter().position(|reason| tally::place(*reason) == place);
    let (index, code) = match (named, place) {
        (Some(index), _) => (index, RejectReason::ALL[index].0),
        (None, tally::CANCELS) => (RejectReason::ALL.len(), 0),
        (None, _) => (RejectReason::ALL.len() + 1, 0),
    };
    let (row, label) = &rows[index];
    row.set(reject::code, code.into());
    row.set(reject::count, count);
    if is_first {
        row.label(label);
    }
}

/// In the order of the rows.
fn reject_labels() -> impl Iterator<Item = String> {
    let named = RejectReason::ALL.iter().map(|reason| format!("0x{:04X} {}", reason.0, reason.name()));
    named.chain(["CANCEL_REJECT".to_owned(), "UNKNOWN".to_owned()])
}

#[cfg(test)]
mod tests;
