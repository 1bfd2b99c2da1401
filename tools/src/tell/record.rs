//! What a journal record says.

use super::{Fields, JsonLine, TextLine, Value, message};
use engine::journal::Record;
use std::io::{self, Write};
use wire::SessionIndex;
use wire::journal::Body;

/// Tells the body of a record; seq, time, place and kind are the caller's to print.
///
/// # Errors
/// What is below refuses.
pub fn record(record: &Record<'_>, out: &mut dyn Fields) -> io::Result<()> {
    match Body::decode(record.kind, record.body) {
        Ok(Body::Genesis(genesis)) => {
            out.field("fingerprint", Value::Hash(genesis.fingerprint))?;
            out.number("created_ns", genesis.created.get())?;
            out.shown("feed_session", &genesis.feed_session)
        }
        Ok(Body::SessionMessage(said)) => {
            out.number("session", said.session.get())?;
            out.number("client_seq", said.client_seq)?;
            message(said.bytes, out)
        }
        Ok(Body::Login(login)) => {
            out.number("session", login.session.get())?;
            out.shown("address", &login.address)?;
            out.number("flags", login.flags)?;
            out.number("cookie_stamp", login.cookie_stamp)
        }
        Ok(Body::SequenceSkip(skip)) => {
            out.number("session", skip.session.get())?;
            out.number("next_inbound", skip.next_inbound)
        }
        Ok(Body::StateHash(state)) => out.field("hash", Value::Hash(state.hash)),
        Ok(Body::SessionDeath(death)) => out.number("session", death.session.get()),
        Ok(Body::CancelSlice(slice)) => out.number("session", slice.session.get()),
        Ok(Body::Logout(logout)) => out.number("session", logout.session.get()),
        Ok(Body::MarketClose(_)) => Ok(()),
        Ok(Body::EntryGate(gate)) => out.number("closed", gate.closed),
        Ok(Body::Elect(_)) => Ok(()),
        Err(error) => {
            out.text("error", &error.to_string())?;
            out.field("bytes", Value::Hex(record.body))
        }
    }
}

/// Whose record it is; `None` for the venue's own.
#[must_use]
pub fn session_of(record: &Record<'_>) -> Option<SessionIndex> {
    Body::decode(record.kind, record.body).ok()?.session()
}

/// Tells which record it is, when it was received and where it lies.
///
/// # Errors
/// What is below refuses.
pub fn record_place(entry: &Record<'_>, out: &mut dyn Fields) -> io::Result<()> {
    out.number("seq", entry.seq.get())?;
    out.number("receive_time_ns", entry.receive_time.get())?;
    out.number("segment", entry.position.segment)?;
    out.number("offset", entry.position.offset)
}

/// Prints a record as one line: seq, receive time, place, kind, and what it says.
///
/// # Errors
/// `out` refuses.
pub fn record_line(entry: &Record<'_>, json: bool, out: &mut impl Write) -> io::Result<()> {
    let Record { seq, receive_time, kind, position, .. } = entry;
    if json {
        let mut line = JsonLine::begin(out)?;
        let fields: &mut dyn Fields = &mut line;
        record_place(entry, fields)?;
        fields.word("kind", kind)?;
        record(entry, fields)?;
        return line.finish();
    }
    write!(out, "{seq} {} {}:{} {kind:?}", receive_time.get(), position.segment, position.offset)?;
    record(entry, &mut TextLine::new(out))?;
    writeln!(out)
}
