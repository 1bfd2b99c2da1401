//! Values under headings, as all forms of output want them: exact for programs, short for people.
//!
//! Goal: each number is named once. Non-goal: which numbers; files of rows, which is the crate's other table.

use super::number::{Bytes, Count, Lasted, Share};
use std::cmp::Ordering;
use std::fmt;
use wire::Price;

/// What stands in a cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Nothing is known.
    Empty,
    /// A name.
    Text(String),
    /// How many.
    Count(u64),
    /// A part, of a thousand.
    Share(u64),
    /// The same as a bar, for people.
    Bar(u64),
    /// How long, ns.
    Duration(u64),
    /// How much memory, bytes.
    Bytes(u64),
    /// What something costs.
    Price(Price),
    /// Yes or no.
    Flag(bool),
}

/// Letters of a bar.
const BAR: u64 = 8;

impl Value {
    /// A number, where there is one.
    #[must_use]
    pub fn of(kind: fn(u64) -> Self, number: Option<u64>) -> Self {
        number.map_or(Self::Empty, kind)
    }

    /// A name.
    #[must_use]
    pub fn text(text: &str) -> Self {
        Self::Text(text.to_owned())
    }

    /// Whether it stands at the left of its column.
    #[must_use]
    pub const fn is_left(&self) -> bool {
        matches!(self, Self::Text(_) | Self::Bar(_))
    }

    /// For programs: a whole number as it is; `None` for what is none.
    #[must_use]
    pub fn exact(&self) -> Option<String> {
        match self {
            Self::Count(number)
            | Self::Share(number)
            | Self::Bar(number)
            | Self::Duration(number)
            | Self::Bytes(number) => Some(number.to_string()),
            Self::Empty | Self::Text(_) | Self::Price(_) | Self::Flag(_) => None,
        }
    }

    /// Which of two comes first in a column that is sorted upwards; what is not known comes before everything.
    #[must_use]
    pub fn compare(&self, other: &Self) -> Ordering {
        let number = |value: &Self| match value {
            Self::Empty | Self::Text(_) => i128::MIN,
            Self::Count(number)
            | Self::Share(number)
            | Self::Bar(number)
            | Self::Duration(number)
            | Self::Bytes(number) => i128::from(*number),
            Self::Price(price) => i128::from(price.get()),
            Self::Flag(flag) => i128::from(*flag),
        };
        match (self, other) {
            (Self::Text(one), Self::Text(two)) => one.cmp(two),
            _ => number(self).cmp(&number(other)),
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.pad("-"),
            Self::Text(text) => f.pad(text),
            Self::Count(count) => Count(*count).fmt(f),
            Self::Share(permille) => Share(*permille).fmt(f),
            Self::Bar(permille) => {
                // Something is not nothing.
                let full = (permille * BAR).div_ceil(1_000).min(BAR);
                (0..BAR).try_for_each(|at| f.write_str(if at < full { "█" } else { "░" }))
            }
            Self::Duration(ns) => Lasted(*ns).fmt(f),
            Self::Bytes(bytes) => Bytes(*bytes).fmt(f),
            Self::Price(price) => f.pad(&price.to_string()),
            Self::Flag(flag) => f.pad(if *flag { "yes" } else { "no" }),
        }
    }
}

/// A column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// What people read above it.
    pub head: &'static str,
    /// What programs call it; empty: it is for people alone.
    pub key: &'static str,
}

/// Rows of values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// The columns.
    pub columns: &'static [Column],
    /// As many values as there are columns.
    pub rows: Vec<Vec<Value>>,
    /// What is to be said about it.
    pub note: &'static str,
}

impl Table {
    /// Where a column stands.
    #[must_use]
    pub fn column(&self, key: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.key == key)
    }

    /// Sorts the rows, the largest first.
    pub fn sort_down(&mut self, column: usize) {
        self.rows.sort_by(|one, two| two[column].compare(&one[column]));
    }

    /// The rows as lines of text, headings first: of these columns as many as fit into the width, in their order.
    #[must_use]
    pub fn lines(&self, columns: &[usize], width: usize, rows: std::ops::Range<usize>) -> Vec<String> {
        let rows: Vec<&Vec<Value>> = self.rows.iter().take(rows.end).skip(rows.start).collect();
        let mut lines = vec![String::new(); rows.len() + 1];
        let mut used = 0;
        for &column in columns {
            let head = self.columns[column].head;
            let cells: Vec<String> = rows.iter().map(|row| row[column].to_string()).collect();
            let wide = cells.iter().map(|cell| cell.chars().count()).chain([head.chars().count()]).max().unwrap_or(0);
            let gap = usize::from(used > 0);
            if used + gap + wide > width {
                break;
            }
            used += gap + wide;
            let is_left = self.rows.first().is_some_and(|row| row[column].is_left()) || column == 0;
            for (line, cell) in lines.iter_mut().zip(std::iter::once(head.to_owned()).chain(cells)) {
                let space = if gap > 0 { " " } else { "" };
                let cell = if is_left { format!("{space}{cell:<wide$}") } else { format!("{space}{cell:>wide$}") };
                line.push_str(&cell);
            }
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: &[Column] =
        &[Column { head: "name", key: "name" }, Column { head: "msg/s", key: "rate" }, Column { head: "", key: "" }];

    fn table() -> Table {
        let row = |name, rate, bar| vec![Value::text(name), Value::Count(rate), Value::Bar(bar)];
        Table { columns: COLUMNS, rows: vec![row("b", 5, 0), row("longer", 123_456, 1), row("a", 77, 1_000)], note: "" }
    }

    #[test]
    fn columns_are_as_wide_as_they_need_and_those_that_do_not_fit_are_left_out() {
        let lines = table().lines(&[0, 1, 2], 80, 0..3);
        assert_eq!(
            lines,
            ["name   msg/s         ", "b          5 ░░░░░░░░", "longer  123k █░░░░░░░", "a         77 ████████"]
        );
        assert_eq!(table().lines(&[0, 1, 2], 12, 2..9), ["name msg/s", "a       77"]);
        assert_eq!(table().lines(&[0], 3, 0..0), [""]);
    }

    #[test]
    fn the_largest_comes_first_and_the_unknown_last() {
        let mut table = table();
        table.rows.push(vec![Value::text("c"), Value::Empty, Value::Empty]);
        let names = |table: &Table| table.rows.iter().map(|row| row[0].to_string()).collect::<Vec<_>>().join(" ");
        table.sort_down(1);
        assert_eq!(names(&table), "longer a b c");
        table.sort_down(0);
        assert_eq!(names(&table), "longer c b a");
    }
}
