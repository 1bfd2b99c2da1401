//! One line of a scenario file, taken apart: words, `key=value` pairs, lists in brackets.
//!
//! Goal: every key is asked for by name, and what nobody asked for is an error. Non-goal: what a keyword means.

use super::error::{SyntaxError, nearest};
use super::script::LevelText;
use std::str::FromStr;
use wire::{Price, Side};

const PRICE_EXPECTED: &str = "a decimal price with at most 4 decimals, such as 1250 or 12.5";
const QTY_EXPECTED: &str = "a whole number, such as 100";
const LIST_EXPECTED: &str = "a list in brackets, such as [1 2 3] or []";
const LEVEL_EXPECTED: &str = "levels in brackets as price:quantity/orders, such as [10.5:20/1 10.4:7/2] or []";

/// Splits a line at its white space, except inside brackets. Comments are gone already.
///
/// # Errors
/// A bracket that is not closed.
pub(super) fn words(line: &str) -> Result<Vec<&str>, SyntaxError> {
    let mut words = Vec::new();
    let mut rest = line.trim();
    while !rest.is_empty() {
        let mut inside = None;
        let mut end = rest.len();
        for (at, symbol) in rest.char_indices() {
            match symbol {
                '[' => inside = inside.or(Some(at)),
                ']' => inside = None,
                _ if symbol.is_whitespace() && inside.is_none() => {
                    end = at;
                    break;
                }
                _ => {}
            }
        }
        if let Some(at) = inside {
            return Err(SyntaxError::Bracket { found: rest[at..].to_owned() });
        }
        words.push(&rest[..end]);
        rest = rest[end..].trim_start();
    }
    Ok(words)
}

/// What follows a keyword.
pub(super) struct Fields<'a> {
    keyword: &'static str,
    /// Words without `=`, in order.
    bare: Vec<&'a str>,
    pairs: Vec<(&'a str, &'a str)>,
}

impl<'a> Fields<'a> {
    /// Takes apart the words behind `keyword`; `keys` are those that such a line may have.
    pub fn new(keyword: &'static str, words: &[&'a str], keys: &'static [&'static str]) -> Result<Self, SyntaxError> {
        let mut fields = Self { keyword, bare: Vec::new(), pairs: Vec::new() };
        for word in words {
            let Some((key, value)) = word.split_once('=') else {
                fields.bare.push(word);
                continue;
            };
            if !keys.contains(&key) {
                let nearest = nearest(key, keys.iter().copied());
                return Err(SyntaxError::UnknownKey { keyword, found: key.to_owned(), nearest });
            }
            if fields.pairs.iter().any(|&(known, _)| known == key) {
                return Err(SyntaxError::DuplicateKey { keyword, key: key.to_owned() });
            }
            fields.pairs.push((key, value));
        }
        fields.bare.reverse();
        Ok(fields)
    }

    /// The next word without `=`.
    pub fn word(&mut self, expected: &'static str) -> Result<&'a str, SyntaxError> {
        self.bare.pop().ok_or(SyntaxError::MissingWord { keyword: self.keyword, expected })
    }

    /// The next word, which must be a side.
    pub fn side(&mut self) -> Result<Side, SyntaxError> {
        match self.word("buy or sell")? {
            "buy" => Ok(Side::Buy),
            "sell" => Ok(Side::Sell),
            other => Err(self.value_error("side", "buy or sell", other)),
        }
    }

    /// The next word, which must be a price.
    pub fn price_word(&mut self) -> Result<Price, SyntaxError> {
        let text = self.word(PRICE_EXPECTED)?;
        text.parse().map_err(|_| self.value_error("price", PRICE_EXPECTED, text))
    }

    /// Says that nothing is left.
    pub fn finish(mut self) -> Result<(), SyntaxError> {
        match self.bare.pop() {
            None => Ok(()),
            Some(word) => Err(SyntaxError::SpareWord { keyword: self.keyword, found: word.to_owned() }),
        }
    }

    /// The value of a key, as text.
    pub fn text(&self, key: &str) -> Result<Option<&'a str>, SyntaxError> {
        let Some(&(_, value)) = self.pairs.iter().find(|&&(known, _)| known == key) else { return Ok(None) };
        if value.is_empty() {
            return Err(self.value_error(key, "a value", value));
        }
        Ok(Some(value))
    }

    /// The name of an order or a member.
    pub fn name(&self, key: &str) -> Result<Option<String>, SyntaxError> {
        match self.text(key)? {
            Some(text) if text.contains(['[', ']', ',', '=', '#']) => {
                Err(self.value_error(key, "a name without brackets, commas or '='", text))
            }
            text => Ok(text.map(str::to_owned)),
        }
    }

    /// A price.
    pub fn price(&self, key: &str) -> Result<Option<Price>, SyntaxError> {
        self.parsed(key, PRICE_EXPECTED, |text| text.parse().ok())
    }

    /// A quantity.
    pub fn qty(&self, key: &str) -> Result<Option<u64>, SyntaxError> {
        self.parsed(key, QTY_EXPECTED, digits)
    }

    /// `1` or `0`; no when left out.
    pub fn flag(&self, key: &str) -> Result<bool, SyntaxError> {
        let value = self.parsed(key, "1 or 0", |text| match text {
            "1" => Some(true),
            "0" => Some(false),
            _ => None,
        })?;
        Ok(value.unwrap_or(false))
    }

    /// A value that `read` understands.
    pub fn parsed<T>(
        &self,
        key: &str,
        expected: &'static str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, SyntaxError> {
        let Some(text) = self.text(key)? else { return Ok(None) };
        read(text).map(Some).ok_or_else(|| self.value_error(key, expected, text))
    }

    /// Names in brackets, set apart by white space or commas.
    pub fn names(&self, key: &'static str) -> Result<Vec<String>, SyntaxError> {
        let text = Self::required(self.keyword, key, self.text(key)?)?;
        let items = items(text).ok_or_else(|| self.value_error(key, LIST_EXPECTED, text))?;
        Ok(items.into_iter().map(str::to_owned).collect())
    }

    /// Levels in brackets.
    pub fn levels(&self, key: &'static str) -> Result<Option<Vec<LevelText>>, SyntaxError> {
        self.parsed(key, LEVEL_EXPECTED, |text| items(text)?.into_iter().map(level).collect())
    }

    /// The value of a key that must be there.
    pub fn required<T>(keyword: &'static str, key: &'static str, value: Option<T>) -> Result<T, SyntaxError> {
        value.ok_or(SyntaxError::MissingKey { keyword, key })
    }

    fn value_error(&self, what: &str, expected: &'static str, found: &str) -> SyntaxError {
        SyntaxError::Value { what: format!("{} of '{}'", what, self.keyword), expected, found: found.to_owned() }
    }
}

/// A number of digits only: no sign, no separators.
fn digits<T: FromStr>(text: &str) -> Option<T> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

fn items(text: &str) -> Option<Vec<&str>> {
    let inside = text.strip_prefix('[')?.strip_suffix(']')?;
    if inside.contains(['[', ']']) {
        return None;
    }
    Some(inside.split([',', ' ', '\t']).filter(|item| !item.is_empty()).collect())
}

fn level(text: &str) -> Option<LevelText> {
    let (price, rest) = text.split_once(':')?;
    let (qty, orders) = match rest.split_once('/') {
        Some((qty, orders)) => (qty, Some(digits(orders)?)),
        None => (rest, None),
    };
    Some(LevelText { price: price.parse().ok()?, qty: digits(qty)?, orders })
}
