//! Follows one stream of market data: each message once, books that can be relied on, and a clear word whenever they cannot.
//!
//! Goal: all of a subscriber's hard part, for any network and any clock. Packets, snapshot bytes and the time come in; what is to
//! be sent comes out as [`Action`]s; what happened is told to a [`FeedListener`]. Non-goal: sockets (`runner` has them),
//! threads, several streams (take a handler for each).
//!
//! ```text
//!   line A ─┐                        ┌─ in turn ──────────────► books ─► listener
//!   line B ─┼─► each number once ────┤
//!   answers ┘                        └─ too early ─► window ─► in turn
//!                                            │ nobody brings what is between
//!                                            ▼
//!                          other line ─► ask again ─► snapshot ─► given up
//! ```
//!
//! # What is promised
//!
//! Books are those of the venue after message [`Handler::next_sequence`]` - 1`, all of it and in its order, or
//! [`Handler::stale`] says why they may not be. What nobody has told us of yet we cannot know: a loss at the end of the stream shows
//! with the next heartbeat, and lines that say nothing new make books stale after [`HandlerOptions::silence_ns`].
//!
//! # What comes in, and what becomes of it
//!
//! | comes | then |
//! |---|---|
//! | a number that was before | counted as a duplicate |
//! | a later number, or a heartbeat that tells of one | a gap: stale; what is there waits in the window; other line, re-request, snapshot |
//! | garbage, a packet cut short | counted, ignored |
//! | a number far ahead (`jump_max`) | ignored until a second packet agrees |
//! | for long (`regress_ns`) only numbers that were before | the publisher began anew with an older state: everything anew, from a snapshot |
//! | another session than the one demanded | counted, ignored |
//! | another session, none demanded | believed after three packets, or at once when the present one has ended or is silent; then everything anew |
//! | end of session | told once everything before it has come; what is missing is still asked for |
//! | a message that does not fit the books | stale, snapshot (`strict`) |
//! | nothing | line silent, then stale |

mod counters;
mod lines;
mod listener;
mod options;
mod receive;
mod resync;
mod snapshot;
mod stale;
mod view;
mod window;

use std::collections::VecDeque;

pub use counters::HandlerCounters;
pub use lines::{LineHealth, LineState};
pub use listener::FeedListener;
pub use options::{Delivery, HandlerOptions, Join, RerequestOptions, SnapshotOptions};
pub use stale::{Stale, StaleReason};
use wire::mold::{Request, SessionId};
use wire::{InstrumentIndex, Nanos, Symbol};

use crate::book::Books;
use crate::depth::DepthBook;
use crate::repair::{Kept as _, Missing, Repair, Verdict};
use lines::Lines;
use resync::Resync;
use view::View;
use window::Window;

/// Where a packet came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// A line, by its number from 0.
    Line(usize),
    /// The re-request server.
    Rerequest,
}

/// What the handler wants done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Send this to the re-request server.
    Request(Request),
    /// Connect to the snapshot server, log in for this session, and hand over the bytes that come ([`Handler::on_snapshot`]) and the
    /// end of the connection ([`Handler::on_snapshot_closed`]).
    OpenSnapshot(SessionId),
    /// Close the connection to the snapshot server, if it is open.
    CloseSnapshot,
}

