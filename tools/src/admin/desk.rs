//! One operator at work: names become numbers, and a command is given once, however often the connection is lost.

use std::net::SocketAddrV4;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::client::{AdminClient, AdminError, Credentials};
use engine::admin::words::Names;
use wire::admin::{
    End, InstrumentRow, LogRow, OperatorCommand, Outcome, Question, Refusal, Said, SessionRow, StatusRow, Subject, Verb,
};
use wire::login::Key;
use wire::{MemberId, SessionIndex};

/// The pause before another attempt.
const PAUSE: Duration = Duration::from_millis(100);

/// An operator with a connection, or on the way to another one.
pub struct OperatorDesk {
    credentials: Credentials,
    client: AdminClient,
    /// For how long a lost connection is made again.
    patience: Duration,
    sessions: Vec<SessionRow>,
}

/// What was given, and what became of it.
#[derive(Clone, Copy, Debug)]
pub struct Given {
    /// Who, what, and its number.
    pub command: OperatorCommand,
    /// What became of it.
    pub outcome: Outcome,
}

/// A name that the appliance does not know.
#[derive(Debug, thiserror::Error)]
#[error("there is no {what} '{name}'; known are {known}")]
pub struct Unknown {
    what: &'static str,
    name: String,
    known: String,
}

impl OperatorDesk {
    /// Logs in, and learns the names of sessions and members.
    ///
    /// # Errors
    /// As [`AdminClient::connect`].
    pub fn open(credentials: Credentials, patience: Duration) -> Result<Self, AdminError> {
        let client = AdminClient::connect(&credentials)?;
        let mut desk = Self { credentials, client, patience, sessions: Vec::new() };
        desk.sessions = desk.sessions()?.0;
        Ok(desk)
    }

    /// Where the appliance is.
    #[must_use]
    pub const fn address(&self) -> SocketAddrV4 {
        self.credentials.address
    }

    /// Gives a command and waits until it is answered. A connection that is lost meanwhile is made again, and the same command asked for under
    /// the same number, which is done once.
    ///
    /// # Errors
    /// There is no connection within patience, or it cannot be trusted: then it is not known whether it was done.
    pub fn give(&mut self, verb: Verb, secret: Option<&Key>) -> Result<Given, AdminError> {
        // Above all numbers so far, also of somebody else who works under this name at the same time.
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
        let number = u64::try_from(now).unwrap_or(0).max(self.client.accepted().last_request.saturating_add(1));
        let command = OperatorCommand { operator: self.credentials.operator, number, verb };
        let mut lost_since = None;
        loop {
            let lost = match self.client.command(&command, secret) {
                Ok(answer) => {
                    let outcome = answer.outcome().unwrap_or(Outcome::Refused(Refusal::MALFORMED));
                    return Ok(Given { command, outcome });
                }
                Err(AdminError::Lost { address, source }) => AdminError::Lost { address, source },
                Err(error) => return Err(error),
            };
            let since = *lost_since.get_or_insert_with(Instant::now);
            eprintln!("pinion admin: {lost}; asking again under the same number, {number}, which is done once");
            self.client = self.connect_again(since, lost)?;
        }
    }

    fn connect_again(&self, since: Instant, mut lost: AdminError) -> Result<AdminClient, AdminError> {
        while since.elapsed() < self.patience {
            std::thread::sleep(PAUSE);
            match AdminClient::connect(&self.credentials) {
                Err(error @ AdminError::Lost { .. }) => lost = error,
                done => return done,
            }
        }
        Err(lost)
    }

    /// All sessions.
    ///
    /// # Errors
    /// As [`AdminClient::ask`].
    pub fn sessions(&mut self) -> Result<(Vec<SessionRow>, End), AdminError> {
        self.rows(Subject::Sessions, 0, |said| if let Said::Session(row) = said { Some(row) } else { None })
    }

    /// All instruments.
    ///
    /// # Errors
    /// As [`AdminClient::ask`].
    pub fn instruments(&mut self) -> Result<(Vec<InstrumentRow>, End), AdminError> {
        self.rows(Subject::Instruments, 0, |said| if let Said::Instrument(row) = said { Some(row) } else { None })
    }

    /// The venue as a whole.
    ///
    /// # Errors
    /// As [`AdminClient::ask`].
    pub fn status(&mut self) -> Result<(Vec<StatusRow>, End), AdminError> {
        self.rows(Subject::Status, 0, |said| if let Said::Status(row) = said { Some(row) } else { None })
    }

    /// The newest commands of operators, oldest first; 0: all that are kept.
    ///
    /// # Errors
    /// As [`AdminClient::ask`].
    pub fn log(&mut self, count: u32) -> Result<(Vec<LogRow>, End), AdminError> {
        self.rows(Subject::Log, count, |said| if let Said::Log(row) = said { Some(row) } else { None })
    }

    fn rows<T>(
        &mut self,
        subject: Subject,
        count: u32,
        take: impl Fn(Said) -> Option<T>,
    ) -> Result<(Vec<T>, End), AdminError> {
        let mut rows = Vec::new();
        let end = self.client.ask(Question { subject, count, before: 0 }, |said| rows.extend(take(said)))?;
        Ok((rows, end))
    }

    /// The session of this name.
    ///
    /// # Errors
    /// There is none.
    pub fn find_session(&self, name: &str) -> Result<SessionIndex, Unknown> {
        let found = self.sessions.iter().find(|row| row.username.as_str() == name).map(|row| row.session);
        found.ok_or_else(|| unknown("session", name, self.sessions.iter().map(|row| row.username.as_str())))
    }

    /// The member of this name.
    ///
    /// # Errors
    /// There is none that has a session.
    pub fn find_member(&self, name: &str) -> Result<MemberId, Unknown> {
        let found = self.sessions.iter().find(|row| row.member_name.as_str() == name).map(|row| row.member);
        found.ok_or_else(|| {
            let mut known: Vec<&str> = self.sessions.iter().map(|row| row.member_name.as_str()).collect();
            known.dedup();
            unknown("member", name, known.into_iter())
        })
    }
}

impl Names for OperatorDesk {
    fn session(&self, session: SessionIndex) -> String {
        self.sessions.session(session)
    }

    fn member(&self, member: MemberId) -> String {
        self.sessions.member(member)
    }
}

fn unknown<'a>(what: &'static str, name: &str, known: impl Iterator<Item = &'a str>) -> Unknown {
    let mut known: Vec<&str> = known.take(21).collect();
    if known.len() > 20 {
        known[20] = "…";
    }
    Unknown { what, name: name.to_owned(), known: known.join(", ") }
}
