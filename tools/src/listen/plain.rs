//! A stream as lines: for people who scroll, and for programs.

use super::look;
use super::tape::Tape;
use crate::json::Text;
use crate::symbols::Symbols;
use crate::tell::{self, Fields, JsonLine, TextLine, print_tick};
use feedhandler::book::{BookListener, BookTrade, LevelChange};
use feedhandler::handler::{FeedListener, LineState, Stale};
use feedhandler::runner::Runner;
use netio::Port;
use std::fmt::{self, Write as _};
use std::io::{self, Write};
use wire::feed::StreamKind;
use wire::itch::Message;
use wire::mold::SessionId;
use wire::tick::Tick;
use wire::{InstrumentIndex, Side, TimeOfDay};

/// Levels of each side in the summary.
const LEVELS_SHOWN: usize = 3;

/// Prints what is heard, and lets the tape hear it.
pub struct Printer<'a, W> {
    /// Hears everything.
    pub tape: &'a mut Tape,
    /// Where lines go.
    pub out: &'a mut W,
    /// Ticks, or messages of the depth stream.
    pub kind: StreamKind,
    /// As JSON.
    pub json: bool,
    /// No lines at all.
    pub quiet: bool,
    /// How many more messages are wanted.
    pub left: u64,
    /// What the output refused.
    pub failed: io::Result<()>,
}

impl<W: Write> Printer<'_, W> {
    fn print(&mut self, print: impl FnOnce(&mut W, bool) -> io::Result<()>) {
        if self.left > 0 {
            self.left -= 1;
            if !self.quiet && self.failed.is_ok() {
                self.failed = print(self.out, self.json);
            }
        }
    }
}

impl<W: Write> BookListener for Printer<'_, W> {
    fn level(&mut self, change: LevelChange) {
        BookListener::level(self.tape, change);
    }

    fn trade(&mut self, trade: &BookTrade) {
        BookListener::trade(self.tape, trade);
    }

    fn status(&mut self, locate: u16, status: u8, time: TimeOfDay) {
        BookListener::status(self.tape, locate, status, time);
    }
}

impl<W: Write> FeedListener for Printer<'_, W> {
    fn message(&mut self, sequence: u64, bytes: &[u8], late: bool) {
        self.tape.message(sequence, bytes, late);
        if self.kind == StreamKind::Depth {
            self.print(|out, json| print_message(out, json, sequence, bytes));
        }
    }

    fn tick(&mut self, sequence: u64, tick: &Tick, late: bool) {
        self.tape.tick(sequence, tick, late);
        self.print(|out, json| print_tick(out, json, sequence, tick));
    }

    fn gap(&mut self, from: u64, to: u64) {
        self.tape.gap(from, to);
    }

    fn lost(&mut self, from: u64, to: u64) {
        self.tape.lost(from, to);
    }

    fn stale(&mut self, stale: Option<Stale>) {
        self.tape.stale(stale);
    }

    fn snapshot(&mut self, next: u64) {
        self.tape.snapshot(next);
    }

    fn session(&mut self, session: SessionId) {
        self.tape.session(session);
    }

    fn ended(&mut self, next: u64) {
        self.tape.ended(next);
    }

    fn line(&mut self, line: usize, state: LineState) {
        self.tape.line(line, state);
    }
}

fn print_message(out: &mut impl Write, json: bool, sequence: u64, bytes: &[u8]) -> io::Result<()> {
    let Ok(message) = Message::decode(bytes) else {
        return writeln!(out, "{sequence} malformed");
    };
    let (time, locate, kind) = (message.timestamp().get(), message.stock_locate(), tell::itch_kind_of(&message));
    if json {
        let mut line = JsonLine::begin(out)?;
        let fields: &mut dyn Fields = &mut line;
        fields.number("sequence", sequence)?;
        fields.number("time_of_day_ns", time)?;
        fields.number("locate", locate)?;
        fields.text("kind", &kind)?;
        tell::itch(&message, fields)?;
        return line.finish();
    }
    write!(out, "{sequence} {time} {locate} {kind}")?;
    tell::itch(&message, &mut TextLine::new(out))?;
    writeln!(out)
}

