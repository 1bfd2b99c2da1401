//! What enters the exchange: sequenced, timed, journaled.

use crate::session::Login;
use wire::{Nanos, Seq, SessionIndex};

/// One input, at its place in the one order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Command<'a> {
    /// Its place; the first command is 1.
    pub seq: Seq,
    /// When it was received; never earlier than the command before.
    pub time: Nanos,
    /// What is to be done.
    pub action: Action<'a>,
}

/// What a command does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action<'a> {
    /// The first command of a journal: the venue opens.
    Genesis {
        /// Fingerprint of the configured rules.
        fingerprint: u64,
        /// Session name of the market-data channels for as long as this journal lives.
        feed_session: wire::mold::SessionId,
    },
    /// A client's message, whatever its bytes are worth; empty stands for one that was longer than any message can be.
    Message {
        /// Who sent it.
        session: SessionIndex,
        /// The client's own number of it.
        client_seq: u64,
        /// OUCH 5.0 inbound message.
        bytes: &'a [u8],
    },
    /// A proved login.
    Login {
        /// Whose.
        session: SessionIndex,
        /// What it establishes.
        login: Login,
    },
    /// Silence for too long.
    Death {
        /// Whose.
        session: SessionIndex,
    },
    /// The client said that it is done.
    Logout {
        /// Whose.
        session: SessionIndex,
    },
    /// The client will not send messages below `next_inbound` again.
    Skip {
        /// Whose.
        session: SessionIndex,
        /// The number to go on from.
        next_inbound: u64,
    },
    /// One slice of a cancel on disconnect.
    CancelSlice {
        /// Whose orders.
        session: SessionIndex,
    },
    /// The first of the orders whose stop price was reached enters the book.
    Elect,
    /// Whether orders may enter the books.
    EntryGate {
        /// Not until it is opened again.
        closed: bool,
    },
    /// The market day is over.
    CloseMarket,
    /// An operator's command, in the form that the journal has of it; whoever made or read it has seen that it can be read.
    Operator {
        /// [`OperatorBody`](wire::admin::OperatorBody).
        bytes: &'a [u8],
    },
    /// The next slice of what an operator had canceled.
    OperatorSlice,
    /// No effect: the state after the command before must have this hash.
    StateHash {
        /// The hash.
        hash: u64,
    },
}
