//! OUCH 5.0: orders in, execution reports out.
//!
//! Goal: every message of the specification at its offsets, plus the venue's option tags and codes
//! (`docs/protocol.md`). Non-goal: what an order does; which values the venue supports beyond being well formed.

pub mod code;
pub mod inbound;
pub mod options;
pub mod outbound;
pub mod reason;

pub use code::{
    BrokenTradeReason, Capacity, ClOrdId, CrossType, Display, Firm, LiquidityFlag, OrderSide, OrderState,
    RestateReason, SelfMatchCode, SystemEventCode, TimeInForce, YesNo,
};
pub use inbound::{AccountQuery, CancelOrder, EnterOrder, Identity, Inbound, ModifyOrder, ReplaceOrder};
pub use options::{Appendage, AppendageBuffer, OptionValue, Options};
pub use outbound::{
    Accepted, AccountQueryResponse, AiqCanceled, BrokenTrade, CancelPending, CancelReject, Canceled, Executed,
    Modified, Outbound, PriorityUpdate, Rejected, Replaced, Restated, SystemEvent,
};
pub use reason::{CancelReason, RejectReason};

use crate::Price;

/// The longest inbound message that is read; a longer one is malformed.
pub const INBOUND_LEN_MAX: usize = 128;
/// The longest outbound message that is written; every slot that stores one has this size.
pub const MESSAGE_LEN_MAX: usize = 118;

/// Price field of a market order: 214,748.3647 (OUCH 5.0 §1.2).
///
/// A limit of exactly this price can therefore not be entered; every other price is a limit, also above it.
pub const MARKET_PRICE: Price = Price(0x7FFF_FFFF);

/// A message whose fixed part ends with the length of an options appendage. Grows from `layout!`; see
/// [`crate::layout`].
macro_rules! message_with_options {
    (
        $what:literal,
        $(#[$doc:meta])*
        pub struct $name:ident: $size:literal, type $tag:literal {
            $($(#[$field_doc:meta])* $at:literal => $field:ident: $type:ty,)*
            options $length_at:literal, total $max:expr
        }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct $name<'a> {
            $($(#[$field_doc])* pub $field: $type,)*
            /// The options behind the fixed part.
            pub appendage: $crate::ouch::Appendage<'a>,
        }

        $crate::layout::prove_offsets!(
            Wire, size_of_val(&$tag), $size, $($at => $field: $type,)* $length_at => appendage_length: u16,
        );

        impl<'a> $name<'a> {
            /// Size of the fixed part in bytes, the appendage length included.
            pub const SIZE: usize = $size;
            /// The most bytes that the appendage of this message may have.
            pub const APPENDAGE_LEN_MAX: usize = $max - $size;
            /// The type byte.
            pub const TYPE: u8 = $tag;

            /// Writes the message to the front of `out`; returns its length, or nothing when `out` is too small or the
            /// appendage is longer than this message may carry.
            #[must_use]
            #[inline]
            pub fn encode(&self, out: &mut [u8]) -> Option<usize> {
                let appendage = self.appendage.as_bytes();
                if appendage.len() > Self::APPENDAGE_LEN_MAX {
                    return None;
                }
                let (fixed, rest) = out.split_first_chunk_mut::<$size>()?;
                fixed[0] = $tag;
                $(<$type as $crate::layout::Wire>::write(
                    self.$field, &mut fixed[$at..$at + <$type as $crate::layout::Wire>::LEN]);)*
                fixed[$length_at..$length_at + 2].copy_from_slice(&u16::try_from(appendage.len()).ok()?.to_be_bytes());
                rest.get_mut(..appendage.len())?.copy_from_slice(appendage);
                Some($size + appendage.len())
            }

            /// Reads the message from exactly its bytes and checks its options.
            ///
            /// # Errors
            /// Another size or type byte, a field outside its closed set, or a malformed appendage.
            #[inline]
            pub fn decode(bytes: &'a [u8]) -> Result<Self, $crate::DecodeError> {
                use $crate::DecodeError;
                let Some((fixed, rest)) = bytes.split_first_chunk::<$size>() else {
                    return Err(DecodeError::TooShort { what: $what, expected: $size, found: bytes.len() });
                };
                if bytes.len() > $max {
                    return Err(DecodeError::TooLong { what: $what, expected: $max, found: bytes.len() });
                }
                if fixed[0] != $tag {
                    return Err(DecodeError::UnknownType { what: $what, found: fixed[0] });
                }
                let stated = usize::from(u16::from_be_bytes([fixed[$length_at], fixed[$length_at + 1]]));
                if stated != rest.len() {
                    return Err(DecodeError::AppendageLength { what: $what, stated, found: rest.len() });
                }
                Ok(Self {
                    $($field: $crate::layout::read_field!(Wire, $what, fixed, $at, $field, $type),)*
                    appendage: $crate::ouch::Appendage::parse(rest)?,
                })
            }
        }
    };
}
pub(crate) use message_with_options;
