//! Prices and times as they stand in the cells of a screen, and the colours that mean the same on every screen.
//!
//! Goal: two live screens look alike. Non-goal: layout.

use ratatui::style::{Color, Modifier, Style};
use std::fmt;
use wire::{Nanos, Price, TimeOfDay};

/// The side that buys.
pub const BID: Style = Style::new().fg(Color::Green);
/// The side that sells.
pub const ASK: Style = Style::new().fg(Color::Red);
/// What only explains.
pub const DIM: Style = Style::new().fg(Color::DarkGray);
/// All is well.
pub const GOOD: Style = Style::new().fg(Color::Black).bg(Color::Green);
/// Something is not.
pub const BAD: Style = Style::new().fg(Color::Black).bg(Color::Yellow).add_modifier(Modifier::BOLD);

/// How many decimals a price needs.
#[must_use]
pub fn decimals(price: Price) -> usize {
    price.to_string().split_once('.').map_or(0, |(_, decimals)| decimals.len())
}

/// A price with so many decimals, that prices stand below each other.
#[must_use]
pub fn with_decimals(price: Price, decimals: usize) -> String {
    let text = price.to_string();
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    if decimals == 0 { text } else { format!("{whole}.{fraction:0<decimals$}") }
}

/// How long ago, in a few letters.
#[must_use]
pub fn lasted(now: Nanos, since: Nanos) -> String {
    let ms = now.since(since) / 1_000_000;
    match ms {
        0..1_000 => format!("{ms} ms"),
        1_000..120_000 => format!("{}.{} s", ms / 1_000, ms % 1_000 / 100),
        _ => format!("{} min", ms / 60_000),
    }
}

/// A time of day with milliseconds.
pub struct Clock(pub TimeOfDay);

impl fmt::Display for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = self.0.get() / 1_000_000;
        let s = ms / 1_000;
        write!(f, "{:02}:{:02}:{:02}.{:03}", s / 3_600, s / 60 % 60, s % 60, ms % 1_000)
    }
}
