//! What a script says: orders, and what is expected of the venue.
//!
//! ```text
//!   # a line of its own, or behind one
//!   first: sell 100 PINION @ 10.05        an order; `first` is its number from here on
//!   expect accepted 100 @ 10.05
//!   buy 30 PINION @ 10.05 --tif ioc
//!   expect accepted
//!   expect executed 30 @ 10.05
//!   expect executed 30 @ 10.05 of first
//!   cancel first
//!   expect canceled 70 U
//! ```
//! Goal: a certification that a machine repeats. Non-goal: loops, several sessions at once.

use crate::hand::own_orders::reject_code;
use crate::hand::words::price_of;
use std::fmt;
use wire::ouch::Outbound;
use wire::{Price, Qty, UserRefNum};

/// The kinds of reports, as a script calls them.
pub const KINDS: &[&str] = &[
    "accepted",
    "replaced",
    "executed",
    "canceled",
    "prevented",
    "rejected",
    "refused",
    "modified",
    "moved",
    "restated",
    "broken",
    "next",
    "nothing",
];

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Its number in the file, from 1.
    pub line: usize,
    /// What it does.
    pub action: Action,
}

/// What a line does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Sends an order, whose number is then known by a name.
    Give {
        /// The name.
        label: Option<String>,
        /// The order in words, perhaps with names of orders in it.
        words: String,
    },
    /// Waits for the next report and looks whether it is this one.
    Expect(Expected),
}

/// A report that is expected; what is not said may be anything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expected {
    /// Its kind.
    pub kind: String,
    /// Its quantity.
    pub qty: Option<Qty>,
    /// Its price.
    pub price: Option<Price>,
    /// Its reason: a letter, or a number such as 0x0105.
    pub code: Option<String>,
    /// The order that it is about, by name or number.
    pub of: Option<String>,
}

/// A line that cannot be understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct ScriptError {
    /// Which.
    pub line: usize,
    /// What was expected and what was found.
    pub reason: String,
}

/// Reads a script. Orders are only looked at when their turn comes, for names in them have no numbers before.
///
/// # Errors
/// A line cannot be understood.
pub fn parse(text: &str) -> Result<Vec<Step>, ScriptError> {
    let mut steps = Vec::new();
    let mut labels: Vec<String> = Vec::new();
    for (line, text) in (1..).zip(text.lines()) {
        let text = text.split('#').next().unwrap_or_default().trim();
        if text.is_empty() {
            continue;
        }
        let error = |reason: String| ScriptError { line, reason };
        let action = match text.strip_prefix("expect") {
            Some(rest) if rest.is_empty() || rest.starts_with(char::is_whitespace) => {
                Action::Expect(expected(rest).map_err(error)?)
            }
            _ => {
                let (label, words) = labelled(text);
                let words = words.to_owned();
                // Names stand for numbers; any number does for a look at the grammar.
                let filled = fill_in(&words, |name| labels.iter().any(|label| label == name).then_some(UserRefNum(1)));
                filled
                    .parse::<crate::hand::instruction::Instruction>()
                    .map_err(|mistake| error(mistake.to_string()))?;
                labels.extend(label.clone());
                Action::Give { label, words }
            }
        };
        steps.push(Step { line, action });
    }
    Ok(steps)
}

/// The words of an order with numbers in the place of names of orders: those that follow a verb about an order.
#[must_use]
pub fn fill_in(words: &str, number_of: impl Fn(&str) -> Option<UserRefNum>) -> String {
    let mut words: Vec<String> = words.split_whitespace().map(str::to_owned).collect();
    let is_about_one =
        words.first().is_some_and(|verb| ["cancel", "reduce", "replace", "modify"].contains(&verb.as_str()));
    if is_about_one
        && let Some(name) = words.get_mut(1)
        && let Some(number) = number_of(name)
    {
        *name = number.to_string();
    }
    words.join(" ")
}

fn labelled(text: &str) -> (Option<String>, &str) {
    match text.split_once(':') {
        Some((label, words))
            if !label.is_empty()
                && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
                && words.starts_with(char::is_whitespace) =>
        {
            (Some(label.to_owned()), words.trim())
        }
        _ => (None, text),
    }
}

