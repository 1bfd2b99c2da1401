//! The near side of the appliance: a logged-in client and a subscriber to the ticks, on one port.
//!
//! Goal: the client of the tools, in a loop that never sleeps, with every report and tick held against what must come. Non-goal: recovering
//! ticks; what is missing is counted as lost.

use std::net::SocketAddrV4;

use super::network::{Network, port_options};
use super::orders::{CYCLE, Orders, Told, told};
use crate::error::BenchError;
use crate::load::open_loop::{Channel, Target};
use engine::config::Config;
use netio::clock::Clock;
use netio::host::{HostPort, PortKind};
use netio::lab::Side;
use netio::{Endpoint, EndpointIndex, Outgoing, Port, Received};
use tools::client::{Client, ClientConfig, DATAGRAM_LEN_MAX, State};
use wire::login::Username;
use wire::mold::{Packet, PacketKind};
use wire::tick::{Tick, TickKind};

/// Unanswered messages, more than there ever are below the knee. Beyond it the others wait to be submitted, and their latency grows.
const WINDOW_MESSAGES: usize = 1 << 14;
/// Datagrams in one turn.
const BURST: usize = 64;
/// How long leaving may take, ns.
const LEAVE_MAX_NS: u64 = 5_000_000_000;

const SUBJECT: &str = "the appliance";
const CLIENT: EndpointIndex = EndpointIndex(0);

/// The near side of the appliance.
pub struct Session {
    client: Client,
    port: HostPort,
    clock: Clock,
    seen: Seen,
}

/// What came, held against what must come.
struct Seen {
    orders: Orders,
    /// The client's number of our message 0.
    first: u64,
    submitted: u64,
    /// The last message that was answered.
    answered: Option<u64>,
    executions: u64,
    wrong: Option<String>,
}

impl Session {
    /// Logs in.
    ///
    /// # Errors
    /// The port cannot be opened, or the login fails.
    pub fn log_in(kind: PortKind, network: &Network, config: &Config, clock: &Clock) -> Result<Self, BenchError> {
        let near = network.near();
        let group = config.channels[0].tick_lines[0].group;
        let endpoints =
            [Endpoint::unicast(SocketAddrV4::new(near, 0)), Endpoint::multicast(*group.ip(), group.port(), near)];
        let port = network.on_near(|| Ok(HostPort::open(&port_options(kind, Side::Near), &endpoints)?))?;
        let session = &config.sessions[0];
        let username = Username::new(&session.username).ok_or(BenchError::Login { expected: "a username" })?;
        let (order_entry, rerequest) = (config.network.order_entry, config.network.rerequest);
        let client = ClientConfig::new(username, session.key, order_entry.into(), rerequest.into());
        let client = ClientConfig { window_messages: WINDOW_MESSAGES, ..client };
        let nonce = || {
            let mut nonce = [0; 16];
            getrandom::fill(&mut nonce).expect("the system's random number source works");
            nonce
        };
        let clock = clock.clone();
        let client = Client::new(clock.now(), client, Box::new(nonce));
        let orders = Orders::new(config.instruments[0].symbol, wire::UserRefNum(0));
        let seen = Seen { orders, first: 0, submitted: 0, answered: None, executions: 0, wrong: None };
        let mut session = Self { client, port, clock, seen };
        while session.client.state() == State::LoggingIn {
            session.turn(&mut |_, _| {})?;
            std::thread::yield_now();
        }
        session.seen.orders = Orders::new(config.instruments[0].symbol, session.client.last_user_ref());
        Ok(session)
    }

    /// Logs out.
    ///
    /// # Errors
    /// The session cannot be ended, or what was executed is not what was ordered.
    pub fn log_out(mut self) -> Result<(), BenchError> {
        self.client.logout();
        let deadline_ns = self.clock.now() + LEAVE_MAX_NS;
        while self.client.state() != State::Closed {
            self.turn(&mut |_, _| {})?;
            if self.clock.now() > deadline_ns {
                let (expected, found) = ("an end of the session", "none in five seconds".to_owned());
                return Err(BenchError::Answer { subject: SUBJECT, expected, found });
            }
            std::thread::yield_now();
        }
        // Two for each sell.
        let expected = (self.seen.submitted + 1) / CYCLE * 2;
        if self.seen.executions != expected {
            let found = format!("{} instead of {expected}", self.seen.executions);
            return Err(BenchError::Answer { subject: SUBJECT, expected: "two executions for each sell", found });
        }
        Ok(())
    }
}

