//! The operator's end of an administration connection.
//!
//! Goal: prove the key, check the appliance's proof, and exchange sealed messages over a blocking socket. Non-goal: trying again; see
//! [`super::desk`].

use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddrV4, TcpStream};
use std::time::{Duration, Instant};

use wire::admin::login::{AdminAccepted, AdminHello, AdminLogin, AdminRejectReason, Introduction, VERSION};
use wire::admin::sealed::{SEAL_LEN, Seal, Sender, wrap};
use wire::admin::{Answer, Asked, End, MESSAGE_LEN_MAX, OperatorCommand, OperatorName, Question, Said};
use wire::login::{Key, Nonce};
use wire::soup::{PACKET_HEADER_LEN, Packet, Stream};

const PAYLOAD_MAX: usize = MESSAGE_LEN_MAX + SEAL_LEN;
/// How long one look at the socket lasts, so that heartbeats are sent in time.
const LOOK: Duration = Duration::from_millis(50);
/// How long a connection and its login may take.
const LOGIN: Duration = Duration::from_secs(5);

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// The appliance is not there, or is no longer: trying again may help.
    #[error("{address}: {source}")]
    Lost {
        /// Where.
        address: SocketAddrV4,
        /// Why.
        source: io::Error,
    },
    /// It does not let this operator in.
    #[error("{address} refuses operator '{operator}': {}", .reason.describe())]
    Rejected {
        /// Where.
        address: SocketAddrV4,
        /// Who.
        operator: String,
        /// Why.
        reason: Rejection,
    },
    /// What is there does not have the operator's key.
    #[error(
        "{0}: what answers there does not have this operator's key, so it is not the appliance; nothing was asked of it"
    )]
    NotTheAppliance(SocketAddrV4),
    /// What is there speaks another language.
    #[error("{address}: expected an administration session, found {found}; is it the address of [admin]?")]
    Foreign {
        /// Where.
        address: SocketAddrV4,
        /// What came instead.
        found: String,
    },
    /// No random bytes.
    #[error("no randomness from the system: {0}")]
    Entropy(String),
}

/// Why an operator is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rejection(pub AdminRejectReason);

impl Rejection {
    const fn describe(self) -> &'static str {
        match self.0 {
            AdminRejectReason::NotAuthorized => {
                "no such operator, or another key; see [[operator]] in the appliance's configuration and --key-file"
            }
            AdminRejectReason::Capacity => {
                "as many operators of this role or higher ones as may be are logged in (admin.connections_max)"
            }
            AdminRejectReason::Version => "it speaks another version of the protocol; use its own `pinion`",
        }
    }
}

/// Who logs in where.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// The administration session's address.
    pub address: SocketAddrV4,
    /// The operator.
    pub operator: OperatorName,
    /// The secret shared with the appliance.
    pub key: Key,
}

/// A connection on which both sides have proved themselves.
#[derive(Debug)]
pub struct AdminClient {
    wire: Wire,
    credentials: Credentials,
    introduction: Introduction,
    accepted: AdminAccepted,
    from: Seal,
    to: Seal,
}

