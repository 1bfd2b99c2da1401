//! The words in which an order is said: on the command line of `pinion send`, on that of `pinion trade`, and in scripts.
//!
//! Goal: one grammar, and a mistake told with what was expected. Non-goal: which orders are wise.

use super::instruction::{Entry, Instruction, Replacement, Terms};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser};
use std::str::FromStr;
use wire::ouch::{Capacity, ClOrdId, Display, Firm, MARKET_PRICE, OrderSide, SelfMatchCode, TimeInForce};
use wire::{Price, Qty, Side, Symbol, UserRefNum};

/// Words, and what they mean.
pub type Words<T> = &'static [(&'static str, T)];

/// How an order is said, for the help of commands.
pub const FORMS: &str = "\
ORDER is one of
  buy QTY SYMBOL @ PRICE            also: sell, short (sell short), exempt (sell short exempt); PRICE may be the word market
  cancel REF                        takes the rest of an order away
  reduce REF QTY                    so that QTY at most ever executes, what has executed included; keeps the place in the queue
  replace REF QTY @ PRICE           the same for QTY; says time in force and all options anew; with --re-enter QTY is what is open then
  modify REF sell|short|exempt QTY  another short-sale marking
  query                             the next free number
REF is the number of an order, as its reports tell it (user_ref).";

/// Verbs of new orders, and sides.
pub const SIDES: Words<OrderSide> = &[
    ("buy", OrderSide::Buy),
    ("sell", OrderSide::Sell),
    ("short", OrderSide::SellShort),
    ("exempt", OrderSide::SellShortExempt),
];
/// Times in force.
pub const TIMES_IN_FORCE: Words<TimeInForce> = &[
    ("day", TimeInForce::Day),
    ("gtc", TimeInForce::GoodTillCancel),
    ("ioc", TimeInForce::ImmediateOrCancel),
    ("fok", TimeInForce::FillOrKill),
    ("extended", TimeInForce::ExtendedHours),
    ("gtt", TimeInForce::GoodTillTime),
    ("after-hours", TimeInForce::AfterHours),
];
/// Ways to be shown.
pub const DISPLAYS: Words<Display> = &[
    ("visible", Display::Visible),
    ("hidden", Display::Hidden),
    ("attributable", Display::Attributable),
    ("conformant", Display::Conformant),
];
/// Modes of self-match prevention.
pub const SELF_MATCHES: Words<SelfMatchCode> = &[
    ("newest", SelfMatchCode::CancelNewest),
    ("oldest", SelfMatchCode::CancelOldest),
    ("both", SelfMatchCode::CancelBoth),
    ("decrement", SelfMatchCode::Decrement),
    ("allow", SelfMatchCode::Allow),
];
/// Capacities.
pub const CAPACITIES: Words<Capacity> = &[
    ("agency", Capacity::Agency),
    ("principal", Capacity::Principal),
    ("riskless", Capacity::Riskless),
    ("other", Capacity::Other),
];

/// The word for a value; each table has all values.
#[must_use]
pub fn word_of<T: Copy + PartialEq>(words: Words<T>, value: T) -> &'static str {
    words.iter().find(|(_, meaning)| *meaning == value).map_or("?", |(word, _)| word)
}

fn meaning<T: Copy + Send + Sync>(words: Words<T>) -> impl TypedValueParser<Value = T> {
    let parser = PossibleValuesParser::new(words.iter().map(|(word, _)| *word));
    parser.try_map(move |found| {
        let found = words.iter().find(|(word, _)| *word == found);
        found.map(|(_, meaning)| *meaning).ok_or_else(|| Mistake("expected one of the words".to_owned()))
    })
}

/// An order that cannot be understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Mistake(pub String);

