//! Which rules fire.
//!
//! Goal: a pure function of what was seen so far. Non-goal: telling anybody.

use super::case::Memory;
use super::sight::Sight;
use engine::config::Alert;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// All rules, and how they stand.
#[derive(Debug)]
pub struct Rules {
    rules: Vec<(Arc<Alert>, Memory, HashMap<String, Standing>)>,
}

/// A subject whose condition holds.
#[derive(Debug)]
struct Standing {
    since: Duration,
    /// When it was last told; `None`: it does not fire yet.
    told: Option<Duration>,
}

/// Where a rule has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeState {
    /// It fires.
    Firing,
    /// It does not any more.
    Resolved,
}

impl ChangeState {
    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Firing => "firing",
            Self::Resolved => "resolved",
        }
    }
}

/// Something to tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The rule.
    pub rule: Arc<Alert>,
    /// Of what; empty for the appliance.
    pub of: String,
    /// Where it has come to.
    pub state: ChangeState,
    /// It was told before, and still fires.
    pub is_repeat: bool,
    /// In the unit of the rule's limit.
    pub value: u64,
    /// In words.
    pub text: String,
}

impl Rules {
    /// None of them fires.
    #[must_use]
    pub fn new(rules: &[Alert]) -> Self {
        let rule = |rule: &Alert| (Arc::new(rule.clone()), Memory::default(), HashMap::new());
        Self { rules: rules.iter().map(rule).collect() }
    }

    /// Takes in what is seen, and says what is to be told.
    pub fn evaluate(&mut self, sight: &Sight) -> Vec<Change> {
        let mut changes = Vec::new();
        let now = sight.steady;
        for (rule, memory, standings) in &mut self.rules {
            let hold = Duration::from_millis(rule.for_ms.into());
            let repeat = Duration::from_secs(rule.repeat_s.into());
            for case in memory.cases(rule, sight) {
                let change = |state, is_repeat| Change {
                    rule: Arc::clone(rule),
                    of: case.of.clone(),
                    state,
                    is_repeat,
                    value: case.value,
                    text: case.text.clone(),
                };
                if !case.holds {
                    let stood = standings.remove(&case.of);
                    if stood.is_some_and(|standing| standing.told.is_some()) {
                        changes.push(change(ChangeState::Resolved, false));
                    }
                    continue;
                }
                let standing = standings.entry(case.of.clone()).or_insert(Standing { since: now, told: None });
                match standing.told {
                    None if now.saturating_sub(standing.since) >= hold => {
                        standing.told = Some(now);
                        changes.push(change(ChangeState::Firing, false));
                    }
                    Some(told) if !repeat.is_zero() && now.saturating_sub(told) >= repeat => {
                        standing.told = Some(now);
                        changes.push(change(ChangeState::Firing, true));
                    }
                    None | Some(_) => {}
                }
            }
        }
        changes
    }

    /// The names of those that fire, and of what.
    #[must_use]
    pub fn firing(&self) -> Vec<(String, String)> {
        let firing = self.rules.iter().flat_map(|(rule, _, standings)| {
            let told = standings.iter().filter(|(_, standing)| standing.told.is_some());
            told.map(|(of, _)| (rule.name.clone(), of.clone()))
        });
        let mut firing: Vec<_> = firing.collect();
        firing.sort();
        firing
    }
}