impl AdminClient {
    /// Connects and logs in.
    ///
    /// # Errors
    /// Nobody is there, the operator is not let in, or what is there is not the appliance.
    pub fn connect(credentials: &Credentials) -> Result<Self, AdminError> {
        let Credentials { address, operator, key } = credentials.clone();
        let mut client_nonce = Nonce::default();
        getrandom::fill(&mut client_nonce).map_err(|error| AdminError::Entropy(error.to_string()))?;
        let lost = |source| AdminError::Lost { address, source };
        let socket = TcpStream::connect_timeout(&address.into(), LOGIN).map_err(lost)?;
        let mut wire = Wire::new(socket, address).map_err(lost)?;
        let deadline = Instant::now() + LOGIN;
        wire.say_plainly(&AdminLogin::Hello(AdminHello { version: VERSION, operator, client_nonce }))?;
        let server_nonce = match wire.hear_login(deadline)? {
            AdminLogin::Challenge(challenge) => challenge.server_nonce,
            other => return Err(wire.not_expected(&other, &operator)),
        };
        let introduction = Introduction { operator, client_nonce, server_nonce };
        wire.say_plainly(&AdminLogin::Proof(introduction.prove(&key)))?;
        let accepted = match wire.hear_login(deadline)? {
            AdminLogin::Accepted(accepted) => accepted,
            other => return Err(wire.not_expected(&other, &operator)),
        };
        if !accepted.is_proved(&key, &introduction) {
            return Err(AdminError::NotTheAppliance(address));
        }
        wire.heartbeat = Duration::from_millis(accepted.heartbeat_ms.into());
        wire.timeout = Duration::from_millis(accepted.timeout_ms.into());
        let from = Seal::new(&key, &introduction, Sender::Server);
        let to = Seal::new(&key, &introduction, Sender::Client);
        Ok(Self { wire, credentials: credentials.clone(), introduction, accepted, from, to })
    }

    /// What the appliance said of the login.
    #[must_use]
    pub const fn accepted(&self) -> &AdminAccepted {
        &self.accepted
    }

    /// Gives a command, with a session's new key where it changes one, and waits for the answer.
    ///
    /// # Errors
    /// The connection was lost, or is not to be trusted any more: whether the command was done is not known.
    pub fn command(&mut self, command: &OperatorCommand, secret: Option<&Key>) -> Result<Answer, AdminError> {
        let asked = match secret {
            None => Asked::Command(*command),
            Some(secret) => {
                let number = self.to.next();
                Asked::Key(*command, wrap(&self.credentials.key, &self.introduction, number, &secret.0))
            }
        };
        self.say(&asked)?;
        loop {
            match self.hear()? {
                Said::Answer(answer) if answer.number == command.number => return Ok(answer),
                Said::Answer(_) => {}
                other => return Err(self.wire.foreign(format!("{other:?}"))),
            }
        }
    }

    /// Gives a command and does not wait for the answer.
    ///
    /// # Errors
    /// The connection was lost.
    pub fn send(&mut self, command: &OperatorCommand) -> Result<(), AdminError> {
        self.say(&Asked::Command(*command))
    }

    /// Asks for rows; `each` gets them.
    ///
    /// # Errors
    /// As for a command.
    pub fn ask(&mut self, question: Question, mut each: impl FnMut(Said)) -> Result<End, AdminError> {
        self.say(&Asked::Question(question))?;
        loop {
            match self.hear()? {
                Said::End(end) => return Ok(end),
                Said::Answer(_) => {}
                row => each(row),
            }
        }
    }

    fn say(&mut self, asked: &Asked) -> Result<(), AdminError> {
        let mut bytes = [0; PAYLOAD_MAX];
        match self.to.seal(&mut bytes, |out| asked.encode(out)) {
            Some(len) => self.wire.send(&Packet::Unsequenced(&bytes[..len])),
            None => Err(self.wire.foreign("a message that does not fit".to_owned())),
        }
    }

    fn hear(&mut self) -> Result<Said, AdminError> {
        let mut bytes = [0; PAYLOAD_MAX];
        let len = self.wire.receive(None, &mut bytes)?;
        let opened = self.from.open(&bytes[..len]).map_err(|error| error.to_string());
        let said = opened.and_then(|message| Said::decode(message).map_err(|error| error.to_string()));
        said.map_err(|found| self.wire.foreign(found))
    }
}

impl Drop for AdminClient {
    fn drop(&mut self) {
        let _ = self.wire.send(&Packet::LogoutRequest);
    }
}

/// The socket, in packets.
#[derive(Debug)]
struct Wire {
    socket: TcpStream,
    address: SocketAddrV4,
    stream: Stream,
    heartbeat: Duration,
    timeout: Duration,
}