/// An order in words.
#[derive(Clone, Debug, Args)]
pub struct OrderArgs {
    /// What to do, in words; see below
    #[arg(value_name = "ORDER", required = true, num_args = 1.., allow_negative_numbers = true)]
    words: Vec<String>,
    /// How long the order lives [default: day]
    #[arg(long, value_parser = meaning(TIMES_IN_FORCE), help_heading = "Order")]
    tif: Option<TimeInForce>,
    /// Reject it where it would trade at once
    #[arg(long, help_heading = "Order")]
    post_only: bool,
    /// Show nothing of it
    #[arg(long, help_heading = "Order")]
    hidden: bool,
    /// Whether it is shown [default: visible]
    #[arg(long, value_parser = meaning(DISPLAYS), conflicts_with = "hidden", help_heading = "Order")]
    show: Option<Display>,
    /// Show so much of it at a time (iceberg)
    #[arg(long, value_name = "QTY", value_parser = qty, help_heading = "Order")]
    display: Option<Qty>,
    /// Wait for a trade at this price or beyond (stop, or with a limit stop-limit)
    #[arg(long, value_name = "PRICE", allow_negative_numbers = true, help_heading = "Order")]
    stop: Option<Price>,
    /// So much must trade at once, or nothing does
    #[arg(long, value_name = "QTY", value_parser = qty, help_heading = "Order")]
    min: Option<Qty>,
    /// What happens when it meets an order of the same member [default: as configured for the member]
    #[arg(long, value_parser = meaning(SELF_MATCHES), help_heading = "Order")]
    self_match: Option<SelfMatchCode>,
    /// Seconds to live, with --tif gtt
    #[arg(long, value_name = "SECONDS", help_heading = "Order")]
    expire: Option<u32>,
    /// For whom you act; recorded only [default: agency]
    #[arg(long, value_parser = meaning(CAPACITIES), help_heading = "Order")]
    capacity: Option<Capacity>,
    /// On whose behalf; told back only. 1 to 4 characters
    #[arg(long, value_parser = firm, help_heading = "Order")]
    firm: Option<Firm>,
    /// Your own text, told back in reports. 1 to 14 characters without blanks
    #[arg(long, value_parser = tag, help_heading = "Order")]
    tag: Option<ClOrdId>,
    /// The order's number, above all that were used [default: the next one]
    #[arg(long = "ref", value_name = "NUMBER", help_heading = "Order")]
    user_ref: Option<u32>,
    /// replace: cancel and enter anew in one step
    #[arg(long, help_heading = "Order")]
    re_enter: bool,
    /// replace --re-enter: the new side
    #[arg(long, value_parser = meaning(SIDES), requires = "re_enter", help_heading = "Order")]
    side: Option<OrderSide>,
}

impl OrderArgs {
    /// What it says.
    ///
    /// # Errors
    /// It cannot be understood.
    pub fn instruction(&self) -> Result<Instruction, Mistake> {
        let words = separated(&self.words);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let (verb, rest) = words.split_first().ok_or_else(|| Mistake(expected_verb("nothing")))?;
        let instruction = if let Some((_, side)) = SIDES.iter().find(|(word, _)| word == verb) {
            let [qty, symbol, "@", price] = rest else {
                return Err(Mistake(format!("expected {verb} QTY SYMBOL @ PRICE, found '{}'", words.join(" "))));
            };
            let symbol = Symbol::new(symbol)
                .ok_or_else(|| Mistake(format!("expected a symbol of 1 to 8 characters, found '{symbol}'")))?;
            let (qty, price) = (self::qty(qty)?, price_of(price)?);
            Instruction::Enter(Entry { side: *side, qty, symbol, price, terms: self.terms() })
        } else {
            match (*verb, rest) {
                ("replace", [order, qty, price @ ..]) if matches!(price, [] | ["@", _]) => {
                    let price = price.get(1).map(|price| price_of(price)).transpose()?;
                    let (order, qty) = (order_of(order)?, self::qty(qty)?);
                    let side = self.side.map(plain_side).transpose()?;
                    let (re_enter, terms) = (self.re_enter, self.terms());
                    Instruction::Replace(Replacement { order, qty, price, re_enter, side, terms })
                }
                ("reduce", [order, total]) => Instruction::Reduce { order: order_of(order)?, total: self::qty(total)? },
                ("cancel", [order]) => Instruction::Cancel { order: order_of(order)? },
                ("modify", [order, side, total]) => {
                    let found = SIDES.iter().find(|(word, _)| word == side);
                    let side = found
                        .map(|(_, side)| *side)
                        .ok_or_else(|| Mistake(format!("expected a marking, sell, short or exempt, found '{side}'")))?;
                    Instruction::Modify { order: order_of(order)?, side, total: self::qty(total)? }
                }
                ("query", []) => Instruction::Query,
                ("replace", _) => return Err(wrong("replace REF QTY @ PRICE", &words)),
                ("reduce", _) => return Err(wrong("reduce REF QTY", &words)),
                ("cancel", _) => return Err(wrong("cancel REF", &words)),
                ("modify", _) => return Err(wrong("modify REF sell|short|exempt QTY", &words)),
                ("query", _) => return Err(wrong("query, and nothing behind it", &words)),
                (other, _) => return Err(Mistake(expected_verb(&format!("'{other}'")))),
            }
        };
        let has_replacement = self.re_enter || self.side.is_some();
        match &instruction {
            Instruction::Enter(_) if has_replacement => {
                Err(Mistake(format!("expected --re-enter and --side with replace only, found them with {verb}")))
            }
            Instruction::Enter(_) | Instruction::Replace(_) => Ok(instruction),
            _ if has_replacement || self.terms() != Terms::PLAIN => Err(Mistake(format!(
                "expected no options of an order with {verb}, found some; they go with new orders and replace"
            ))),
            _ => Ok(instruction),
        }
    }

