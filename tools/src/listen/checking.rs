//! Checks, one after the other, while a stream is followed.

use super::check::{Check, Outcome};
use super::tape::Tape;
use feedhandler::handler::Handler;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// Attempts that come to nothing, one after the other, before a check counts as failed.
const ATTEMPTS_MAX: u32 = 5;
/// Between two attempts. A server may give a state of some age to many, so the next one may be younger.
const RETRY: Duration = Duration::from_millis(300);
/// How long an attempt may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// When checks are due, and how they went.
#[derive(Debug)]
pub struct Checking {
    every: Option<Duration>,
    due: Option<Instant>,
    under_way: Option<(Check, Instant)>,
    attempts: u32,
    /// Checks that found the books equal.
    pub equal: u64,
    /// Checks that did not, or could not be made.
    pub failed: u64,
    /// How the last one went.
    pub said: String,
}

impl Checking {
    /// Now when `wanted`, and again after each `every`.
    #[must_use]
    pub fn new(wanted: bool, every: Option<Duration>) -> Self {
        let due = (wanted || every.is_some()).then(Instant::now);
        let said = if due.is_some() { "as soon as books are whole" } else { "none; see --check" };
        Self { every, due, under_way: None, attempts: 0, equal: 0, failed: 0, said: said.to_owned() }
    }

    /// One as soon as possible.
    pub fn want(&mut self) {
        self.due.get_or_insert_with(Instant::now);
    }

    /// Whether one is due or under way.
    #[must_use]
    pub const fn is_pending(&self) -> bool {
        self.due.is_some() || self.under_way.is_some()
    }

    /// Goes on; `server` gives snapshots. Returns true when a check has just been decided.
    pub fn turn(&mut self, handler: &Handler, server: Option<SocketAddr>, tape: &mut Tape) -> bool {
        if self.under_way.is_none() && self.due.is_some_and(|due| Instant::now() >= due) {
            let Some(server) = server else {
                self.due = None;
                self.failed += 1;
                "not made: there is no snapshot server; see --snapshot".clone_into(&mut self.said);
                return true;
            };
            if let (Some(session), None) = (handler.session(), handler.stale()) {
                tape.kept = Some(Vec::new());
                let options = handler.options();
                self.under_way = Some((Check::begin(server, session, options.kind, &options.books), Instant::now()));
            }
        }
        let Some((check, begin)) = &mut self.under_way else { return false };
        let outcome = match check.turn(handler, tape.kept.as_deref().unwrap_or_default()) {
            None if begin.elapsed() < PATIENCE => return false,
            None => Outcome::Open(format!("no answer within {} s", PATIENCE.as_secs())),
            Some(outcome) => outcome,
        };
        self.under_way = None;
        tape.kept = None;
        self.decide(outcome)
    }

    fn decide(&mut self, outcome: Outcome) -> bool {
        let again = self.every.map(|every| Instant::now() + every);
        match outcome {
            Outcome::Equal { next, levels, orders } => {
                self.equal += 1;
                self.said = format!("equal before message {next}: {levels} levels, {orders} orders");
            }
            Outcome::Different { next, what } => {
                self.failed += 1;
                self.said = format!("DIFFERENT before message {next}: {what}");
            }
            Outcome::Open(reason) if self.attempts + 1 < ATTEMPTS_MAX => {
                self.attempts += 1;
                self.said = format!("not decided yet: {reason}");
                self.due = Some(Instant::now() + RETRY);
                return false;
            }
            Outcome::Open(reason) => {
                self.failed += 1;
                self.said = format!("not decided: {reason}");
            }
        }
        self.attempts = 0;
        self.due = again;
        true
    }
}