impl Wire {
    fn new(socket: TcpStream, address: SocketAddrV4) -> io::Result<Self> {
        socket.set_nodelay(true)?;
        socket.set_read_timeout(Some(LOOK))?;
        socket.set_write_timeout(Some(LOGIN))?;
        let stream = Stream::new(PAYLOAD_MAX);
        Ok(Self { socket, address, stream, heartbeat: LOGIN, timeout: LOGIN })
    }

    fn lost(&self, source: impl Into<io::Error>) -> AdminError {
        AdminError::Lost { address: self.address, source: source.into() }
    }

    fn foreign(&self, found: String) -> AdminError {
        AdminError::Foreign { address: self.address, found }
    }

    fn not_expected(&self, found: &AdminLogin, operator: &OperatorName) -> AdminError {
        match found {
            AdminLogin::Rejected(rejected) => {
                let operator = operator.as_str().to_owned();
                AdminError::Rejected { address: self.address, operator, reason: Rejection(rejected.reason) }
            }
            other => self.foreign(format!("{other:?}")),
        }
    }

    fn send(&mut self, packet: &Packet<'_>) -> Result<(), AdminError> {
        let mut bytes = [0; PACKET_HEADER_LEN + PAYLOAD_MAX];
        let len = packet.encode(&mut bytes).unwrap_or(0);
        self.socket.write_all(&bytes[..len]).map_err(|error| self.lost(error))
    }

    fn say_plainly(&mut self, message: &AdminLogin) -> Result<(), AdminError> {
        let mut bytes = [0; PAYLOAD_MAX];
        let len = message.encode(&mut bytes).unwrap_or(0);
        self.send(&Packet::Unsequenced(&bytes[..len]))
    }

    fn hear_login(&mut self, deadline: Instant) -> Result<AdminLogin, AdminError> {
        let mut bytes = [0; PAYLOAD_MAX];
        let len = self.receive(Some(deadline), &mut bytes)?;
        AdminLogin::decode(&bytes[..len]).map_err(|error| self.foreign(error.to_string()))
    }

    /// The next message, into `out`; heartbeats go out meanwhile.
    fn receive(&mut self, deadline: Option<Instant>, out: &mut [u8; PAYLOAD_MAX]) -> Result<usize, AdminError> {
        let (mut heard, mut spoke) = (Instant::now(), Instant::now());
        loop {
            let packet = self.stream.next();
            match packet {
                Ok(Some(Packet::Sequenced(payload))) => {
                    out[..payload.len()].copy_from_slice(payload);
                    return Ok(payload.len());
                }
                Ok(Some(Packet::ServerHeartbeat | Packet::Debug(_))) => continue,
                Ok(Some(Packet::EndOfSession)) => {
                    let text = "the appliance ended the session: it stops, or another operator took the place";
                    return Err(self.lost(io::Error::new(ErrorKind::ConnectionAborted, text)));
                }
                Ok(Some(other)) => {
                    let found = format!("{other:?}");
                    return Err(self.foreign(found));
                }
                Err(error) => return Err(self.foreign(error.to_string())),
                Ok(None) => {}
            }
            let now = Instant::now();
            if deadline.is_some_and(|deadline| now > deadline) || now - heard > self.timeout {
                return Err(self.lost(io::Error::new(ErrorKind::TimedOut, "the appliance does not answer")));
            }
            if deadline.is_none() && now - spoke > self.heartbeat {
                self.send(&Packet::ClientHeartbeat)?;
                spoke = now;
            }
            match self.socket.read(self.stream.room()) {
                Ok(0) => {
                    let text = "the appliance closed the connection";
                    return Err(self.lost(io::Error::new(ErrorKind::UnexpectedEof, text)));
                }
                Ok(len) => {
                    self.stream.filled(len);
                    heard = Instant::now();
                }
                Err(error)
                    if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted) => {
                }
                Err(error) => return Err(self.lost(error)),
            }
        }
    }
}
