//! What happened, a line a happening.
//!
//! Goal: the same seed gives the same bytes, and a digest says so without keeping them. Non-goal: levels.

use std::fmt::{self, Write as _};

use sha2::{Digest, Sha256};

/// What becomes of the lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Keep {
    /// They go into the digest only.
    #[default]
    Digest,
    /// All are kept as well.
    All,
    /// All are printed as well.
    Print,
}

/// The lines so far.
#[derive(Debug)]
pub struct Trace {
    keep: Keep,
    step: u64,
    time_ns: u64,
    line: String,
    text: String,
    digest: Sha256,
}

impl Trace {
    /// No line yet.
    #[must_use]
    pub fn new(keep: Keep) -> Self {
        Self { keep, step: 0, time_ns: 0, line: String::new(), text: String::new(), digest: Sha256::new() }
    }

    /// Lines from here on are of this step and time, ns since the start.
    pub const fn at(&mut self, step: u64, time_ns: u64) {
        (self.step, self.time_ns) = (step, time_ns);
    }

    /// Somebody did something.
    pub fn say(&mut self, who: &str, what: fmt::Arguments<'_>) {
        self.line.clear();
        let (us, ns) = (self.time_ns / 1_000, self.time_ns % 1_000);
        // A string takes everything.
        let _ = writeln!(self.line, "{:>6} {us:>9}.{ns:03} {who:<10} {what}", self.step);
        self.digest.update(self.line.as_bytes());
        match self.keep {
            Keep::Digest => {}
            Keep::All => self.text.push_str(&self.line),
            Keep::Print => print!("{}", self.line),
        }
    }

    /// The lines, where they were kept, and the digest of all of them.
    #[must_use]
    pub fn finish(self) -> (String, [u8; 32]) {
        (self.text, self.digest.finalize().into())
    }
}
