//! The client side of order entry, without sockets, threads or clocks.
//!
//! Goal: every message submitted is processed by the venue once and in order, every report is delivered once and in order, whatever
//! the network drops, doubles or reorders, and across a crash of the venue. Non-goal: order management; what a message says.
//!
//! ```text
//!   submit ─► Outbox ─► next_datagram ─► venue ─► on_datagram ─► Inbox ─► sink(Report)
//!               ▲  kept until answered                            │ reordered, deduplicated
//!               └──────────────── retired by the answer ──────────┘
//! ```
//! Time is a plain number of nanoseconds that never decreases. After construction only a login allocates nothing either.

mod answer;
mod backoff;
mod config;
pub mod connection;
mod counters;
mod error;
mod handshake;
mod inbox;
mod outbox;
mod receiving;
mod sending;
mod timers;

pub use config::{ClientConfig, ReportsFrom};
pub use counters::ClientCounters;
pub use error::ClientError;
pub use outbox::{SubmitError, WindowFull};

use backoff::Backoff;
use handshake::Handshake;
use inbox::Inbox;
use outbox::Outbox;
use wire::UserRefNum;
use wire::login::{NO_SESSION, Nonce};
use wire::mold::SessionId;
use wire::ouch::Outbound;

/// The longest packet that a client sends; a buffer for [`Client::next_datagram`] has at least this many bytes.
pub const DATAGRAM_LEN_MAX: usize = 1_400;

/// Requests for missed reports in one round.
const REQUESTS_PER_ROUND: usize = 8;
/// Reports in one request: what the venue answers at once.
const REPORTS_PER_REQUEST: u64 = 1_024;
/// Rounds without progress, though the venue is heard, after which a login asks what can still be had.
const VAIN_ROUNDS_MAX: u32 = 12;
/// How long a hole may fill itself (reordering) before it is asked for, ns.
const ASK_FIRST_NS: u64 = 1_000_000;
/// The longest pause between rounds of requests, and between probes, ns.
const ASK_MAX_NS: u64 = 100_000_000;
/// The shortest silence after which an unanswered message is suspected lost, ns.
const PROBE_FIRST_NS: u64 = 2_000_000;
/// The first repetition of an unconfirmed logout, ns; it doubles.
const FAREWELL_FIRST_NS: u64 = 20_000_000;
/// How often a logout is sent before the client leaves without confirmation.
const FAREWELLS_MAX: u32 = 6;

/// Where a client stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// No session, or not any more: logging in. After the first login messages may be submitted meanwhile; they wait.
    LoggingIn,
    /// In session.
    Up,
    /// A logout was asked for: what was submitted is still answered, then the session ends.
    Leaving,
    /// The session ended as asked.
    Closed,
    /// The session cannot go on: see [`Client::failure`].
    Failed,
}

/// A report in its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Report<'a> {
    /// Its number.
    pub sequence: u64,
    /// The number of the message that it answers; other reports follow from what rests in the book.
    pub answers: Option<u64>,
    /// What it says.
    pub message: Outbound<'a>,
}

/// One login of one user.
pub struct Client {
    config: ClientConfig,
    nonces: Box<dyn FnMut() -> Nonce + Send>,
    state: State,
    failure: Option<ClientError>,
    handshake: Handshake,
    session: SessionId,
    /// A login has told where the numberings stand.
    numbered: bool,
    leaving: bool,
    /// The account query before the logout was submitted.
    fenced: bool,
    last_user_ref: UserRefNum,
    /// Reports before this one answer what somebody sent before our first login.
    answers_from: u64,
    outbox: Outbox,
    inbox: Inbox,
    heartbeat_ns: u64,
    timeout_ns: u64,
    heard_ns: u64,
    spoke_ns: u64,
    /// Looks for a lost tail, of messages or of reports, while something is unanswered.
    probe: Backoff,
    /// Asks for holes in the reports.
    ask: Backoff,
    vain_rounds: u32,
    /// Where the present round of requests goes on, and how many it may still send.
    round: Option<(u64, usize)>,
    heartbeat_due: bool,
    farewell: Backoff,
    farewells: u32,
    round_trip_ns: u64,
    counters: ClientCounters,
}

