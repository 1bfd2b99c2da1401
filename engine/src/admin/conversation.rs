//! One operator's connection without its socket: bytes in, bytes out, and what is asked for.
//!
//! Goal: who has not proved itself costs a few hundred bytes and a moment; what was changed, repeated or made up ends the connection; one thing
//! is done at a time, and whoever does not read is not written to. Non-goal: who may do what.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::standing::{Live, Standing};
use wire::admin::login::{
    AdminAccepted, AdminChallenge, AdminLogin, AdminRejectReason, AdminRejected, ApplianceName, Introduction, Role,
    VERSION,
};
use wire::admin::sealed::{SEAL_LEN, Seal, Sender, wrap};
use wire::admin::{
    Answer, Asked, LogRow, MESSAGE_LEN_MAX, OperatorCommand, OperatorName, Outcome, Question, Said, Subject,
};
use wire::login::{Key, Nonce};
use wire::soup::{PACKET_HEADER_LEN, Packet, Stream};

/// The longest payload, either way.
const PAYLOAD_MAX: usize = MESSAGE_LEN_MAX + SEAL_LEN;
const PACKET_MAX: usize = PACKET_HEADER_LEN + PAYLOAD_MAX;
/// Bytes that wait to be taken.
const OUT_MAX: usize = 16 << 10;
/// How long a connection that is to be closed may take what is on its way.
const FAREWELL: Duration = Duration::from_secs(1);

/// How a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// The other side, or this one, was done.
    Gone,
    /// It did not speak the protocol.
    Garbage,
    /// A message had a wrong number or MAC.
    Forged,
    /// It was too slow, or silent.
    Slow,
}

/// One of those who may log in.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub name: OperatorName,
    pub key: Key,
    pub role: Role,
}

/// What all conversations are told.
#[derive(Debug)]
pub(super) struct Terms {
    pub operators: Vec<Known>,
    /// Proofs of nobody are held against this one, so that they take as long as wrong ones.
    pub nobody: Key,
    pub appliance: ApplianceName,
    pub login: Duration,
    pub heartbeat: Duration,
    pub timeout: Duration,
}

/// What somebody wants.
#[derive(Clone, Debug)]
pub(super) enum Wish {
    /// To be let in: the proof was right.
    Enter(OperatorName, Role),
    /// It was not, or of nobody.
    Refuse(OperatorName),
    /// A command, with a session's new key where it changes one.
    Command(OperatorCommand, Option<Key>),
    /// Rows.
    Question(Question),
}

#[derive(Debug)]
enum Stage {
    /// Nothing was said.
    Silent,
    /// There was a hello, and a challenge.
    Challenged(Introduction),
    /// The proof was right, but it is not let in yet.
    AtTheDoor(Introduction, usize),
    /// Logged in.
    In(Box<Inside>),
    /// No more is heard.
    Farewell(Instant),
}

#[derive(Debug)]
struct Inside {
    name: OperatorName,
    role: Role,
    since: Instant,
    introduction: Introduction,
    key: Key,
    from: Seal,
    to: Seal,
}

/// What is being done for it.
#[derive(Debug)]
pub(super) enum Doing {
    /// Nothing: the next message may come.
    Nothing,
    /// A command waits for room.
    Offering(OperatorCommand, Option<Key>),
    /// A command waits for its outcome.
    Awaiting(u64),
    /// A question waits until the follower has come far enough.
    Looking(Question, wire::Seq, Instant),
    /// Rows go out.
    Telling(Rows),
}

/// Rows on their way.
#[derive(Debug)]
pub(super) struct Rows {
    pub subject: Subject,
    pub standing: Arc<Standing>,
    pub live: Live,
    /// Of a log.
    pub log: Vec<LogRow>,
    pub next: usize,
}

/// One connection.
#[derive(Debug)]
pub(super) struct Conversation {
    stage: Stage,
    pub doing: Doing,
    stream: Stream,
    out: Vec<u8>,
    /// How much of `out` was taken.
    taken: usize,
    began: Instant,
    heard: Instant,
    spoke: Instant,
    /// When the other side last took something, or there was nothing to take.
    moved: Instant,
}

impl Conversation {
    pub fn new(now: Instant) -> Self {
        Self {
            stage: Stage::Silent,
            doing: Doing::Nothing,
            stream: Stream::new(PAYLOAD_MAX),
            out: Vec::new(),
            taken: 0,
            began: now,
            heard: now,
            spoke: now,
            moved: now,
        }
    }

