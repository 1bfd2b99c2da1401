//! What became of an operator's command.

use core::fmt;

use super::OperatorName;
use crate::layout::{Reserved, layout, newtype};
use crate::{DecodeError, Seq};

newtype!(Wire Refusal(u16), Disk Refusal(u16));

/// Why a command was refused. An open set: a reader must survive a code that it does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct Refusal(pub u16);

macro_rules! refusals {
    ($($name:ident = $code:literal, $text:literal;)*) => {
        impl Refusal {
            $(
                #[doc = $text]
                pub const $name: Self = Self($code);
            )*
            /// Every one with a name, in the order of the table in docs/protocol.md.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// One line of text; "unknown refusal" for a code without a name.
            #[must_use]
            pub const fn describe(self) -> &'static str {
                match self.0 {
                    $($code => $text,)*
                    _ => "unknown refusal",
                }
            }
        }
    };
}

refusals! {
    UNKNOWN_SESSION = 0x0001, "there is no such session";
    UNKNOWN_MEMBER = 0x0002, "there is no such member";
    UNKNOWN_SYMBOL = 0x0003, "there is no such instrument";
    UNKNOWN_CHANNEL = 0x0004, "there is no such channel";
    ALREADY_EXISTS = 0x0005, "there is an instrument of that name already";
    NO_ROOM = 0x0006, "all places for added instruments are taken (limits.instruments_added)";
    BAD_TERMS = 0x0007, "the instrument's terms contradict each other or the venue's limits";
    MARKET_CLOSED = 0x0008, "the market day is over";
    NUMBER_PASSED = 0x0009, "this operator has used a higher request number; go on from there";
    TOO_MANY_OPERATORS = 0x000A, "as many operators have given commands as the venue remembers";
    NOT_PERMITTED = 0x000B, "this operator's role does not permit it";
    MALFORMED = 0x000C, "the request cannot be read";
    BUSY = 0x000D, "another request of this operator is not answered yet";
    NOT_STORED = 0x000E, "the new key could not be stored; the old one is valid";
    KEY_IN_USE = 0x000F, "this is an operator's key; make another one for the session";
}

/// What became of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was done.
    Done {
        /// The command's place in the one order.
        seq: Seq,
        /// How many orders were canceled; of what cancels none: 1, or 0 when it was so already.
        changed: u64,
    },
    /// It was not done, and nothing changed.
    Refused(Refusal),
}

layout! { Wire, "administration Answer",
    /// The answer to one request, as it travels.
    pub struct Answer: 48 {
        /// Whose request.
        0 => operator: OperatorName,
        /// Which one.
        16 => number: u64,
        /// The command's place in the one order; 0 where it was refused.
        24 => seq: u64,
        /// How many orders were canceled, or whether anything changed.
        32 => changed: u64,
        /// 0, or why it was refused.
        40 => refusal: Refusal,
        /// `D` done, `R` refused.
        42 => status: u8,
        /// Zero.
        43 => reserved: Reserved<5>,
    }
}

impl Answer {
    /// The answer that tells an outcome.
    #[must_use]
    pub const fn new(operator: OperatorName, number: u64, outcome: Outcome) -> Self {
        let (status, seq, changed, refusal) = match outcome {
            Outcome::Done { seq, changed } => (b'D', seq.0, changed, Refusal(0)),
            Outcome::Refused(refusal) => (b'R', 0, 0, refusal),
        };
        Self { operator, number, seq, changed, refusal, status, reserved: Reserved }
    }

    /// The outcome that it tells.
    ///
    /// # Errors
    /// The status is neither of the two.
    pub fn outcome(&self) -> Result<Outcome, DecodeError> {
        match self.status {
            b'D' => Ok(Outcome::Done { seq: Seq(self.seq), changed: self.changed }),
            b'R' => Ok(Outcome::Refused(self.refusal)),
            other => Err(DecodeError::value("administration Answer", "status", "D or R", &[other])),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({:#06x})", self.describe(), self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_tells_its_outcome() {
        let operator = OperatorName::new("ann").expect("short");
        for outcome in [Outcome::Done { seq: Seq(7), changed: 3 }, Outcome::Refused(Refusal::NO_ROOM)] {
            let mut bytes = [0; Answer::SIZE];
            assert_eq!(Answer::new(operator, 9, outcome).encode(&mut bytes), Some(Answer::SIZE));
            let read = Answer::decode(&bytes).expect("as written");
            assert_eq!((read.operator, read.number, read.outcome()), (operator, 9, Ok(outcome)));
            bytes[42] = b'?';
            assert!(Answer::decode(&bytes).expect("any status").outcome().is_err());
        }
    }
}
