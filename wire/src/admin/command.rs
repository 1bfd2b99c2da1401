//! The commands of an operator.

use core::fmt;

use crate::feed::ChannelIndex;
use crate::layout::text;
use crate::{MemberId, Price, Qty, SessionIndex, Side, Symbol};

text!(
    /// Who gives a command.
    OperatorName,
    16
);

/// A command with who gave it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OperatorCommand {
    /// Who.
    pub operator: OperatorName,
    /// The operator's own number of it, above all that it used before: a number that was answered is answered again, and not done again.
    pub number: u64,
    /// What is to be done.
    pub verb: Verb,
}

/// Whom something concerns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// One login.
    Session(SessionIndex),
    /// All logins of a firm.
    Member(MemberId),
    /// Everybody.
    Venue,
}

/// What an operator may have done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Ends a session's login, with whatever it asked for on disconnect.
    Disconnect {
        /// Whose.
        session: SessionIndex,
    },
    /// Takes orders off the books.
    CancelOrders {
        /// Whose.
        scope: Scope,
        /// Of this instrument alone.
        symbol: Option<Symbol>,
        /// Of this side alone.
        side: Option<Side>,
    },
    /// Stops trading in an instrument.
    Halt {
        /// Which one.
        symbol: Symbol,
    },
    /// Lets an instrument trade again.
    Resume {
        /// Which one.
        symbol: Symbol,
    },
    /// The kill switch: takes all orders off the books, and lets no new one in.
    Lock {
        /// Whose.
        scope: Scope,
    },
    /// Takes the lock of this scope away, and no other.
    Unlock {
        /// Whose.
        scope: Scope,
    },
    /// Lets nobody's new orders in, and leaves those that stand.
    Drain,
    /// Ends a drain.
    Reopen,
    /// Ends the market day.
    CloseMarket,
    /// Adds an instrument.
    AddInstrument(NewInstrument),
    /// Notes that a session's key is another one from now on.
    KeyChanged {
        /// Whose.
        session: SessionIndex,
        /// The first eight bytes of the SHA-256 of the new key.
        fingerprint: u64,
    },
}

/// The terms of an instrument that is added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewInstrument {
    /// Its name.
    pub symbol: Symbol,
    /// The step between two prices, 1/10,000 units.
    pub tick: i64,
    /// The step between two quantities.
    pub lot: u32,
    /// The lowest price.
    pub price_min: Price,
    /// The highest price.
    pub price_max: Price,
    /// The largest quantity of an order.
    pub quantity_max: Qty,
    /// How far beyond the best opposite price a market order may trade; `None`: at any price.
    pub market_protection: Option<i64>,
    /// On which channel it is published.
    pub channel: ChannelIndex,
}

impl Verb {
    /// Its name, as the operator's tools know it.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Disconnect { .. } => "disconnect",
            Self::CancelOrders { .. } => "cancel orders",
            Self::Halt { .. } => "halt",
            Self::Resume { .. } => "resume",
            Self::Lock { .. } => "lock",
            Self::Unlock { .. } => "unlock",
            Self::Drain => "drain",
            Self::Reopen => "reopen",
            Self::CloseMarket => "close market",
            Self::AddInstrument(_) => "add instrument",
            Self::KeyChanged { .. } => "key changed",
        }
    }

    /// The one session that it concerns.
    #[must_use]
    pub const fn session(&self) -> Option<SessionIndex> {
        match *self {
            Self::Disconnect { session }
            | Self::KeyChanged { session, .. }
            | Self::CancelOrders { scope: Scope::Session(session), .. }
            | Self::Lock { scope: Scope::Session(session) }
            | Self::Unlock { scope: Scope::Session(session) } => Some(session),
            _ => None,
        }
    }

    /// The one instrument that it concerns.
    #[must_use]
    pub const fn symbol(&self) -> Option<Symbol> {
        match *self {
            Self::Halt { symbol }
            | Self::Resume { symbol }
            | Self::CancelOrders { symbol: Some(symbol), .. }
            | Self::AddInstrument(NewInstrument { symbol, .. }) => Some(symbol),
            _ => None,
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Session(session) => write!(f, "session {session}"),
            Self::Member(member) => write!(f, "member {member}"),
            Self::Venue => f.write_str("the venue"),
        }
    }
}