    /// Who it is, once logged in: name, role, since when.
    pub fn inside(&self) -> Option<(OperatorName, Role, Instant)> {
        match &self.stage {
            Stage::In(inside) => Some((inside.name, inside.role, inside.since)),
            _ => None,
        }
    }

    /// When it began.
    pub const fn began(&self) -> Instant {
        self.began
    }

    /// Whether more bytes are wanted: nothing is being done, and the other side takes what it gets.
    pub fn listens(&self) -> bool {
        matches!(self.doing, Doing::Nothing) && self.has_room()
    }

    /// Whether it is over as soon as everything is taken.
    pub const fn is_ending(&self) -> bool {
        matches!(self.stage, Stage::Farewell(_))
    }

    /// Where bytes that came belong.
    pub fn room(&mut self) -> &mut [u8] {
        self.stream.room()
    }

    /// So many came.
    pub fn filled(&mut self, now: Instant, len: usize) {
        self.heard = now;
        self.stream.filled(len);
    }

    /// What is to be sent.
    pub fn waiting(&self) -> &[u8] {
        &self.out[self.taken..]
    }

    /// So much of it was.
    pub fn sent(&mut self, now: Instant, len: usize) {
        self.taken += len;
        self.moved = now;
        if self.taken == self.out.len() {
            self.out.clear();
            self.taken = 0;
        }
    }

    /// Whether one more message fits.
    pub fn has_room(&self) -> bool {
        self.out.len() - self.taken + PACKET_MAX <= OUT_MAX
    }

    /// The next thing that is wanted, from what has come. `draw` gives random bytes.
    ///
    /// # Errors
    /// What came is of no use: the connection is to be closed.
    pub fn next(
        &mut self,
        now: Instant,
        terms: &Terms,
        draw: impl FnOnce() -> Option<Nonce>,
    ) -> Result<Option<Wish>, Ending> {
        while self.listens() && !self.is_ending() {
            let payload = match self.stream.next().map_err(|_| Ending::Garbage)? {
                None => return Ok(None),
                Some(Packet::ClientHeartbeat) if matches!(self.stage, Stage::In(_)) => continue,
                Some(Packet::LogoutRequest) => return Err(Ending::Gone),
                Some(Packet::Unsequenced(payload)) => payload,
                Some(_) => return Err(Ending::Garbage),
            };
            if let Stage::In(inside) = &mut self.stage {
                let number = inside.from.next();
                let message = inside.from.open(payload).map_err(|_| Ending::Forged)?;
                let wish = match Asked::decode(message).map_err(|_| Ending::Garbage)? {
                    Asked::Question(question) => Wish::Question(question),
                    Asked::Command(command) => Wish::Command(command, None),
                    Asked::Key(command, wrapped) => {
                        let key = wrap(&inside.key, &inside.introduction, number, &wrapped);
                        Wish::Command(command, Some(Key(key)))
                    }
                };
                return Ok(Some(wish));
            }
            let message = AdminLogin::decode(payload).map_err(|_| Ending::Garbage)?;
            match (&self.stage, message) {
                (Stage::Silent, AdminLogin::Hello(hello)) if hello.version != VERSION => {
                    self.reject(now, AdminRejectReason::Version);
                }
                (Stage::Silent, AdminLogin::Hello(hello)) => {
                    let server_nonce = draw().ok_or(Ending::Gone)?;
                    let (operator, client_nonce) = (hello.operator, hello.client_nonce);
                    self.stage = Stage::Challenged(Introduction { operator, client_nonce, server_nonce });
                    self.say(now, &AdminLogin::Challenge(AdminChallenge { server_nonce }));
                    return Ok(None);
                }
                (Stage::Challenged(introduction), AdminLogin::Proof(proof)) => {
                    let introduction = *introduction;
                    let operator = introduction.operator;
                    let known = terms.operators.iter().position(|known| known.name == operator);
                    let key = known.map_or(&terms.nobody, |known| &terms.operators[known].key);
                    let is_proved = introduction.is_proved_by(key, &proof);
                    let Some(known) = known.filter(|_| is_proved) else {
                        self.reject(now, AdminRejectReason::NotAuthorized);
                        return Ok(Some(Wish::Refuse(operator)));
                    };
                    self.stage = Stage::AtTheDoor(introduction, known);
                    return Ok(Some(Wish::Enter(operator, terms.operators[known].role)));
                }
                _ => return Err(Ending::Garbage),
            }
        }
        Ok(None)
    }

