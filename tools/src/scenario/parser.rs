//! From the text of a file to its scenarios.
//!
//! Goal: the grammar of scenario files, keyword by keyword; the first line that breaks it is named with the reason. Non-goal:
//! whether the scenario makes sense, or whether the exchange can do what it asks for.

use super::error::{FileError, SyntaxError, nearest};
use super::line::{Fields, words};
use super::script::{Action, Consequence, Entry, EntryKind, Input, Look, Phase, Reduction, Script, Step};
use std::path::Path;
use wire::ouch::{SelfMatchCode, TimeInForce};

const KEYWORDS: [&str; 15] = [
    "scenario",
    "source",
    "tags",
    "limit",
    "market",
    "stop",
    "stoplimit",
    "cancel",
    "reduce",
    "replace",
    "phase",
    "uncross",
    "book",
    "queue",
    "stops",
];
const EXPECTATIONS: [&str; 5] = ["trade", "expire", "cancelled", "reject", "quiet"];
const ARROW: &str = "->";

/// Reads and parses a file.
///
/// # Errors
/// The file cannot be read, or a line breaks the grammar.
pub fn read(file: &Path) -> Result<Vec<Script>, FileError> {
    let bytes = std::fs::read(file).map_err(|source| FileError::Unreadable { file: file.to_owned(), source })?;
    parse_bytes(&bytes).map_err(|(line, reason)| FileError::Syntax { file: file.to_owned(), line, reason })
}

fn parse_bytes(bytes: &[u8]) -> Result<Vec<Script>, (usize, SyntaxError)> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let line = bytes[..error.valid_up_to()].iter().filter(|&&byte| byte == b'\n').count() + 1;
        (line, SyntaxError::NotText)
    })?;
    parse(text)
}

/// Parses the text of a file.
///
/// # Errors
/// The first line that breaks the grammar, from 1, with the reason.
pub fn parse(text: &str) -> Result<Vec<Script>, (usize, SyntaxError)> {
    let mut scripts = Vec::new();
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    for (line, raw) in (1..).zip(text.lines()) {
        let content = raw.split('#').next().unwrap_or("").trim();
        if !content.is_empty() {
            take_line(&mut scripts, line, content).map_err(|reason| (line, reason))?;
        }
    }
    Ok(scripts)
}

fn take_line(scripts: &mut Vec<Script>, line: usize, content: &str) -> Result<(), SyntaxError> {
    if let Some(rest) = content.strip_prefix(ARROW) {
        let (expected, times) = expectation(&words(rest)?)?;
        return attach(scripts, line, expected, times);
    }
    let (head, rest) = content.split_once(char::is_whitespace).unwrap_or((content, ""));
    let Some(keyword) = KEYWORDS.into_iter().find(|&known| known == head) else {
        let forgotten_arrow = EXPECTATIONS.contains(&head).then_some(ARROW);
        let nearest = forgotten_arrow.or_else(|| nearest(head, KEYWORDS));
        return Err(SyntaxError::UnknownKeyword { found: head.to_owned(), nearest });
    };
    let rest = rest.trim();
    if keyword == "scenario" {
        if rest.is_empty() {
            return Err(SyntaxError::MissingWord { keyword, expected: "its name" });
        }
        scripts.push(Script { name: rest.to_owned(), line, tags: Vec::new(), steps: Vec::new() });
        return Ok(());
    }
    let script = scripts.last_mut().ok_or_else(|| SyntaxError::NoScenario { found: head.to_owned() })?;
    match keyword {
        "source" => {}
        "tags" => {
            let tags = rest.split([',', ' ', '\t']).filter(|tag| !tag.is_empty()).map(str::to_owned);
            script.tags.extend(tags);
        }
        _ => {
            let words = words(rest)?;
            let action = match keyword {
                "book" | "queue" | "stops" => Action::Look(look(keyword, &words)?),
                _ => Action::Send { input: input(keyword, &words)?, expected: Vec::new() },
            };
            script.steps.push(Step { line, action });
        }
    }
    Ok(())
}