/// Follows one stream.
#[derive(Debug)]
pub struct Handler {
    options: HandlerOptions,
    session: Option<SessionId>,
    former: Option<SessionId>,
    /// Another session that packets have named, and how many.
    candidate: Option<(SessionId, u32)>,
    /// The first message that the books do not have.
    next: u64,
    /// One more than the last that we know of.
    highest: u64,
    /// One more than the last that was told (live delivery).
    told: u64,
    /// Nothing below is told any more: it was, or it was given up for telling.
    floor: u64,
    window: Window,
    view: View,
    /// A snapshot that is being read; takes the view's place when it is whole.
    coming: Option<View>,
    /// The books are those after message `next - 1`.
    valid: bool,
    /// Nothing was left out of them.
    exact: bool,
    /// Why they are not valid or not exact.
    cause: StaleReason,
    /// The session's end, once told, and whether we told it.
    end: Option<(u64, bool)>,
    lines: Lines,
    repair: Repair,
    resync: Resync,
    /// The session that the snapshot's server has let us into.
    accepted: bool,
    regress: Regress,
    jump: Option<u64>,
    stale: Option<Stale>,
    /// When a line last said something that is not of the past.
    news: Option<Nanos>,
    faults: u64,
    actions: VecDeque<Action>,
    counters: HandlerCounters,
}

/// Numbers of the past, since when, and the last of them.
#[derive(Clone, Copy, Debug, Default)]
struct Regress {
    since: Option<Nanos>,
    packets: u32,
    next: u64,
}

impl Handler {
    /// Follows a stream of which nothing is known yet. All memory is taken here.
    #[must_use]
    pub fn new(options: HandlerOptions) -> Self {
        let coming = options.snapshot.map(|_| View::new(options.kind, &options.books));
        let most = options.rerequest.map_or(0, |options| options.requests_max);
        let stale = Stale { reason: StaleReason::Waiting, since: Nanos(0) };
        Self {
            session: None,
            former: None,
            candidate: None,
            next: 0,
            highest: 0,
            told: 0,
            floor: 0,
            window: Window::new(options.window),
            view: View::new(options.kind, &options.books),
            coming,
            valid: false,
            exact: true,
            cause: StaleReason::Waiting,
            end: None,
            lines: Lines::new(options.lines),
            repair: Repair::new(options.rerequest, options.line_wait_ns),
            resync: Resync::new(options.snapshot),
            accepted: false,
            regress: Regress::default(),
            jump: None,
            stale: Some(stale),
            news: None,
            faults: 0,
            actions: VecDeque::with_capacity(2 * most + 4),
            counters: HandlerCounters::default(),
            options,
        }
    }

    /// Lets time pass: call it when the time that it returned last has come, and after packets. What is to be done stands in
    /// [`Self::next_action`].
    pub fn poll(&mut self, now: Nanos, listener: &mut impl FeedListener) -> Option<Nanos> {
        let HandlerOptions { silence_ns, lag_ns, .. } = self.options;
        self.lines.look(now, silence_ns, lag_ns, |line, state| listener.line(line, state));
        let repair_at = if self.valid && !self.resync.is_wanted() { self.repair(now, listener) } else { None };
        if self.resync.is_overdue(now) {
            self.snapshot_failed(now);
        }
        if let Some(session) = self.session
            && self.resync.begin(now)
        {
            if let Some(coming) = &mut self.coming {
                coming.clear();
            }
            self.accepted = false;
            self.counters.snapshots_begun += 1;
            self.actions.push_back(Action::OpenSnapshot(session));
        }
        self.update_stale(now, listener);
        let silent_at = self.news.map(|news| Nanos(news.0.saturating_add(silence_ns).saturating_add(1)));
        let silent_at = silent_at.filter(|at| *at > now);
        repair_at.into_iter().chain(self.resync.deadline()).chain(silent_at).min()
    }

    /// The next thing to be done, until there is none.
    pub fn next_action(&mut self) -> Option<Action> {
        if let Some(action) = self.actions.pop_front() {
            return Some(action);
        }
        let session = self.session?;
        let (sequence, count) = self.repair.next_request()?;
        Some(Action::Request(Request { session, sequence, count }))
    }

    /// Why books may differ from the venue's; `None` when they are the venue's.
    #[must_use]
    pub const fn stale(&self) -> Option<Stale> {
        self.stale
    }

    /// The books of a depth stream, by locate code.
    #[must_use]
    pub const fn books(&self) -> Option<&Books> {
        match &self.view {
            View::Depth(books) => Some(books),
            View::Ticks(_) => None,
        }
    }

