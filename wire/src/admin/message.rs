//! What is inside of a seal: one message, told by its first byte.

use super::outcome::{Answer, Outcome};
use super::request::Request;
use super::row::{End, InstrumentRow, Question, SessionRow, StatusRow};
use super::{OperatorCommand, Verb};
use crate::layout::layout;
use crate::{DecodeError, Nanos, Seq};

/// A command, from the operator.
const COMMAND: u8 = b'x';
/// A command that brings a session's new key, from the operator.
const KEY: u8 = b'k';
/// The answer to either.
const ANSWER: u8 = b'r';
/// Bytes of a key.
const SECRET_LEN: usize = 32;

/// The longest message, either way.
pub const MESSAGE_LEN_MAX: usize = LogHead::SIZE + Request::SIZE + Answer::SIZE;
const _: () = assert!(MESSAGE_LEN_MAX >= 1 + Request::SIZE + SECRET_LEN);

/// What an operator says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Do this.
    Command(OperatorCommand),
    /// Give a session this key, which is [wrapped](super::sealed::wrap) with the number of the sealed message. The command is a
    /// [`Verb::KeyChanged`].
    Key(OperatorCommand, [u8; SECRET_LEN]),
    /// Tell me this.
    Question(Question),
}

impl Asked {
    /// Reads one message from exactly its bytes.
    ///
    /// # Errors
    /// No known message, another size, a field outside its set.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        const WHAT: &str = "administration message";
        let Some((&tag, rest)) = bytes.split_first() else {
            return Err(DecodeError::TooShort { what: WHAT, expected: 1, found: 0 });
        };
        match tag {
            COMMAND => Request::decode(rest)?.command().map(Self::Command),
            KEY => {
                let Some((request, secret)) = rest.split_last_chunk::<SECRET_LEN>() else {
                    let expected = 1 + Request::SIZE + SECRET_LEN;
                    return Err(DecodeError::Length { what: "administration key", expected, found: bytes.len() });
                };
                let command = Request::decode(request)?.command()?;
                match command.verb {
                    Verb::KeyChanged { .. } => Ok(Self::Key(command, *secret)),
                    _ => Err(DecodeError::value("administration key", "verb", "K", &request[24..25])),
                }
            }
            Question::TYPE => Question::decode(bytes).map(Self::Question),
            found => Err(DecodeError::UnknownType { what: WHAT, found }),
        }
    }

    /// Writes the message; returns its length, or nothing when `out` is too small.
    #[must_use]
    pub fn encode(&self, out: &mut [u8]) -> Option<usize> {
        match self {
            Self::Command(command) => tagged(COMMAND, out, |out| Request::from(command).encode(out)),
            Self::Key(command, secret) => tagged(KEY, out, |out| {
                let len = Request::from(command).encode(out)?;
                out.get_mut(len..len + SECRET_LEN)?.copy_from_slice(secret);
                Some(len + SECRET_LEN)
            }),
            Self::Question(question) => question.encode(out),
        }
    }
}

layout! { Wire, "administration Log",
    /// A command that was given. Behind it stands the command as a Request, and behind that its Answer, unless it has none yet.
    pub struct LogHead: 17, type b'l' {
        /// Its place in the one order.
        1 => seq: Seq,
        /// When it came.
        9 => time: Nanos,
    }
}

/// A command that was given, when, and what became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogRow {
    /// Its place in the one order.
    pub seq: Seq,
    /// When it came.
    pub time: Nanos,
    /// Who, and what.
    pub command: OperatorCommand,
    /// What became of it; `None`: it is not done yet.
    pub outcome: Option<Outcome>,
}

/// What an appliance says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    /// What became of a command.
    Answer(Answer),
    /// A login.
    Session(SessionRow),
    /// An instrument.
    Instrument(InstrumentRow),
    /// The venue.
    Status(StatusRow),
    /// A command that was given.
    Log(LogRow),
    /// There are no more rows.
    End(End),
}

