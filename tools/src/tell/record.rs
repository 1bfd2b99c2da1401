//! What a journal record says.

use super::{Fields, JsonLine, TextLine, Value, message};
use engine::journal::Record;
use std::io::{self, Write};
use wire::admin::{OperatorBody, Scope, Verb};
use wire::journal::Body;
use wire::{Price, SessionIndex};

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
        Ok(Body::Operator(body)) => operator(&body, out),
        Ok(Body::OperatorSlice(_)) => Ok(()),
        Ok(Body::EntryGate(gate)) => out.number("closed", gate.closed),
        Ok(Body::Elect(_)) => Ok(()),
        Err(error) => {
            out.text("error", &error.to_string())?;
            out.field("bytes", Value::Hex(record.body))
        }
    }
}

/// Tells what an operator asked for.
fn operator(body: &OperatorBody, out: &mut dyn Fields) -> io::Result<()> {
    out.shown("operator", &body.operator)?;
    out.number("number", body.number)?;
    let command = match body.command() {
        Ok(command) => command,
        Err(error) => return out.text("error", &error.to_string()),
    };
    out.text("verb", command.verb.name())?;
    match command.verb {
        Verb::CancelOrders { scope, .. } | Verb::Lock { scope } | Verb::Unlock { scope } => match scope {
            Scope::Session(session) => out.number("session", session.get())?,
            Scope::Member(member) => out.number("member", member.get())?,
            Scope::Venue => out.text("scope", "venue")?,
        },
        Verb::Disconnect { session } | Verb::KeyChanged { session, .. } => out.number("session", session.get())?,
        _ => {}
    }
    if let Some(symbol) = command.verb.symbol() {
        out.shown("symbol", &symbol)?;
    }
    match command.verb {
        Verb::CancelOrders { side: Some(side), .. } => out.word("side", &side),
        Verb::KeyChanged { fingerprint, .. } => out.field("fingerprint", Value::Hash(fingerprint)),
        Verb::AddInstrument(added) => {
            let price = |price: i64| Value::Price(Some(Price(price)));
            out.field("tick", price(added.tick))?;
            out.number("lot", added.lot)?;
            out.field("price_min", price(added.price_min.0))?;
            out.field("price_max", price(added.price_max.0))?;
            out.number("quantity_max", added.quantity_max.get())?;
            if let Some(band) = added.market_protection {
                out.field("market_protection", price(band))?;
            }
            out.number("channel", added.channel.0)
        }
        _ => Ok(()),
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
