//! Asking again for what is missing.
//!
//! Goal: short gaps are asked for at once and long ones at the pace at which the server answers, however much it gives for one
//! request; a server that is silent is found out. For whoever follows numbered messages: the [`handler`](crate::handler) and the
//! normaliser's [sequencer](crate::normalize::sequencer). Non-goal: sending; what to do when nobody answers.
//!
//! What the lines have told is asked for only when it has been missing for `line_wait_ns`: numbers below `settled` have. Several
//! requests are under way. One that was answered in part is sent again for the rest, and the next ones ask for as much as was
//! given.

use std::collections::VecDeque;

use wire::Nanos;

use crate::handler::RerequestOptions;

/// Messages asked for at once, until an answer has told what the server gives.
const CHUNK_FIRST: u64 = 64;

/// A request under way: for `from` up to, but not including, `to`.
#[derive(Clone, Copy, Debug)]
struct Ask {
    from: u64,
    to: u64,
    deadline: Nanos,
    attempts: u32,
    /// Messages that came since it was sent.
    answered: u64,
    /// Messages that were asked for.
    asked: u64,
}

/// Messages that came before their turn.
pub trait Kept {
    /// The first message at or after `from`, before `to`, that is not here.
    fn first_missing(&self, from: u64, to: u64) -> Option<u64>;

    /// The first message at or after `from`, before `to`, that is here; `to` when none is.
    fn first_kept(&self, from: u64, to: u64) -> u64;

    /// How far ahead of the next message there is room.
    fn room(&self) -> u64;
}

/// What is missing.
pub struct Missing<'a, K> {
    pub next: u64,
    pub highest: u64,
    pub kept: &'a K,
}

/// What the repair has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing is missing.
    Whole,
    /// Go on until then.
    Until(Nanos),
    /// Nobody brings what is missing.
    Hopeless,
}

/// The requests of one stream.
#[derive(Clone, Debug)]
pub struct Repair {
    options: Option<RerequestOptions>,
    line_wait_ns: u64,
    asks: Vec<Ask>,
    /// Requests to be sent.
    outbox: VecDeque<(u64, u16)>,
    /// Everything below was asked for.
    cursor: u64,
    /// Numbers below this have been missing for long enough.
    settled: u64,
    /// What will be settled at `mark_at`.
    mark: u64,
    mark_at: Option<Nanos>,
    /// When the gap opened.
    since: Nanos,
    chunk: u64,
    /// Messages asked for.
    pub asked: u64,
    /// Requests made.
    pub requests: u64,
}

impl Repair {
    pub fn new(options: Option<RerequestOptions>, line_wait_ns: u64) -> Self {
        let most = options.map_or(0, |options| options.requests_max);
        Self {
            options,
            line_wait_ns,
            asks: Vec::with_capacity(most),
            outbox: VecDeque::with_capacity(2 * most),
            cursor: 0,
            settled: 0,
            mark: 0,
            mark_at: None,
            since: Nanos(0),
            chunk: CHUNK_FIRST,
            asked: 0,
            requests: 0,
        }
    }

    /// Forgets the gap. What the server gives stays known.
    pub fn reset(&mut self) {
        self.asks.clear();
        self.outbox.clear();
        (self.cursor, self.settled, self.mark, self.mark_at) = (0, 0, 0, None);
    }

    /// The next request to be sent: first message, count.
    pub fn next_request(&mut self) -> Option<(u64, u16)> {
        self.outbox.pop_front()
    }

    /// From now on, so many attempts in vain are too many.
    pub const fn set_attempts_max(&mut self, attempts_max: u32) {
        if let Some(options) = &mut self.options {
            options.attempts_max = attempts_max;
        }
    }

