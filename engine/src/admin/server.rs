//! What the thread `admin` does: connections, and what operators are answered.
//!
//! Goal: an operator gets in whatever else comes to the port; nobody is waited for. Non-goal: many operators; a turn looks at each connection.

use std::io;
use std::net::{IpAddr, TcpListener};
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::arrivals::Arrivals;
use super::connection::Connection;
use super::conversation::{Conversation, Doing, Ending, Known, Rows, Terms, Wish};
use super::desk::{Desk, OperatorLinks, Submitted};
use super::shared::Shared;
use super::standing::{Live, Seen};
use super::{keys, permits, words};
use crate::config::Config;
use crate::entropy::Entropy;
use crate::journal::Watch;
use crate::meter::OperatorsMeter;
use crate::tile::Control;
use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::time::TimeSpec;
use wire::admin::login::{AdminRejectReason, ApplianceName, Role};
use wire::admin::sealed::fingerprint;
use wire::admin::{OperatorCommand, OperatorName, Outcome, Question, Refusal, Subject, Verb};
use wire::login::{Key, Nonce};

/// Connections that have not proved themselves, at a time. One more displaces the oldest from the address that has the most.
const STRANGERS_MAX: usize = 16;
/// Connections that are taken in one turn.
const ACCEPTED_MAX: usize = 8;
/// How long a turn waits for the network when nothing else is awaited, so that a stop is heard soon.
const PATIENCE: Duration = Duration::from_millis(20);
/// And when something is.
const IMPATIENCE: Duration = Duration::from_micros(250);
/// How long a question waits for a follower that is behind.
const LOOK_MAX: Duration = Duration::from_secs(1);
/// How long those who are owed an answer are served when the appliance stops.
const FAREWELL: Duration = Duration::from_millis(200);

/// What the thread stands on.
pub struct AdminParts {
    /// The listening socket.
    pub listener: TcpListener,
    /// To the matching tile and back.
    pub links: OperatorLinks,
    /// How far the journal is.
    pub watch: Watch,
    /// The highest request number of each operator that the journal knows.
    pub last: Vec<(OperatorName, u64)>,
    /// What there is to see.
    pub seen: Arc<Seen>,
    /// For nonces.
    pub entropy: Arc<dyn Entropy>,
    /// What the appliance is at.
    pub control: Arc<Control>,
    /// Where its ends of the links are counted.
    pub meter: Option<OperatorsMeter>,
}

/// All of it.
pub(super) struct Server {
    listener: TcpListener,
    terms: Terms,
    connections_max: usize,
    journal: PathBuf,
    desk: Desk,
    seen: Arc<Seen>,
    entropy: Arc<dyn Entropy>,
    control: Arc<Control>,
    connections: Vec<Connection>,
    arrivals: Arrivals,
    shared: Arc<Shared>,
}

impl Server {
    /// A server that nobody has come to yet.
    ///
    /// # Errors
    /// The system refuses randomness, or the socket is of no use.
    pub fn new(config: &Config, parts: AdminParts, shared: Arc<Shared>) -> io::Result<Self> {
        let AdminParts { listener, links, watch, last, seen, entropy, control, meter } = parts;
        listener.set_nonblocking(true)?;
        let mut nobody = Key([0; 32]);
        entropy.draw(&mut nobody.0)?;
        let milliseconds = |ms: u32| Duration::from_millis(ms.into());
        let name = |name: &str| OperatorName::new(name).unwrap_or(OperatorName::BLANK);
        let operators = config.operators.iter();
        let terms = Terms {
            operators: operators.map(|one| Known { name: name(&one.name), key: one.key, role: one.role }).collect(),
            nobody,
            appliance: ApplianceName::new(&config.appliance.name).unwrap_or(ApplianceName::BLANK),
            login: milliseconds(config.admin.login_ms),
            heartbeat: milliseconds(config.admin.heartbeat_ms),
            timeout: milliseconds(config.admin.timeout_ms),
        };
        Ok(Self {
            listener,
            terms,
            connections_max: usize::from(config.admin.connections_max),
            journal: config.journal.dir.clone(),
            desk: Desk::new(links, watch, last, meter),
            seen,
            entropy,
            control,
            connections: Vec::new(),
            arrivals: Arrivals::default(),
            shared,
        })
    }

