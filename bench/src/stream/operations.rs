//! The kinds of operations that are measured one by one, and a round of them.
//!
//! Goal: each has a name and one meaning. Non-goal: making them; see [`super::floor`].

use super::Step;

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Operation {
    /// An order at a price where none rests.
    AddNewLevel,
    /// An order that joins a level.
    AddToLevel,
    /// A cancel of the oldest order of a level.
    CancelFirst,
    /// A cancel of an order with others before and behind it.
    CancelMiddle,
    /// A cancel of the newest order of a level.
    CancelLast,
    /// A cancel of the only order of a level.
    CancelOnly,
    /// An order moves to the back of another level.
    Modify,
    /// An order loses a lot and keeps its place.
    Reduce,
    /// An immediate order takes one whole order; the level stays.
    HitOne,
    /// An immediate order takes ten levels of one order each.
    Sweep10,
    /// An immediate order that reaches nobody.
    HitNone,
    /// A cancel of an order that is gone.
    CancelGone,
}

impl Operation {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::AddNewLevel,
        Self::AddToLevel,
        Self::CancelFirst,
        Self::CancelMiddle,
        Self::CancelLast,
        Self::CancelOnly,
        Self::Modify,
        Self::Reduce,
        Self::HitOne,
        Self::Sweep10,
        Self::HitNone,
        Self::CancelGone,
    ];

    /// Its name, as people read it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AddNewLevel => "add, new level",
            Self::AddToLevel => "add, old level",
            Self::CancelFirst => "cancel first",
            Self::CancelMiddle => "cancel middle",
            Self::CancelLast => "cancel last",
            Self::CancelOnly => "cancel, level goes",
            Self::Modify => "modify",
            Self::Reduce => "reduce",
            Self::HitOne => "hit one",
            Self::Sweep10 => "sweep 10 levels",
            Self::HitNone => "hit none",
            Self::CancelGone => "cancel, unknown",
        }
    }
}

/// Operations of a kind, and what comes before and after them.
#[derive(Clone, Debug, Default)]
pub struct Round {
    /// Makes what the operations need.
    pub prepare: Vec<Step>,
    /// The operations.
    pub measured: Vec<Step>,
    /// Puts the book back.
    pub restore: Vec<Step>,
}
