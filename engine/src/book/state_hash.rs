//! The number by which two books prove that they are the same.
//!
//! The state hash is the wrapping sum of one mix per live order, so it can be kept up order by order and does not depend on the
//! order of summing. A mix covers everything of an order that influences a later outcome. Against accidents, not against forgers.

use wire::{InstrumentIndex, MemberId, OrderRef, Price, Side};

use super::command::OrderKey;

/// What the state hash covers of one order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrderState {
    /// Its instrument.
    pub instrument: InstrumentIndex,
    /// Its side.
    pub side: Side,
    /// Its limit.
    pub price: Price,
    /// Its name.
    pub key: OrderKey,
    /// The venue's number of it.
    pub order_ref: OrderRef,
    /// Its owner.
    pub owner: MemberId,
    /// Its open quantity.
    pub leaves: u32,
    /// What it shows.
    pub shown: u32,
    /// Its iceberg slice, zero for none.
    pub display: u32,
    /// The total that may ever execute.
    pub liable: u32,
    /// Number of its queue joining, over the whole book.
    pub stamp: u64,
    /// Whether it is hidden.
    pub hidden: bool,
    /// Whether it is good till canceled.
    pub gtc: bool,
    /// The exchange's byte.
    pub mark: u8,
}

/// Multiplies to 128 bits and folds the halves: every input bit reaches most output bits.
#[inline]
const fn fold(a: u64, b: u64) -> u64 {
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_lossless,
        reason = "the two halves of 128 bits; `From` is not const"
    )]
    {
        let product = a as u128 * b as u128;
        (product >> 64) as u64 ^ product as u64
    }
}

impl OrderState {
    /// The order's term of the sum.
    #[must_use]
    #[inline]
    pub const fn mix(&self) -> u64 {
        #[allow(clippy::cast_lossless, reason = "`From` is not const")]
        let (quantities, place, rest) = (
            (self.leaves as u64) << 32 | self.shown as u64,
            (self.instrument.0 as u64) << 32 | self.display as u64,
            (self.liable as u64) << 32
                | (self.owner.0 as u64) << 16
                | (self.mark as u64) << 8
                | (self.side as u64) << 2
                | (self.hidden as u64) << 1
                | self.gtc as u64,
        );
        // Three independent products, then one over all: short chains for the processor. The constants are odd digits of pi.
        let a = fold(self.key.get() ^ 0x243F_6A88_85A3_08D3, self.order_ref.0 ^ 0x1319_8A2E_0370_7345);
        let b = fold(self.price.0.cast_unsigned() ^ 0xA409_3822_299F_31D1, self.stamp ^ 0x082E_FA98_EC4E_6C89);
        let c = fold(quantities ^ 0x4528_21E6_38D0_1377, rest ^ 0xBE54_66CF_34E9_0C6D);
        fold(a.wrapping_add(b.rotate_left(23)) ^ 0xC0AC_29B7_C97C_50DD, c.wrapping_add(place) ^ 0x3F84_D5B5_B547_0917)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_counts() {
        let base = OrderState {
            instrument: InstrumentIndex(1),
            side: Side::Buy,
            price: Price(2),
            key: OrderKey::default(),
            order_ref: OrderRef(4),
            owner: MemberId(5),
            leaves: 6,
            shown: 6,
            display: 7,
            liable: 8,
            stamp: 9,
            hidden: false,
            gtc: false,
            mark: 0,
        };
        let key = OrderKey::new(wire::SessionIndex(0), wire::UserRefNum(1));
        let mut mixes = vec![
            base.mix(),
            OrderState { instrument: InstrumentIndex(0), ..base }.mix(),
            OrderState { side: Side::Sell, ..base }.mix(),
            OrderState { price: Price(-2), ..base }.mix(),
            OrderState { key, ..base }.mix(),
            OrderState { order_ref: OrderRef(5), ..base }.mix(),
            OrderState { owner: MemberId(4), ..base }.mix(),
            OrderState { leaves: 7, ..base }.mix(),
            OrderState { shown: 5, ..base }.mix(),
            OrderState { display: 0, ..base }.mix(),
            OrderState { liable: 9, ..base }.mix(),
            OrderState { stamp: 8, ..base }.mix(),
            OrderState { hidden: true, ..base }.mix(),
            OrderState { gtc: true, ..base }.mix(),
            OrderState { mark: 1, ..base }.mix(),
        ];
        let count = mixes.len();
        mixes.sort_unstable();
        mixes.dedup();
        assert_eq!(mixes.len(), count);
    }
}
