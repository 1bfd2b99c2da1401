//! What the administration session has seen.

/// Counts since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AdminCounts {
    /// Connections that were taken.
    pub connections: u64,
    /// Operators that proved themselves.
    pub logins: u64,
    /// Proofs that were wrong, or of nobody.
    pub logins_refused: u64,
    /// Commands that went on to be sequenced.
    pub commands: u64,
    /// Commands that a role does not permit, or that named another operator.
    pub not_permitted: u64,
    /// Questions that were answered.
    pub questions: u64,
    /// Connections that did not speak the protocol.
    pub garbage: u64,
    /// Messages with a wrong number or MAC; each ends its connection.
    pub forged: u64,
    /// Connections that were too slow, or silent.
    pub slow: u64,
    /// Connections that made way for others.
    pub displaced: u64,
}

impl AdminCounts {
    /// Each with its name.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let Self {
            connections,
            logins,
            logins_refused,
            commands,
            not_permitted,
            questions,
            garbage,
            forged,
            slow,
            displaced,
        } = *self;
        [
            ("connections", connections),
            ("logins", logins),
            ("logins_refused", logins_refused),
            ("commands", commands),
            ("not_permitted", not_permitted),
            ("questions", questions),
            ("garbage", garbage),
            ("forged", forged),
            ("slow", slow),
            ("displaced", displaced),
        ]
        .into_iter()
    }
}
