//! Reads the keys of one table into fields, and remembers which it knows.
//!
//! Goal: the list of known keys is the list of keys that were asked for, so that the two cannot drift apart; a wrong type, a
//! value out of range and an unknown key are told in the same words everywhere. Non-goal: what the keys mean together.

use super::error::{ConfigError, Hint, Place};
use super::tree::{Entry, Node, Value};
use std::ops::RangeInclusive;
use std::str::FromStr;

/// A table being read. [`Reader::finish`] must be called last: it finds what nobody asked for.
pub(super) struct Reader<'a> {
    entries: &'a [Entry],
    path: String,
    place: &'a Place,
    known: Vec<&'static str>,
}

impl<'a> Reader<'a> {
    /// Begins the table at `node`, called `path` in messages; the empty path is the top.
    pub(super) fn new(node: &'a Node, path: &str) -> Result<Self, ConfigError> {
        match &node.value {
            Value::Table(entries) => Ok(Self { entries, path: path.to_owned(), place: &node.place, known: Vec::new() }),
            _ => Err(bad_value(node, path, "a table".to_owned())),
        }
    }

    /// The value of `key` where it is given; `key` is known from now on.
    pub(super) fn get(&mut self, key: &'static str) -> Option<&'a Node> {
        if !self.known.contains(&key) {
            self.known.push(key);
        }
        self.entries.iter().find(|entry| entry.key == key).map(|entry| &entry.node)
    }

    /// The path of a key in this table.
    pub(super) fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    /// A whole number within `range`.
    pub(super) fn integer<T>(
        &mut self,
        key: &'static str,
        range: RangeInclusive<T>,
        field: &mut T,
    ) -> Result<(), ConfigError>
    where
        T: Copy + PartialOrd + std::fmt::Display + TryFrom<i128>,
    {
        let Some(node) = self.get(key) else { return Ok(()) };
        *field = integer(node, &self.path_of(key), &range)?;
        Ok(())
    }

    /// A whole number within `range`, where 0 stands for "none".
    pub(super) fn integer_or_none<T>(
        &mut self,
        key: &'static str,
        range: RangeInclusive<T>,
        field: &mut Option<T>,
    ) -> Result<(), ConfigError>
    where
        T: Copy + PartialOrd + std::fmt::Display + TryFrom<i128> + Default,
    {
        let none = T::default();
        let mut number = field.unwrap_or(none);
        self.integer(key, range, &mut number)?;
        *field = (number != none).then_some(number);
        Ok(())
    }

    /// A power of two within `range`.
    pub(super) fn power_of_two<T>(
        &mut self,
        key: &'static str,
        range: RangeInclusive<T>,
        field: &mut T,
    ) -> Result<(), ConfigError>
    where
        T: Copy + PartialOrd + std::fmt::Display + TryFrom<i128> + Into<u64>,
    {
        self.integer(key, range, field)?;
        let number: u64 = (*field).into();
        match self.get(key) {
            Some(node) if !number.is_power_of_two() => {
                let expected = format!("a power of two; the next is {}", number.next_power_of_two());
                Err(bad_value(node, &self.path_of(key), expected))
            }
            _ => Ok(()),
        }
    }

    /// `true` or `false`.
    pub(super) fn boolean(&mut self, key: &'static str, field: &mut bool) -> Result<(), ConfigError> {
        let Some(node) = self.get(key) else { return Ok(()) };
        match node.value {
            Value::Boolean(truth) => *field = truth,
            _ => return Err(bad_value(node, &self.path_of(key), "true or false".to_owned())),
        }
        Ok(())
    }

    /// A string which `FromStr` must accept.
    pub(super) fn parsed<T: FromStr>(
        &mut self,
        key: &'static str,
        expected: &str,
        field: &mut T,
    ) -> Result<(), ConfigError> {
        self.checked(key, expected, |text| text.parse().ok(), field)
    }

    /// A string which `accept` must turn into a value; `expected` says what it would have accepted.
    pub(super) fn checked<T>(
        &mut self,
        key: &'static str,
        expected: &str,
        accept: impl FnOnce(&str) -> Option<T>,
        field: &mut T,
    ) -> Result<(), ConfigError> {
        let Some(node) = self.get(key) else { return Ok(()) };
        *field = text(node).and_then(accept).ok_or_else(|| bad_value(node, &self.path_of(key), expected.to_owned()))?;
        Ok(())
    }

    /// As [`checked`](Self::checked), where the empty string stands for "none".
    pub(super) fn optional<T>(
        &mut self,
        key: &'static str,
        expected: &str,
        accept: impl FnOnce(&str) -> Option<T>,
        field: &mut Option<T>,
    ) -> Result<(), ConfigError> {
        self.checked(key, expected, |text| if text.is_empty() { Some(None) } else { accept(text).map(Some) }, field)
    }

    /// One of a few names.
    pub(super) fn choice<T: Copy>(
        &mut self,
        key: &'static str,
        choices: &[(&str, T)],
        field: &mut T,
    ) -> Result<(), ConfigError> {
        let names: Vec<String> = choices.iter().map(|(name, _)| format!("\"{name}\"")).collect();
        let find = |text: &str| choices.iter().find(|(name, _)| *name == text).map(|(_, choice)| *choice);
        self.checked(key, &format!("one of {}", names.join(", ")), find, field)
    }

    /// A list, each item read by `read`, which gets the item and its path.
    pub(super) fn list<T>(
        &mut self,
        key: &'static str,
        expected: &str,
        mut read: impl FnMut(&Node, &str) -> Result<T, ConfigError>,
        field: &mut Vec<T>,
    ) -> Result<(), ConfigError> {
        let Some(node) = self.get(key) else { return Ok(()) };
        let path = self.path_of(key);
        let Value::List(items) = &node.value else { return Err(bad_value(node, &path, expected.to_owned())) };
        *field = items
            .iter()
            .enumerate()
            .map(|(index, item)| read(item, &format!("{path}[{index}]")))
            .collect::<Result<_, _>>()?;
        Ok(())
    }

    /// The tables of an array of tables. A file replaces the whole array; an override may also reach into one entry by its
    /// position, as in `instrument.0.tick`. `required` keys must stand in every entry of a file.
    pub(super) fn tables<T: Clone>(
        &mut self,
        key: &'static str,
        (template, required): (&T, &[&'static str]),
        mut read: impl FnMut(&mut T, Reader<'_>) -> Result<(), ConfigError>,
        field: &mut Vec<T>,
    ) -> Result<(), ConfigError> {
        let Some(node) = self.get(key) else { return Ok(()) };
        let path = self.path_of(key);
        match &node.value {
            Value::List(items) => {
                let mut fresh = Vec::with_capacity(items.len());
                for (index, item) in items.iter().enumerate() {
                    let mut one = template.clone();
                    let reader = Reader::new(item, &format!("{path}[{index}]"))?;
                    let missing = required.iter().find(|key| !reader.entries.iter().any(|entry| entry.key == **key));
                    let complaint = missing.map(|key| ConfigError::BadValue {
                        place: item.place.clone(),
                        key: reader.path_of(key),
                        expected: "a value, for there is no default".to_owned(),
                        found: "no such key".to_owned(),
                    });
                    // An unknown key goes first: it may be the missing one, misspelt.
                    read(&mut one, reader)?;
                    complaint.map_or(Ok(()), Err)?;
                    fresh.push(one);
                }
                *field = fresh;
                Ok(())
            }
            Value::Table(entries) if node.is_override() => entries.iter().try_for_each(|entry| {
                let count = field.len();
                let one = entry.key.parse::<usize>().ok().and_then(|index| field.get_mut(index)).ok_or_else(|| {
                    ConfigError::BadValue {
                        place: entry.place.clone(),
                        key: path.clone(),
                        expected: format!("the position of one of its {count} entries, counted from 0"),
                        found: format!("'{}'", entry.key),
                    }
                })?;
                read(one, Reader::new(&entry.node, &format!("{path}[{}]", entry.key))?)
            }),
            _ => Err(bad_value(node, &path, format!("an array of tables, each begun by [[{path}]]"))),
        }
    }

    /// A table within this one.
    pub(super) fn table(
        &mut self,
        key: &'static str,
        read: impl FnOnce(Reader<'_>) -> Result<(), ConfigError>,
    ) -> Result<(), ConfigError> {
        match self.get(key) {
            Some(node) => read(Reader::new(node, &self.path_of(key))?),
            None => Ok(()),
        }
    }

    /// The error of a key without which this table means nothing. An unknown key goes first: it may be the missing one, misspelt.
    pub(super) fn missing(self, key: &'static str, expected: &str) -> ConfigError {
        let (place, key) = (self.place.clone(), self.path_of(key));
        let missing =
            ConfigError::BadValue { place, key, expected: expected.to_owned(), found: "no such key".to_owned() };
        self.finish().err().unwrap_or(missing)
    }

    /// Refuses the first key that nobody asked for.
    pub(super) fn finish(self) -> Result<(), ConfigError> {
        let Some(entry) = self.entries.iter().find(|entry| !self.known.contains(&entry.key.as_str())) else {
            return Ok(());
        };
        Err(ConfigError::UnknownKey {
            place: entry.place.clone(),
            key: self.path_of(&entry.key).into(),
            hint: Hint(nearest(&entry.key, &self.known).map(|key| self.path_of(key).into())),
            table: if self.path.is_empty() { "the top level".into() } else { format!("[{}]", self.path).into() },
            known: self.known.join(", ").into(),
        })
    }
}

/// Reads a node as a whole number within `range`.
pub(super) fn integer<T>(node: &Node, path: &str, range: &RangeInclusive<T>) -> Result<T, ConfigError>
where
    T: Copy + PartialOrd + std::fmt::Display + TryFrom<i128>,
{
    let number = match node.value {
        Value::Integer(number) => T::try_from(number).ok().filter(|number| range.contains(number)),
        _ => None,
    };
    number.ok_or_else(|| bad_value(node, path, format!("a whole number from {} to {}", range.start(), range.end())))
}

/// Reads a node as a string, if it is one; an override's value is one as typed.
pub(super) fn text(node: &Node) -> Option<&str> {
    match &node.value {
        Value::Text(text) => Some(text),
        _ => node.typed.as_deref(),
    }
}

/// The error of a value that is not what it should be.
pub(super) fn bad_value(node: &Node, path: &str, expected: String) -> ConfigError {
    ConfigError::BadValue { place: node.place.clone(), key: path.to_owned(), expected, found: node.describe() }
}

/// The known key that an unknown one most probably means; none when nothing is similar.
fn nearest<'a>(unknown: &str, known: &[&'a str]) -> Option<&'a str> {
    let unknown = unknown.replace('-', "_").to_lowercase();
    // Jaro-Winkler favours a common beginning, which is how keys are mistyped and half remembered.
    let similarity = |key: &&str| strsim::jaro_winkler(&unknown, key);
    known.iter().copied().max_by(|a, b| similarity(a).total_cmp(&similarity(b))).filter(|key| similarity(key) > 0.7)
}
