//! Commands and outcomes in words, the same for logs and for operators.

use std::fmt::Write;

use wire::admin::{Outcome, Scope, SessionRow, Verb};
use wire::{MemberId, SessionIndex};

/// Names for what commands name by number.
pub trait Names {
    /// A session's.
    fn session(&self, session: SessionIndex) -> String;
    /// A member's.
    fn member(&self, member: MemberId) -> String;

    /// A scope's.
    fn scope(&self, scope: Scope) -> String {
        match scope {
            Scope::Session(session) => format!("session {}", self.session(session)),
            Scope::Member(member) => format!("member {}", self.member(member)),
            Scope::Venue => "the venue".to_owned(),
        }
    }
}

/// Whoever has the rows of all sessions knows their names.
impl Names for [SessionRow] {
    fn session(&self, session: SessionIndex) -> String {
        let row = self.get(usize::from(session.0));
        row.map_or_else(|| session.to_string(), |row| row.username.as_str().to_owned())
    }

    fn member(&self, member: MemberId) -> String {
        let row = self.iter().find(|row| row.member == member);
        row.map_or_else(|| member.to_string(), |row| row.member_name.as_str().to_owned())
    }
}

/// What a command is to do.
#[must_use]
pub fn wish(verb: &Verb, names: &(impl Names + ?Sized)) -> String {
    match *verb {
        Verb::Disconnect { session } => format!("disconnect session {}", names.session(session)),
        Verb::CancelOrders { scope, symbol, side } => {
            let mut text = "cancel all".to_owned();
            if let Some(side) = side {
                let _ = write!(text, " {}", format!("{side:?}").to_lowercase());
            }
            text.push_str(" orders");
            if let Some(symbol) = symbol {
                let _ = write!(text, " in {}", symbol.name());
            }
            let _ = write!(text, " of {}", names.scope(scope));
            text
        }
        Verb::Halt { symbol } => format!("halt {}", symbol.name()),
        Verb::Resume { symbol } => format!("resume {}", symbol.name()),
        Verb::Lock { scope } => format!("lock {} and cancel its orders", names.scope(scope)),
        Verb::Unlock { scope } => format!("unlock {}", names.scope(scope)),
        Verb::Drain => "take no new orders".to_owned(),
        Verb::Reopen => "take new orders again".to_owned(),
        Verb::CloseMarket => "end the market day for good".to_owned(),
        Verb::AddInstrument(added) => format!("add instrument {}", added.symbol.name()),
        Verb::KeyChanged { session, .. } => format!("replace the key of session {}", names.session(session)),
    }
}

/// What became of it.
#[must_use]
pub fn outcome(verb: &Verb, outcome: Outcome, names: &(impl Names + ?Sized)) -> String {
    let (seq, changed) = match outcome {
        Outcome::Done { seq, changed } => (seq, changed),
        Outcome::Refused(refusal) => return format!("refused: {refusal}"),
    };
    let orders = || format!("{changed} order{} canceled", if changed == 1 { "" } else { "s" });
    let either = |done: String, was_so: String| if changed > 0 { done } else { was_so };
    let text = match *verb {
        Verb::Disconnect { session } => {
            let name = names.session(session);
            either(format!("session {name} disconnected"), format!("session {name} was not logged in"))
        }
        Verb::CancelOrders { .. } => orders(),
        Verb::Halt { symbol } => {
            either(format!("{} halted", symbol.name()), format!("{} was halted already", symbol.name()))
        }
        Verb::Resume { symbol } => {
            either(format!("{} trades again", symbol.name()), format!("{} was not halted", symbol.name()))
        }
        Verb::Lock { scope } => format!("{}, {} locked", orders(), names.scope(scope)),
        Verb::Unlock { scope } => {
            let scope = names.scope(scope);
            either(format!("{scope} unlocked"), format!("{scope} was not locked"))
        }
        Verb::Drain => either("no new orders are taken".to_owned(), "no new orders were taken already".to_owned()),
        Verb::Reopen => either("new orders are taken".to_owned(), "new orders were taken already".to_owned()),
        Verb::CloseMarket => either("the market day is over".to_owned(), "the market day was over already".to_owned()),
        Verb::AddInstrument(added) => format!("{} added", added.symbol.name()),
        Verb::KeyChanged { session, .. } => {
            format!("session {} has another key: the old one is no longer taken", names.session(session))
        }
    };
    format!("{text}, seq {seq}")
}