fn expected(text: &str) -> Result<Expected, String> {
    let mut words = text.split_whitespace();
    let kind = words.next().unwrap_or_default();
    if !KINDS.contains(&kind) {
        return Err(format!("expected one of {} behind expect, found '{kind}'", KINDS.join(", ")));
    }
    let mut expected = Expected { kind: kind.to_owned(), ..Expected::default() };
    while let Some(word) = words.next() {
        if word == "@" || word == "of" {
            let value = words.next().ok_or_else(|| format!("expected something behind '{word}', found the end"))?;
            match word {
                "@" => expected.price = Some(price_of(value).map_err(|mistake| mistake.to_string())?),
                _ => expected.of = Some(value.to_owned()),
            }
        } else if let (Ok(qty), None) = (word.parse(), expected.qty) {
            expected.qty = Some(Qty(qty));
        } else if expected.code.is_none() && (word.len() == 1 || word.starts_with("0x")) {
            expected.code = Some(word.to_owned());
        } else {
            return Err(format!(
                "expected a quantity, @ PRICE, a reason (a letter or 0x…) or of ORDER, found '{word}'"
            ));
        }
    }
    Ok(expected)
}

impl Expected {
    /// Whether a report is the one; `order` is the number of the order that is meant, where one is.
    #[must_use]
    pub fn fits(&self, report: &Outbound<'_>, order: Option<UserRefNum>) -> bool {
        let facts = Facts::of(report);
        let code_fits = |wanted: &str| {
            facts.code.as_deref().is_some_and(|code| {
                // A letter is exact, upper and lower case have meanings of their own; a number is a number.
                code == wanted || (wanted.starts_with("0x") && code.eq_ignore_ascii_case(wanted))
            })
        };
        facts.kind == self.kind
            && self.qty.is_none_or(|qty| facts.qty == Some(qty))
            && self.price.is_none_or(|price| facts.price == Some(price))
            && self.code.as_deref().is_none_or(code_fits)
            && order.is_none_or(|order| facts.order == Some(order))
    }
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.kind)?;
        if let Some(qty) = self.qty {
            write!(f, " {qty}")?;
        }
        if let Some(price) = self.price {
            write!(f, " @ {}", crate::hand::instruction::At(price))?;
        }
        if let Some(code) = &self.code {
            write!(f, " {code}")?;
        }
        self.of.as_ref().map_or(Ok(()), |of| write!(f, " of {of}"))
    }
}

/// What a script may ask of a report.
struct Facts {
    kind: &'static str,
    order: Option<UserRefNum>,
    qty: Option<Qty>,
    price: Option<Price>,
    code: Option<String>,
}

impl Facts {
    fn of(report: &Outbound<'_>) -> Self {
        let order = crate::tell::order_of(report);
        let facts = |kind| Self { kind, order, qty: None, price: None, code: None };
        match report {
            Outbound::SystemEvent(_) => facts("system"),
            Outbound::Accepted(report) => {
                Self { qty: Some(report.qty), price: Some(report.price), ..facts("accepted") }
            }
            Outbound::Replaced(report) => {
                Self { qty: Some(report.qty), price: Some(report.price), ..facts("replaced") }
            }
            Outbound::Executed(report) => {
                let code = Some(char::from(report.liquidity.0).to_string());
                Self { qty: Some(report.qty), price: Some(report.price), code, ..facts("executed") }
            }
            Outbound::Canceled(report) => {
                let code = Some(report.reason.0.escape_ascii().to_string());
                Self { qty: Some(report.qty), code, ..facts("canceled") }
            }
            Outbound::AiqCanceled(report) => {
                let code = Some(report.reason.0.escape_ascii().to_string());
                Self { qty: Some(report.decremented_qty), price: Some(report.price), code, ..facts("prevented") }
            }
            Outbound::Rejected(report) => Self { code: Some(reject_code(report.reason)), ..facts("rejected") },
            Outbound::CancelReject(_) => facts("refused"),
            Outbound::CancelPending(_) => facts("pending"),
            Outbound::Modified(report) => Self { qty: Some(report.qty), ..facts("modified") },
            Outbound::PriorityUpdate(report) => Self { price: Some(report.price), ..facts("moved") },
            Outbound::Restated(_) => facts("restated"),
            Outbound::BrokenTrade(_) => facts("broken"),
            Outbound::AccountQueryResponse(_) => facts("next"),
        }
    }
}