    /// Serves until it is to stop, and then those who are owed an answer.
    pub fn run(&mut self) {
        let mut last_turn = None;
        loop {
            let now = Instant::now();
            if self.shared.is_stopping() {
                let until = *last_turn.get_or_insert(now + FAREWELL);
                if now >= until || !self.desk.is_waiting() {
                    break;
                }
            } else {
                self.accept(now);
            }
            while let Some(text) = self.seen.told.take() {
                self.shared.told.tell(text);
            }
            self.release(now);
            self.serve(now);
            self.desk.count();
            self.wait();
        }
        let now = Instant::now();
        for connection in &mut self.connections {
            connection.conversation.end(now);
            let _ = connection.send(now);
        }
    }

    /// Returns when there may be something to do.
    fn wait(&mut self) {
        let mut all = vec![PollFd::new(self.listener.as_fd(), PollFlags::POLLIN)];
        all.extend(self.connections.iter().map(|connection| {
            let conversation = &connection.conversation;
            let mut flags = PollFlags::empty();
            flags.set(PollFlags::POLLIN, conversation.listens() || conversation.is_ending());
            flags.set(PollFlags::POLLOUT, !conversation.waiting().is_empty());
            PollFd::new(connection.socket.as_fd(), flags)
        }));
        let looks =
            |connection: &Connection| matches!(connection.conversation.doing, Doing::Looking(..) | Doing::Offering(..));
        let awaited = self.desk.is_waiting() || self.connections.iter().any(looks);
        let patience = if awaited { IMPATIENCE } else { PATIENCE };
        // An interrupted wait is a short one.
        let _ = ppoll(&mut all, Some(TimeSpec::from(patience)), None);
        let is_hung = |one: &PollFd<'_>| {
            one.revents().is_some_and(|flags| flags.intersects(PollFlags::POLLHUP | PollFlags::POLLERR))
        };
        let hung: Vec<bool> = all.iter().skip(1).map(is_hung).collect();
        for (connection, hung) in self.connections.iter_mut().zip(hung) {
            connection.hung = hung;
        }
    }

    fn accept(&mut self, now: Instant) {
        for _ in 0..ACCEPTED_MAX {
            // Nobody came, or somebody went at once, or the process has no more descriptors: the next turn tries again.
            let Ok((socket, from)) = self.listener.accept() else { return };
            if socket.set_nonblocking(true).and_then(|()| socket.set_nodelay(true)).is_err() {
                continue;
            }
            self.make_way_for_a_stranger(from.ip());
            self.connections.push(Connection { socket, from, conversation: Conversation::new(now), hung: false });
            self.shared.count(|counts| counts.connections += 1);
        }
    }

    /// Whoever fills the places of those who have not proved themselves displaces its own connections first.
    fn make_way_for_a_stranger(&mut self, newcomer: IpAddr) {
        let strangers = || {
            let all = self.connections.iter().enumerate();
            all.filter(|(_, connection)| connection.conversation.inside().is_none())
        };
        if strangers().count() < STRANGERS_MAX {
            return;
        }
        let of = |ip: IpAddr| {
            let others = strangers().filter(|(_, connection)| connection.from.ip() == ip).count();
            others + usize::from(ip == newcomer)
        };
        let crowded = strangers().map(|(_, connection)| connection.from.ip()).max_by_key(|ip| of(*ip));
        let oldest = strangers()
            .filter(|(_, connection)| Some(connection.from.ip()) == crowded)
            .min_by_key(|(_, connection)| connection.conversation.began());
        if let Some((index, _)) = oldest {
            self.connections.swap_remove(index);
            self.shared.count(|counts| counts.displaced += 1);
        }
    }

    /// Tells what has become durable.
    fn release(&mut self, now: Instant) {
        self.desk.listen();
        while let Some((command, outcome)) = self.desk.next_released() {
            let OperatorCommand { operator, number, verb } = command;
            let named = self.seen.named();
            let (wish, done) = (words::wish(&verb, &**named), words::outcome(&verb, outcome, &**named));
            self.shared.told.tell(format!("{operator}: {wish}: {done}"));
            for Connection { conversation, .. } in &mut self.connections {
                let waits = matches!(conversation.doing, Doing::Awaiting(awaited) if awaited == number);
                if waits && conversation.inside().is_some_and(|(name, _, _)| name == operator) {
                    conversation.answer(now, operator, number, outcome);
                }
            }
        }
    }

    fn serve(&mut self, now: Instant) {
        let mut index = 0;
        while index < self.connections.len() {
            match self.serve_one(now, index) {
                Ok(()) => index += 1,
                Err(ending) => {
                    let gone = self.connections.swap_remove(index);
                    self.shared.count(|counts| match ending {
                        Ending::Gone => {}
                        Ending::Garbage => counts.garbage += 1,
                        Ending::Forged => counts.forged += 1,
                        Ending::Slow => counts.slow += 1,
                    });
                    if ending == Ending::Forged
                        && let Some((name, _, _)) = gone.conversation.inside()
                    {
                        let from = gone.from;
                        let text =
                            format!("{name}: a message from {from} was changed, repeated or made up; it is closed");
                        self.shared.told.tell(text);
                    }
                }
            }
        }
    }

    fn serve_one(&mut self, now: Instant, index: usize) -> Result<(), Ending> {
        self.connections[index].receive(now)?;
        loop {
            let (terms, entropy) = (&self.terms, &self.entropy);
            let draw = || {
                let mut nonce = Nonce::default();
                entropy.draw(&mut nonce).is_ok().then_some(nonce)
            };
            match self.connections[index].conversation.next(now, terms, draw)? {
                None => break,
                Some(Wish::Enter(name, role)) => self.enter(now, index, name, role),
                Some(Wish::Refuse(name)) => {
                    let from = self.connections[index].from;
                    self.shared.count(|counts| counts.logins_refused += 1);
                    if let Some(text) = self.arrivals.refused(now, name, from) {
                        self.shared.told.tell(text);
                    }
                }
                Some(Wish::Command(command, key)) => self.command(now, index, command, key),
                Some(Wish::Question(question)) => {
                    let needed = self.desk.watch().durable_seq();
                    self.connections[index].conversation.doing = Doing::Looking(question, needed, now);
                    self.shared.count(|counts| counts.questions += 1);
                }
            }
            self.go_on(now, index);
        }
        self.go_on(now, index);
        let connection = &mut self.connections[index];
        loop {
            connection.send(now)?;
            if !connection.conversation.waiting().is_empty() || !connection.conversation.go_on_telling(now) {
                break;
            }
        }
        connection.conversation.tick(now, &self.terms)
    }

    /// Lets an operator in who has proved itself, if need be in the place of another.
    fn enter(&mut self, now: Instant, index: usize, name: OperatorName, role: Role) {
        let inside = self.connections.iter().enumerate();
        let inside = inside.filter_map(|(at, one)| one.conversation.inside().map(|(_, role, since)| (at, role, since)));
        let inside: Vec<_> = inside.collect();
        if inside.len() >= self.connections_max {
            let lower = inside.iter().filter(|(_, other, _)| other.rank() <= role.rank());
            let Some((displaced, _, _)) = lower.min_by_key(|(_, other, since)| (other.rank(), *since)) else {
                self.connections[index].conversation.reject(now, AdminRejectReason::Capacity);
                return;
            };
            self.connections[*displaced].conversation.end(now);
            self.shared.count(|counts| counts.displaced += 1);
        }
        let (last, from) = (self.desk.last(name), self.connections[index].from);
        self.connections[index].conversation.admit(now, &self.terms, last);
        self.shared.count(|counts| counts.logins += 1);
        if let Some(text) = self.arrivals.let_in(name, role, from.ip()) {
            self.shared.told.tell(text);
        }
    }

    fn command(&mut self, now: Instant, index: usize, command: OperatorCommand, key: Option<Key>) {
        let Some((name, role, _)) = self.connections[index].conversation.inside() else { return };
        let refusal = match self.check(name, role, &command, key.as_ref()) {
            Ok(()) => {
                self.connections[index].conversation.doing = Doing::Offering(command, key);
                self.shared.count(|counts| counts.commands += 1);
                return;
            }
            Err(refusal) => refusal,
        };
        if refusal == Refusal::NOT_PERMITTED {
            self.shared.count(|counts| counts.not_permitted += 1);
        }
        let wish = words::wish(&command.verb, &**self.seen.named());
        self.shared.told.tell(format!("{name}: {wish}: refused: {refusal}"));
        let outcome = Outcome::Refused(refusal);
        self.connections[index].conversation.answer(now, command.operator, command.number, outcome);
    }

    /// Whether a command may go on; a session's new key is on stable storage then.
    fn check(
        &self,
        name: OperatorName,
        role: Role,
        command: &OperatorCommand,
        key: Option<&Key>,
    ) -> Result<(), Refusal> {
        if command.operator != name || !permits(role, &command.verb) {
            return Err(Refusal::NOT_PERMITTED);
        }
        let Verb::KeyChanged { fingerprint: told, .. } = command.verb else { return Ok(()) };
        let Some(key) = key.filter(|key| fingerprint(key) == told) else { return Err(Refusal::MALFORMED) };
        if self.terms.operators.iter().any(|known| known.key == *key) {
            return Err(Refusal::KEY_IN_USE);
        }
        // What was asked for before is answered and not done again.
        if self.desk.is_repeated(command) {
            return Ok(());
        }
        keys::store(&self.journal, key).map_err(|error| {
            let dir = self.journal.join(keys::FOLDER);
            self.shared.told.tell(format!("a new key cannot be written to {}: {error}", dir.display()));
            Refusal::NOT_STORED
        })
    }

    /// Goes on with what a connection waits for.
    fn go_on(&mut self, now: Instant, index: usize) {
        let operators = self.connections.iter().filter(|one| one.conversation.inside().is_some()).count();
        let conversation = &mut self.connections[index].conversation;
        match conversation.doing {
            Doing::Offering(command, key) => {
                // An appliance that stops takes nothing on.
                if !self.control.takes_input() {
                    return;
                }
                let key = key.filter(|_| !self.desk.is_repeated(&command));
                match self.desk.submit(command, key) {
                    Submitted::Taken => conversation.doing = Doing::Awaiting(command.number),
                    Submitted::Later => {}
                    Submitted::Refused(refusal) => {
                        conversation.answer(now, command.operator, command.number, Outcome::Refused(refusal));
                    }
                }
            }
            Doing::Looking(question, needed, since) => {
                let found = self.seen.get(needed);
                let Some(standing) = found.or_else(|| (now - since > LOOK_MAX).then(|| self.seen.newest())) else {
                    return;
                };
                let Question { subject, count, before } = question;
                let log = if subject == Subject::Log { self.seen.log_rows(count, before) } else { Vec::new() };
                let watch = self.desk.watch();
                let operators = u32::try_from(operators).unwrap_or(u32::MAX);
                let live = Live { appended: watch.appended_seq(), durable: watch.durable_seq(), operators };
                conversation.doing = Doing::Telling(Rows { subject, standing, live, log, next: 0 });
                conversation.go_on_telling(now);
            }
            Doing::Nothing | Doing::Awaiting(_) | Doing::Telling(_) => {}
        }
    }
}
