//! A market's commands as a file, so that an engine in another language can be given the very same.
//!
//! Little-endian. Header, 64 bytes: magic `PINCMDS1`, then seven u64: commands, how many of them make the book, instruments, orders ever
//! named, trades of the measured ones, lots traded by these, orders that rest in the end. Then 32 bytes a command:
//!
//! ```text
//! price i64 | qty u32 | order u32 | new order u32 | instrument u32 | ask u8 | side u8 | 6 zeros
//! ```
//!
//! `ask` 0 enters, 1 enters immediate or cancel, 2 cancels, 3 cancels and enters `new order` in its place; `side` 0 buys. Orders are
//! numbered densely from 0, over all sessions. Goal: enough to repeat and to check a run. Non-goal: reading it back.

use std::collections::HashMap;
use std::io::{self, Write};

use super::Ask;
use super::market::Market;
use wire::{SessionIndex, Side, UserRefNum};

const MAGIC: &[u8; 8] = b"PINCMDS1";

/// Writes them.
///
/// # Errors
/// The file refuses.
pub fn write(market: &Market, out: &mut impl Write) -> io::Result<()> {
    let mut numbers: HashMap<(SessionIndex, UserRefNum), u32> = HashMap::new();
    let mut number = |session: SessionIndex, user_ref: UserRefNum| {
        let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
        *numbers.entry((session, user_ref)).or_insert(next)
    };
    let mut body = Vec::with_capacity(market.steps.len() * 32);
    for step in &market.steps {
        let order = number(step.session, step.user_ref);
        let new = if step.ask == Ask::ReEnter { number(step.session, step.new_ref) } else { 0 };
        body.extend_from_slice(&step.price.0.to_le_bytes());
        for word in [step.qty.0, order, new, step.instrument.0] {
            body.extend_from_slice(&word.to_le_bytes());
        }
        body.extend_from_slice(&[step.ask as u8, u8::from(step.side == Side::Sell), 0, 0, 0, 0, 0, 0]);
    }
    let instruments = u64::from(market.size.instruments);
    let counts = [
        market.steps.len() as u64,
        market.opening as u64,
        instruments,
        numbers.len() as u64,
        market.trades,
        market.volume,
        u64::from(market.left),
    ];
    out.write_all(MAGIC)?;
    counts.into_iter().try_for_each(|count| out.write_all(&count.to_le_bytes()))?;
    out.write_all(&body)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::market::MarketSize;

    #[test]
    fn a_command_is_32_bytes_behind_a_header_of_64() {
        let market = Market::new(MarketSize { instruments: 2, live: 10, messages: 20 }, 3);
        let mut bytes = Vec::new();
        write(&market, &mut bytes).expect("memory takes all");
        assert_eq!(bytes.len(), 64 + 32 * 30);
        assert_eq!(&bytes[..8], MAGIC);
        let word = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().expect("8 bytes"));
        assert_eq!([word(8), word(16), word(24)], [30, 10, 2]);
        assert_eq!(i64::from_le_bytes(bytes[64..72].try_into().expect("8 bytes")), market.steps[0].price.0);
        assert_eq!(bytes[76..80], [0; 4], "the first order is number 0");
    }
}
