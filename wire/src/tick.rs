//! The 26-byte market-data tick.
//!
//! Goal: a subscriber holds the whole displayed depth from ticks alone. Non-goal: order by order (see [`crate::itch`]),
//! and a sequence number inside: the MoldUDP64 header around it has one.

use crate::layout::{Wire, codes, layout};
use crate::{InstrumentIndex, Nanos, Price, Side};

codes! {
    /// The side a tick speaks of.
    TickSide {
        /// Bids; for a trade, the incoming order bought.
        Buy = b'B',
        /// Asks; for a trade, the incoming order sold.
        Sell = b'S',
        /// No side: trading status.
        None = b' ',
    }
}

impl From<Side> for TickSide {
    fn from(side: Side) -> Self {
        match side {
            Side::Buy => Self::Buy,
            Side::Sell => Self::Sell,
        }
    }
}

impl TickSide {
    /// The side, unless there is none.
    #[must_use]
    pub const fn side(self) -> Option<Side> {
        match self {
            Self::Buy => Some(Side::Buy),
            Self::Sell => Some(Side::Sell),
            Self::None => None,
        }
    }
}

codes! {
    /// What a tick says.
    TickKind {
        /// A trade: `quantity` at `price`, `side` is the incoming order's.
        Trade = b'T',
        /// A price level: `quantity` is the NEW TOTAL displayed at `side` and `price`; 0 means that the level is gone.
        Quote = b'Q',
        /// Trading status: `quantity` is the ASCII code of the state, `price` is 0, `side` is a space.
        Status = b'H',
    }
}

layout! { Wire, "tick",
    /// One thing that happened to one instrument.
    pub struct Tick: 26 {
        /// When the engine decided: the receive time of the command that caused it, nanoseconds since the Unix epoch.
        0 => timestamp: Nanos,
        /// Position in the venue's instrument table.
        8 => symbol_id: InstrumentIndex,
        /// Signed, 1/10,000 of the currency unit.
        12 => price: Price,
        /// Traded quantity, new total of the level, or state code: see [`TickKind`].
        20 => quantity: u32,
        /// See [`TickKind`].
        24 => side: TickSide,
        /// What the other fields mean.
        25 => kind: TickKind,
    }
}

impl Tick {
    /// State code of a trading-status tick, when it is one.
    #[must_use]
    pub fn status(&self) -> Option<u8> {
        match self.kind {
            TickKind::Status => u8::try_from(self.quantity).ok(),
            TickKind::Trade | TickKind::Quote => None,
        }
    }
}

// A tick's price is signed and 64 bits wide; an OUCH price is unsigned (`crate::ouch::code`), so the form is not
// shared.
impl Wire for Price {
    const LEN: usize = 8;
    const EXPECTED: &'static str = "a signed price";
    #[inline]
    fn read(bytes: &[u8]) -> Option<Self> {
        <i64 as Wire>::read(bytes).map(Self)
    }
    #[inline]
    fn write(self, out: &mut [u8]) {
        <i64 as Wire>::write(self.0, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Written by hand from the table in docs/protocol.md.
    const GOLDEN: [u8; 26] = [
        0x18, 0x2B, 0x5F, 0x4E, 0x9A, 0x3C, 0x80, 0x01, // timestamp
        0x00, 0x00, 0x00, 0x07, // symbol_id 7
        0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0xE8, 0x48, // price 12.5000
        0x00, 0x00, 0x01, 0x2C, // quantity 300
        b'B', b'Q',
    ];

    fn golden() -> Tick {
        Tick {
            timestamp: Nanos(0x182B_5F4E_9A3C_8001),
            symbol_id: InstrumentIndex(7),
            price: Price(125_000),
            quantity: 300,
            side: TickSide::Buy,
            kind: TickKind::Quote,
        }
    }

    #[test]
    fn a_tick_has_its_golden_bytes() {
        let mut bytes = [0; 26];
        assert_eq!(golden().encode(&mut bytes), Some(26));
        assert_eq!(bytes, GOLDEN);
        assert_eq!(Tick::decode(&GOLDEN), Ok(golden()));
    }

    #[test]
    fn prices_beyond_32_bits_and_below_zero_survive() {
        for price in [Price(4_294_967_296), Price(7_500_000_000), Price(-1), Price::MAX, Price::MIN] {
            let tick = Tick { price, ..golden() };
            let mut bytes = [0; 26];
            tick.encode(&mut bytes).expect("room");
            assert_eq!(Tick::decode(&bytes), Ok(tick));
        }
    }

    #[test]
    fn what_is_not_a_tick_is_refused() {
        assert!(Tick::decode(&GOLDEN[..25]).is_err());
        assert!(Tick::decode(&[0; 27]).is_err());
        for at in [24, 25] {
            let mut bytes = GOLDEN;
            bytes[at] = b'x';
            assert!(Tick::decode(&bytes).is_err(), "{at}");
        }
        assert_eq!(golden().encode(&mut [0; 25]), None);
    }
}
