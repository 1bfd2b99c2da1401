//! The options appendage of OUCH 5.0: a chain of tag-value elements behind the fixed part of a message.
//!
//! Goal: an appendage is checked once, then read without failing. Non-goal: which options a message may carry; the
//! exchange says that.
//!
//! ```text
//! | length (u8) | tag (u8) | value (length - 1 bytes) | length | tag | value | ...
//! ```

use super::INBOUND_LEN_MAX;
use super::code::{Firm, OrderSide, SelfMatchCode, YesNo};
use super::inbound::ReplaceOrder;
use crate::layout::{Wire, codes};
use crate::{DecodeError, OrderRef, Price, Qty, Side};

/// The longest appendage of any message.
pub const APPENDAGE_LEN_MAX: usize = INBOUND_LEN_MAX - ReplaceOrder::SIZE;
/// Bytes of an element before its value.
const ELEMENT_HEADER_LEN: usize = 2;

codes! {
    /// Option 12.
    PostOnly {
        /// Never trade on entry.
        Yes = b'P',
        /// Trade as usual.
        No = b'N',
    }
}

codes! {
    /// Venue option 130: there is only one value; leave the option out otherwise.
    ReEnter {
        /// The replace is a cancel and a new entry in one step.
        Yes = b'Y',
    }
}

macro_rules! options {
    ($($(#[$doc:meta])* $tag:literal => $name:ident($type:ty),)*) => {
        /// One option with its value. Tags below 128 are those of OUCH 5.0 Appendix B, the others are the venue's.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum OptionValue {
            $($(#[$doc])* $name($type),)*
        }

        impl OptionValue {
            /// Every tag that can be read.
            pub const TAGS: &[u8] = &[$($tag),*];

            /// The tag on the wire.
            #[must_use]
            pub const fn tag(&self) -> u8 {
                match self {
                    $(Self::$name(_) => $tag,)*
                }
            }

            /// Bytes of the whole element on the wire: length, tag and value.
            #[must_use]
            pub const fn encoded_len(&self) -> usize {
                match self {
                    $(Self::$name(_) => ELEMENT_HEADER_LEN + <$type as Wire>::LEN,)*
                }
            }

            /// Writes the element; returns its length, or nothing when `out` is too small.
            #[must_use]
            pub fn encode(&self, out: &mut [u8]) -> Option<usize> {
                let element = out.get_mut(..self.encoded_len())?;
                let (header, value) = element.split_first_chunk_mut::<ELEMENT_HEADER_LEN>()?;
                *header = [u8::try_from(value.len() + 1).ok()?, self.tag()];
                match self {
                    $(Self::$name(inner) => <$type as Wire>::write(*inner, value),)*
                }
                Some(self.encoded_len())
            }

            fn read(tag: u8, value: &[u8]) -> Result<Self, DecodeError> {
                match tag {
                    $($tag => {
                        if value.len() != <$type as Wire>::LEN {
                            let (expected, found) = (<$type as Wire>::LEN, value.len());
                            return Err(DecodeError::OptionLength { tag, expected, found });
                        }
                        <$type as Wire>::read(value).map(Self::$name).ok_or_else(|| DecodeError::value(
                            concat!("option ", stringify!($name)), "option", <$type as Wire>::EXPECTED, value))
                    })*
                    _ => Err(DecodeError::UnknownOption { tag }),
                }
            }
        }
    };
}

options! {
    /// Another reference under which the order stands on market data.
    1 => SecondaryOrderRef(OrderRef),
    /// The firm on whose behalf the order is.
    2 => Firm(Firm),
    /// Least quantity that must trade at once.
    3 => MinQty(Qty),
    /// `R` retail, `N` not.
    4 => CustomerType(u8),
    /// Displayed slice.
    5 => MaxFloor(Qty),
    /// Limit or kind of peg.
    6 => PriceType(u8),
    /// Offset of a peg.
    7 => PegOffset(i32),
    /// Price of a discretionary order.
    9 => DiscretionPrice(Price),
    /// Kind of the discretion price.
    10 => DiscretionPriceType(u8),
    /// Offset of a pegged discretion price.
    11 => DiscretionPegOffset(i32),
    /// Never trade on entry.
    12 => PostOnly(PostOnly),
    /// Range of random slices.
    13 => RandomReserves(Qty),
    /// Route.
    14 => Route([u8; 4]),
    /// Seconds to live.
    15 => ExpireTime(u32),
    /// Trade at once.
    16 => TradeNow(YesNo),
    /// Handling instruction.
    17 => HandleInst(u8),
    /// Weight at the best bid and offer.
    18 => BboWeight(u8),
    /// New displayed quantity (Order Restated only).
    22 => DisplayQuantity(Qty),
    /// New displayed price (Order Restated only).
    23 => DisplayPrice(Price),
    /// Entity within the customer.
    24 => GroupId(u16),
    /// Whether shares for a short sale were located.
    25 => SharesLocated(YesNo),
    /// Venue: price that triggers a stop order.
    128 => StopPrice(Price),
    /// Venue: self-match prevention for this order.
    129 => SelfMatch(SelfMatchCode),
    /// Venue, Replace only: cancel and enter anew in one step; `Quantity` is then the new open quantity.
    130 => ReEnter(ReEnter),
    /// Venue, Replace with `ReEnter` only: the new side.
    131 => Side(Side),
}

/// A checked appendage, as it stands in its message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appendage<'a> {
    bytes: &'a [u8],
}

impl Default for Appendage<'_> {
    fn default() -> Self {
        Self::EMPTY
    }
}

impl<'a> Appendage<'a> {
    /// No options.
    pub const EMPTY: Self = Self { bytes: &[] };

    /// Checks every element, so that reading them cannot fail.
    ///
    /// # Errors
    /// Too long, an element that runs past the end, an unknown tag, a tag that stands twice, a value of another length
    /// or outside its set.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        if bytes.len() > APPENDAGE_LEN_MAX {
            let found = bytes.len();
            return Err(DecodeError::TooLong { what: "options appendage", expected: APPENDAGE_LEN_MAX, found });
        }
        let mut seen = Tags([0; 4]);
        let mut rest = bytes;
        while !rest.is_empty() {
            let (tag, value, after) = split_element(rest)?;
            OptionValue::read(tag, value)?;
            if !seen.insert(tag) {
                return Err(DecodeError::DuplicateOption { tag });
            }
            rest = after;
        }
        Ok(Self { bytes })
    }

    /// The bytes, for sending on.
    #[must_use]
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Whether there is no option.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The options in the order in which they stand.
    pub fn iter(&self) -> impl Iterator<Item = OptionValue> + use<'a> {
        let mut rest = self.bytes;
        core::iter::from_fn(move || {
            // `parse` has read all of this before, so the failures cannot happen.
            let (tag, value, after) = split_element(rest).ok()?;
            rest = after;
            OptionValue::read(tag, value).ok()
        })
    }

    /// The options that this venue gives a meaning to.
    #[must_use]
    pub fn options(&self) -> Options {
        let mut options = Options::default();
        for option in self.iter() {
            match option {
                OptionValue::Firm(value) => options.firm = Some(value),
                OptionValue::MinQty(value) => options.min_qty = Some(value),
                OptionValue::MaxFloor(value) => options.max_floor = Some(value),
                OptionValue::PostOnly(value) => options.post_only = value == PostOnly::Yes,
                OptionValue::ExpireTime(value) => options.expire_time_s = Some(value),
                OptionValue::StopPrice(value) => options.stop_price = Some(value),
                OptionValue::SelfMatch(value) => options.self_match = Some(value),
                OptionValue::ReEnter(ReEnter::Yes) => options.re_enter = true,
                OptionValue::Side(value) => options.side = Some(value),
                _ => options.others = true,
            }
        }
        options
    }
}

