//! Sends a recorded order flow through the front door of a running appliance.
//!
//! Goal: each recorded action becomes one OUCH 5.0 message, and what the venue reports becomes the report stream in the recording's own
//! words. As fast as the session window allows, or open-loop at a fixed rate. Non-goal: reading recordings (see
//! [`feedhandler::flow`]); knowing what the right answer is.

mod collector;
pub mod command;
mod digest;
mod orders;
mod outcome;

pub use collector::Tally;
pub use digest::hex;
pub use outcome::ReplayOutcome;

use std::io::{self, Write};

use crate::client::connection::{Connection, ConnectionError};
use crate::client::{ClientConfig, SubmitError};
use collector::{Awaited, Collector};
use feedhandler::{FlowError, FlowItem};
use netio::Port;
use orders::{Orders, Request};
use wire::ouch::AccountQuery;

/// Messages submitted before the connection has its turn.
const BURST: usize = 64;

/// How to send.
#[derive(Clone, Debug)]
pub struct ReplayOptions {
    /// Who sends, to whom, with which window.
    pub client: ClientConfig,
    /// Messages in a second, sent by the clock whether or not answers come; `None`: as fast as the window allows.
    pub rate_per_s: Option<u32>,
    /// End after so many messages.
    pub limit: Option<u64>,
}

/// Why a replay ended early.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The session or the port cannot go on.
    #[error(transparent)]
    Connection(#[from] ConnectionError),
    /// The recording cannot be read on.
    #[error(transparent)]
    Flow(#[from] FlowError),
    /// The report stream cannot be written: check space and permissions.
    #[error("cannot write the report stream: {0}")]
    Reports(#[source] io::Error),
    /// A message was refused before it left.
    #[error("message {line} of the recording: {source}")]
    Submit {
        /// Which one, from 0.
        line: u64,
        /// Why.
        source: SubmitError,
    },
    /// Start the venue with a fresh journal, or use another login.
    #[error(
        "message {line} of the recording: expected a free order number below 4294967296, found all of this session's used"
    )]
    NumbersExhausted {
        /// Which one, from 0.
        line: u64,
    },
}

/// How far a replay has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Messages sent or waiting to be sent.
    pub submitted: u64,
    /// Messages answered.
    pub answered: u64,
}

/// A replay in progress, for callers that want to look at the venue between messages.
pub struct Replayer<P: Port, W: Write> {
    connection: Connection<P>,
    orders: Orders,
    collector: Collector<W>,
    submitted: u64,
    started_ns: u64,
}

impl<P: Port, W: Write> Replayer<P, W> {
    /// Logs in; the report stream goes to `reports`.
    ///
    /// # Errors
    /// The login fails.
    pub fn log_in(config: ClientConfig, port: P, reports: W) -> Result<Self, ReplayError> {
        let window = config.window_messages;
        let mut connection = Connection::new(config, port);
        // Reports from before this replay are none of its business; none are sent unasked.
        connection.log_in(|_, _| {})?;
        let orders = Orders::new(connection.client().last_user_ref());
        let started_ns = connection.now_ns();
        Ok(Self { connection, orders, collector: Collector::new(reports, window), submitted: 0, started_ns })
    }

    /// Submits the message for one recorded action; `false`, and nothing done, when the window is full. Latency is measured from
    /// `intended_ns`, a time of [`now_ns`](Self::now_ns).
    ///
    /// # Errors
    /// The message does not fit or the session ends.
    pub fn submit(&mut self, item: &FlowItem, intended_ns: u64) -> Result<bool, ReplayError> {
        let client = self.connection.client();
        if client.room() == 0 {
            return Ok(false);
        }
        let line = item.seq;
        let orders = &mut self.orders;
        let mut encoded = None;
        let submitted = client.submit(|out| {
            let (request, len) = orders.encode(item, out).ok()?;
            encoded = Some(request);
            len
        });
        let Some(request) = encoded else { return Err(ReplayError::NumbersExhausted { line }) };
        let number = submitted.map_err(|source| ReplayError::Submit { line, source })?;
        self.collector.expect(Awaited { number, line, request, intended_ns });
        self.submitted += 1;
        Ok(true)
    }

    /// Receives, sends, keeps the timers. Returns how many datagrams moved.
    ///
    /// # Errors
    /// The session, the port or the report stream cannot go on.
    pub fn turn(&mut self) -> Result<usize, ReplayError> {
        let (orders, collector) = (&mut self.orders, &mut self.collector);
        let moved = self.connection.turn(|now_ns, report| collector.on_report(now_ns, orders, &report))?;
        match self.collector.take_failure() {
            Some(error) => Err(ReplayError::Reports(error)),
            None => Ok(moved),
        }
    }

