//! A journal record as one line of JSON.
//!
//! Goal: every field of the record and of the client's message under its name in `docs/protocol.md`. Non-goal: secrets; the
//! session tokens and nonces of logins are left out, as in the text form.

use crate::json::Text;
use engine::journal::Record;
use std::fmt::{self, Display};
use std::io::{self, Write};
use wire::SessionIndex;
use wire::journal::{Body, SessionMessage};
use wire::ouch::{Identity, Inbound};

/// Whose record it is; `None` for the venue's own.
pub(super) fn session_of(record: &Record<'_>) -> Option<SessionIndex> {
    match Body::decode(record.kind, record.body).ok()? {
        Body::SessionMessage(message) => Some(message.session),
        Body::Login(login) => Some(login.session),
        Body::SessionDeath(death) => Some(death.session),
        Body::SequenceSkip(skip) => Some(skip.session),
        Body::CancelSlice(slice) => Some(slice.session),
        Body::Logout(logout) => Some(logout.session),
        Body::Genesis(_) | Body::StateHash(_) | Body::Elect(_) | Body::EntryGate(_) => None,
    }
}

/// Prints the record.
pub(super) fn print(record: &Record<'_>, out: &mut impl Write) -> io::Result<()> {
    let Record { seq, receive_time, kind, body, position } = record;
    write!(out, "{{\"seq\":{seq},\"receive_time_ns\":{},\"segment\":{}", receive_time.get(), position.segment)?;
    write!(out, ",\"offset\":{},\"kind\":\"{kind:?}\"", position.offset)?;
    match Body::decode(*kind, body) {
        Ok(body) => print_body(&body, out)?,
        Err(error) => write!(out, ",\"error\":{},\"bytes\":\"{}\"", Text(&error.to_string()), Hex(body))?,
    }
    writeln!(out, "}}")
}

fn print_body(body: &Body<'_>, out: &mut impl Write) -> io::Result<()> {
    match body {
        Body::Genesis(genesis) => write!(
            out,
            ",\"fingerprint\":\"{:016x}\",\"created_ns\":{},\"feed_session\":{}",
            genesis.fingerprint,
            genesis.created.get(),
            Text(&genesis.feed_session.to_string())
        ),
        Body::SessionMessage(message) => print_message(message, out),
        Body::Login(login) => write!(
            out,
            ",\"session\":{},\"address\":\"{}\",\"flags\":{},\"cookie_stamp\":{}",
            login.session, login.address, login.flags, login.cookie_stamp
        ),
        Body::SequenceSkip(skip) => {
            write!(out, ",\"session\":{},\"next_inbound\":{}", skip.session, skip.next_inbound)
        }
        Body::StateHash(state) => write!(out, ",\"hash\":\"{:016x}\"", state.hash),
        Body::Elect(_) => Ok(()),
        Body::EntryGate(gate) => write!(out, ",\"closed\":{}", gate.closed == 1),
        Body::SessionDeath(death) => print_session(death.session, out),
        Body::CancelSlice(slice) => print_session(slice.session, out),
        Body::Logout(logout) => print_session(logout.session, out),
    }
}

fn print_session(session: SessionIndex, out: &mut impl Write) -> io::Result<()> {
    write!(out, ",\"session\":{session}")
}

fn print_message(message: &SessionMessage<'_>, out: &mut impl Write) -> io::Result<()> {
    print_session(message.session, out)?;
    write!(out, ",\"client_seq\":{},\"message\":{{\"type\":", message.client_seq)?;
    match Inbound::decode(message.bytes) {
        Ok(Inbound::EnterOrder(order)) => {
            write!(out, "\"EnterOrder\",\"user_ref\":{},\"side\":\"{:?}\"", order.user_ref, order.side)?;
            write!(out, ",\"symbol\":{}", Text(order.symbol.name()))?;
            let price = Limit(order.price, order.is_market());
            write!(out, ",\"qty\":{},\"price\":{price},\"tif\":\"{:?}\"", order.qty, order.time_in_force)?;
            write!(out, ",\"display\":\"{:?}\",\"cl_ord_id\":{}", order.display, Text(order.cl_ord_id.as_str()))?;
            write!(out, ",\"options\":\"{}\"", Hex(order.appendage.as_bytes()))?;
        }
        Ok(Inbound::ReplaceOrder(order)) => {
            write!(out, "\"ReplaceOrder\",\"orig_user_ref\":{},\"user_ref\":{}", order.orig_user_ref, order.user_ref)?;
            let price = Limit(order.price, order.is_market());
            write!(out, ",\"qty\":{},\"price\":{price},\"tif\":\"{:?}\"", order.qty, order.time_in_force)?;
            write!(out, ",\"display\":\"{:?}\",\"cl_ord_id\":{}", order.display, Text(order.cl_ord_id.as_str()))?;
            write!(out, ",\"options\":\"{}\"", Hex(order.appendage.as_bytes()))?;
        }
        Ok(Inbound::CancelOrder(order)) => {
            write!(out, "\"CancelOrder\",\"user_ref\":{},\"qty\":{}", order.user_ref, order.qty)?;
        }
        Ok(Inbound::ModifyOrder(order)) => {
            write!(out, "\"ModifyOrder\",\"user_ref\":{},\"side\":\"{:?}\"", order.user_ref, order.side)?;
            write!(out, ",\"qty\":{}", order.qty)?;
        }
        Ok(Inbound::AccountQuery(_)) => write!(out, "\"AccountQuery\"")?,
        Err(error) => {
            write!(out, "null,\"user_ref\":{}", Identity::of(message.bytes).user_ref)?;
            write!(out, ",\"error\":{},\"bytes\":\"{}\"", Text(&error.to_string()), Hex(message.bytes))?;
        }
    }
    write!(out, "}}")
}

/// A limit as a decimal number in quotes, so that no reader makes a float of it; or "market".
struct Limit(wire::Price, bool);

impl Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.1 { f.write_str("\"market\"") } else { write!(f, "\"{}\"", self.0) }
    }
}

struct Hex<'a>(&'a [u8]);

impl Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
