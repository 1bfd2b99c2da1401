//! The side of an order, of a book, of a trade.

/// Buy or sell. A book's bid side holds buy orders, its ask side sell orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Side {
    /// Bids.
    Buy = 0,
    /// Asks.
    Sell = 1,
}

impl Side {
    /// The side that this one trades with.
    #[must_use]
    pub const fn opposite(self) -> Self {
        match self {
            Self::Buy => Self::Sell,
            Self::Sell => Self::Buy,
        }
    }

    /// 0 for buy, 1 for sell: for arrays of two.
    #[must_use]
    pub const fn index(self) -> usize {
        match self {
            Self::Buy => 0,
            Self::Sell => 1,
        }
    }

    /// The wire byte: `B` or `S`.
    #[must_use]
    pub const fn byte(self) -> u8 {
        match self {
            Self::Buy => b'B',
            Self::Sell => b'S',
        }
    }

    /// Reads the wire byte `B` or `S`.
    #[must_use]
    pub const fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            b'B' => Some(Self::Buy),
            b'S' => Some(Self::Sell),
            _ => None,
        }
    }
}