    /// Waits a little, after a turn in which nothing moved, but not beyond `until_ns`.
    pub fn rest_until(&mut self, until_ns: u64) {
        self.connection.rest_until(until_ns);
    }

    /// Turns until every message is answered and all its consequences were reported.
    ///
    /// # Errors
    /// As [`turn`](Self::turn).
    pub fn settle(&mut self) -> Result<(), ReplayError> {
        // Reports come in order, so the answer to a query stands behind all consequences of what was sent before it.
        loop {
            let query = self.connection.client().submit(|out| AccountQuery {}.encode(out));
            match query {
                Ok(number) => {
                    let intended_ns = self.connection.now_ns();
                    let line = self.submitted;
                    self.collector.expect(Awaited { number, line, request: Request::Query, intended_ns });
                    break;
                }
                Err(SubmitError::Full(_)) => self.turn_or_rest()?,
                Err(source) => return Err(ReplayError::Submit { line: self.submitted, source }),
            }
        }
        while self.connection.client().unanswered() > 0 {
            self.turn_or_rest()?;
        }
        Ok(())
    }

    /// Logs out and sums up.
    ///
    /// # Errors
    /// As [`turn`](Self::turn).
    pub fn finish(mut self) -> Result<ReplayOutcome, ReplayError> {
        self.settle()?;
        let elapsed_ns = self.connection.now_ns() - self.started_ns;
        let (orders, collector) = (&mut self.orders, &mut self.collector);
        self.connection.log_out(|now_ns, report| collector.on_report(now_ns, orders, &report))?;
        let client = *self.connection.client().counters();
        let port = self.connection.port().counters();
        let (tally, latency, reports, sha256) = self.collector.finish().map_err(ReplayError::Reports)?;
        Ok(ReplayOutcome { messages: self.submitted, elapsed_ns, tally, latency, reports, sha256, client, port })
    }

    /// Nanoseconds since the connection was made.
    #[must_use]
    pub fn now_ns(&self) -> u64 {
        self.connection.now_ns()
    }

    /// How far it has come.
    #[must_use]
    pub fn progress(&mut self) -> Progress {
        let unanswered = self.connection.client().unanswered();
        Progress { submitted: self.submitted, answered: self.submitted.saturating_sub(unanswered) }
    }

    /// What came of the messages so far.
    #[must_use]
    pub const fn tally(&self) -> &Tally {
        self.collector.tally()
    }

    fn turn_or_rest(&mut self) -> Result<(), ReplayError> {
        if self.turn()? == 0 {
            self.connection.rest();
        }
        Ok(())
    }
}

/// Sends a whole flow over `port` and collects the reports; `progress` is called once a turn.
///
/// # Errors
/// The recording, the session, the port or the report stream cannot go on.
pub fn run<P: Port, W: Write>(
    flow: impl Iterator<Item = Result<FlowItem, FlowError>>,
    port: P,
    options: &ReplayOptions,
    reports: W,
    mut progress: impl FnMut(Progress),
) -> Result<ReplayOutcome, ReplayError> {
    let mut replayer = Replayer::log_in(options.client.clone(), port, reports)?;
    let start_ns = replayer.now_ns();
    let limit = options.limit.unwrap_or(u64::MAX);
    let mut flow = flow.fuse();
    let mut waiting: Option<FlowItem> = None;
    loop {
        let mut taken = 0;
        let mut ended = false;
        let mut next_ns = u64::MAX;
        while taken < BURST {
            if waiting.is_none() && replayer.submitted < limit {
                waiting = flow.next().transpose()?;
            }
            let Some(item) = waiting.as_ref() else {
                ended = true;
                break;
            };
            let now_ns = replayer.now_ns();
            let intended_ns = options.rate_per_s.map_or(now_ns, |rate| start_ns + intended(replayer.submitted, rate));
            if intended_ns > now_ns {
                next_ns = intended_ns;
                break;
            }
            if !replayer.submit(item, intended_ns)? {
                break;
            }
            waiting = None;
            taken += 1;
        }
        let moved = replayer.turn()?;
        progress(replayer.progress());
        if ended {
            return replayer.finish();
        }
        if moved == 0 && taken == 0 {
            replayer.rest_until(next_ns);
        }
    }
}

/// When message `index` is due, in nanoseconds after the first. Exact: no rounding error adds up.
fn intended(index: u64, rate_per_s: u32) -> u64 {
    let ns = u128::from(index) * 1_000_000_000 / u128::from(rate_per_s.max(1));
    u64::try_from(ns).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::intended;

    #[test]
    fn the_schedule_does_not_drift() {
        assert_eq!([0, 1, 2, 3].map(|index| intended(index, 3)), [0, 333_333_333, 666_666_666, 1_000_000_000]);
        assert_eq!(intended(3_000_000_000, 3), 1_000_000_000_000_000_000);
    }
}
