//! Which port was taken, and why not the others.

use std::fmt;

use super::PortKind;
use crate::port::PortError;

/// What opening a port came to, in one line for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// What was taken; never `Auto`.
    pub kind: PortKind,
    /// How it works here: the facilities it has, and those it does without.
    pub how: String,
    /// What was tried before, and why it is not that.
    pub refused: Vec<Refused>,
}

/// A kind of port that could not be had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Which.
    pub kind: PortKind,
    /// Why not, and what would help.
    pub why: String,
}

impl Refused {
    pub(super) fn by(kind: PortKind, error: &PortError) -> Self {
        Self { kind, why: error.to_string() }
    }
}

impl fmt::Display for Choice {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.kind)?;
        if !self.how.is_empty() {
            write!(out, ", {}", self.how)?;
        }
        self.refused.iter().try_for_each(|Refused { kind, why }| write!(out, "; not {kind}: {why}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_is_one_line_that_says_why() {
        let refused = |kind, why: &str| Refused { kind, why: why.to_owned() };
        let choice = Choice {
            kind: PortKind::Uring,
            how: "multishot receive".to_owned(),
            refused: vec![refused(PortKind::Dpdk, "no device"), refused(PortKind::Xdp, "127.0.0.1 is loopback")],
        };
        assert_eq!(choice.to_string(), "uring, multishot receive; not dpdk: no device; not xdp: 127.0.0.1 is loopback");
        let plain = Choice { kind: PortKind::Socket, how: String::new(), refused: Vec::new() };
        assert_eq!(plain.to_string(), "socket");
    }
}