    fn terms(&self) -> Terms {
        Terms {
            user_ref: self.user_ref.map(UserRefNum),
            time_in_force: self.tif,
            display: if self.hidden { Some(Display::Hidden) } else { self.show },
            slice: self.display,
            min: self.min,
            post_only: self.post_only,
            stop: self.stop,
            self_match: self.self_match,
            expire_s: self.expire,
            capacity: self.capacity,
            firm: self.firm,
            tag: self.tag.unwrap_or(ClOrdId::BLANK),
        }
    }
}

/// An order as it is typed, without the program's name before it.
#[derive(Parser)]
#[command(no_binary_name = true, disable_help_flag = true)]
struct Typed {
    #[command(flatten)]
    order: OrderArgs,
}

impl FromStr for Instruction {
    type Err = Mistake;

    fn from_str(line: &str) -> Result<Self, Mistake> {
        let typed = Typed::try_parse_from(line.split_whitespace()).map_err(|error| {
            // What stands behind the first paragraph is about a program's usage.
            let text = error.to_string();
            let told: Vec<_> = text.lines().map(str::trim).take_while(|line| !line.is_empty()).collect();
            let told = told.join(" ");
            Mistake(told.strip_prefix("error: ").unwrap_or(&told).to_owned())
        })?;
        typed.order.instruction()
    }
}

/// `@10.05` is `@ 10.05`.
fn separated(words: &[String]) -> Vec<String> {
    let mut separated = Vec::with_capacity(words.len() + 1);
    for word in words {
        match word.strip_prefix('@') {
            Some(price) if !price.is_empty() => separated.extend(["@".to_owned(), price.to_owned()]),
            _ => separated.push(word.clone()),
        }
    }
    separated
}

fn expected_verb(found: &str) -> String {
    format!("expected buy, sell, short, exempt, cancel, reduce, replace, modify or query, found {found}")
}

fn wrong(expected: &str, words: &[&str]) -> Mistake {
    Mistake(format!("expected {expected}, found '{}'", words.join(" ")))
}

fn qty(text: &str) -> Result<Qty, Mistake> {
    let parsed = text.parse().map(Qty);
    parsed.map_err(|_| Mistake(format!("expected a quantity, a whole number below 2^32, found '{text}'")))
}

fn order_of(text: &str) -> Result<UserRefNum, Mistake> {
    let parsed = text.parse().map(UserRefNum);
    parsed.map_err(|_| Mistake(format!("expected the number of an order, found '{text}'")))
}

/// A limit, or the word for none.
pub(crate) fn price_of(text: &str) -> Result<Price, Mistake> {
    if text == "market" {
        return Ok(MARKET_PRICE);
    }
    match text.parse() {
        Ok(MARKET_PRICE) => {
            Err(Mistake(format!("{text} means no limit on the wire; say market, or take another price")))
        }
        Ok(price) => Ok(price),
        Err(error) => Err(Mistake(format!("{error}; or the word market"))),
    }
}

fn plain_side(side: OrderSide) -> Result<Side, Mistake> {
    match side {
        OrderSide::Buy => Ok(Side::Buy),
        OrderSide::Sell => Ok(Side::Sell),
        _ => Err(Mistake("expected --side buy or sell: a replace cannot change to a short sale".to_owned())),
    }
}

fn without_blanks(text: &str) -> Result<&str, Mistake> {
    let fits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
    fits.then_some(text).ok_or_else(|| Mistake("expected printable ASCII characters without blanks".to_owned()))
}

fn tag(text: &str) -> Result<ClOrdId, Mistake> {
    ClOrdId::new(without_blanks(text)?).ok_or_else(|| Mistake("expected 14 characters at most".to_owned()))
}

fn firm(text: &str) -> Result<Firm, Mistake> {
    Firm::new(without_blanks(text)?).ok_or_else(|| Mistake("expected 4 characters at most".to_owned()))
}
