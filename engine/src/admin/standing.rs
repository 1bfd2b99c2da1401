//! What operators look at: rows of a moment, shared by all who ask within it.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::words::Names;
use crate::config::Config;
use crate::told::Told;
use crate::venue::Venue;
use wire::admin::{End, InstrumentRow, LogRow, MemberName, Said, Scope, SessionRow, StatusRow, Subject};
use wire::login::Username;
use wire::{InstrumentIndex, MemberId, Nanos, Price, Qty, Reserved, Seq, SessionIndex, Side};

/// With more orders in the books than this, those of each instrument are not counted: it takes a walk along all of them.
const COUNTED_ORDERS_MAX: usize = 1 << 20;
/// Commands of operators that are remembered.
pub(super) const LOG_ROWS_MAX: usize = 16_384;

/// A moment of the venue, in rows.
#[derive(Clone, Debug)]
pub struct Standing {
    /// The state after this command; `None`: nobody knows, and the rows have names alone.
    pub seq: Option<Seq>,
    sessions: Vec<SessionRow>,
    instruments: Vec<InstrumentRow>,
    status: StatusRow,
}

impl Standing {
    /// What the configuration says: names.
    fn named(config: &Config) -> Self {
        let member_of = |name: &str| config.members.iter().position(|member| member.name == name);
        let sessions = (0..).map(SessionIndex).zip(&config.sessions);
        let sessions = sessions.map(|(session, known)| SessionRow {
            session,
            username: Username::new(&known.username).unwrap_or(Username::BLANK),
            member: MemberId(member_of(&known.member).and_then(|member| u16::try_from(member).ok()).unwrap_or(0)),
            member_name: MemberName::new(&known.member).unwrap_or(MemberName::BLANK),
            flags: 0,
            ip: 0,
            port: 0,
            open_orders: 0,
            next_inbound: 0,
            next_outbound: 0,
            last_seq: Seq(0),
            last_time: Nanos(0),
            fingerprint: 0,
            reserved: Reserved,
        });
        let instruments = (0..).map(InstrumentIndex).zip(config.rules().instruments);
        let instruments = instruments.map(|(instrument, terms)| InstrumentRow {
            instrument,
            symbol: terms.symbol,
            channel: terms.channel.0,
            flags: 0,
            reserved: Reserved,
            bid_price: Price(0),
            bid_quantity: Qty(0),
            ask_price: Price(0),
            ask_quantity: Qty(0),
            bid_orders: 0,
            ask_orders: 0,
            tick: terms.tick,
            lot: terms.lot,
            counted: 0,
            reserved_too: Reserved,
        });
        let (sessions, instruments): (Vec<_>, Vec<_>) = (sessions.collect(), instruments.collect());
        let count = |rows: usize| u32::try_from(rows).unwrap_or(u32::MAX);
        let status = StatusRow {
            appended: Seq(0),
            durable: Seq(0),
            seq: Seq(0),
            time: Nanos(0),
            flags: 0,
            open_orders: 0,
            sessions_alive: 0,
            sessions_locked: 0,
            sessions: count(sessions.len()),
            instruments_halted: 0,
            instruments: count(instruments.len()),
            instruments_free: 0,
            operators: 0,
            reserved: Reserved,
        };
        Self { seq: None, sessions, instruments, status }
    }

    /// The same with what a venue knows. `heard`: when each session's last command came.
    pub(super) fn of(&self, venue: &Venue, heard: &[Nanos]) -> Self {
        let exchange = venue.exchange();
        let (book, controls) = (exchange.book(), exchange.controls());
        let mut standing = Self { seq: Some(venue.seq()), ..self.clone() };
        let status = &mut standing.status;
        (status.seq, status.time) = (venue.seq(), venue.time());
        status.open_orders = book.order_count() as u64;
        for (on, bit) in [
            (controls.is_draining(), StatusRow::DRAINING),
            (exchange.is_market_closed(), StatusRow::MARKET_CLOSED),
            (exchange.is_entry_closed(), StatusRow::ENTRY_CLOSED),
            (controls.has_lock(Scope::Venue), StatusRow::LOCKED),
            (controls.is_canceling(), StatusRow::CANCELING),
        ] {
            status.flags |= if on { bit } else { 0 };
        }
        for (row, state) in standing.sessions.iter_mut().zip(exchange.sessions()) {
            row.member = state.member();
            let key = controls.key(row.session);
            for (on, bit) in [
                (state.is_alive(), SessionRow::ALIVE),
                (controls.has_lock(Scope::Session(row.session)), SessionRow::LOCKED),
                (controls.has_lock(Scope::Member(row.member)), SessionRow::MEMBER_LOCKED),
                (key.is_some(), SessionRow::KEY_CHANGED),
            ] {
                row.flags |= if on { bit } else { 0 };
            }
            if let Some(login) = state.login() {
                (row.ip, row.port) = (login.address.ip, login.address.port);
            }
            row.open_orders = book.open_orders(row.session);
            (row.next_inbound, row.next_outbound) = (state.next_inbound(), state.next_outbound());
            row.last_seq = state.last_cause();
            row.last_time = heard.get(usize::from(row.session.0)).copied().unwrap_or(Nanos(0));
            row.fingerprint = key.unwrap_or(0);
            status.sessions_alive += u32::from(state.is_alive());
            status.sessions_locked += u32::from(row.flags & (SessionRow::LOCKED | SessionRow::MEMBER_LOCKED) != 0);
        }
        let counted = book.order_count() <= COUNTED_ORDERS_MAX;
        let named = standing.instruments.len();
        standing.instruments.clear();
        for (at, (instrument, terms)) in exchange.instruments().iter().enumerate() {
            let best = |side| book.best(instrument, side).unwrap_or((Price(0), 0));
            let count = |side| {
                let levels = if counted { Some(book.levels(instrument, side)) } else { None };
                levels.into_iter().flatten().fold(0_u32, |sum, level| sum.saturating_add(level.orders))
            };
            let ((bid_price, bid), (ask_price, ask)) = (best(Side::Buy), best(Side::Sell));
            let halted = if controls.is_halted(instrument) { InstrumentRow::HALTED } else { 0 };
            let added = if at >= named { InstrumentRow::ADDED } else { 0 };
            standing.status.instruments_halted += u32::from(halted != 0);
            standing.instruments.push(InstrumentRow {
                instrument,
                symbol: terms.symbol,
                channel: terms.channel.0,
                flags: halted | added,
                reserved: Reserved,
                bid_price,
                bid_quantity: Qty(bid),
                ask_price,
                ask_quantity: Qty(ask),
                bid_orders: count(Side::Buy),
                ask_orders: count(Side::Sell),
                tick: terms.tick,
                lot: terms.lot,
                counted: u8::from(counted),
                reserved_too: Reserved,
            });
        }
        standing.status.instruments = u32::try_from(standing.instruments.len()).unwrap_or(u32::MAX);
        let left = exchange.instruments().places().saturating_sub(exchange.instruments().len());
        standing.status.instruments_free = u32::try_from(left).unwrap_or(u32::MAX);
        standing
    }

