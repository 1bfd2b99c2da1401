//! Text lines from a reader, into one buffer that is used again, and the numbers in them.
//!
//! Goal: a bounded line at a time, numbers without a detour through `str`. Non-goal: encodings other than ASCII.

use std::io::{BufRead, BufReader, Read};

use super::{FlowError, shown};

/// Longest line taken in; the widest real one, a LOBSTER row of 200 levels, is shorter.
pub const LINE_LEN_MAX: usize = 16 * 1024;

/// Reads lines and counts them.
#[derive(Debug)]
pub struct Lines<R> {
    source: BufReader<R>,
    file: &'static str,
    buffer: Vec<u8>,
    read: u64,
}

impl<R: Read> Lines<R> {
    /// Reads `source`, which error messages call `file`.
    pub fn new(source: R, file: &'static str) -> Self {
        Self { source: BufReader::with_capacity(1 << 16, source), file, buffer: Vec::with_capacity(256), read: 0 }
    }

    /// The next line without its end (`\n` or `\r\n`); `None` at the end of the file.
    ///
    /// # Errors
    /// The source fails, or a line is longer than [`LINE_LEN_MAX`].
    pub fn next_line(&mut self) -> Result<Option<&[u8]>, FlowError> {
        self.buffer.clear();
        // One byte more than a longest line with its `\r\n`, so that a line that is too long shows itself.
        let bound = LINE_LEN_MAX as u64 + 3;
        let taken = (&mut self.source).take(bound).read_until(b'\n', &mut self.buffer);
        match taken {
            Err(source) => return Err(FlowError::Read { done: self.read, unit: "lines", source }),
            Ok(0) => return Ok(None),
            Ok(_) => {}
        }
        self.read += 1;
        let mut line = self.buffer.as_slice();
        line = line.strip_suffix(b"\n").unwrap_or(line);
        line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.len() > LINE_LEN_MAX {
            return Err(FlowError::Line {
                file: self.file,
                line: self.read,
                expected: "a line of at most 16384 bytes",
                found: shown(line),
            });
        }
        Ok(Some(line))
    }

    /// Lines read so far; also the number, from 1, of the line last returned.
    pub fn read(&self) -> u64 {
        self.read
    }

    /// An error about the line last returned.
    pub fn error(&self, expected: &'static str) -> FlowError {
        let line = self.buffer.strip_suffix(b"\n").unwrap_or(&self.buffer);
        FlowError::Line { file: self.file, line: self.read, expected, found: shown(line) }
    }
}

/// Decimal digits only, the whole of `text`.
pub(crate) fn unsigned(text: &[u8]) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    let mut value = 0_u64;
    for byte in text {
        if !byte.is_ascii_digit() {
            return None;
        }
        value = value.checked_mul(10)?.checked_add(u64::from(byte - b'0'))?;
    }
    Some(value)
}

/// Decimal digits with an optional minus sign, the whole of `text`.
pub(crate) fn signed(text: &[u8]) -> Option<i64> {
    match text.strip_prefix(b"-") {
        Some(digits) => 0_i64.checked_sub_unsigned(unsigned(digits)?),
        None => i64::try_from(unsigned(text)?).ok(),
    }
}

/// A positive quantity that the venue can hold.
pub(crate) fn quantity(text: &[u8]) -> Option<wire::Qty> {
    let value = u32::try_from(unsigned(text)?).ok()?;
    (value > 0).then_some(wire::Qty(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_whole_or_nothing() {
        assert_eq!(unsigned(b"18446744073709551615"), Some(u64::MAX));
        assert_eq!(signed(b"-9223372036854775808"), Some(i64::MIN));
        assert_eq!(signed(b"-17"), Some(-17));
        for text in ["", "-", "+1", " 1", "1 ", "1.0", "0x1", "18446744073709551616"] {
            assert_eq!(unsigned(text.as_bytes()), None, "{text}");
            assert_eq!(signed(text.as_bytes()), None, "{text}");
        }
        assert_eq!(signed(b"9223372036854775808"), None);
        assert_eq!(quantity(b"0"), None);
        assert_eq!(quantity(b"4294967296"), None);
    }

    #[test]
    fn lines_end_with_or_without_newline() {
        let mut lines = Lines::new(&b"a\r\n\nlast"[..], "test");
        assert_eq!(lines.next_line().unwrap(), Some(&b"a"[..]));
        assert_eq!(lines.next_line().unwrap(), Some(&b""[..]));
        assert_eq!(lines.next_line().unwrap(), Some(&b"last"[..]));
        assert_eq!(lines.next_line().unwrap(), None);
        assert_eq!(lines.read(), 3);
    }

    #[test]
    fn a_line_without_end_is_refused_and_not_hoarded() {
        let endless = std::io::repeat(b'7');
        let mut lines = Lines::new(endless, "test");
        assert!(matches!(lines.next_line(), Err(FlowError::Line { line: 1, .. })));
        assert!(lines.buffer.capacity() < 4 * LINE_LEN_MAX);
    }

    #[test]
    fn the_longest_line_passes() {
        let mut text = vec![b'7'; LINE_LEN_MAX];
        text.extend_from_slice(b"\r\n1");
        let mut lines = Lines::new(text.as_slice(), "test");
        assert_eq!(lines.next_line().unwrap().map(<[u8]>::len), Some(LINE_LEN_MAX));
        assert_eq!(lines.next_line().unwrap(), Some(&b"1"[..]));
    }
}
