//! What an operator gets to see: tables and lines for people, an object a line for scripts.

use super::DONE;
use super::desk::{Given, OperatorDesk};
use crate::json::Text;
use crate::table::{Cell, Column, JsonlTable, Table, TableError, TextTable, Type};
use crate::when::Rfc3339;
use engine::admin::words::{self, Names};
use std::error::Error;
use std::io::{self, BufWriter, StdoutLock, Write};
use std::net::Ipv4Addr;
use wire::admin::{End, InstrumentRow, LogRow, Outcome, SessionRow, StatusRow};
use wire::{Nanos, Price, Qty};

/// One line of what became of a command.
pub(super) fn given(names: &dyn Names, given: &Given, json: bool) -> io::Result<()> {
    let mut out = io::stdout().lock();
    let text = words::outcome(&given.command.verb, given.outcome, names);
    if json {
        write!(out, "{{{}", fields(given))?;
        writeln!(out, ",\"text\":{}}}", Text(&text))
    } else if matches!(given.outcome, Outcome::Done { .. }) {
        writeln!(out, "{text}")
    } else {
        drop(out);
        eprintln!("pinion admin: {}: {text}", words::wish(&given.command.verb, names));
        Ok(())
    }
}

/// The same of a key that was replaced; the key itself where nobody has it yet.
pub(super) fn key_given(names: &dyn Names, given: &Given, key: Option<&str>) -> io::Result<()> {
    let mut out = io::stdout().lock();
    write!(out, "{{{}", fields(given))?;
    if let Some(key) = key {
        write!(out, ",\"key\":{}", Text(key))?;
    }
    writeln!(out, ",\"text\":{}}}", Text(&words::outcome(&given.command.verb, given.outcome, names)))
}

fn fields(given: &Given) -> String {
    let Given { command, outcome } = given;
    let outcome = match outcome {
        Outcome::Done { seq, changed } => format!("\"outcome\":\"done\",\"seq\":{seq},\"changed\":{changed}"),
        Outcome::Refused(refusal) => {
            format!("\"outcome\":\"refused\",\"code\":{},\"reason\":{}", refusal.0, Text(refusal.describe()))
        }
    };
    let (operator, verb) = (command.operator.as_str(), command.verb.name());
    format!("\"operator\":{},\"request\":{},\"verb\":{},{outcome}", Text(operator), command.number, Text(verb))
}

/// The venue as a whole.
pub(super) fn status(desk: &mut OperatorDesk, json: bool) -> Result<u8, Box<dyn Error>> {
    let (rows, end) = desk.status()?;
    tell_unknown(end);
    let mut out = io::stdout().lock();
    for row in rows {
        let is = |bit| row.flags & bit != 0;
        let states = [
            (StatusRow::MARKET_CLOSED, "the market day is over"),
            (StatusRow::LOCKED, "the venue is locked"),
            (StatusRow::DRAINING, "draining: no new orders"),
            (StatusRow::ENTRY_CLOSED, "the journal's disk is nearly full: no new orders"),
            (StatusRow::CANCELING, "a mass cancel is under way"),
        ];
        if json {
            let flag = |bit| is(bit).to_string();
            let members = [
                ("seq", row.seq.to_string()),
                ("time", row.time.get().to_string()),
                ("appended", row.appended.to_string()),
                ("durable", row.durable.to_string()),
                ("market_closed", flag(StatusRow::MARKET_CLOSED)),
                ("locked", flag(StatusRow::LOCKED)),
                ("draining", flag(StatusRow::DRAINING)),
                ("entry_closed", flag(StatusRow::ENTRY_CLOSED)),
                ("canceling", flag(StatusRow::CANCELING)),
                ("open_orders", row.open_orders.to_string()),
                ("sessions", row.sessions.to_string()),
                ("sessions_alive", row.sessions_alive.to_string()),
                ("sessions_locked", row.sessions_locked.to_string()),
                ("instruments", row.instruments.to_string()),
                ("instruments_halted", row.instruments_halted.to_string()),
                ("instruments_free", row.instruments_free.to_string()),
                ("operators", row.operators.to_string()),
                ("known", (end.flags & End::KNOWN != 0).to_string()),
            ];
            let members: Vec<_> = members.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
            writeln!(out, "{{{}}}", members.join(","))?;
            continue;
        }
        let set: Vec<_> = states.iter().filter(|(bit, _)| is(*bit)).map(|(_, text)| *text).collect();
        writeln!(out, "venue        {}", if set.is_empty() { "open".to_owned() } else { set.join("; ") })?;
        writeln!(out, "journal      seq {}, durable {}", row.appended, row.durable)?;
        if end.flags & End::KNOWN != 0 {
            writeln!(out, "state        after seq {}, at {}", row.seq, Rfc3339(row.time))?;
        }
        let (alive, locked) = (row.sessions_alive, row.sessions_locked);
        writeln!(out, "sessions     {}, {alive} logged in, {locked} locked", row.sessions)?;
        let (halted, free) = (row.instruments_halted, row.instruments_free);
        writeln!(out, "instruments  {}, {halted} halted, {free} may be added", row.instruments)?;
        writeln!(out, "orders       {}", row.open_orders)?;
        writeln!(out, "operators    {} logged in", row.operators)?;
    }
    Ok(DONE)
}

