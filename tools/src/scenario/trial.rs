//! Runs a scenario and judges it.
//!
//! Goal: the first place where what happened is not what the file says. Non-goal: how it is printed.

use super::error::Fault;
use super::floor::Floor;
use super::script::{Action, Consequence, Input, Script};
use std::fmt;

/// The first difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// The line that was not met; that of the input where something happened that no line speaks of.
    pub line: usize,
    /// What the file says.
    pub expected: String,
    /// What happened.
    pub got: String,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: expected {}, got {}", self.line, self.expected, self.got)
    }
}

/// Carries out one scenario on a fresh exchange.
///
/// # Errors
/// The first difference.
pub fn run(script: &Script) -> Result<(), Mismatch> {
    let mut floor = Floor::new(script).map_err(|fault| failed(script.line, "a scenario", &fault))?;
    for step in &script.steps {
        match &step.action {
            Action::Send { input, expected } => {
                let observed = floor.send(input).map_err(|fault| failed(step.line, input, &fault))?;
                judge(step.line, input, expected, &observed)?;
            }
            Action::Look(look) => {
                let found = floor.look(look);
                if !look.is_met_by(&found) {
                    return Err(Mismatch { line: step.line, expected: look.to_string(), got: found.to_string() });
                }
            }
        }
    }
    Ok(())
}

fn failed(line: usize, what: impl fmt::Display, fault: &Fault) -> Mismatch {
    Mismatch { line, expected: format!("{what} to be carried out"), got: fault.to_string() }
}

/// Compares the `->` lines of an input with everything that it caused.
fn judge(
    line: usize,
    input: &Input,
    expected: &[(usize, Consequence)],
    observed: &[Consequence],
) -> Result<(), Mismatch> {
    if expected.is_empty() {
        // Whether it was accepted does not matter; that nothing else happened does.
        return match observed.iter().find(|found| !matches!(found, Consequence::Quiet | Consequence::Reject { .. })) {
            None => Ok(()),
            Some(found) => {
                let expected = format!("{input} to cause nothing, as no '->' line follows it");
                Err(Mismatch { line, expected, got: found.to_string() })
            }
        };
    }
    for (number, (expected_line, wanted)) in expected.iter().enumerate() {
        let mismatch = |got: String| Mismatch { line: *expected_line, expected: wanted.to_string(), got };
        match observed.get(number) {
            None => return Err(mismatch("nothing more".to_owned())),
            Some(found) if !wanted.is_met_by(found) => return Err(mismatch(found.to_string())),
            Some(_) => {}
        }
    }
    match observed.get(expected.len()) {
        None => Ok(()),
        Some(spare) => {
            let last_line = expected.last().map_or(line, |&(line, _)| line);
            let expected = format!("nothing more of {input}");
            Err(Mismatch { line: last_line, expected, got: spare.to_string() })
        }
    }
}