fn attach(scripts: &mut [Script], line: usize, expectation: Consequence, times: usize) -> Result<(), SyntaxError> {
    let script = scripts.last_mut().ok_or_else(|| SyntaxError::NoScenario { found: ARROW.to_owned() })?;
    let last_input = script.steps.iter_mut().rev().find_map(|step| match &mut step.action {
        Action::Send { expected, .. } => Some(expected),
        Action::Look(_) => None,
    });
    match last_input {
        Some(expected) => {
            expected.extend(std::iter::repeat_n((line, expectation), times));
            Ok(())
        }
        None => Err(SyntaxError::NoInput { scenario: script.name.clone() }),
    }
}

fn input(keyword: &'static str, words: &[&str]) -> Result<Input, SyntaxError> {
    let required_id = |fields: &Fields<'_>| Fields::required(keyword, "id", fields.name("id")?);
    match keyword {
        "cancel" => {
            let fields = Fields::new(keyword, words, &["id"])?;
            let id = required_id(&fields)?;
            fields.finish()?;
            Ok(Input::Cancel { id })
        }
        "reduce" => {
            let fields = Fields::new(keyword, words, &["id", "by", "to"])?;
            let id = required_id(&fields)?;
            let to = match (fields.qty("by")?, fields.qty("to")?) {
                (Some(qty), None) => Reduction::By(qty),
                (None, Some(qty)) => Reduction::To(qty),
                (Some(_), Some(_)) => return Err(SyntaxError::Exclusive { keyword, one: "by", other: "to" }),
                (None, None) => return Err(SyntaxError::MissingKey { keyword, key: "by= or to" }),
            };
            fields.finish()?;
            Ok(Input::Reduce { id, to })
        }
        "replace" => {
            let fields = Fields::new(keyword, words, &["id", "px", "qty", "stop"])?;
            let id = required_id(&fields)?;
            let (price, qty, stop) = (fields.price("px")?, fields.qty("qty")?, fields.price("stop")?);
            fields.finish()?;
            Ok(Input::Replace { id, price, qty, stop })
        }
        "phase" => {
            let expected = "continuous, pre-open, opening-auction, closing-auction, halted or closed";
            let mut fields = Fields::new(keyword, words, &[])?;
            let word = fields.word(expected)?;
            let phase = Phase::ALL
                .into_iter()
                .find(|phase| phase.word() == word)
                .ok_or_else(|| SyntaxError::Value { what: "phase".to_owned(), expected, found: word.to_owned() })?;
            fields.finish()?;
            Ok(Input::Phase(phase))
        }
        "uncross" => {
            Fields::new(keyword, words, &[])?.finish()?;
            Ok(Input::Uncross)
        }
        _ => entry(keyword, words).map(Input::Enter),
    }
}

fn entry(keyword: &'static str, words: &[&str]) -> Result<Entry, SyntaxError> {
    let keys: &[&str] = match keyword {
        "limit" => &["id", "px", "qty", "tif", "display", "hidden", "min_qty", "post_only", "owner", "stp"],
        "market" => &["id", "qty", "owner", "stp"],
        "stop" => &["id", "stop", "qty", "owner", "stp"],
        _ => &["id", "stop", "px", "qty", "tif", "display", "hidden", "min_qty", "post_only", "owner", "stp"],
    };
    let mut fields = Fields::new(keyword, words, keys)?;
    let side = fields.side()?;
    let price = |key| Fields::required(keyword, key, fields.price(key)?);
    let entry = Entry {
        id: Fields::required(keyword, "id", fields.name("id")?)?,
        side,
        kind: match keyword {
            "limit" => EntryKind::Limit(price("px")?),
            "market" => EntryKind::Market,
            "stop" => EntryKind::Stop(price("stop")?),
            _ => EntryKind::StopLimit { stop: price("stop")?, price: price("px")? },
        },
        qty: Fields::required(keyword, "qty", fields.qty("qty")?)?,
        time_in_force: match keyword {
            "market" | "stop" => TimeInForce::ImmediateOrCancel,
            _ => fields.parsed("tif", "day, gtc, ioc or fok", time_in_force)?.unwrap_or(TimeInForce::Day),
        },
        display: fields.qty("display")?,
        hidden: fields.flag("hidden")?,
        min_qty: fields.qty("min_qty")?,
        post_only: fields.flag("post_only")?,
        owner: fields.name("owner")?,
        self_match: fields.parsed("stp", "newest, oldest, both or decrement", self_match)?,
    };
    fields.finish()?;
    Ok(entry)
}