/// What the venue reads out of an appendage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Option 2.
    pub firm: Option<Firm>,
    /// Option 3.
    pub min_qty: Option<Qty>,
    /// Option 5.
    pub max_floor: Option<Qty>,
    /// Option 12 with `P`.
    pub post_only: bool,
    /// Option 15, in seconds.
    pub expire_time_s: Option<u32>,
    /// Option 128.
    pub stop_price: Option<Price>,
    /// Option 129.
    pub self_match: Option<SelfMatchCode>,
    /// Option 130.
    pub re_enter: bool,
    /// Option 131.
    pub side: Option<Side>,
    /// Whether there are options beside these: well formed, but without a meaning here.
    pub others: bool,
}

impl Options {
    /// The side that a re-entering replace asks for, in the form in which it is told back.
    #[must_use]
    pub fn order_side(&self) -> Option<OrderSide> {
        self.side.map(OrderSide::from)
    }
}

/// An appendage being written.
#[derive(Clone, Copy, Debug)]
pub struct AppendageBuffer {
    bytes: [u8; APPENDAGE_LEN_MAX],
    len: usize,
    seen: Tags,
}

impl Default for AppendageBuffer {
    fn default() -> Self {
        Self::new()
    }
}

impl AppendageBuffer {
    /// No options yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { bytes: [0; APPENDAGE_LEN_MAX], len: 0, seen: Tags([0; 4]) }
    }

    /// Adds an option; `false`, and nothing changed, when there is no room or its tag is there already.
    #[must_use]
    pub fn push(&mut self, option: OptionValue) -> bool {
        if self.seen.contains(option.tag()) {
            return false;
        }
        let Some(len) = option.encode(&mut self.bytes[self.len..]) else { return false };
        self.len += len;
        self.seen.insert(option.tag())
    }

    /// What was written so far.
    #[must_use]
    pub fn view(&self) -> Appendage<'_> {
        Appendage { bytes: &self.bytes[..self.len] }
    }
}

/// A set of tags: one bit each.
#[derive(Clone, Copy, Debug)]
struct Tags([u64; 4]);

impl Tags {
    const fn bit(tag: u8) -> (usize, u64) {
        ((tag >> 6) as usize, 1 << (tag & 63))
    }

    const fn contains(&self, tag: u8) -> bool {
        let (word, bit) = Self::bit(tag);
        self.0[word] & bit != 0
    }

    /// Returns whether the tag is new.
    const fn insert(&mut self, tag: u8) -> bool {
        let (word, bit) = Self::bit(tag);
        let new = self.0[word] & bit == 0;
        self.0[word] |= bit;
        new
    }
}

/// Splits off the first element: tag, value, and what follows.
fn split_element(bytes: &[u8]) -> Result<(u8, &[u8], &[u8]), DecodeError> {
    let Some((&[length, tag], after)) = bytes.split_first_chunk::<ELEMENT_HEADER_LEN>() else {
        return Err(DecodeError::TooShort { what: "option", expected: ELEMENT_HEADER_LEN, found: bytes.len() });
    };
    // The length counts the tag, so 0 is no element at all.
    let Some(expected) = usize::from(length).checked_sub(1) else {
        return Err(DecodeError::OptionLength { tag, expected: 1, found: 0 });
    };
    let Some((value, rest)) = after.split_at_checked(expected) else {
        return Err(DecodeError::OptionLength { tag, expected, found: after.len() });
    };
    Ok((tag, value, rest))
}
