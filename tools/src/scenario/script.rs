//! What a scenario file says: the inputs, what is expected of each, and looks into the book.
//!
//! Goal: plain values that print as the file spells them. Non-goal: reading them (see [`super::parser`]), carrying them out.

use std::fmt;
use wire::ouch::{SelfMatchCode, TimeInForce};
use wire::{Price, Side};

/// One scenario of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    /// Its name.
    pub name: String,
    /// The line that names it.
    pub line: usize,
    /// Its labels.
    pub tags: Vec<String>,
    /// What it does and checks, in order.
    pub steps: Vec<Step>,
}

/// One line that does or checks something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Where it stands.
    pub line: usize,
    /// What it is.
    pub action: Action,
}

/// What a step is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Something is sent, with the `->` lines that belong to it.
    Send {
        /// What is sent.
        input: Input,
        /// What must follow from it, with the line of each.
        expected: Vec<(usize, Consequence)>,
    },
    /// Something is looked at.
    Look(Look),
}

/// One input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A new order of any kind.
    Enter(Entry),
    /// Remove what is left of an order.
    Cancel {
        /// The order.
        id: String,
    },
    /// Take quantity off an order.
    Reduce {
        /// The order.
        id: String,
        /// How far.
        to: Reduction,
    },
    /// Change an order's price, open quantity or stop price.
    Replace {
        /// The order.
        id: String,
        /// The new limit; unchanged where left out.
        price: Option<Price>,
        /// The new open quantity; unchanged where left out.
        qty: Option<u64>,
        /// The new stop price of an order that waits; unchanged where left out.
        stop: Option<Price>,
    },
    /// Change the trading phase.
    Phase(Phase),
    /// End the auction now.
    Uncross,
}

/// A new order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name in the scenario.
    pub id: String,
    /// Buy or sell.
    pub side: Side,
    /// Limit, market, or one that waits for a trigger.
    pub kind: EntryKind,
    /// Its quantity. Wider than the wire, so that a file can try what does not fit.
    pub qty: u64,
    /// How long it lives.
    pub time_in_force: TimeInForce,
    /// An iceberg's slice.
    pub display: Option<u64>,
    /// Whether nothing of it is shown.
    pub hidden: bool,
    /// The least quantity that must trade at once.
    pub min_qty: Option<u64>,
    /// Whether it must not trade on entry.
    pub post_only: bool,
    /// The member that sends it; a member of its own where left out.
    pub owner: Option<String>,
    /// What it does on meeting an order of its owner; they trade where left out.
    pub self_match: Option<SelfMatchCode>,
}

/// What an order's price is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// At this price or better.
    Limit(Price),
    /// At any price, at once.
    Market,
    /// A market order once the trigger price is reached.
    Stop(Price),
    /// A limit order once the trigger price is reached.
    StopLimit {
        /// The trigger price.
        stop: Price,
        /// The limit.
        price: Price,
    },
}

impl EntryKind {
    /// The trigger price, if it waits for one.
    #[must_use]
    pub const fn stop(&self) -> Option<Price> {
        match *self {
            Self::Limit(_) | Self::Market => None,
            Self::Stop(stop) | Self::StopLimit { stop, .. } => Some(stop),
        }
    }

    /// The word that begins such a line.
    #[must_use]
    pub const fn keyword(&self) -> &'static str {
        match self {
            Self::Limit(_) => "limit",
            Self::Market => "market",
            Self::Stop(_) => "stop",
            Self::StopLimit { .. } => "stoplimit",
        }
    }
}

/// How far an order is reduced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reduction {
    /// By this quantity.
    By(u64),
    /// To this open quantity.
    To(u64),
}

/// A trading phase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Orders trade as they arrive.
    Continuous,
    /// Before the opening auction.
    PreOpen,
    /// The opening auction.
    OpeningAuction,
    /// The closing auction.
    ClosingAuction,
    /// Trading is halted.
    Halted,
    /// The day is over.
    Closed,
}

impl Phase {
    /// Every phase.
    pub const ALL: [Self; 6] =
        [Self::Continuous, Self::PreOpen, Self::OpeningAuction, Self::ClosingAuction, Self::Halted, Self::Closed];

    /// The word in the file.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Continuous => "continuous",
            Self::PreOpen => "pre-open",
            Self::OpeningAuction => "opening-auction",
            Self::ClosingAuction => "closing-auction",
            Self::Halted => "halted",
            Self::Closed => "closed",
        }
    }
}

