//! A parsed configuration text in which every value knows where it was written.
//!
//! Goal: one shape for a file and for a command-line override, so that both are read by the same code and refused by the same
//! messages. Non-goal: meaning; that is the reader's.

use super::error::{ConfigError, Place};
use std::sync::Arc;
use toml::de::{DeTable, DeValue};

/// One value and its place.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) place: Place,
    pub(super) value: Value,
    /// An override's value as typed: a shell user should not have to quote a string twice.
    pub(super) typed: Option<String>,
}

/// What TOML can say, as far as a configuration needs it.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Text(String),
    Integer(i128),
    Boolean(bool),
    List(Vec<Node>),
    Table(Vec<Entry>),
    /// A float or a date, which no key takes; kept for the message.
    Foreign(String),
}

/// One `key = value` of a table.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) key: String,
    /// Where the key was written; for a table that may be another line than its first value's.
    pub(super) place: Place,
    pub(super) node: Node,
}

impl Node {
    /// Parses a whole text.
    pub(super) fn parse(text: &str, origin: &str) -> Result<Self, ConfigError> {
        let origin: Arc<str> = origin.into();
        let lines = Lines::of(text);
        let locate = |offset: usize| Place::Line { origin: origin.clone(), line: lines.line_of(offset) };
        let table = DeTable::parse(text).map_err(|error| ConfigError::Syntax {
            place: locate(error.span().map_or(0, |span| span.start)),
            problem: error.message().to_owned(),
        })?;
        Ok(Self { place: locate(0), value: Value::Table(entries(table.get_ref(), &locate)), typed: None })
    }

    /// Builds the tree of one override: tables down to the last part of the dotted key.
    pub(super) fn of_override(key: &str, value: &str) -> Result<Self, ConfigError> {
        // A login key is a secret and messages end in logs.
        let shown = if key.rsplit('.').next() == Some("key") { "..." } else { value };
        let place = Place::Override { argument: format!("{key}={shown}").into() };
        if key.split('.').any(str::is_empty) {
            return Err(ConfigError::BadValue {
                place,
                key: key.to_owned(),
                expected: "a dotted key such as journal.dir or instrument.0.tick".to_owned(),
                found: format!("'{key}'"),
            });
        }
        let parsed = DeValue::parse(value).map_or_else(
            // Not TOML: then it is a bare string, such as an address.
            |_| Value::Text(value.to_owned()),
            |parsed| convert(parsed.get_ref(), &|_| place.clone()),
        );
        let leaf = Self { place: place.clone(), value: parsed, typed: Some(value.to_owned()) };
        Ok(key.rsplit('.').fold(leaf, |node, part| {
            let entry = Entry { key: part.to_owned(), place: place.clone(), node };
            Self { place: place.clone(), value: Value::Table(vec![entry]), typed: None }
        }))
    }

    /// Whether this came from the command line.
    pub(super) const fn is_override(&self) -> bool {
        matches!(self.place, Place::Override { .. })
    }

    /// The value in words, for "found".
    pub(super) fn describe(&self) -> String {
        match &self.value {
            Value::Text(text) => format!("the string \"{text}\""),
            Value::Integer(number) => format!("the integer {number}"),
            Value::Boolean(truth) => format!("the boolean {truth}"),
            Value::List(items) => format!("a list of {}", items.len()),
            Value::Table(_) => "a table".to_owned(),
            Value::Foreign(text) => text.clone(),
        }
    }
}

fn entries(table: &DeTable<'_>, locate: &impl Fn(usize) -> Place) -> Vec<Entry> {
    let mut entries: Vec<(usize, Entry)> = table
        .iter()
        .map(|(key, value)| {
            let node = Node { place: locate(value.span().start), value: convert(value.get_ref(), locate), typed: None };
            let start = key.span().start;
            (start, Entry { key: key.get_ref().to_string(), place: locate(start), node })
        })
        .collect();
    // In the order of the text, so that of several mistakes the first is told first.
    entries.sort_by_key(|(start, _)| *start);
    entries.into_iter().map(|(_, entry)| entry).collect()
}

fn convert(value: &DeValue<'_>, locate: &impl Fn(usize) -> Place) -> Value {
    match value {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Integer(number) => i128::from_str_radix(number.as_str(), number.radix())
            .map_or_else(|_| Value::Foreign(format!("the integer {number}, which is too large")), Value::Integer),
        DeValue::Boolean(truth) => Value::Boolean(*truth),
        DeValue::Float(number) => Value::Foreign(format!("the float {number}")),
        DeValue::Datetime(time) => Value::Foreign(format!("the date {time}")),
        DeValue::Table(table) => Value::Table(entries(table, locate)),
        DeValue::Array(items) => Value::List(
            items
                .iter()
                .map(|item| Node {
                    place: locate(item.span().start),
                    value: convert(item.get_ref(), locate),
                    typed: None,
                })
                .collect(),
        ),
    }
}

/// Where the lines of a text end. Every value of it is located, and a text with ten thousand instruments has many.
struct Lines {
    ends: Vec<usize>,
}

impl Lines {
    fn of(text: &str) -> Self {
        Self { ends: text.match_indices('\n').map(|(end, _)| end).collect() }
    }

    /// The line, counted from 1, on which a byte offset lies.
    fn line_of(&self, offset: usize) -> usize {
        self.ends.partition_point(|end| *end < offset) + 1
    }
}
