//! A tick as `pinion listen` and `pinion normalize` print it: the line that scripts read.

use std::io::{self, Write};

use wire::tick::Tick;

/// Prints a tick under its number in the session.
///
/// # Errors
/// What `out` returns.
pub fn print_tick(out: &mut impl Write, json: bool, sequence: u64, tick: &Tick) -> io::Result<()> {
    let Tick { timestamp, symbol_id, price, quantity, side, kind } = tick;
    let (side, kind) = (char::from(side.byte()), char::from(kind.byte()));
    if json {
        writeln!(
            out,
            "{{\"sequence\":{sequence},\"timestamp\":{},\"symbol_id\":{symbol_id},\"kind\":\"{kind}\",\"side\":\"{side}\",\
             \"price\":\"{price}\",\"quantity\":{quantity}}}",
            timestamp.get()
        )
    } else {
        writeln!(out, "{sequence} {} {symbol_id} {kind} {side} {price} {quantity}", timestamp.get())
    }
}
