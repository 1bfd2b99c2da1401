//! ITCH 5.0: the whole market.
//!
//! Goal: messages that speak of no instrument. Non-goal: what they mean for a book.

use super::message;

message! { "ITCH System Event",
    /// The day's stages.
    pub struct SystemEvent: 12, type b'S' {
        /// `O` first message, `S` system opens, `Q` market opens, `M` market closes, `E` system closes, `C` last
        /// message.
        11 => event: u8,
    }
}

message! { "ITCH MWCB Decline Level",
    /// Index levels at which trading stops market-wide; 8 implied decimals.
    pub struct CircuitBreakerLevels: 35, type b'V' {
        /// Level 1.
        11 => level_1: u64,
        /// Level 2.
        19 => level_2: u64,
        /// Level 3.
        27 => level_3: u64,
    }
}

message! { "ITCH MWCB Status",
    /// A level was breached.
    pub struct CircuitBreakerStatus: 12, type b'W' {
        /// `1`, `2` or `3`.
        11 => level: u8,
    }
}
