//! What a person tells the venue to do: one message of order entry, in words and as bytes.
//!
//! Goal: everything that OUCH 5.0 and the venue's options can say of an order, printed in the words in which it is typed. Non-goal:
//! whether the venue takes it; trying what it refuses is half of a certification.

use super::words::{CAPACITIES, DISPLAYS, SELF_MATCHES, SIDES, TIMES_IN_FORCE, word_of};
use std::fmt;
use wire::ouch::options::{PostOnly, ReEnter};
use wire::ouch::{
    AccountQuery, AppendageBuffer, CancelOrder, Capacity, ClOrdId, CrossType, Display, EnterOrder, Firm, MARKET_PRICE,
    ModifyOrder, OptionValue, OrderSide, ReplaceOrder, SelfMatchCode, TimeInForce, YesNo,
};
use wire::{Price, Qty, Side, Symbol, UserRefNum};

/// One message for the venue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Instruction {
    /// A new order.
    Enter(Entry),
    /// Another order in the place of one.
    Replace(Replacement),
    /// Less of an order.
    Reduce {
        /// Which.
        order: UserRefNum,
        /// The total that may ever execute, what has executed included.
        total: Qty,
    },
    /// The end of an order.
    Cancel {
        /// Which.
        order: UserRefNum,
    },
    /// Another short-sale marking, and perhaps less of it.
    Modify {
        /// Which.
        order: UserRefNum,
        /// The new marking.
        side: OrderSide,
        /// As in `Reduce`.
        total: Qty,
    },
    /// Which number the next order may have.
    Query,
}

/// A new order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Side.
    pub side: OrderSide,
    /// Quantity.
    pub qty: Qty,
    /// Instrument.
    pub symbol: Symbol,
    /// Limit, or [`MARKET_PRICE`].
    pub price: Price,
    /// Everything else.
    pub terms: Terms,
}

/// Another order in the place of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replacement {
    /// Which.
    pub order: UserRefNum,
    /// The total that may ever execute, what has executed included; with `re_enter` the new open quantity.
    pub qty: Qty,
    /// Limit, or [`MARKET_PRICE`]; `None` where it is to stay, which only those can say who know the order.
    pub price: Option<Price>,
    /// Canceled and entered anew in one step.
    pub re_enter: bool,
    /// The new side, with `re_enter`.
    pub side: Option<Side>,
    /// Everything else.
    pub terms: Terms,
}

/// What an order may say beside side, quantity, instrument and price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// The client's number; the next one where it is not given.
    pub user_ref: Option<UserRefNum>,
    /// How long it lives; for the day where it is not given.
    pub time_in_force: Option<TimeInForce>,
    /// Whether it is shown; it is where that is not given.
    pub display: Option<Display>,
    /// Displayed slice.
    pub slice: Option<Qty>,
    /// Least quantity that must trade at once.
    pub min: Option<Qty>,
    /// Never trade on entry.
    pub post_only: bool,
    /// The price that triggers it.
    pub stop: Option<Price>,
    /// Self-match prevention for this order.
    pub self_match: Option<SelfMatchCode>,
    /// Seconds to live.
    pub expire_s: Option<u32>,
    /// For whom the sender acts.
    pub capacity: Option<Capacity>,
    /// On whose behalf.
    pub firm: Option<Firm>,
    /// The client's own text.
    pub tag: ClOrdId,
}

impl Terms {
    /// None.
    pub const PLAIN: Self = Self {
        user_ref: None,
        time_in_force: None,
        display: None,
        slice: None,
        min: None,
        post_only: false,
        stop: None,
        self_match: None,
        expire_s: None,
        capacity: None,
        firm: None,
        tag: ClOrdId::BLANK,
    };

    /// The options that go behind the message; `None` where they do not fit.
    fn options(&self, more: &[OptionValue]) -> Option<AppendageBuffer> {
        let mut buffer = AppendageBuffer::new();
        let options = [
            self.firm.map(OptionValue::Firm),
            self.min.map(OptionValue::MinQty),
            self.slice.map(OptionValue::MaxFloor),
            self.post_only.then_some(OptionValue::PostOnly(PostOnly::Yes)),
            self.expire_s.map(OptionValue::ExpireTime),
            self.stop.map(OptionValue::StopPrice),
            self.self_match.map(OptionValue::SelfMatch),
        ];
        options.into_iter().flatten().chain(more.iter().copied()).all(|option| buffer.push(option)).then_some(buffer)
    }

    fn time_in_force(&self) -> TimeInForce {
        self.time_in_force.unwrap_or(TimeInForce::Day)
    }

    fn display(&self) -> Display {
        self.display.unwrap_or(Display::Visible)
    }
}

impl Instruction {
    /// Whether the message needs a number of its own, and the one it was given.
    #[must_use]
    pub const fn numbered(&self) -> Option<Option<UserRefNum>> {
        match self {
            Self::Enter(entry) => Some(entry.terms.user_ref),
            Self::Replace(replacement) => Some(replacement.terms.user_ref),
            _ => None,
        }
    }

