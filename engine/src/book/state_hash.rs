//! The number by which two books prove that they are the same.
//!
//! The state hash is the wrapping sum of one mix per live order and one per instrument that has traded, so it can be kept up term by
//! term and does not depend on the order of summing. A mix covers everything that influences a later outcome. Against accidents,
//! not against forgers.

use wire::{InstrumentIndex, MemberId, OrderRef, Price, Side};

use super::command::{OrderKey, SelfMatch, TimeInForce};

/// Where a live order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In a level that the market sees.
    Displayed = 0,
    /// In a level that it does not.
    Hidden = 1,
    /// Before a trade at its stop price.
    Waiting = 2,
    /// In the queue of those whose stop price was reached.
    Elected = 3,
}

/// What an order does that waits for its stop price, once it enters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StopTerms {
    /// See [`NewOrder::price`](super::NewOrder::price).
    pub limit: Price,
    /// See [`NewOrder::tif`](super::NewOrder::tif).
    pub tif: TimeInForce,
    /// See [`NewOrder::post_only`](super::NewOrder::post_only).
    pub post_only: bool,
    /// See [`NewOrder::min_qty`](super::NewOrder::min_qty).
    pub min_qty: u32,
    /// See [`NewOrder::self_match`](super::NewOrder::self_match).
    pub self_match: SelfMatch,
    /// See [`NewOrder::hidden`](super::NewOrder::hidden).
    pub hidden: bool,
}

/// What the state hash covers of one order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrderState {
    /// Its instrument.
    pub instrument: InstrumentIndex,
    /// Its side.
    pub side: Side,
    /// The price at which it stands: its limit, or the stop price of one that waits or is elected.
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
    /// Where it stands.
    pub place: Place,
    /// Whether it is good till canceled.
    pub gtc: bool,
    /// The exchange's byte.
    pub mark: u8,
    /// What it does later, if it waits or is elected.
    pub stop: Option<StopTerms>,
}

/// What the state hash covers of an instrument that has traded: it decides whether a stop price is reached on entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastTrade {
    /// The instrument.
    pub instrument: InstrumentIndex,
    /// The price of its last trade.
    pub price: Price,
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
    pub const fn mix(&self) -> u64 {
        let ladder = self.instrument.0 * 8 + self.place as u32 * 2 + matches!(self.side, Side::Sell) as u32;
        let order = Words {
            key: self.key,
            order_ref: self.order_ref,
            stamp: self.stamp,
            price: self.price,
            ladder,
            leaves: self.leaves,
            shown: self.shown,
            display: self.display,
            liable: self.liable,
            owner: self.owner,
            gtc: self.gtc,
            mark: self.mark,
        }
        .mix();
        match self.stop {
            None => order,
            Some(terms) => fold(order ^ 0x9216_D5D9_8979_FB1B, terms.word()),
        }
    }
}

/// The part of an order's state that every order has, with instrument, place and side in one number.
pub(super) struct Words {
    pub key: OrderKey,
    pub order_ref: OrderRef,
    pub stamp: u64,
    pub price: Price,
    /// Instrument * 8 + place * 2 + side.
    pub ladder: u32,
    pub leaves: u32,
    pub shown: u32,
    pub display: u32,
    pub liable: u32,
    pub owner: MemberId,
    pub gtc: bool,
    pub mark: u8,
}

impl Words {
    /// Two sums of products, which a processor adds up side by side, and one folded product over both. Pairs are neighbours in the
    /// order's record, low half first, so that each is one load. The constants are odd digits of pi.
    #[inline(always)]
    #[allow(clippy::cast_lossless, reason = "`From` is not const")]
    pub const fn mix(&self) -> u64 {
        let rest = (self.mark as u32) << 24 | (self.gtc as u32) << 16 | self.owner.0 as u32;
        let name = self
            .key
            .get()
            .wrapping_add(self.order_ref.0.wrapping_mul(0x1319_8A2E_0370_7345))
            .wrapping_add(self.stamp.wrapping_mul(0xA409_3822_299F_31D1));
        let terms = (self.price.0.cast_unsigned())
            .wrapping_add(pair(self.leaves, self.liable).wrapping_mul(0x4528_21E6_38D0_1377))
            .wrapping_add(pair(self.display, self.shown).wrapping_mul(0xBE54_66CF_34E9_0C6D))
            .wrapping_add(pair(self.ladder, rest).wrapping_mul(0xC0AC_29B7_C97C_50DD));
        fold(name ^ 0x3F84_D5B5_B547_0917, terms ^ 0xD131_0BA6_98DF_B5AD)
    }
}

#[inline(always)]
#[allow(clippy::cast_lossless, reason = "`From` is not const")]
const fn pair(high: u32, low: u32) -> u64 {
    (high as u64) << 32 | low as u64
}

impl StopTerms {
    /// The terms in one well-mixed word.
    const fn word(&self) -> u64 {
        #[allow(clippy::cast_lossless, reason = "`From` is not const")]
        let flags = (self.min_qty as u64) << 32
            | (self.tif as u64) << 8
            | (self.self_match as u64) << 4
            | (self.post_only as u64) << 1
            | self.hidden as u64;
        fold(self.limit.0.cast_unsigned() ^ 0x98DF_B5AC_2FFD_72DB, flags ^ 0xD01A_DFB7_B8E1_AFED)
    }
}

impl LastTrade {
    /// The instrument's term of the sum.
    #[must_use]
    pub const fn mix(&self) -> u64 {
        #[allow(clippy::cast_lossless, reason = "`From` is not const")]
        let instrument = self.instrument.0 as u64;
        fold(instrument ^ 0xB8E1_AFED_6A26_7E97, self.price.0.cast_unsigned() ^ 0xBA7C_9045_F12C_7F99)
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
            place: Place::Displayed,
            gtc: false,
            mark: 0,
            stop: None,
        };
        let terms = StopTerms {
            limit: Price(3),
            tif: TimeInForce::Day,
            post_only: false,
            min_qty: 0,
            self_match: SelfMatch::Allow,
            hidden: false,
        };
        let with = |terms| OrderState { stop: Some(terms), ..base }.mix();
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
            OrderState { place: Place::Hidden, ..base }.mix(),
            OrderState { place: Place::Waiting, ..base }.mix(),
            OrderState { place: Place::Elected, ..base }.mix(),
            OrderState { gtc: true, ..base }.mix(),
            OrderState { mark: 1, ..base }.mix(),
            with(terms),
            with(StopTerms { limit: Price(4), ..terms }),
            with(StopTerms { tif: TimeInForce::Fok, ..terms }),
            with(StopTerms { post_only: true, ..terms }),
            with(StopTerms { min_qty: 1, ..terms }),
            with(StopTerms { self_match: SelfMatch::Decrement, ..terms }),
            with(StopTerms { hidden: true, ..terms }),
            LastTrade { instrument: InstrumentIndex(1), price: Price(2) }.mix(),
            LastTrade { instrument: InstrumentIndex(2), price: Price(2) }.mix(),
            LastTrade { instrument: InstrumentIndex(1), price: Price(1) }.mix(),
        ];
        let count = mixes.len();
        mixes.sort_unstable();
        mixes.dedup();
        assert_eq!(mixes.len(), count);
    }
}