impl Client {
    /// A client that begins to log in with its first [`next_datagram`](Self::next_datagram). `nonces` gives 16 unpredictable bytes
    /// for each login.
    #[must_use]
    pub fn new(now_ns: u64, config: ClientConfig, mut nonces: Box<dyn FnMut() -> Nonce + Send>) -> Self {
        Self {
            state: State::LoggingIn,
            failure: None,
            handshake: Handshake::begin(now_ns, nonces()),
            nonces,
            session: NO_SESSION,
            numbered: false,
            leaving: false,
            fenced: false,
            last_user_ref: UserRefNum(0),
            answers_from: 0,
            outbox: Outbox::new(config.window_messages),
            inbox: Inbox::new(config.reorder_reports),
            heartbeat_ns: u64::MAX,
            timeout_ns: config.login_patience_ns,
            heard_ns: now_ns,
            spoke_ns: now_ns,
            probe: Backoff::new(PROBE_FIRST_NS, ASK_MAX_NS),
            ask: Backoff::new(ASK_FIRST_NS, ASK_MAX_NS),
            vain_rounds: 0,
            round: None,
            heartbeat_due: false,
            farewell: Backoff::new(FAREWELL_FIRST_NS, ASK_MAX_NS),
            farewells: 0,
            round_trip_ns: 0,
            counters: ClientCounters::default(),
            config,
        }
    }

    /// Takes the OUCH 5.0 message that `encode` writes and returns its number. It leaves with the next packets.
    ///
    /// # Errors
    /// The window is full, the first login is not through, the message does not fit, or the session is ending.
    pub fn submit(&mut self, encode: impl FnOnce(&mut [u8]) -> Option<usize>) -> Result<u64, SubmitError> {
        if self.leaving || matches!(self.state, State::Closed | State::Failed) {
            return Err(SubmitError::Ending);
        }
        if !self.numbered {
            return Err(SubmitError::NotYet);
        }
        self.outbox.submit(encode)
    }

    /// Ends the session once everything submitted is answered and every report that it caused was delivered. An account query is the
    /// fence: reports come in order, so its answer stands behind them all.
    pub const fn logout(&mut self) {
        self.leaving = true;
        if matches!(self.state, State::Up) {
            self.state = State::Leaving;
        }
    }

    /// Where it stands.
    #[must_use]
    pub const fn state(&self) -> State {
        self.state
    }

    /// Why it cannot go on, in [`State::Failed`].
    #[must_use]
    pub const fn failure(&self) -> Option<&ClientError> {
        self.failure.as_ref()
    }

    /// The highest `UserRefNum` that the venue had seen at the last login; a fresh client's orders begin above it.
    #[must_use]
    pub const fn last_user_ref(&self) -> UserRefNum {
        self.last_user_ref
    }

    /// How many more messages may be submitted now.
    #[must_use]
    pub const fn room(&self) -> usize {
        self.outbox.room()
    }

    /// Messages submitted and not answered.
    #[must_use]
    pub const fn unanswered(&self) -> u64 {
        self.outbox.unanswered()
    }

    /// What was counted.
    #[must_use]
    pub const fn counters(&self) -> &ClientCounters {
        &self.counters
    }

    fn log_in_again(&mut self, now_ns: u64) {
        self.state = State::LoggingIn;
        self.handshake = Handshake::begin(now_ns, (self.nonces)());
        self.round = None;
        self.heartbeat_due = false;
        self.ask.disarm();
        self.probe.disarm();
        self.farewell.disarm();
        self.farewells = 0;
    }

    fn fail(&mut self, error: ClientError) {
        self.state = State::Failed;
        self.failure = Some(error);
    }
}

#[cfg(test)]
mod tests;
