//! `released`: nothing that left the box is ever taken back.

use super::super::ledger::Ledger;
use super::super::network::Left;
use super::{Verdict, fail};
use engine::link::{MARKET_DATA, ORDER_ENTRY};
use wire::Seq;
use wire::login::{LoginMessage, NO_SESSION};
use wire::mold::{Packet, PacketKind};

/// What has left.
#[derive(Debug, Default)]
pub struct Released {
    /// The latest command of which an effect has left, and what that was.
    promise: Option<(Seq, String)>,
}

impl Released {
    /// Looks at a datagram that left, beside a ledger of all that was appended by then.
    ///
    /// # Errors
    /// It says something that the journal does not lead to, or said it too early.
    pub fn saw(&mut self, left: &Left, ledger: &Ledger) -> Verdict {
        if left.endpoint != ORDER_ENTRY && left.endpoint != MARKET_DATA {
            return Ok(());
        }
        let Ok(packet) = Packet::parse(&left.payload) else {
            return fail("released", "a packet left that cannot be read");
        };
        if packet.kind() != PacketKind::Data || left.endpoint == MARKET_DATA {
            return Ok(());
        }
        if packet.session() == NO_SESSION {
            for (_, bytes) in packet.messages() {
                if let Ok(LoginMessage::LoginAccepted(accepted)) = LoginMessage::decode(bytes) {
                    let Some((session, seq)) = ledger.effects().tokens.get(&accepted.session) else {
                        return fail("released", "a login was confirmed that is not in the journal");
                    };
                    self.left(*seq, left.durable, || format!("the login of session {}", session.0))?;
                }
            }
            return Ok(());
        }
        let Some((session, _)) = ledger.effects().tokens.get(&packet.session()) else {
            return fail("released", "reports left under a session that is not in the journal");
        };
        let reports = &ledger.effects().reports[usize::from(session.0)];
        for (number, bytes) in packet.messages() {
            let place = usize::try_from(number - 1).unwrap_or(usize::MAX);
            match reports.get(place) {
                Some(effect) if effect.bytes == bytes => {
                    self.left(effect.cause, left.durable, || format!("report {number} of session {}", session.0))?;
                }
                Some(effect) => {
                    let what = format!(
                        "report {number} of session {} left as {bytes:02x?}, command {} led to {:02x?}",
                        session.0, effect.cause, effect.bytes
                    );
                    return fail("released", what);
                }
                None => {
                    return fail(
                        "released",
                        format!("report {number} of session {} left, and no command led to it", session.0),
                    );
                }
            }
        }
        Ok(())
    }

    /// An effect of this command has left, when so much was durable.
    ///
    /// # Errors
    /// That was too early.
    pub fn left(&mut self, cause: Seq, durable: Seq, what: impl Fn() -> String) -> Verdict {
        if cause > durable {
            return fail(
                "released",
                format!("{} left before its cause, command {cause}, was durable ({durable} was)", what()),
            );
        }
        if self.promise.as_ref().is_none_or(|(promise, _)| cause > *promise) {
            self.promise = Some((cause, what()));
        }
        Ok(())
    }

    /// The journal ends here, after something that the venue has promised to survive.
    ///
    /// # Errors
    /// Something has left that it does not lead to any more.
    pub fn survived(&self, last: Seq) -> Verdict {
        match &self.promise {
            Some((promise, what)) if *promise > last => fail(
                "released",
                format!("{what} left, which command {promise} led to; now the journal ends with command {last}"),
            ),
            _ => Ok(()),
        }
    }

    /// The venue had not promised to survive that: everything behind `last` is forgotten.
    pub fn forgive(&mut self, last: Seq) {
        if self.promise.as_ref().is_some_and(|(promise, _)| *promise > last) {
            self.promise = None;
        }
    }
}