/// What was heard, in a few lines.
pub struct Summary<'a, P> {
    /// The stream.
    pub runner: &'a Runner<P>,
    /// What was heard of it.
    pub tape: &'a Tape,
    /// The names that the stream does not tell.
    pub symbols: &'a Symbols,
}

impl<P: Port> Summary<'_, P> {
    fn numbers(&self) -> [(&'static str, u64); 19] {
        let handler = self.runner.handler();
        let (counters, heard, port) = (handler.counters(), self.tape.heard, self.runner.port_counters());
        [
            ("packets", counters.packets),
            ("messages", heard.messages),
            ("trades", heard.trades),
            ("changes", heard.changes),
            ("statuses", heard.statuses),
            ("gaps", counters.gaps),
            ("missing", missing(self.runner)),
            ("lost", counters.lost),
            ("held", counters.held),
            ("requests", counters.requests),
            ("repaired", counters.repaired),
            ("snapshots", counters.snapshots),
            ("duplicates", counters.duplicates),
            ("sessions", counters.sessions),
            ("wrong_session", counters.wrong_session),
            ("malformed", counters.malformed),
            ("next_sequence", handler.next_sequence()),
            ("port_dropped", port.rx_truncated + port.rx_errors),
            ("stale", u64::from(handler.stale().is_some())),
        ]
    }

    /// One object.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut json = String::from("{");
        for (name, value) in self.numbers() {
            let _ = write!(json, "\"{name}\":{value},");
        }
        json.push_str("\"instruments\":[");
        let handler = self.runner.handler();
        for (position, index) in look::instruments(handler).into_iter().enumerate() {
            let comma = if position > 0 { "," } else { "" };
            let best = |side| match look::levels(handler, index, side, 1).first() {
                Some(level) => format!("{{\"price\":\"{}\",\"quantity\":{}}}", level.price, level.qty),
                None => "null".to_owned(),
            };
            let traded = look::traded(handler, index);
            let _ = write!(
                json,
                "{comma}{{\"symbol_id\":{index},\"symbol\":{},\"trades\":{},\"volume\":{},\"bid\":{},\"ask\":{}}}",
                Text(&look::name(handler, self.symbols, index)),
                traded.trades,
                traded.volume,
                best(Side::Buy),
                best(Side::Sell)
            );
        }
        json.push_str("]}");
        json
    }

    fn top(&self, index: InstrumentIndex, side: Side) -> String {
        let levels = look::levels(self.runner.handler(), index, side, LEVELS_SHOWN);
        let levels: Vec<String> = levels.iter().map(|level| format!("{} × {}", level.qty, level.price)).collect();
        if levels.is_empty() { "none".to_owned() } else { levels.join(", ") }
    }
}

/// Messages that are known of and have not come.
#[must_use]
pub fn missing<P: Port>(runner: &Runner<P>) -> u64 {
    let handler = runner.handler();
    // Before books begin, nothing is missing yet.
    let begun = handler.counters().messages > 0;
    if begun { handler.highest_sequence().saturating_sub(handler.next_sequence()) } else { 0 }
}

impl<P: Port> fmt::Display for Summary<'_, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, value) in self.numbers() {
            writeln!(f, "{name:<13} {value}")?;
        }
        let handler = self.runner.handler();
        for index in look::instruments(handler) {
            let traded = look::traded(handler, index);
            write!(
                f,
                "{}: {} trades, volume {}",
                look::name(handler, self.symbols, index),
                traded.trades,
                traded.volume
            )?;
            writeln!(f, "; bids {}; asks {}", self.top(index, Side::Buy), self.top(index, Side::Sell))?;
        }
        Ok(())
    }
}
