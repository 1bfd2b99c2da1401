//! `hugepages.conf`: how many reserved pages of which size on which NUMA node.
//!
//! Goal: the file says what a machine sets aside; whether that is enough is computed from the configuration and compared. Non-goal: a
//! configuration language; a line is `SIZE COUNT NODE`, and `#` begins a comment.

use netio::pages::PageSize;
use std::fmt;
use std::path::Path;

/// A line of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reserve {
    /// Of what size.
    pub page: PageSize,
    /// How many.
    pub count: u64,
    /// On which node; `None`: wherever the kernel takes them.
    pub node: Option<usize>,
}

/// The file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ReservationError {
    /// It cannot be read.
    #[error("{path}: {source}")]
    Unreadable {
        /// Which file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// A line is none.
    #[error("{path}:{line}: expected SIZE COUNT NODE, such as '2M 128 any' or '1G 2 0', found '{found}'")]
    Line {
        /// Which file.
        path: String,
        /// Its line, from 1.
        line: usize,
        /// What it says.
        found: String,
    },
}

impl Reserve {
    /// The bytes of these pages.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.count.saturating_mul(self.page.bytes() as u64)
    }

    /// Where the kernel says how many there are, and is told how many there should be.
    #[must_use]
    pub fn pool(&self) -> String {
        let pool = self.page.pool();
        match self.node {
            Some(node) => format!("/sys/devices/system/node/node{node}/hugepages/{pool}"),
            None => format!("/sys/kernel/mm/hugepages/{pool}"),
        }
    }
}

/// Reads the file.
///
/// # Errors
/// It cannot be read, or says what is no reservation.
pub fn read(path: &Path) -> Result<Vec<Reserve>, ReservationError> {
    let name = path.display().to_string();
    let text =
        std::fs::read_to_string(path).map_err(|source| ReservationError::Unreadable { path: name.clone(), source })?;
    parse(&text, &name)
}

/// Reads a text; `path` is its name in messages.
///
/// # Errors
/// It says what is no reservation.
pub fn parse(text: &str, path: &str) -> Result<Vec<Reserve>, ReservationError> {
    let mut reserves = Vec::new();
    for (line, whole) in (1..).zip(text.lines()) {
        let said = whole.split('#').next().unwrap_or_default().trim();
        if said.is_empty() {
            continue;
        }
        let reserve = entry(said).ok_or_else(|| ReservationError::Line {
            path: path.to_owned(),
            line,
            found: whole.to_owned(),
        })?;
        reserves.push(reserve);
    }
    Ok(reserves)
}

fn entry(line: &str) -> Option<Reserve> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let [size, count, node] = words.as_slice() else { return None };
    let page = PageSize::ALL.into_iter().find(|page| size_name(*page) == *size)?;
    let node = if *node == "any" { None } else { Some(node.parse().ok()?) };
    Some(Reserve { page, count: count.parse().ok()?, node })
}

/// The name of a size here and in the kernel's arguments.
#[must_use]
pub const fn size_name(page: PageSize) -> &'static str {
    match page {
        PageSize::TwoMegabytes => "2M",
        PageSize::Gigabyte => "1G",
    }
}

impl fmt::Display for Reserve {
    /// As a line of the file.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { page, count, node } = *self;
        write!(f, "{} {count} ", size_name(page))?;
        match node {
            Some(node) => write!(f, "{node}"),
            None => f.write_str("any"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_as_they_are_written() {
        let reserves = parse("# a comment\n2M 128 any # some more\n\n1G  2\t1\n", "x").expect("two lines");
        let written: Vec<String> = reserves.iter().map(ToString::to_string).collect();
        assert_eq!(written, ["2M 128 any", "1G 2 1"]);
        assert_eq!(reserves.iter().map(Reserve::bytes).sum::<u64>(), (256 << 20) + (2 << 30));
        assert!(reserves[0].pool().ends_with("mm/hugepages/hugepages-2048kB"));
        assert!(reserves[1].pool().ends_with("node1/hugepages/hugepages-1048576kB"));
    }

    #[test]
    fn what_is_no_line_is_told_with_its_number() {
        for wrong in ["4M 1 any", "2M -1 any", "2M 1", "2M 1 node0", "2M 1 any any", "pages"] {
            let error = parse(&format!("2M 1 any\n{wrong}\n"), "hugepages.conf").expect_err(wrong).to_string();
            assert!(
                error.starts_with("hugepages.conf:2: expected SIZE COUNT NODE") && error.contains(wrong),
                "{error}"
            );
        }
    }
}
