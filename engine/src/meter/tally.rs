//! What the matching tile counts of the venue: plain numbers, bumped as things happen.
//!
//! Goal: an addition or two a message, on lines that the message touches anyway or that stay near. Non-goal: what the venue knows of
//! itself; that is read when it is stored. Nothing here is part of the state: a replay counts nothing.

use wire::ouch::RejectReason;
use wire::{InstrumentIndex, Price, SessionIndex};

use crate::book::{BookEvent, CancelReason};
use crate::command::{Action, Command};
use crate::venue::Venue;

/// Of one instrument: a cache line.
#[derive(Clone, Copy, Debug, Default)]
#[repr(align(64))]
pub(crate) struct InstrumentTally {
    pub(crate) messages: u64,
    pub(crate) trades: u64,
    pub(crate) volume: u64,
    pub(crate) orders: u64,
    pub(crate) last_price: Price,
    /// It waits to be stored.
    pub(super) is_due: bool,
}

/// Of one session.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SessionTally {
    pub(crate) messages: u64,
    pub(crate) rejects: u64,
    pub(crate) logins: u64,
}

/// Codes of each half, OUCH's own and the venue's, that have a place of their own.
const CODES: usize = 64;
/// Refused cancels, which have no code; code 0 is nobody's.
pub(super) const CANCELS: usize = 0;
/// Codes that have no place.
pub(super) const OTHERS: usize = 2 * CODES;

/// All of it.
#[derive(Debug)]
pub(crate) struct Tally {
    pub(crate) instruments: Vec<InstrumentTally>,
    pub(crate) sessions: Vec<SessionTally>,
    pub(crate) rejects: [u64; 2 * CODES + 1],
    pub(crate) messages: u64,
    pub(crate) reports: u64,
    pub(crate) trades: u64,
    /// Instruments of which something has changed, each once.
    pub(super) due: Vec<InstrumentIndex>,
}

impl Tally {
    /// From here on; what a venue already holds is taken over.
    pub(crate) fn new(venue: &Venue) -> Self {
        let exchange = venue.exchange();
        let count = exchange.instruments().len();
        let mut orders = vec![0; count];
        exchange.book().count_orders(&mut orders);
        let taken = |(index, orders): (u32, &u64)| InstrumentTally {
            orders: *orders,
            last_price: exchange.book().last_price(InstrumentIndex(index)).unwrap_or_default(),
            ..InstrumentTally::default()
        };
        Self {
            instruments: (0..).zip(&orders).map(taken).collect(),
            sessions: vec![SessionTally::default(); exchange.sessions().len()],
            rejects: [0; 2 * CODES + 1],
            messages: 0,
            reports: 0,
            trades: 0,
            due: Vec::with_capacity(count),
        }
    }

    /// A command was sequenced.
    #[inline]
    pub(crate) fn on_command(&mut self, command: &Command<'_>) {
        match command.action {
            Action::Message { session, .. } => {
                self.messages += 1;
                self.session(session).messages += 1;
            }
            Action::Login { session, .. } => self.session(session).logins += 1,
            _ => {}
        }
    }

    /// The book did something.
    #[inline]
    pub(crate) fn on_event(&mut self, event: &BookEvent) {
        match *event {
            BookEvent::Accepted { instrument, .. } => {
                let tally = self.touch(instrument);
                tally.messages += 1;
                tally.orders += 1;
            }
            BookEvent::Replaced { instrument, .. } => self.touch(instrument).messages += 1,
            BookEvent::Trade { instrument, price, qty, maker_leaves, taker_leaves, .. } => {
                self.trades += 1;
                let tally = self.touch(instrument);
                tally.trades += 1;
                tally.volume += u64::from(qty.0);
                tally.last_price = price;
                let gone = u64::from(maker_leaves.is_zero()) + u64::from(taker_leaves.is_zero());
                tally.orders = tally.orders.saturating_sub(gone);
            }
            BookEvent::Canceled { instrument, leaves, reason, .. } => {
                let tally = self.touch(instrument);
                tally.messages += u64::from(matches!(reason, CancelReason::User | CancelReason::Reduced));
                tally.orders = tally.orders.saturating_sub(u64::from(leaves.is_zero()));
            }
            BookEvent::Level { instrument, .. } => {
                self.touch(instrument);
            }
            BookEvent::Elected { .. }
            | BookEvent::Rested { .. }
            | BookEvent::Refreshed { .. }
            | BookEvent::Rejected { .. } => {}
        }
    }

    /// An instrument's status has changed.
    pub(crate) fn on_status(&mut self, instrument: InstrumentIndex) {
        self.touch(instrument);
    }

    /// A message was refused.
    pub(crate) fn on_reject(&mut self, session: SessionIndex, reason: Option<RejectReason>) {
        self.session(session).rejects += 1;
        self.rejects[reason.map_or(CANCELS, place)] += 1;
    }

    /// All of an instrument is to be stored again.
    pub(super) fn touch(&mut self, instrument: InstrumentIndex) -> &mut InstrumentTally {
        let tally = &mut self.instruments[instrument.0 as usize];
        if !tally.is_due {
            tally.is_due = true;
            self.due.push(instrument);
        }
        tally
    }

    fn session(&mut self, session: SessionIndex) -> &mut SessionTally {
        &mut self.sessions[usize::from(session.0)]
    }
}

/// The place of a code.
pub(super) fn place(reason: RejectReason) -> usize {
    let code = usize::from(reason.0);
    let venue = usize::from(RejectReason::VENUE_FIRST);
    match code {
        1..CODES => code,
        _ if (venue..venue + CODES).contains(&code) => CODES + code - venue,
        _ => OTHERS,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_with_a_name_has_a_place_of_its_own() {
        let mut places: Vec<usize> = RejectReason::ALL.iter().map(|reason| place(*reason)).collect();
        places.push(CANCELS);
        places.push(place(RejectReason(0x7777)));
        let count = places.len();
        places.sort_unstable();
        places.dedup();
        assert_eq!(places.len(), count);
        assert!(places.iter().all(|place| *place <= OTHERS));
    }
}