/// All sessions.
pub(super) fn sessions(desk: &mut OperatorDesk, json: bool) -> Result<u8, Box<dyn Error>> {
    const COLUMNS: [Column; 10] = [
        Column("username", Type::Text),
        Column("member", Type::Text),
        Column("state", Type::Text),
        Column("address", Type::Text),
        Column("orders", Type::Number),
        Column("next_in", Type::Number),
        Column("next_out", Type::Number),
        Column("last_seq", Type::Number),
        Column("last_time", Type::Time),
        Column("key", Type::Text),
    ];
    let (rows, end) = desk.sessions()?;
    tell_unknown(end);
    let mut table = table(&COLUMNS, json)?;
    let is_known = end.flags & End::KNOWN != 0;
    for row in rows {
        let address = (row.ip != 0).then(|| format!("{}:{}", Ipv4Addr::from_bits(row.ip), row.port));
        let number = |number: u64| if is_known { Cell::Number(number) } else { Cell::Empty };
        table.row(&[
            Cell::text(row.username.as_str().to_owned()),
            Cell::text(row.member_name.as_str().to_owned()),
            if is_known { Cell::text(state_of(&row)) } else { Cell::Empty },
            address.map_or(Cell::Empty, Cell::text),
            number(row.open_orders.into()),
            number(row.next_inbound),
            number(row.next_outbound),
            number(row.last_seq.get()),
            if row.last_time == Nanos(0) { Cell::Empty } else { Cell::Time(row.last_time) },
            if row.flags & SessionRow::KEY_CHANGED == 0 {
                Cell::Empty
            } else {
                Cell::text(format!("{:016x}", row.fingerprint))
            },
        ])?;
    }
    table.finish()?;
    Ok(DONE)
}

fn state_of(row: &SessionRow) -> String {
    let mut states = Vec::new();
    let is = |bit| row.flags & bit != 0;
    states.extend(is(SessionRow::LOCKED).then_some("locked"));
    states.extend(is(SessionRow::MEMBER_LOCKED).then_some("member-locked"));
    states.push(if is(SessionRow::ALIVE) { "in" } else { "out" });
    states.join(",")
}

/// All instruments.
pub(super) fn instruments(desk: &mut OperatorDesk, json: bool) -> Result<u8, Box<dyn Error>> {
    const COLUMNS: [Column; 11] = [
        Column("symbol", Type::Text),
        Column("id", Type::Number),
        Column("state", Type::Text),
        Column("channel", Type::Number),
        Column("bid_qty", Type::Number),
        Column("bid", Type::Price),
        Column("ask", Type::Price),
        Column("ask_qty", Type::Number),
        Column("bids", Type::Number),
        Column("asks", Type::Number),
        Column("tick", Type::Price),
    ];
    let (rows, end) = desk.instruments()?;
    tell_unknown(end);
    let mut table = table(&COLUMNS, json)?;
    for row in rows {
        let state = if row.flags & InstrumentRow::HALTED != 0 { "halted" } else { "trading" };
        let is_known = end.flags & End::KNOWN != 0;
        let price = |price: Price, qty: Qty| Cell::price((qty.get() > 0).then_some(price));
        let quantity = |qty: Qty| Cell::number((qty.get() > 0).then_some(qty.get()));
        let counted = |orders: u32| Cell::number((row.counted != 0).then_some(orders));
        table.row(&[
            Cell::text(row.symbol.name().to_owned()),
            Cell::Number(row.instrument.get().into()),
            if is_known { Cell::text(state) } else { Cell::Empty },
            Cell::Number(row.channel.into()),
            quantity(row.bid_quantity),
            price(row.bid_price, row.bid_quantity),
            price(row.ask_price, row.ask_quantity),
            quantity(row.ask_quantity),
            counted(row.bid_orders),
            counted(row.ask_orders),
            Cell::Price(Price(row.tick)),
        ])?;
    }
    table.finish()?;
    Ok(DONE)
}

/// What operators did, as the appliance knows it.
pub(super) fn log(desk: &mut OperatorDesk, last: u32, json: bool) -> Result<u8, Box<dyn Error>> {
    let (rows, end) = desk.log(last)?;
    tell_unknown(end);
    log_rows(&rows, desk, json)?;
    Ok(DONE)
}

/// What operators did.
pub(super) fn log_rows(rows: &[LogRow], names: &dyn Names, json: bool) -> Result<(), TableError> {
    const COLUMNS: [Column; 6] = [
        Column("time", Type::Time),
        Column("seq", Type::Number),
        Column("operator", Type::Text),
        Column("request", Type::Number),
        Column("command", Type::Text),
        Column("outcome", Type::Text),
    ];
    if json {
        let mut table = table(&COLUMNS, true)?;
        for LogRow { seq, time, command, outcome } in rows {
            let outcome = outcome.map(|outcome| words::outcome(&command.verb, outcome, names));
            table.row(&[
                Cell::Time(*time),
                Cell::Number(seq.get()),
                Cell::text(command.operator.as_str()),
                Cell::Number(command.number),
                Cell::text(words::wish(&command.verb, names)),
                outcome.map_or(Cell::Empty, Cell::text),
            ])?;
        }
        return table.finish().map(drop);
    }
    let mut out = BufWriter::new(io::stdout().lock());
    for LogRow { seq, time, command, outcome } in rows {
        let done = outcome.map_or("not done yet".to_owned(), |outcome| words::outcome(&command.verb, outcome, names));
        let wish = words::wish(&command.verb, names);
        writeln!(out, "{} {seq} {}: {wish}: {done}", Rfc3339(*time), command.operator.as_str())?;
    }
    out.flush()?;
    Ok(())
}

fn table(columns: &[Column], json: bool) -> Result<Box<dyn Table>, TableError> {
    let out: BufWriter<StdoutLock<'static>> = BufWriter::new(io::stdout().lock());
    Ok(if json { Box::new(JsonlTable::new(out, columns)) } else { Box::new(TextTable::new(out, columns)?) })
}

fn tell_unknown(end: End) {
    if end.flags & End::KNOWN == 0 {
        eprintln!("pinion admin: only names are known, for no follower runs; set snapshot.interval_ms above 0");
    }
}