/// What a `->` line asks for. A field that is absent is not compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Consequence {
    /// Two orders trade.
    Trade {
        /// The resting order.
        maker: Option<String>,
        /// The incoming order.
        taker: Option<String>,
        /// The price.
        price: Option<Price>,
        /// The quantity.
        qty: Option<u64>,
    },
    /// An incoming order, or its rest, is gone.
    Expire {
        /// The order.
        id: Option<String>,
        /// What was left of it.
        qty: Option<u64>,
    },
    /// A resting order is gone.
    Cancelled {
        /// The order.
        id: Option<String>,
        /// What was left of it.
        qty: Option<u64>,
    },
    /// The input is refused.
    Reject {
        /// Why; see [`super::reason`].
        reason: Option<String>,
    },
    /// The input is accepted and causes nothing of the above.
    Quiet,
}

/// What a look into the book must find.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Look {
    /// The visible book. A side that is left out is not compared.
    Book {
        /// The bids, best first.
        bids: Option<Vec<LevelText>>,
        /// The asks, best first.
        asks: Option<Vec<LevelText>>,
    },
    /// The orders at a price.
    Queue {
        /// Which side.
        side: Side,
        /// Which price.
        price: Price,
        /// The orders, the first to trade first.
        ids: Vec<String>,
    },
    /// The stop orders that wait.
    Stops {
        /// The orders, in any order.
        ids: Vec<String>,
    },
}

/// One level as a file writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LevelText {
    /// The price.
    pub price: Price,
    /// The displayed quantity.
    pub qty: u64,
    /// How many orders display it; not compared where left out.
    pub orders: Option<u64>,
}

impl fmt::Display for LevelText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.price, self.qty)?;
        self.orders.map_or(Ok(()), |orders| write!(f, "/{orders}"))
    }
}

/// A list as a file writes it.
pub(super) struct Bracketed<'a, T>(pub &'a [T]);

impl<T: fmt::Display> fmt::Display for Bracketed<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[")?;
        for (number, item) in self.0.iter().enumerate() {
            write!(f, "{}{item}", if number == 0 { "" } else { " " })?;
        }
        f.write_str("]")
    }
}

/// The word of a side.
#[must_use]
pub(super) const fn side_word(side: Side) -> &'static str {
    match side {
        Side::Buy => "buy",
        Side::Sell => "sell",
    }
}

fn field(f: &mut fmt::Formatter<'_>, key: &str, value: Option<&dyn fmt::Display>) -> fmt::Result {
    value.map_or(Ok(()), |value| write!(f, " {key}={value}"))
}

fn shown<T: fmt::Display>(value: &Option<T>) -> Option<&dyn fmt::Display> {
    value.as_ref().map(|value| value as &dyn fmt::Display)
}

impl fmt::Display for Consequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Trade { maker, taker, price, qty } => {
                f.write_str("trade")?;
                field(f, "maker", shown(maker))?;
                field(f, "taker", shown(taker))?;
                field(f, "px", shown(price))?;
                field(f, "qty", shown(qty))
            }
            Self::Expire { id, qty } => {
                f.write_str("expire")?;
                field(f, "id", shown(id))?;
                field(f, "qty", shown(qty))
            }
            Self::Cancelled { id, qty } => {
                f.write_str("cancelled")?;
                field(f, "id", shown(id))?;
                field(f, "qty", shown(qty))
            }
            Self::Reject { reason } => {
                f.write_str("reject")?;
                field(f, "reason", shown(reason))
            }
            Self::Quiet => f.write_str("quiet"),
        }
    }
}

impl fmt::Display for Look {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Book { bids, asks } => {
                f.write_str("book")?;
                field(f, "bids", shown(&bids.as_deref().map(Bracketed)))?;
                field(f, "asks", shown(&asks.as_deref().map(Bracketed)))
            }
            Self::Queue { side, price, ids } => {
                write!(f, "queue {} {price} ids={}", side_word(*side), Bracketed(ids))
            }
            Self::Stops { ids } => write!(f, "stops ids={}", Bracketed(ids)),
        }
    }
}

impl fmt::Display for Input {
    /// The line in short, for messages.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Enter(entry) => write!(f, "{} {} id={}", entry.kind.keyword(), side_word(entry.side), entry.id),
            Self::Cancel { id } => write!(f, "cancel id={id}"),
            Self::Reduce { id, .. } => write!(f, "reduce id={id}"),
            Self::Replace { id, .. } => write!(f, "replace id={id}"),
            Self::Phase(phase) => write!(f, "phase {}", phase.word()),
            Self::Uncross => f.write_str("uncross"),
        }
    }
}