    /// Lets it in, after [`Wish::Enter`].
    pub fn admit(&mut self, now: Instant, terms: &Terms, last_request: u64) {
        let Stage::AtTheDoor(introduction, known) = self.stage else { return };
        let Known { name, key, role } = terms.operators[known].clone();
        let milliseconds = |time: Duration| u32::try_from(time.as_millis()).unwrap_or(u32::MAX);
        let accepted = AdminAccepted {
            role,
            last_request,
            heartbeat_ms: milliseconds(terms.heartbeat),
            timeout_ms: milliseconds(terms.timeout),
            appliance: terms.appliance,
            proof: [0; 32],
        };
        self.say(now, &AdminLogin::Accepted(accepted.signed(&key, &introduction)));
        let from = Seal::new(&key, &introduction, Sender::Client);
        let to = Seal::new(&key, &introduction, Sender::Server);
        self.stage = Stage::In(Box::new(Inside { name, role, since: now, introduction, key, from, to }));
    }

    /// Says that it is not let in, or no longer, and ends.
    pub fn reject(&mut self, now: Instant, reason: AdminRejectReason) {
        self.say(now, &AdminLogin::Rejected(AdminRejected { reason }));
        self.stage = Stage::Farewell(now);
    }

    /// Ends it, when what is on its way has been taken.
    pub fn end(&mut self, now: Instant) {
        self.packet(&Packet::EndOfSession);
        (self.stage, self.doing) = (Stage::Farewell(now), Doing::Nothing);
    }

    /// Tells an outcome; the next message may come.
    pub fn answer(&mut self, now: Instant, operator: OperatorName, number: u64, outcome: Outcome) {
        self.doing = Doing::Nothing;
        self.tell(now, &Said::Answer(Answer::new(operator, number, outcome)));
    }

    /// Says rows as long as they fit. Returns whether it said any.
    pub fn go_on_telling(&mut self, now: Instant) -> bool {
        let mut said = false;
        while self.has_room() {
            let Doing::Telling(rows) = &mut self.doing else { break };
            let row = match rows.subject {
                Subject::Log => rows.log.get(rows.next).copied().map(Said::Log),
                subject => rows.standing.row(subject, rows.next, &rows.live),
            };
            let message = match row {
                Some(row) => {
                    rows.next += 1;
                    row
                }
                None => {
                    let end = Said::End(rows.standing.end(rows.subject, rows.next));
                    self.doing = Doing::Nothing;
                    end
                }
            };
            self.tell(now, &message);
            said = true;
        }
        said
    }

    /// What time demands.
    ///
    /// # Errors
    /// The other side was too slow, or silent; or everything is said.
    pub fn tick(&mut self, now: Instant, terms: &Terms) -> Result<(), Ending> {
        if self.waiting().is_empty() {
            self.moved = now;
        }
        let stuck = now - self.moved > terms.timeout;
        match &self.stage {
            Stage::Farewell(since) => {
                return match now - *since > FAREWELL {
                    true => Err(Ending::Gone),
                    false => Ok(()),
                };
            }
            Stage::In(_) => {
                // What has come is only looked at when nothing is being done.
                if stuck || (self.listens() && now - self.heard > terms.timeout) {
                    return Err(Ending::Slow);
                }
                if !self.listens() {
                    self.heard = now;
                }
                if now - self.spoke > terms.heartbeat && self.has_room() {
                    self.packet(&Packet::ServerHeartbeat);
                    self.spoke = now;
                }
            }
            _ if now - self.began > terms.login => return Err(Ending::Slow),
            _ => {}
        }
        Ok(())
    }

    fn say(&mut self, now: Instant, message: &AdminLogin) {
        let mut bytes = [0; PAYLOAD_MAX];
        if let Some(len) = message.encode(&mut bytes) {
            self.packet(&Packet::Sequenced(&bytes[..len]));
            self.spoke = now;
        }
    }

    fn tell(&mut self, now: Instant, message: &Said) {
        let mut bytes = [0; PAYLOAD_MAX];
        let Stage::In(inside) = &mut self.stage else { return };
        if let Some(len) = inside.to.seal(&mut bytes, |out| message.encode(out)) {
            self.packet(&Packet::Sequenced(&bytes[..len]));
            self.spoke = now;
        }
    }

    fn packet(&mut self, packet: &Packet<'_>) {
        let mut bytes = [0; PACKET_MAX];
        if let Some(len) = packet.encode(&mut bytes) {
            self.out.drain(..self.taken);
            self.taken = 0;
            self.out.extend_from_slice(&bytes[..len]);
        }
    }
}
