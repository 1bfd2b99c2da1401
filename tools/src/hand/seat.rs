//! A person's place at the venue: a client, the orders that it knows of, and the numbers of the session.
//!
//! Goal: an instruction in words goes out with the right number, and what comes back is told with the time that it took. Non-goal: where
//! the words come from.

use super::instruction::Instruction;
use super::own_orders::OwnOrders;
use crate::client::connection::{Connection, ConnectionError};
use crate::client::{ClientConfig, ClientCounters, Report, State, SubmitError};
use netio::Port;
use std::collections::VecDeque;
use std::time::Duration;
use wire::UserRefNum;
use wire::login::Username;
use wire::ouch::Outbound;

/// Why an instruction was not sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Take a higher number, or none.
    #[error(
        "expected a number above {last}, the highest used, found {found}: the venue would take it for a repetition and ignore it"
    )]
    Number {
        /// The number given.
        found: UserRefNum,
        /// The highest used.
        last: UserRefNum,
    },
    /// Say the price.
    #[error("expected a price with the replace, found none, and order {0} is not known here")]
    Price(UserRefNum),
    /// Wait, or send fewer options.
    #[error(transparent)]
    Submit(#[from] SubmitError),
}

/// What was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sent {
    /// The message's number.
    pub number: u64,
    /// The order's, where it has a new one.
    pub user_ref: Option<UserRefNum>,
}

/// How long answers took, ns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Latency {
    /// How many there were.
    pub answers: u64,
    /// The last.
    pub last_ns: u64,
    /// The shortest.
    pub best_ns: u64,
    /// The longest.
    pub worst_ns: u64,
}

impl Latency {
    fn note(&mut self, latency_ns: u64) {
        self.best_ns = if self.answers == 0 { latency_ns } else { self.best_ns.min(latency_ns) };
        self.worst_ns = self.worst_ns.max(latency_ns);
        self.last_ns = latency_ns;
        self.answers += 1;
    }
}

/// A report, and what is known beside it.
#[derive(Clone, Copy, Debug)]
pub struct Heard<'a> {
    /// Its number.
    pub sequence: u64,
    /// The message that it answers.
    pub answers: Option<u64>,
    /// How long that took.
    pub latency_ns: Option<u64>,
    /// What it says.
    pub message: Outbound<'a>,
}

/// The state of the session, for a look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Who.
    pub user: Username,
    /// Where the client stands.
    pub state: State,
    /// The last message sent.
    pub last_number: u64,
    /// The last report heard.
    pub last_sequence: u64,
    /// Messages without an answer.
    pub unanswered: u64,
    /// How long answers took.
    pub latency: Latency,
    /// What the client counted.
    pub counters: ClientCounters,
}

/// A place at the venue.
pub struct Seat<P> {
    connection: Connection<P>,
    user: Username,
    orders: OwnOrders,
    last_user_ref: UserRefNum,
    /// Messages without an answer, and when they were given, ns.
    waiting: VecDeque<(u64, u64)>,
    last_number: u64,
    last_sequence: u64,
    latency: Latency,
}

impl<P: Port> Seat<P> {
    /// Begins to log in with the first turn.
    #[must_use]
    pub fn new(config: ClientConfig, port: P) -> Self {
        Self {
            user: config.username,
            connection: Connection::new(config, port),
            orders: OwnOrders::default(),
            last_user_ref: UserRefNum(0),
            waiting: VecDeque::new(),
            last_number: 0,
            last_sequence: 0,
            latency: Latency::default(),
        }
    }

    /// Moves what there is to move; `sink` hears of every report. Returns how many datagrams moved.
    ///
    /// # Errors
    /// The session or the port cannot go on.
    pub fn turn(&mut self, mut sink: impl FnMut(Heard<'_>)) -> Result<usize, ConnectionError> {
        let Self { connection, orders, waiting, latency, last_sequence, .. } = self;
        let moved = connection.turn(|now_ns, Report { sequence, answers, message }| {
            orders.take(&message);
            *last_sequence = sequence;
            let given = answers.and_then(|number| {
                let at = waiting.iter().position(|(waiting, _)| *waiting == number)?;
                waiting.drain(..=at).next_back()
            });
            let latency_ns = given.map(|(_, given_ns)| now_ns.saturating_sub(given_ns));
            if let Some(latency_ns) = latency_ns {
                latency.note(latency_ns);
            }
            sink(Heard { sequence, answers, latency_ns, message });
        })?;
        self.last_user_ref = self.last_user_ref.max(self.connection.client().last_user_ref());
        Ok(moved)
    }

    /// Waits a little, not beyond `most`: after a turn in which nothing moved.
    pub fn rest(&mut self, most: Duration) {
        let most_ns = u64::try_from(most.as_nanos()).unwrap_or(u64::MAX);
        let until_ns = self.connection.now_ns().saturating_add(most_ns);
        self.connection.rest_until(until_ns);
    }

    /// Sends an instruction, with the next number where it needs one and names none, and with what is known of an order where a replace
    /// leaves it out.
    ///
    /// # Errors
    /// It would be ignored, it lacks something, or the session does not take it.
    pub fn give(&mut self, instruction: &Instruction) -> Result<Sent, Refused> {
        let last = self.last_user_ref;
        let user_ref = match instruction.numbered() {
            None => None,
            Some(None) => Some(UserRefNum(last.0.saturating_add(1))),
            Some(Some(found)) if found > last => Some(found),
            Some(Some(found)) => return Err(Refused::Number { found, last }),
        };
        let mut instruction = instruction.clone();
        if let Instruction::Replace(replacement) = &mut instruction {
            if let Some(order) = self.orders.get(replacement.order) {
                order.fill_in(replacement);
            }
            if replacement.price.is_none() {
                return Err(Refused::Price(replacement.order));
            }
        }
        let given_ns = self.connection.now_ns();
        let encode = |out: &mut [u8]| instruction.encode(user_ref.unwrap_or_default(), out);
        let number = self.connection.client().submit(encode)?;
        self.last_user_ref = user_ref.unwrap_or(last);
        self.last_number = number;
        self.waiting.push_back((number, given_ns));
        // What does not work now is met again by the next turn.
        let _ = self.connection.send();
        Ok(Sent { number, user_ref })
    }

    /// Gives the port back, for another seat.
    #[must_use]
    pub fn into_port(self) -> P {
        self.connection.into_port()
    }

    /// Logs out once everything is answered.
    pub fn leave(&mut self) {
        self.connection.client().logout();
    }

    /// Where the client stands.
    pub fn state(&mut self) -> State {
        self.connection.client().state()
    }

    /// The orders of this session.
    #[must_use]
    pub const fn orders(&self) -> &OwnOrders {
        &self.orders
    }

    /// The state of the session.
    pub fn standing(&mut self) -> Standing {
        let client = self.connection.client();
        Standing {
            user: self.user,
            state: client.state(),
            last_number: self.last_number,
            last_sequence: self.last_sequence,
            unanswered: client.unanswered(),
            latency: self.latency,
            counters: *client.counters(),
        }
    }
}
