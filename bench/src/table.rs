//! A table of instructions per operation, as a file: `name,instructions` a line, with one decimal.
//!
//! Goal: what a change costs is seen in review, line by line. Non-goal: other figures; times are no use from machines that differ.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use crate::error::BenchError;

const HEAD: &str = "operation,instructions";
/// Growth by more than this is reported, in thousandths.
const GROWTH_MAX: u64 = 50;

/// Tenths of instructions by name, in the order of measuring.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    rows: Vec<(String, u64)>,
}

impl Table {
    /// Reads a file that [`Table::write`] wrote.
    ///
    /// # Errors
    /// There is none, or it is no such table.
    pub fn read(path: &Path) -> Result<Self, BenchError> {
        let text = fs::read_to_string(path).map_err(BenchError::io("read the table of instructions"))?;
        Self::parse(&text).map_err(|line| BenchError::Table { line })
    }

    /// Writes the file, with what counted.
    ///
    /// # Errors
    /// The file refuses.
    pub fn write(&self, path: &Path, compiler: &str, counter: &str) -> Result<(), BenchError> {
        let target = std::env::consts::ARCH;
        let mut text = format!("# {compiler}, {counter}, {target}; scripts/instructions --write\n{HEAD}\n");
        for (name, tenths) in &self.rows {
            // Writing into a String does not fail.
            let _ = writeln!(text, "{name},{}", decimal(*tenths));
        }
        fs::write(path, text).map_err(BenchError::io("write the table of instructions"))
    }

    /// Adds a row.
    pub fn put(&mut self, name: String, tenths: u64) {
        self.rows.push((name, tenths));
    }

    /// The rows in order.
    pub fn rows(&self) -> impl Iterator<Item = (&str, u64)> {
        self.rows.iter().map(|(name, tenths)| (name.as_str(), *tenths))
    }

    /// A row's tenths.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<u64> {
        self.rows().find(|(row, _)| *row == name).map(|(_, tenths)| tenths)
    }

    /// What needs more than `before` says by over a twentieth, or is not in it, in words.
    #[must_use]
    pub fn grown_from(&self, before: &Self) -> Vec<String> {
        let judged = self.rows().filter_map(|(name, now)| match before.get(name) {
            None => Some(format!("{name} is not in the table")),
            Some(before) if u128::from(now) * 1_000 > u128::from(before) * u128::from(1_000 + GROWTH_MAX) => {
                Some(format!("{name} needs {}, before {}", decimal(now), decimal(before)))
            }
            Some(_) => None,
        });
        judged.collect()
    }

    /// The first wrong line when it cannot.
    fn parse(text: &str) -> Result<Self, String> {
        let mut table = Self::default();
        for line in text.lines().filter(|line| !line.starts_with('#') && *line != HEAD && !line.is_empty()) {
            let row = line.split_once(',').and_then(|(name, number)| {
                let (whole, tenth) = number.split_once('.')?;
                let tenth = if tenth.len() == 1 { tenth.parse::<u64>().ok()? } else { return None };
                Some((name.to_owned(), whole.parse::<u64>().ok()?.checked_mul(10)?.checked_add(tenth)?))
            });
            table.rows.push(row.ok_or_else(|| line.to_owned())?);
        }
        Ok(table)
    }
}

fn decimal(tenths: u64) -> String {
    format!("{}.{}", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(rows: &[(&str, u64)]) -> Table {
        Table { rows: rows.iter().map(|(name, tenths)| ((*name).to_owned(), *tenths)).collect() }
    }

    #[test]
    fn what_is_written_is_read() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("table.csv");
        let whole = table(&[("a", 12_345), ("b-c", 7)]);
        whole.write(&path, "rustc 1", "valgrind 2").expect("written");
        assert_eq!(Table::read(&path).expect("read"), whole);
        let text = fs::read_to_string(&path).expect("text");
        assert!(text.ends_with("operation,instructions\na,1234.5\nb-c,0.7\n"), "{text}");
    }

    #[test]
    fn growth_of_over_a_twentieth_is_named() {
        let before = table(&[("same", 1_000), ("grown", 1_000), ("shrunk", 1_000)]);
        let after = table(&[("same", 1_050), ("grown", 1_051), ("shrunk", 10), ("new", 5)]);
        assert_eq!(after.grown_from(&before), ["grown needs 105.1, before 100.0", "new is not in the table"]);
        assert!(before.grown_from(&before).is_empty());
    }

    #[test]
    fn a_wrong_line_is_told() {
        for wrong in ["a", "a,1", "a,1.55", "a,x.1", "a,1.x"] {
            assert_eq!(Table::parse(&format!("{HEAD}\nb,1.0\n{wrong}\n")), Err(wrong.to_owned()));
        }
    }
}