impl Target for Session {
    fn submitted(&self) -> u64 {
        self.seen.submitted
    }

    fn room(&mut self) -> bool {
        self.client.room() > 0
    }

    fn submit(&mut self) -> Result<(), BenchError> {
        let Seen { orders, submitted, .. } = self.seen;
        let number = self.client.submit(|out| orders.encode(submitted, out));
        let refused = |found: String| BenchError::Answer { subject: "the client", expected: "a place", found };
        let number = number.map_err(|error| refused(error.to_string()))?;
        if submitted == 0 {
            self.seen.first = number;
        }
        self.seen.submitted += 1;
        Ok(())
    }

    fn turn(&mut self, answer: &mut impl FnMut(Channel, u64)) -> Result<usize, BenchError> {
        let Self { client, port, clock, seen } = self;
        let now_ns = clock.now();
        client.poll(now_ns);
        let mut moved = port.send(BURST, |buffer| {
            let (to, len) = client.next_datagram(now_ns, &mut buffer[..DATAGRAM_LEN_MAX])?;
            Some(Outgoing { endpoint: CLIENT, to: SocketAddrV4::from(to), len })
        })?;
        port.flush()?;
        moved += port.receive(BURST, |received: Received<'_>| {
            if received.endpoint == CLIENT {
                client.on_datagram(clock.now(), received.from.into(), received.payload, &mut |report| {
                    seen.report(report.answers, &report.message, answer);
                });
            } else {
                seen.ticks(received.payload, answer);
            }
        })?;
        if let Some(failure) = client.failure() {
            return Err(failure.clone().into());
        }
        match seen.wrong.take() {
            None => Ok(moved),
            Some(found) => Err(BenchError::Answer { subject: SUBJECT, expected: "what the orders ask for", found }),
        }
    }

    fn is_busy(&self) -> bool {
        self.client.unanswered() > 0
    }
}

impl Seen {
    fn report(
        &mut self,
        answers: Option<u64>,
        report: &wire::ouch::Outbound<'_>,
        answer: &mut impl FnMut(Channel, u64),
    ) {
        // After the last of our messages come the answers to the client's own.
        let ours = answers.and_then(|number| number.checked_sub(self.first)).filter(|number| *number < self.submitted);
        let right = match (ours, self.answered) {
            (Some(number), _) => {
                self.answered = Some(number);
                answer(Channel::Report, number);
                self.orders.is_answer(number, report)
            }
            (None, Some(last)) if self.orders.is_execution(last, report) => {
                self.executions += 1;
                true
            }
            (None, _) => {
                matches!(report, wire::ouch::Outbound::AccountQueryResponse(_) | wire::ouch::Outbound::SystemEvent(_))
            }
        };
        if !right {
            self.wrong = Some(format!("{report:?} as an answer to {ours:?}, after that to {:?}", self.answered));
        }
    }

    fn ticks(&mut self, payload: &[u8], answer: &mut impl FnMut(Channel, u64)) {
        let Ok(packet) = Packet::parse(payload) else {
            self.wrong = Some("a tick packet that cannot be read".to_owned());
            return;
        };
        if packet.kind() != PacketKind::Data {
            return;
        }
        for (_, message) in packet.messages() {
            let tick = Tick::decode(message);
            // That trading begins is no consequence of our orders.
            if matches!(tick, Ok(Tick { kind: TickKind::Status, .. })) {
                continue;
            }
            match tick.as_ref().ok().and_then(told).filter(|told| told.message() < self.submitted) {
                Some(Told::Quote(number)) => answer(Channel::Tick, number),
                Some(Told::Trade(_)) => {}
                None => self.wrong = Some(format!("{tick:?}")),
            }
        }
    }
}
