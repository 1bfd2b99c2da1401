//! Plays a script at a seat: every report is expected, in its order, or the venue has failed.
//!
//! Behind each order goes a question for the next number. Reports come in order, so when it is answered, all that the order caused has
//! come: nothing is waited for but what others cause.

use super::script::{Action, Expected, Step, fill_in};
use crate::client::State;
use crate::client::connection::ConnectionError;
use crate::hand::instruction::Instruction;
use crate::hand::seat::{Refused, Seat};
use crate::hand::told;
use netio::Port;
use std::collections::{BTreeMap, VecDeque};
use std::io::{self, Write};
use std::time::{Duration, Instant};
use wire::UserRefNum;
use wire::ouch::{MESSAGE_LEN_MAX, Outbound};

/// Why a script did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum PlayError {
    /// The venue did something else.
    #[error("line {line}: expected {expected}, heard {heard}")]
    Otherwise {
        /// Where.
        line: usize,
        /// What.
        expected: String,
        /// What was heard instead.
        heard: String,
    },
    /// An order of the script cannot be sent.
    #[error("line {line}: {reason}")]
    Unsent {
        /// Where.
        line: usize,
        /// Why not.
        reason: Refused,
    },
    /// A line names an order that there is not.
    #[error("line {line}: expected the name of an order above, or a number, found '{name}'")]
    Name {
        /// Where.
        line: usize,
        /// What was found.
        name: String,
    },
    /// A line cannot be read with the numbers in it.
    #[error("line {line}: {mistake}")]
    Mistake {
        /// Where.
        line: usize,
        /// What is wrong.
        mistake: crate::hand::words::Mistake,
    },
    /// The session cannot go on.
    #[error(transparent)]
    Session(#[from] ConnectionError),
    /// Nobody reads what is printed.
    #[error("cannot print: {0}")]
    Output(#[from] io::Error),
}

/// Plays.
pub struct Player<P> {
    seat: Seat<P>,
    wait: Duration,
    /// Reports that nobody has expected yet, as they came.
    heard: VecDeque<Vec<u8>>,
    labels: BTreeMap<String, UserRefNum>,
}

impl<P: Port> Player<P> {
    /// Logs in.
    ///
    /// # Errors
    /// The session cannot be had.
    pub fn log_in(mut seat: Seat<P>, wait: Duration) -> Result<Self, PlayError> {
        while seat.state() == State::LoggingIn {
            if seat.turn(|_| {})? == 0 {
                seat.rest(Duration::from_millis(1));
            }
        }
        Ok(Self { seat, wait, heard: VecDeque::new(), labels: BTreeMap::new() })
    }

    /// Plays all lines; what is said and heard is printed.
    ///
    /// # Errors
    /// The venue did something else, or a line makes no sense.
    pub fn play(&mut self, steps: &[Step], out: &mut impl Write) -> Result<(), PlayError> {
        for Step { line, action } in steps {
            match action {
                Action::Give { label, words } => {
                    self.nothing_left(*line, "no more reports before this order")?;
                    self.give(*line, label.as_deref(), words, out)?;
                }
                Action::Expect(expected) => self.expect(*line, expected, out)?,
            }
        }
        let last = steps.last().map_or(0, |step| step.line);
        self.nothing_left(last, "no more reports at the end")
    }

    /// Logs out.
    ///
    /// # Errors
    /// The session breaks before.
    pub fn leave(&mut self) -> Result<(), PlayError> {
        self.seat.leave();
        let end = Instant::now() + self.wait;
        while self.seat.state() != State::Closed && Instant::now() < end {
            if self.seat.turn(|_| {})? == 0 {
                self.seat.rest(Duration::from_millis(1));
            }
        }
        Ok(())
    }

    fn give(&mut self, line: usize, label: Option<&str>, words: &str, out: &mut impl Write) -> Result<(), PlayError> {
        let filled = fill_in(words, |name| self.labels.get(name).copied());
        let instruction: Instruction = filled.parse().map_err(|mistake| PlayError::Mistake { line, mistake })?;
        let unsent = |reason| PlayError::Unsent { line, reason };
        let sent = self.seat.give(&instruction).map_err(unsent)?;
        if let (Some(label), Some(user_ref)) = (label, sent.user_ref) {
            self.labels.insert(label.to_owned(), user_ref);
        }
        writeln!(out, "> {}{instruction}", label.map_or_else(String::new, |label| format!("{label}: ")))?;
        let fence = self.seat.give(&Instruction::Query).map_err(unsent)?;
        let end = Instant::now() + self.wait;
        let mut is_answered = false;
        while !is_answered {
            if Instant::now() >= end {
                let expected = format!("an answer within {} s", self.wait.as_secs());
                return Err(PlayError::Otherwise { line, expected, heard: "none".to_owned() });
            }
            is_answered = self.listen(Some(fence.number))?;
        }
        Ok(())
    }

    /// Takes what has come; says whether the answer to that message is among it, which is no report of interest itself.
    fn listen(&mut self, fence: Option<u64>) -> Result<bool, PlayError> {
        let mut is_answered = false;
        let heard = &mut self.heard;
        let moved = self.seat.turn(|report| {
            if report.answers.is_some() && report.answers == fence {
                is_answered = true;
                return;
            }
            let mut bytes = vec![0; MESSAGE_LEN_MAX];
            if let Some(len) = report.message.encode(&mut bytes) {
                bytes.truncate(len);
                heard.push_back(bytes);
            }
        })?;
        if moved == 0 {
            self.seat.rest(Duration::from_millis(1));
        }
        Ok(is_answered)
    }

    fn expect(&mut self, line: usize, expected: &Expected, out: &mut impl Write) -> Result<(), PlayError> {
        if expected.kind == "nothing" {
            return self.nothing_left(line, "nothing");
        }
        let order = match &expected.of {
            None => None,
            Some(name) => {
                let number = self.labels.get(name).copied().or_else(|| name.parse().map(UserRefNum).ok());
                Some(number.ok_or_else(|| PlayError::Name { line, name: name.clone() })?)
            }
        };
        let end = Instant::now() + self.wait;
        while self.heard.is_empty() && Instant::now() < end {
            self.listen(None)?;
        }
        let otherwise = |heard: String| PlayError::Otherwise { line, expected: expected.to_string(), heard };
        let bytes =
            self.heard.pop_front().ok_or_else(|| otherwise(format!("nothing within {} s", self.wait.as_secs())))?;
        let report = Outbound::decode(&bytes).map_err(|error| otherwise(error.to_string()))?;
        if !expected.fits(&report, order) {
            return Err(otherwise(told::short(&report)));
        }
        writeln!(out, "< {}", told::short(&report))?;
        Ok(())
    }

    fn nothing_left(&mut self, line: usize, expected: &str) -> Result<(), PlayError> {
        let Some(bytes) = self.heard.pop_front() else { return Ok(()) };
        let heard = Outbound::decode(&bytes).map_or_else(|error| error.to_string(), |report| told::short(&report));
        Err(PlayError::Otherwise { line, expected: expected.to_owned(), heard })
    }
}