    /// The row of this place; `None` behind the last one. A log is asked for elsewhere.
    pub(super) fn row(&self, subject: Subject, place: usize, live: &Live) -> Option<Said> {
        match subject {
            Subject::Sessions => self.sessions.get(place).copied().map(Said::Session),
            Subject::Instruments => self.instruments.get(place).copied().map(Said::Instrument),
            Subject::Status => {
                let Live { appended, durable, operators } = *live;
                (place == 0).then_some(Said::Status(StatusRow { appended, durable, operators, ..self.status }))
            }
            Subject::Log => None,
        }
    }

    /// What stands behind the last row.
    pub(super) fn end(&self, subject: Subject, count: usize) -> End {
        let flags = if self.seq.is_some() { End::KNOWN } else { 0 };
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        End { subject, flags, count, seq: self.seq.unwrap_or(Seq(0)) }
    }
}

/// What is known at this moment, however old the rows are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Live {
    pub appended: Seq,
    pub durable: Seq,
    pub operators: u32,
}

impl Names for Standing {
    fn session(&self, session: SessionIndex) -> String {
        self.sessions.session(session)
    }

    fn member(&self, member: MemberId) -> String {
        self.sessions.member(member)
    }
}

/// Where those who ask and the one who knows meet.
#[derive(Debug)]
pub struct Seen {
    /// Whether the follower tells what it knows.
    followed: bool,
    wanted: AtomicBool,
    named: Arc<Standing>,
    newest: Mutex<Arc<Standing>>,
    log: Mutex<VecDeque<LogRow>>,
    /// What the observer has to tell.
    pub(super) told: Told,
}

impl Seen {
    /// Nothing is known but names. `followed`: an [observer](super::Observer) will tell more.
    #[must_use]
    pub fn new(config: &Config, followed: bool) -> Self {
        let named = Arc::new(Standing::named(config));
        let newest = Mutex::new(Arc::clone(&named));
        Self { followed, wanted: AtomicBool::new(false), named, newest, log: Mutex::default(), told: Told::default() }
    }

    /// What is known, when that is the state after `needed` or a later command; else it is wanted from now on.
    pub(super) fn get(&self, needed: Seq) -> Option<Arc<Standing>> {
        let newest = Arc::clone(&lock(&self.newest));
        if !self.followed || newest.seq.is_some_and(|seq| seq >= needed) {
            return Some(newest);
        }
        self.wanted.store(true, Ordering::Release);
        None
    }

    /// What is known, however old it is.
    pub(super) fn newest(&self) -> Arc<Standing> {
        Arc::clone(&lock(&self.newest))
    }

    /// Whether somebody waits.
    pub(super) fn is_wanted(&self) -> bool {
        self.wanted.load(Ordering::Acquire)
    }

    /// Names.
    pub(super) const fn named(&self) -> &Arc<Standing> {
        &self.named
    }

    /// Here it is.
    pub(super) fn tell(&self, standing: Standing) {
        self.wanted.store(false, Ordering::Release);
        *lock(&self.newest) = Arc::new(standing);
    }

    /// Changes what is remembered of operators' commands.
    pub(super) fn log<T>(&self, change: impl FnOnce(&mut VecDeque<LogRow>) -> T) -> T {
        change(&mut lock(&self.log))
    }

    /// The newest `count` commands before a place, oldest first; 0 is no bound.
    pub(super) fn log_rows(&self, count: u32, before: u64) -> Vec<LogRow> {
        let log = lock(&self.log);
        let count = if count == 0 { usize::MAX } else { usize::try_from(count).unwrap_or(usize::MAX) };
        let rows = log.iter().rev().filter(|row| before == 0 || row.seq.0 < before);
        let mut rows: Vec<_> = rows.take(count).copied().collect();
        rows.reverse();
        rows
    }
}

fn lock<T>(place: &Mutex<T>) -> MutexGuard<'_, T> {
    place.lock().unwrap_or_else(PoisonError::into_inner)
}
