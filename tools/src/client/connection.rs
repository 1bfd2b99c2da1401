//! A [`Client`] on a port: the loop that moves datagrams, keeps time and waits.
//!
//! Goal: one thread, no allocation in the loop, and little burnt when there is nothing to do. Non-goal: pinned spinning clients.

use std::net::SocketAddrV4;
use std::time::{Duration, Instant};

use super::{Client, ClientConfig, ClientError, DATAGRAM_LEN_MAX, Report, State};
use netio::{EndpointIndex, Outgoing, Port, PortError};
use wire::login::Nonce;

/// Datagrams received or sent before the other direction has its turn.
const BURST: usize = 64;
/// Idle turns that give the core away before the thread sleeps. A client that spun instead kept whole cores from whoever else is there.
const IDLE_YIELDS: u32 = 64;
/// The longest sleep: how late a timer may fire.
const PARK_MAX: Duration = Duration::from_millis(1);

/// How much later than asked a sleeping thread may wake.
const OVERSLEEP_NS: u64 = 150_000;

/// Why a connection ended.
#[derive(Debug, thiserror::Error)]
pub enum ConnectionError {
    /// The session cannot go on.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The port cannot go on.
    #[error(transparent)]
    Port(#[from] PortError),
}

/// A client and the port that it has to itself.
pub struct Connection<P> {
    client: Client,
    port: P,
    origin: Instant,
    idle: u32,
}

impl<P: Port> Connection<P> {
    /// Begins to log in over the first endpoint of `port` with the first [`turn`](Self::turn).
    #[must_use]
    pub fn new(config: ClientConfig, port: P) -> Self {
        Self { client: Client::new(0, config, Box::new(random_nonce)), port, origin: Instant::now(), idle: 0 }
    }

    /// The client, to submit messages to.
    pub const fn client(&mut self) -> &mut Client {
        &mut self.client
    }

    /// The port, to read its counters.
    pub const fn port(&self) -> &P {
        &self.port
    }

    /// Ends the connection without a word to the venue, and gives the port back.
    #[must_use]
    pub fn into_port(self) -> P {
        self.port
    }

    /// Nanoseconds since the connection was made.
    #[must_use]
    pub fn now_ns(&self) -> u64 {
        // 64 bits of nanoseconds last for centuries.
        u64::try_from(self.origin.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    /// Receives what has arrived, keeps the timers and sends what is to be sent. `sink` gets the reports that are next in order,
    /// with the time. Returns how many datagrams moved.
    ///
    /// # Errors
    /// The session or the port cannot go on.
    pub fn turn(&mut self, mut sink: impl FnMut(u64, Report<'_>)) -> Result<usize, ConnectionError> {
        let now_ns = self.now_ns();
        let client = &mut self.client;
        let mut moved = self.port.receive(BURST, |received| {
            client.on_datagram(now_ns, received.from.into(), received.payload, &mut |report| sink(now_ns, report));
        })?;
        moved += self.send()?;
        if let Some(failure) = self.client.failure() {
            return Err(failure.clone().into());
        }
        if moved > 0 {
            self.idle = 0;
        }
        Ok(moved)
    }

    /// Sends what the client has to send now. [`turn`](Self::turn) does it too; this is for messages just submitted.
    ///
    /// # Errors
    /// The port cannot go on.
    pub fn send(&mut self) -> Result<usize, ConnectionError> {
        let now_ns = self.now_ns();
        self.client.poll(now_ns);
        let client = &mut self.client;
        let moved = self.port.send(BURST, |buffer| {
            let (to, len) = client.next_datagram(now_ns, &mut buffer[..DATAGRAM_LEN_MAX])?;
            Some(Outgoing { endpoint: EndpointIndex(0), to: SocketAddrV4::from(to), len })
        })?;
        self.port.flush()?;
        Ok(moved)
    }

    /// Waits a little: call it after a turn in which nothing moved and nothing could be submitted.
    pub fn rest(&mut self) {
        self.rest_until(u64::MAX);
    }

    /// As [`rest`](Self::rest), but not beyond `until_ns`, when the caller has something to submit.
    pub fn rest_until(&mut self, until_ns: u64) {
        self.idle = self.idle.saturating_add(1);
        let due_ns = self.client.due_ns().unwrap_or(u64::MAX).min(until_ns.saturating_sub(OVERSLEEP_NS));
        let wait = Duration::from_nanos(due_ns.saturating_sub(self.now_ns()));
        if self.idle <= IDLE_YIELDS || wait.is_zero() {
            std::thread::yield_now();
        } else {
            self.port.wait(wait.min(PARK_MAX));
        }
    }

    /// Turns until the client is in session.
    ///
    /// # Errors
    /// The login is refused, nobody answers, or the port cannot go on.
    pub fn log_in(&mut self, mut sink: impl FnMut(u64, Report<'_>)) -> Result<(), ConnectionError> {
        while self.client.state() == State::LoggingIn {
            if self.turn(&mut sink)? == 0 {
                self.rest();
            }
        }
        Ok(())
    }

    /// Logs out and turns until the session has ended.
    ///
    /// # Errors
    /// The session or the port cannot go on.
    pub fn log_out(&mut self, mut sink: impl FnMut(u64, Report<'_>)) -> Result<(), ConnectionError> {
        self.client.logout();
        while self.client.state() != State::Closed {
            if self.turn(&mut sink)? == 0 {
                self.rest();
            }
        }
        Ok(())
    }
}

/// # Panics
/// The system has no randomness: nothing that is to be unguessable can be made then.
fn random_nonce() -> Nonce {
    let mut nonce = [0; 16];
    getrandom::fill(&mut nonce).expect("the system's random number source works");
    nonce
}