impl Said {
    /// Reads one message from exactly its bytes.
    ///
    /// # Errors
    /// No known message, another size, a field outside its set.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        const WHAT: &str = "administration answer";
        match bytes.first() {
            Some(&ANSWER) => {
                let answer = Answer::decode(&bytes[1..])?;
                answer.outcome().map(|_| Self::Answer(answer))
            }
            Some(&SessionRow::TYPE) => SessionRow::decode(bytes).map(Self::Session),
            Some(&InstrumentRow::TYPE) => InstrumentRow::decode(bytes).map(Self::Instrument),
            Some(&StatusRow::TYPE) => StatusRow::decode(bytes).map(Self::Status),
            Some(&End::TYPE) => End::decode(bytes).map(Self::End),
            Some(&LogHead::TYPE) => LogRow::decode(bytes).map(Self::Log),
            Some(&found) => Err(DecodeError::UnknownType { what: WHAT, found }),
            None => Err(DecodeError::TooShort { what: WHAT, expected: 1, found: 0 }),
        }
    }

    /// Writes the message; returns its length, or nothing when `out` is too small.
    #[must_use]
    pub fn encode(&self, out: &mut [u8]) -> Option<usize> {
        match self {
            Self::Answer(answer) => tagged(ANSWER, out, |out| answer.encode(out)),
            Self::Session(row) => row.encode(out),
            Self::Instrument(row) => row.encode(out),
            Self::Status(row) => row.encode(out),
            Self::Log(row) => row.encode(out),
            Self::End(end) => end.encode(out),
        }
    }
}

impl LogRow {
    fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        const COMMAND_END: usize = LogHead::SIZE + Request::SIZE;
        let Some((front, answer)) = bytes.split_at_checked(COMMAND_END) else {
            let (expected, found) = (COMMAND_END, bytes.len());
            return Err(DecodeError::TooShort { what: "administration Log", expected, found });
        };
        let LogHead { seq, time } = LogHead::decode(&front[..LogHead::SIZE])?;
        let command = Request::decode(&front[LogHead::SIZE..])?.command()?;
        let outcome = if answer.is_empty() { None } else { Some(Answer::decode(answer)?.outcome()?) };
        Ok(Self { seq, time, command, outcome })
    }

    fn encode(&self, out: &mut [u8]) -> Option<usize> {
        let mut len = LogHead { seq: self.seq, time: self.time }.encode(out)?;
        len += Request::from(&self.command).encode(&mut out[len..])?;
        if let Some(outcome) = self.outcome {
            len += Answer::new(self.command.operator, self.command.number, outcome).encode(&mut out[len..])?;
        }
        Some(len)
    }
}

fn tagged(tag: u8, out: &mut [u8], write: impl FnOnce(&mut [u8]) -> Option<usize>) -> Option<usize> {
    let (first, rest) = out.split_first_mut()?;
    *first = tag;
    write(rest).map(|len| 1 + len)
}

#[cfg(test)]
mod tests {
    use super::super::row::Subject;
    use super::super::{OperatorName, Scope};
    use super::*;
    use crate::{Reserved, SessionIndex};

    fn command(verb: Verb) -> OperatorCommand {
        OperatorCommand { operator: OperatorName::new("ann").expect("short"), number: 9, verb }
    }

    #[test]
    fn what_an_operator_says_comes_back() {
        let key = command(Verb::KeyChanged { session: SessionIndex(3), fingerprint: 5 });
        for asked in [
            Asked::Command(command(Verb::Lock { scope: Scope::Venue })),
            Asked::Key(key, [0x5A; 32]),
            Asked::Question(Question { subject: Subject::Log, count: 7, before: 8 }),
        ] {
            let mut out = [0xEE; MESSAGE_LEN_MAX];
            let len = asked.encode(&mut out).expect("room");
            assert_eq!(Asked::decode(&out[..len]), Ok(asked));
            assert!(Asked::decode(&out[..len - 1]).is_err() && Asked::decode(&out[..=len]).is_err());
        }
    }

    #[test]
    fn a_key_comes_with_a_change_of_key_and_nothing_else() {
        let mut out = [0; MESSAGE_LEN_MAX];
        let len = Asked::Key(command(Verb::Drain), [0; 32]).encode(&mut out).expect("room");
        assert!(Asked::decode(&out[..len]).is_err());
    }

    #[test]
    fn what_an_appliance_says_comes_back() {
        let done = Outcome::Done { seq: Seq(7), changed: 17 };
        let log = LogRow { seq: Seq(6), time: Nanos(5), command: command(Verb::Drain), outcome: Some(done) };
        let status = StatusRow::decode(&[&[b't'][..], &[0; StatusRow::SIZE - 1]].concat()).expect("zeros");
        assert_eq!(status.reserved, Reserved);
        for said in [
            Said::Answer(Answer::new(OperatorName::BLANK, 4, done)),
            Said::Log(log),
            Said::Log(LogRow { outcome: None, ..log }),
            Said::Status(StatusRow { flags: StatusRow::LOCKED, ..status }),
            Said::End(End { subject: Subject::Status, flags: End::KNOWN, count: 1, seq: Seq(3) }),
        ] {
            let mut out = [0xEE; MESSAGE_LEN_MAX];
            let len = said.encode(&mut out).expect("room");
            assert_eq!(Said::decode(&out[..len]), Ok(said));
            assert!(Said::decode(&out[..len - 1]).is_err());
        }
    }
}
