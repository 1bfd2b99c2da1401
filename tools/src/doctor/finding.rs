//! One thing that was looked at, as it is told.

use crate::json::Text;

/// How it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// As it should be.
    Ok,
    /// It works, and would work better.
    Warning,
    /// It does not work, or will not.
    Problem,
}

impl State {
    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Problem => "problem",
        }
    }
}

/// A finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How it stands.
    pub state: State,
    /// What is so.
    pub what: String,
    /// What to do; empty where nothing is to be done.
    pub remedy: String,
}

impl Finding {
    /// All is well.
    #[must_use]
    pub fn ok(what: impl Into<String>) -> Self {
        Self { state: State::Ok, what: what.into(), remedy: String::new() }
    }

    /// It would work better otherwise.
    #[must_use]
    pub fn warning(what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { state: State::Warning, what: what.into(), remedy: remedy.into() }
    }

    /// It does not work.
    #[must_use]
    pub fn problem(what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { state: State::Problem, what: what.into(), remedy: remedy.into() }
    }

    /// For people: one line, and one more for the remedy.
    pub(super) fn text(&self, section: &str) -> String {
        let Self { state, what, remedy } = self;
        let line = format!("{section:13} {:7} {what}", state.name());
        if remedy.is_empty() { line } else { format!("{line}\n{:22}{remedy}", "") }
    }

    /// For programs.
    pub(super) fn json(&self, section: &str) -> String {
        let Self { state, what, remedy } = self;
        let state = state.name();
        format!(
            "{{\"section\":\"{section}\",\"state\":\"{state}\",\"what\":{},\"remedy\":{}}}",
            Text(what),
            Text(remedy)
        )
    }
}