    /// The order that it is about, if there is one already.
    #[must_use]
    pub const fn order(&self) -> Option<UserRefNum> {
        match self {
            Self::Replace(Replacement { order, .. })
            | Self::Reduce { order, .. }
            | Self::Cancel { order }
            | Self::Modify { order, .. } => Some(*order),
            Self::Enter(_) | Self::Query => None,
        }
    }

    /// Writes the message, with this number if it has one; returns its length, or nothing where it does not fit, or a replace has no price.
    #[must_use]
    pub fn encode(&self, user_ref: UserRefNum, out: &mut [u8]) -> Option<usize> {
        match self {
            Self::Enter(entry) => {
                let terms = &entry.terms;
                EnterOrder {
                    user_ref,
                    side: entry.side,
                    qty: entry.qty,
                    symbol: entry.symbol,
                    price: entry.price,
                    time_in_force: terms.time_in_force(),
                    display: terms.display(),
                    capacity: terms.capacity.unwrap_or(Capacity::Agency),
                    sweep: YesNo::No,
                    cross_type: CrossType::Continuous,
                    cl_ord_id: terms.tag,
                    appendage: terms.options(&[])?.view(),
                }
                .encode(out)
            }
            Self::Replace(replacement) => {
                let terms = &replacement.terms;
                let more = [
                    replacement.re_enter.then_some(OptionValue::ReEnter(ReEnter::Yes)),
                    replacement.side.map(OptionValue::Side),
                ];
                let more: Vec<_> = more.into_iter().flatten().collect();
                ReplaceOrder {
                    orig_user_ref: replacement.order,
                    user_ref,
                    qty: replacement.qty,
                    price: replacement.price?,
                    time_in_force: terms.time_in_force(),
                    display: terms.display(),
                    sweep: YesNo::No,
                    cl_ord_id: terms.tag,
                    appendage: terms.options(&more)?.view(),
                }
                .encode(out)
            }
            Self::Reduce { order, total } => CancelOrder { user_ref: *order, qty: *total }.encode(out),
            Self::Cancel { order } => CancelOrder { user_ref: *order, qty: Qty(0) }.encode(out),
            Self::Modify { order, side, total } => {
                ModifyOrder { user_ref: *order, side: *side, qty: *total }.encode(out)
            }
            Self::Query => AccountQuery {}.encode(out),
        }
    }
}

/// A price as it is typed.
pub(crate) struct At(pub Price);

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == MARKET_PRICE { f.write_str("market") } else { self.0.fmt(f) }
    }
}

impl fmt::Display for Instruction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Enter(Entry { side, qty, symbol, price, terms }) => {
                write!(f, "{} {qty} {symbol} @ {}{terms}", word_of(SIDES, *side), At(*price))
            }
            Self::Replace(Replacement { order, qty, price, re_enter, side, terms }) => {
                write!(f, "replace {order} {qty}")?;
                if let Some(price) = price {
                    write!(f, " @ {}", At(*price))?;
                }
                if *re_enter {
                    f.write_str(" --re-enter")?;
                }
                if let Some(side) = side {
                    write!(f, " --side {}", word_of(SIDES, (*side).into()))?;
                }
                terms.fmt(f)
            }
            Self::Reduce { order, total } => write!(f, "reduce {order} {total}"),
            Self::Cancel { order } => write!(f, "cancel {order}"),
            Self::Modify { order, side, total } => write!(f, "modify {order} {} {total}", word_of(SIDES, *side)),
            Self::Query => f.write_str("query"),
        }
    }
}

impl fmt::Display for Terms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fn option(f: &mut fmt::Formatter<'_>, name: &str, value: Option<&dyn fmt::Display>) -> fmt::Result {
            value.map_or(Ok(()), |value| write!(f, " --{name} {value}"))
        }
        option(f, "tif", self.time_in_force.map(|tif| word_of(TIMES_IN_FORCE, tif)).as_ref().map(|word| word as _))?;
        match self.display {
            Some(Display::Hidden) => f.write_str(" --hidden")?,
            Some(display) => write!(f, " --show {}", word_of(DISPLAYS, display))?,
            None => {}
        }
        if self.post_only {
            f.write_str(" --post-only")?;
        }
        option(f, "display", self.slice.as_ref().map(|slice| slice as _))?;
        option(f, "stop", self.stop.as_ref().map(|stop| stop as _))?;
        option(f, "min", self.min.as_ref().map(|min| min as _))?;
        option(
            f,
            "self-match",
            self.self_match.map(|mode| word_of(SELF_MATCHES, mode)).as_ref().map(|word| word as _),
        )?;
        option(f, "expire", self.expire_s.as_ref().map(|seconds| seconds as _))?;
        option(f, "capacity", self.capacity.map(|one| word_of(CAPACITIES, one)).as_ref().map(|word| word as _))?;
        // These may begin with a dash.
        if let Some(firm) = self.firm {
            write!(f, " --firm={firm}")?;
        }
        if self.tag != ClOrdId::BLANK {
            write!(f, " --tag={}", self.tag)?;
        }
        option(f, "ref", self.user_ref.as_ref().map(|number| number as _))
    }
}