fn time_in_force(word: &str) -> Option<TimeInForce> {
    match word {
        "day" => Some(TimeInForce::Day),
        "gtc" => Some(TimeInForce::GoodTillCancel),
        "ioc" => Some(TimeInForce::ImmediateOrCancel),
        "fok" => Some(TimeInForce::FillOrKill),
        _ => None,
    }
}

fn self_match(word: &str) -> Option<SelfMatchCode> {
    match word {
        "newest" => Some(SelfMatchCode::CancelNewest),
        "oldest" => Some(SelfMatchCode::CancelOldest),
        "both" => Some(SelfMatchCode::CancelBoth),
        "decrement" => Some(SelfMatchCode::Decrement),
        _ => None,
    }
}

fn look(keyword: &'static str, words: &[&str]) -> Result<Look, SyntaxError> {
    match keyword {
        "book" => {
            let fields = Fields::new(keyword, words, &["bids", "asks"])?;
            let (bids, asks) = (fields.levels("bids")?, fields.levels("asks")?);
            fields.finish()?;
            if bids.is_none() && asks.is_none() {
                return Err(SyntaxError::MissingKey { keyword, key: "bids= and asks" });
            }
            Ok(Look::Book { bids, asks })
        }
        "queue" => {
            let mut fields = Fields::new(keyword, words, &["px", "ids"])?;
            let side = fields.side()?;
            let price = match fields.price("px")? {
                Some(price) => price,
                None => fields.price_word()?,
            };
            let ids = fields.names("ids")?;
            fields.finish()?;
            Ok(Look::Queue { side, price, ids })
        }
        _ => {
            let fields = Fields::new(keyword, words, &["ids"])?;
            let ids = fields.names("ids")?;
            fields.finish()?;
            Ok(Look::Stops { ids })
        }
    }
}

/// What is expected, and how many times in a row.
fn expectation(words: &[&str]) -> Result<(Consequence, usize), SyntaxError> {
    let arrow = SyntaxError::MissingWord { keyword: ARROW, expected: "trade, expire, cancelled, reject or quiet" };
    let (&head, rest) = words.split_first().ok_or(arrow)?;
    let Some(keyword) = EXPECTATIONS.into_iter().find(|&known| known == head) else {
        let nearest = nearest(head, EXPECTATIONS);
        return Err(SyntaxError::UnknownKeyword { found: format!("{ARROW} {head}"), nearest });
    };
    let keys: &[&str] = match keyword {
        "trade" => &["maker", "taker", "px", "qty", "times"],
        "expire" | "cancelled" => &["id", "qty"],
        "reject" => &["reason"],
        _ => &[],
    };
    let fields = Fields::new(keyword, rest, keys)?;
    let times = fields.parsed("times", TIMES_EXPECTED, times)?.unwrap_or(1);
    let expected = match keyword {
        "trade" => Consequence::Trade {
            maker: fields.name("maker")?,
            taker: fields.name("taker")?,
            price: fields.price("px")?,
            qty: fields.qty("qty")?,
        },
        "expire" => Consequence::Expire { id: fields.name("id")?, qty: fields.qty("qty")? },
        "cancelled" => Consequence::Cancelled { id: fields.name("id")?, qty: fields.qty("qty")? },
        "reject" => Consequence::Reject { reason: fields.name("reason")? },
        _ => Consequence::Quiet,
    };
    fields.finish()?;
    Ok((expected, times))
}

/// How many trades one line can stand for.
const TIMES_EXPECTED: &str = "a whole number from 1 to 32768";

fn times(word: &str) -> Option<usize> {
    word.parse().ok().filter(|times| (1..=32_768).contains(times))
}