    /// Looks at the gap. `otherwise` says whether there is something better than to go on asking for ever: a snapshot, say.
    pub fn poll(&mut self, now: Nanos, missing: &Missing<'_, impl Kept>, otherwise: bool) -> Verdict {
        let Missing { next, highest, .. } = *missing;
        if next >= highest {
            if self.mark_at.is_some() {
                self.reset();
            }
            return Verdict::Whole;
        }
        let wait = self.line_wait_ns;
        let Some(mark_at) = self.mark_at else {
            (self.mark, self.since) = (highest, now);
            let at = Nanos(now.0.saturating_add(wait));
            self.mark_at = Some(at);
            return if wait == 0 { self.poll(now, missing, otherwise) } else { Verdict::Until(at) };
        };
        if now >= mark_at {
            self.settled = self.mark;
            self.mark = highest;
            self.mark_at = Some(Nanos(now.0.saturating_add(wait)));
        }
        if self.settled <= next {
            return Verdict::Until(self.mark_at.unwrap_or(now));
        }
        let Some(options) = self.options else { return Verdict::Hopeless };
        let too_much = highest - next > options.gap_max || now.since(self.since) > options.open_max_ns;
        if otherwise && too_much {
            return Verdict::Hopeless;
        }
        if !self.look_at_answers(now, missing, &options, otherwise) {
            return Verdict::Hopeless;
        }
        self.ask(now, missing, &options);
        let deadline = self.asks.iter().map(|ask| ask.deadline).min();
        let at = deadline.into_iter().chain(self.mark_at).min();
        Verdict::Until(at.unwrap_or(now))
    }

    /// Takes note of what has come, and asks again where nothing did; `false` when that was in vain too often.
    fn look_at_answers(
        &mut self,
        now: Nanos,
        missing: &Missing<'_, impl Kept>,
        options: &RerequestOptions,
        otherwise: bool,
    ) -> bool {
        let most = u64::from(options.chunk_max.max(1));
        let mut index = 0;
        while let Some(ask) = self.asks.get_mut(index) {
            let from = ask.from.max(missing.next);
            let Some(first) = missing.kept.first_missing(from, ask.to) else {
                // Answered whole: the server may give more at once.
                if ask.asked >= self.chunk {
                    self.chunk = (self.chunk * 2).min(most);
                }
                self.asks.swap_remove(index);
                continue;
            };
            if first > ask.from {
                ask.answered += first - ask.from;
                ask.from = first;
                ask.attempts = 0;
                ask.deadline = Nanos(now.0.saturating_add(options.rest_ns));
            } else if now >= ask.deadline {
                if ask.answered > 0 {
                    // As much as the server gave is what it gives.
                    self.chunk = ask.answered.clamp(1, most);
                } else {
                    ask.attempts += 1;
                }
                if ask.attempts >= options.attempts_max && otherwise {
                    return false;
                }
                // Otherwise there is nothing better than to go on asking.
                let wait = options.timeout_ns << ask.attempts.min(options.attempts_max).min(10);
                ask.deadline = Nanos(now.0.saturating_add(wait));
                ask.answered = 0;
                ask.asked = ask.to - ask.from;
                let (from, to) = (ask.from, ask.to);
                self.send(from, to);
            }
            index += 1;
        }
        true
    }

    fn ask(&mut self, now: Nanos, missing: &Missing<'_, impl Kept>, options: &RerequestOptions) {
        let end = self.settled.min(missing.next.saturating_add(missing.kept.room()));
        self.cursor = self.cursor.max(missing.next);
        if self.cursor >= end && self.asks.is_empty() {
            // Something fell out between: look again from the beginning.
            self.cursor = missing.next;
        }
        while self.asks.len() < options.requests_max {
            let Some(from) = missing.kept.first_missing(self.cursor, end) else {
                self.cursor = end.max(self.cursor);
                return;
            };
            let to = missing.kept.first_kept(from, end.min(from.saturating_add(self.chunk)));
            self.cursor = to;
            let deadline = Nanos(now.0.saturating_add(options.timeout_ns));
            self.asks.push(Ask { from, to, deadline, attempts: 0, answered: 0, asked: to - from });
            self.asked += to - from;
            self.send(from, to);
        }
    }

    fn send(&mut self, from: u64, to: u64) {
        // A request never asks for more than `chunk_max`.
        let count = u16::try_from(to - from).unwrap_or(u16::MAX - 1);
        self.requests += 1;
        self.outbox.push_back((from, count));
    }
}
