//! A client of the appliance in memory: everything at once, or by the clock.
//!
//! Goal: the protocol as any client speaks it, with nothing left unanswered. Non-goal: knowing what an answer says; the appliance is held to
//! its end state.

use std::net::SocketAddrV4;

use crate::cores::wait;
use crate::error::BenchError;
use crate::load::record::{Outcome, Plan, Recorder};
use crate::load::schedule::Schedule;
use netio::clock::Clock;
use netio::memory::MemoryPort;
use netio::port::{EndpointIndex, Outgoing, Port};
use tools::client::{Client, ClientConfig, DATAGRAM_LEN_MAX, Report, State, SubmitError};

/// Datagrams received or sent, and messages submitted, before something else has its turn.
const BURST: usize = 64;
/// What the schedule is given to begin in time.
const LEAD_NS: u64 = 1_000_000;

/// A flood that was answered.
#[derive(Clone, Copy, Debug)]
pub struct Flood {
    /// From the first message to the last answer.
    pub taken_ns: u64,
    /// Of a thousand turns, those in which the window was full: the feeder waited for the appliance.
    pub window_full: u64,
}

/// A client in session.
pub struct Feeder {
    client: Client,
    port: MemoryPort,
    clock: Clock,
}

impl Feeder {
    /// Logs in.
    ///
    /// # Errors
    /// The appliance does not answer, or refuses.
    pub fn log_in(config: ClientConfig, port: MemoryPort, clock: Clock) -> Result<Self, BenchError> {
        // Nobody is to guess the token of a port in memory.
        let client = Client::new(clock.now(), config, Box::new(|| [7; 16]));
        let mut feeder = Self { client, port, clock };
        let mut turns = 0;
        while feeder.client.state() == State::LoggingIn {
            if feeder.turn(|_, _| {})? == 0 {
                wait(&mut turns);
            }
        }
        Ok(feeder)
    }

    /// Sends all messages as fast as they are answered.
    ///
    /// # Errors
    /// The session ends.
    pub fn flood(&mut self, messages: &[Vec<u8>]) -> Result<Flood, BenchError> {
        let (mut next, mut answered, mut idle) = (0, 0, 0);
        let (mut turns, mut full) = (0_u64, 0_u64);
        let started_ns = self.clock.now();
        while answered < messages.len() {
            let mut submitted = 0;
            while submitted < BURST && next < messages.len() {
                match self.submit(&messages[next]) {
                    Ok(_) => (next, submitted) = (next + 1, submitted + 1),
                    Err(SubmitError::Full(_)) => break,
                    Err(error) => return Err(error.into()),
                }
            }
            turns += 1;
            full += u64::from(submitted < BURST && next < messages.len());
            let moved = self.turn(|_, report| answered += usize::from(report.answers.is_some()))?;
            if moved + submitted == 0 {
                wait(&mut idle);
            }
        }
        Ok(Flood { taken_ns: self.clock.now() - started_ns, window_full: full * 1_000 / turns.max(1) })
    }

    /// Sends messages when they are due, whether or not answers come, and records how long each waited from its due time.
    ///
    /// # Errors
    /// The session ends.
    pub fn by_the_clock(
        &mut self,
        messages: &[Vec<u8>],
        schedule: &Schedule,
        plan: Plan,
    ) -> Result<Outcome, BenchError> {
        let mut recorder = Recorder::new(plan);
        let mut arrivals = schedule.arrivals();
        let start_ns = self.clock.now() + LEAD_NS;
        let mut due = || start_ns + arrivals.next().unwrap_or(0);
        let (mut due_ns, mut last_ns) = (due(), start_ns);
        let mut first = None;
        let (mut next, mut idle) = (0, 0);
        loop {
            let now_ns = self.clock.now();
            let mut submitted = 0;
            while submitted < BURST && due_ns <= now_ns && recorder.left() > 0 && next < messages.len() {
                match self.submit(&messages[next]) {
                    Ok(number) => first.get_or_insert(number),
                    // Still due: what it waits for room counts.
                    Err(SubmitError::Full(_)) => break,
                    Err(error) => return Err(error.into()),
                };
                recorder.send(due_ns);
                last_ns = due_ns;
                due_ns = due();
                (next, submitted) = (next + 1, submitted + 1);
            }
            let moved = self.turn(|now_ns, report| {
                if let (Some(number), Some(first)) = (report.answers, first) {
                    recorder.answer(usize::try_from(number - first).unwrap_or(usize::MAX), now_ns);
                }
            })?;
            let ended = recorder.left() == 0 || next == messages.len();
            if ended && (recorder.open() == 0 || now_ns > last_ns + plan.deadline_ns) {
                return Ok(recorder.finish(now_ns));
            }
            if moved + submitted == 0 {
                wait(&mut idle);
            }
        }
    }

    fn submit(&mut self, message: &[u8]) -> Result<u64, SubmitError> {
        self.client.submit(|out| {
            out.get_mut(..message.len())?.copy_from_slice(message);
            Some(message.len())
        })
    }

    /// Receives, keeps the timers, sends. Returns how many datagrams moved.
    fn turn(&mut self, mut sink: impl FnMut(u64, Report<'_>)) -> Result<usize, BenchError> {
        let Self { client, port, clock } = self;
        let mut moved = port.receive(BURST, |received| {
            // Read anew for each datagram: it has just arrived.
            let now_ns = clock.now();
            let report = &mut |report: Report<'_>| sink(now_ns, report);
            client.on_datagram(now_ns, received.from.into(), received.payload, report);
        })?;
        let now_ns = clock.now();
        client.poll(now_ns);
        moved += port.send(BURST, |buffer| {
            let (to, len) = client.next_datagram(now_ns, &mut buffer[..DATAGRAM_LEN_MAX])?;
            Some(Outgoing { endpoint: EndpointIndex(0), to: SocketAddrV4::from(to), len })
        })?;
        port.flush()?;
        match client.failure() {
            Some(failure) => Err(failure.clone().into()),
            None => Ok(moved),
        }
    }
}