    /// The levels of a tick stream.
    #[must_use]
    pub const fn depth(&self) -> Option<&DepthBook> {
        match &self.view {
            View::Depth(_) => None,
            View::Ticks(ticks) => Some(&ticks.book),
        }
    }

    /// The name of an instrument, once told; a tick stream's are told by snapshots only.
    #[must_use]
    pub fn symbol(&self, instrument: InstrumentIndex) -> Option<Symbol> {
        match &self.view {
            View::Depth(books) => books.instrument(wire::feed::locate(instrument)?)?.symbol,
            View::Ticks(ticks) => *ticks.symbols.get(instrument.0 as usize)?,
        }
    }

    /// The session being followed.
    #[must_use]
    pub const fn session(&self) -> Option<SessionId> {
        self.session
    }

    /// The first message that the books do not have.
    #[must_use]
    pub const fn next_sequence(&self) -> u64 {
        self.next
    }

    /// One more than the last message that we know of.
    #[must_use]
    pub const fn highest_sequence(&self) -> u64 {
        self.highest
    }

    /// Whether the venue ended the session and all of it has come.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.end.is_some_and(|(_, told)| told)
    }

    /// The lines, by number.
    #[must_use]
    pub fn lines(&self) -> &[LineHealth] {
        self.lines.all()
    }

    /// What was counted.
    #[must_use]
    pub const fn counters(&self) -> HandlerCounters {
        let mut counters = self.counters;
        (counters.requests, counters.requested) = (self.repair.requests, self.repair.asked);
        counters
    }

    /// What the handler was told at the beginning.
    #[must_use]
    pub const fn options(&self) -> &HandlerOptions {
        &self.options
    }

    /// Sees to a gap.
    fn repair(&mut self, now: Nanos, listener: &mut impl FeedListener) -> Option<Nanos> {
        let missing = Missing { next: self.next, highest: self.highest, kept: &self.window };
        match self.repair.poll(now, &missing, self.resync.is_possible()) {
            Verdict::Whole => None,
            Verdict::Until(at) => Some(at),
            Verdict::Hopeless if self.resync.is_possible() => {
                self.repair.reset();
                self.resync.want(now);
                None
            }
            Verdict::Hopeless => {
                self.give_up(self.window.first_kept(self.next, self.highest), listener);
                self.drain(now, listener);
                None
            }
        }
    }

    /// Goes on without the messages before `to`.
    fn give_up(&mut self, to: u64, listener: &mut impl FeedListener) {
        self.counters.lost = self.counters.lost.saturating_add(to - self.next);
        listener.lost(self.next, to);
        self.repair.reset();
        self.next = to;
        (self.exact, self.cause) = (false, StaleReason::Lost);
    }

    /// Tells when what can be said of the books has changed.
    fn update_stale(&mut self, now: Nanos, listener: &mut impl FeedListener) {
        let reason = self.reason(now);
        if reason == self.stale.map(|stale| stale.reason) {
            return;
        }
        let since = match (self.stale, reason) {
            (Some(stale), _) if stale.since.0 > 0 => stale.since,
            // It began with the silence, not with our noticing.
            (None, Some(StaleReason::Silent)) => self.news.unwrap_or(now),
            _ => now,
        };
        self.stale = reason.map(|reason| Stale { reason, since });
        listener.stale(self.stale);
    }

    fn reason(&self, now: Nanos) -> Option<StaleReason> {
        let silent = || self.end.is_none() && self.news.is_none_or(|news| now.since(news) > self.options.silence_ns);
        if self.session.is_none() {
            Some(StaleReason::Waiting)
        } else if !self.valid {
            Some(self.cause)
        } else if self.next < self.highest {
            Some(StaleReason::Gap)
        } else if !self.exact {
            Some(self.cause)
        } else {
            silent().then_some(StaleReason::Silent)
        }
    }
}
