//! What an order says about its sender, kept with the order only to be told back.

use wire::ouch::{Capacity, OrderSide};

/// Short-sale marking and capacity in one byte: bits 0 and 1 the capacity, bits 2 and 3 the side as entered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(transparent)]
pub struct Mark(pub u8);

impl Mark {
    /// The mark of an order as entered.
    #[must_use]
    pub const fn new(side: OrderSide, capacity: Capacity) -> Self {
        let capacity = match capacity {
            Capacity::Agency => 0,
            Capacity::Principal => 1,
            Capacity::Riskless => 2,
            Capacity::Other => 3,
        };
        Self(capacity).with_side(side)
    }

    /// The same with another side marking.
    #[must_use]
    pub const fn with_side(self, side: OrderSide) -> Self {
        let side = match side {
            OrderSide::Buy => 0,
            OrderSide::Sell => 1,
            OrderSide::SellShort => 2,
            OrderSide::SellShortExempt => 3,
        };
        Self(self.0 & 0b11 | side << 2)
    }

    /// The side as entered.
    #[must_use]
    pub const fn side(self) -> OrderSide {
        match self.0 >> 2 & 0b11 {
            0 => OrderSide::Buy,
            1 => OrderSide::Sell,
            2 => OrderSide::SellShort,
            _ => OrderSide::SellShortExempt,
        }
    }

    /// The capacity as entered.
    #[must_use]
    pub const fn capacity(self) -> Capacity {
        match self.0 & 0b11 {
            0 => Capacity::Agency,
            1 => Capacity::Principal,
            2 => Capacity::Riskless,
            _ => Capacity::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_gives_back_what_went_in() {
        for &side in OrderSide::ALL {
            for &capacity in Capacity::ALL {
                let mark = Mark::new(side, capacity);
                assert_eq!((mark.side(), mark.capacity()), (side, capacity));
                assert_eq!(mark.with_side(OrderSide::SellShort).capacity(), capacity);
            }
        }
    }
}
