//! What a fault port shall do, as text: `drop=1%,duplicate=1%,reorder=0.5%,seed=7`.
//!
//! `rx.` or `tx.` before a fault means one direction only. Probabilities are `1%`, `0.25%` or `2500ppm`.

use std::fmt;
use std::str::FromStr;

/// Probabilities for both directions, and the seed they are drawn by. The default does nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FaultPlan {
    /// For datagrams on their way in.
    pub receive: Faults,
    /// For datagrams on their way out.
    pub send: Faults,
    /// The same seed gives the same faults.
    pub seed: u64,
}

/// Probabilities for one direction, in millionths.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Faults {
    /// Of being lost.
    pub drop_ppm: u32,
    /// Of arriving twice.
    pub duplicate_ppm: u32,
    /// Of arriving after one to four that were sent later.
    pub reorder_ppm: u32,
}

/// A fault plan's text does not say what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// Not `key=value`, or an unknown key.
    #[error(
        "fault plan: expected drop, duplicate, reorder (each alone, or after `rx.` or `tx.`) or seed, each with `=`, found `{0}`"
    )]
    Key(String),
    /// A value that is no probability.
    #[error("fault plan: expected a probability from 0% to 100% such as 1%, 0.25% or 2500ppm, found `{0}`")]
    Probability(String),
    /// A seed that is no number.
    #[error("fault plan: expected a seed from 0 to 2^64-1, found `{0}`")]
    Seed(String),
}

impl FromStr for FaultPlan {
    type Err = PlanError;

    fn from_str(text: &str) -> Result<Self, PlanError> {
        let mut plan = Self::default();
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let unknown = || PlanError::Key(part.to_owned());
            let (key, value) = part.split_once('=').ok_or_else(unknown)?;
            let (key, value) = (key.trim(), value.trim());
            if key == "seed" {
                plan.seed = value.parse().map_err(|_| PlanError::Seed(value.to_owned()))?;
                continue;
            }
            let (receive, send, fault) = match key.split_once('.') {
                None => (true, true, key),
                Some(("rx", fault)) => (true, false, fault),
                Some(("tx", fault)) => (false, true, fault),
                Some(_) => return Err(unknown()),
            };
            if !["drop", "duplicate", "reorder"].contains(&fault) {
                return Err(unknown());
            }
            let ppm = parse_ppm(value).ok_or_else(|| PlanError::Probability(value.to_owned()))?;
            for (wanted, faults) in [(receive, &mut plan.receive), (send, &mut plan.send)] {
                match fault {
                    _ if !wanted => {}
                    "drop" => faults.drop_ppm = ppm,
                    "duplicate" => faults.duplicate_ppm = ppm,
                    _ => faults.reorder_ppm = ppm,
                }
            }
        }
        Ok(plan)
    }
}

/// In the form that can be parsed, so that a report of a failing seed can be pasted.
impl fmt::Display for FaultPlan {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (direction, faults) in [("rx", &self.receive), ("tx", &self.send)] {
            let Faults { drop_ppm, duplicate_ppm, reorder_ppm } = faults;
            write!(out, "{direction}.drop={drop_ppm}ppm,{direction}.duplicate={duplicate_ppm}ppm,")?;
            write!(out, "{direction}.reorder={reorder_ppm}ppm,")?;
        }
        write!(out, "seed={}", self.seed)
    }
}

fn parse_ppm(text: &str) -> Option<u32> {
    let ppm = if let Some(number) = text.strip_suffix("ppm") {
        digits(number)?
    } else {
        let (whole, fraction) = match text.strip_suffix('%')?.split_once('.') {
            None => (text.strip_suffix('%')?, ""),
            Some((whole, fraction)) => (whole, fraction),
        };
        let places = u32::try_from(fraction.len()).ok().filter(|places| *places <= 4)?;
        let fraction = if fraction.is_empty() { 0 } else { digits(fraction)? };
        digits(whole)?.checked_mul(10_000)?.checked_add(fraction * 10_u32.pow(4 - places))?
    };
    (ppm <= 1_000_000).then_some(ppm)
}

fn digits(text: &str) -> Option<u32> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_is_read_from_text_and_written_back() {
        let plan: FaultPlan = "drop=1%, duplicate=0.25%,rx.reorder=2500ppm,tx.drop=100%,seed=7".parse().unwrap();
        assert_eq!(plan.receive, Faults { drop_ppm: 10_000, duplicate_ppm: 2_500, reorder_ppm: 2_500 });
        assert_eq!(plan.send, Faults { drop_ppm: 1_000_000, duplicate_ppm: 2_500, reorder_ppm: 0 });
        assert_eq!(plan.seed, 7);
        assert_eq!(plan.to_string().parse(), Ok(plan));
        assert_eq!("".parse(), Ok(FaultPlan::default()));
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        let error = |text: &str| text.parse::<FaultPlan>().unwrap_err();
        for text in ["drop", "loss=1%", "up.drop=1%", "rx.seed=1", "rx.loss=1%"] {
            assert_eq!(error(text), PlanError::Key(text.to_owned()));
        }
        for value in ["1", "101%", "-1%", "1.%%", "0.00001%", "+1%", "x%", "%", "99999999999ppm"] {
            assert_eq!(error(&format!("drop={value}")), PlanError::Probability(value.to_owned()));
        }
        assert_eq!(error("seed=-1"), PlanError::Seed("-1".to_owned()));
    }
}
