//! Commands as journal records, and back.
//!
//! Goal: a record holds exactly what decides an outcome, and reading it gives the same command. Non-goal: checksums and segments; see
//! [`crate::journal`].

use crate::command::{Action, Command};
use crate::limits::COMMAND_BODY_MAX;
use crate::session::Login;
use wire::admin::OperatorBody;
use wire::journal::body::{FLAG_CANCEL_ON_DISCONNECT, SessionDeath};
use wire::journal::{
    Body, CancelSlice, Elect, EntryGate, Genesis, LoginBody, Logout, MarketClose, OperatorSlice, RecordKind,
    SequenceSkip, SessionMessage, StateHash,
};
use wire::{DecodeError, Nanos, Reserved, Seq};

const _: () = assert!(COMMAND_BODY_MAX >= wire::journal::body::COMMAND_BODY_LEN_MAX, "every command fits its slot");

/// Writes the record body of an action. Returns the kind of the record and the length of its body.
///
/// # Panics
/// The action is a message longer than an inbound message can be, which the venue has replaced by an empty one, or an operator's command that
/// is none.
pub fn encode(time: Nanos, action: &Action<'_>, bytes: &mut [u8; COMMAND_BODY_MAX]) -> (RecordKind, usize) {
    let body = match *action {
        Action::Genesis { fingerprint, feed_session } => {
            Body::Genesis(Genesis { fingerprint, created: time, feed_session, reserved: Reserved })
        }
        Action::Message { session, client_seq, bytes } => {
            Body::SessionMessage(SessionMessage { session, client_seq, bytes })
        }
        Action::Login { session, login } => Body::Login(LoginBody {
            session,
            flags: if login.cancel_on_disconnect { FLAG_CANCEL_ON_DISCONNECT } else { 0 },
            token: login.token,
            address: login.address,
            reserved: Reserved,
            cookie_stamp: login.cookie_stamp,
            client_nonce: login.client_nonce,
        }),
        Action::Death { session } => Body::SessionDeath(SessionDeath { session }),
        Action::Logout { session } => Body::Logout(Logout { session }),
        Action::Skip { session, next_inbound } => {
            Body::SequenceSkip(SequenceSkip { session, reserved: Reserved, next_inbound })
        }
        Action::CancelSlice { session } => Body::CancelSlice(CancelSlice { session }),
        Action::Elect => Body::Elect(Elect { reserved: Reserved }),
        Action::EntryGate { closed } => Body::EntryGate(EntryGate { closed: u8::from(closed), reserved: Reserved }),
        Action::CloseMarket => Body::MarketClose(MarketClose { reserved: Reserved }),
        Action::Operator { bytes } => {
            Body::Operator(OperatorBody::decode(bytes).expect("the venue has made the bytes of a command"))
        }
        Action::OperatorSlice => Body::OperatorSlice(OperatorSlice { reserved: Reserved }),
        Action::StateHash { hash } => Body::StateHash(StateHash { hash }),
    };
    let len = body.encode(bytes).expect("the venue bounds every body");
    (body.kind(), len)
}

/// The command that a record holds.
///
/// # Errors
/// The body is not one of its kind. The record's checksum was right, so another version wrote it.
pub fn decode(seq: Seq, time: Nanos, kind: RecordKind, bytes: &[u8]) -> Result<Command<'_>, DecodeError> {
    let action = match Body::decode(kind, bytes)? {
        Body::Genesis(Genesis { fingerprint, feed_session, .. }) => Action::Genesis { fingerprint, feed_session },
        Body::SessionMessage(SessionMessage { session, client_seq, bytes }) => {
            Action::Message { session, client_seq, bytes }
        }
        Body::Login(body) => Action::Login {
            session: body.session,
            login: Login {
                token: body.token,
                address: body.address,
                client_nonce: body.client_nonce,
                cookie_stamp: body.cookie_stamp,
                cancel_on_disconnect: body.flags & FLAG_CANCEL_ON_DISCONNECT != 0,
            },
        },
        Body::SessionDeath(SessionDeath { session }) => Action::Death { session },
        Body::Logout(Logout { session }) => Action::Logout { session },
        Body::SequenceSkip(SequenceSkip { session, next_inbound, .. }) => Action::Skip { session, next_inbound },
        Body::CancelSlice(CancelSlice { session }) => Action::CancelSlice { session },
        Body::Elect(_) => Action::Elect,
        Body::EntryGate(EntryGate { closed, .. }) => Action::EntryGate { closed: closed != 0 },
        Body::MarketClose(_) => Action::CloseMarket,
        Body::Operator(body) => {
            body.command()?;
            Action::Operator { bytes }
        }
        Body::OperatorSlice(_) => Action::OperatorSlice,
        Body::StateHash(StateHash { hash }) => Action::StateHash { hash },
    };
    Ok(Command { seq, time, action })
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::SessionIndex;
    use wire::address::Addr;
    use wire::admin::{OperatorCommand, OperatorName, Scope, Verb};
    use wire::mold::SessionId;

    #[test]
    fn every_action_survives_the_journal() {
        let session = SessionIndex(7);
        let login = Login {
            token: SessionId(*b"0123456789"),
            address: Addr { ip: 0x7F00_0001, port: 9 },
            client_nonce: [3; 16],
            cookie_stamp: u64::MAX,
            cancel_on_disconnect: true,
        };
        let longest = [b'O'; wire::ouch::INBOUND_LEN_MAX];
        let asked = OperatorCommand {
            operator: OperatorName::new("ann").expect("short"),
            number: 3,
            verb: Verb::Lock { scope: Scope::Session(session) },
        };
        let mut operator = [0; OperatorBody::SIZE];
        assert!(OperatorBody::from(&asked).encode(&mut operator).is_some());
        for action in [
            Action::Operator { bytes: &operator },
            Action::OperatorSlice,
            Action::Genesis { fingerprint: 5, feed_session: SessionId(*b"FEED000001") },
            Action::Message { session, client_seq: 1 << 40, bytes: &longest },
            Action::Message { session, client_seq: 2, bytes: &[] },
            Action::Login { session, login },
            Action::Login { session, login: Login { cancel_on_disconnect: false, ..login } },
            Action::Death { session },
            Action::Logout { session },
            Action::Skip { session, next_inbound: 77 },
            Action::CancelSlice { session },
            Action::Elect,
            Action::EntryGate { closed: true },
            Action::EntryGate { closed: false },
            Action::CloseMarket,
            Action::StateHash { hash: 0xFEED },
        ] {
            let mut bytes = [0xEE; COMMAND_BODY_MAX];
            let (kind, len) = encode(Nanos(4), &action, &mut bytes);
            let expected = Command { seq: Seq(3), time: Nanos(4), action };
            assert_eq!(decode(Seq(3), Nanos(4), kind, &bytes[..len]), Ok(expected));
            assert!(decode(Seq(3), Nanos(4), kind, &bytes[..len - 1]).is_err());
        }
    }
}
