//! What a stage finds: what is needed, what is there, and the remedy.

use super::step::Step;

/// How things stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// As needed.
    Good,
    /// It works, and would work better.
    Advice,
    /// Not as needed.
    Wrong,
}

impl State {
    /// As the report calls it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Good => "ok",
            Self::Advice => "advice",
            Self::Wrong => "wrong",
        }
    }
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What was looked at.
    pub what: String,
    /// What it should be.
    pub needed: String,
    /// What it is.
    pub found: String,
    /// How the two compare.
    pub state: State,
    /// What `init` does about it.
    pub steps: Vec<Step>,
    /// What only a person can do about it, such as at the next boot.
    pub by_hand: Option<String>,
}

impl Finding {
    /// A comparison: good, or else as bad as `otherwise`.
    #[must_use]
    pub fn new(
        what: impl Into<String>,
        needed: impl Into<String>,
        found: impl Into<String>,
        good: bool,
        otherwise: State,
    ) -> Self {
        let state = if good { State::Good } else { otherwise };
        let (what, needed, found) = (what.into(), needed.into(), found.into());
        Self { what, needed, found, state, steps: Vec::new(), by_hand: None }
    }

    /// Nothing is needed, for this reason.
    #[must_use]
    pub fn nothing_needed(what: impl Into<String>, because: impl Into<String>) -> Self {
        Self::new(what, "nothing", because, true, State::Good)
    }

    /// With steps for `init`, unless all is good.
    #[must_use]
    pub fn with_steps(mut self, steps: impl IntoIterator<Item = Step>) -> Self {
        if self.state != State::Good {
            self.steps.extend(steps);
        }
        self
    }

    /// With what only a person can do, unless all is good.
    #[must_use]
    pub fn by_hand(mut self, remedy: impl Into<String>) -> Self {
        if self.state != State::Good {
            self.by_hand = Some(remedy.into());
        }
        self
    }
}
