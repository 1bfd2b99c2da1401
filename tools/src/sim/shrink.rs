//! From a failure to its smallest form: fewer steps, fewer troubles, the same checker.
//!
//! Goal: what is left is what it takes. Non-goal: the least of all; a run that still fails is kept, in the order in which things are tried.

use std::error::Error;

use super::check::Failure;
use super::plan::{Plan, Switch};
use super::trace::Keep;
use super::world::run;

/// A failure in a small form.
#[derive(Clone, Debug)]
pub struct Shrunk {
    plan: Plan,
    without: Vec<Switch>,
    /// What fails.
    pub failure: Failure,
    /// Its trace.
    pub text: String,
}

impl Shrunk {
    /// As it was found.
    #[must_use]
    pub fn unshrunk(plan: &Plan, failure: &Failure) -> Self {
        Self { without: left_out(plan), plan: plan.clone(), failure: failure.clone(), text: String::new() }
    }

    /// How to see it again.
    #[must_use]
    pub fn command(&self) -> String {
        let Plan { seed, steps, durability, canary, .. } = &self.plan;
        let mut command = format!("pinion sim --seed {seed} --steps {steps} --durability {durability}");
        if !self.without.is_empty() {
            let names: Vec<_> = self.without.iter().map(|switch| switch.name()).collect();
            command.push_str(" --without ");
            command.push_str(&names.join(","));
        }
        if let Some(canary) = canary {
            command.push_str(" --canary ");
            command.push_str(canary.name());
        }
        command
    }

    /// What it takes.
    pub fn switches(&self) -> impl Iterator<Item = Switch> + '_ {
        self.plan.switches()
    }
}

/// Makes it smaller.
///
/// # Errors
/// There is no place for the files.
pub fn shrink(plan: &Plan, failure: &Failure) -> Result<Shrunk, Box<dyn Error>> {
    let mut best = plan.clone();
    let mut found = failure.clone();
    best.steps = best.steps.min(found.step);
    // Twice, because what goes first may need what goes last.
    for _ in 0..2 {
        let before = best.switches().count();
        for switch in Switch::ALL {
            if !best.has(*switch) {
                continue;
            }
            let mut tried = best.clone();
            tried.switch_off(*switch);
            try_it(&mut best, &mut found, tried)?;
        }
        for part in [2, 4, 8] {
            let mut tried = best.clone();
            tried.steps -= tried.steps / part;
            try_it(&mut best, &mut found, tried)?;
        }
        if best.switches().count() == before {
            break;
        }
    }
    let outcome = run(&best, Keep::All)?;
    let failure = outcome.failure.unwrap_or(found);
    Ok(Shrunk { without: left_out(&best), plan: best, failure, text: outcome.text })
}

/// Keeps a plan that still fails the same checker.
fn try_it(best: &mut Plan, found: &mut Failure, mut tried: Plan) -> Result<(), Box<dyn Error>> {
    if let Some(failure) = run(&tried, Keep::Digest)?.failure
        && failure.checker == found.checker
    {
        tried.steps = tried.steps.min(failure.step);
        *best = tried;
        *found = failure;
    }
    Ok(())
}

/// What the seed would have, and the plan has not.
fn left_out(plan: &Plan) -> Vec<Switch> {
    let mut drawn = Plan::draw(plan.seed, plan.steps, Some(plan.durability));
    if let Some(canary) = plan.canary {
        canary.prepare(&mut drawn);
    }
    drawn.switches().filter(|switch| !plan.has(*switch)).collect()
}
