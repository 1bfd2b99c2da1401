//! Which format a recorded flow has.
//!
//! Goal: the user names no format in the usual case, and can in any. Non-goal: checking more than the first message.

use std::str::FromStr;

use super::lines::unsigned;
use super::{FlowError, shown};

/// The formats that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// Text of the public matching-engine benchmark: [`super::consensus`].
    Consensus,
    /// NASDAQ ITCH 5.0 in a file: [`super::itch_file`].
    Itch50,
    /// LOBSTER message file: [`super::lobster`].
    Lobster,
}

/// A name that is no format's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a format: consensus, itch50 or lobster; found '{0}'")]
pub struct ParseFormatError(String);

impl Format {
    /// Every format.
    pub const ALL: &[Self] = &[Self::Consensus, Self::Itch50, Self::Lobster];

    /// The name that [`FromStr`] reads.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Consensus => "consensus",
            Self::Itch50 => "itch50",
            Self::Lobster => "lobster",
        }
    }

    /// Tells the format from the first bytes, decompressed, or else from the file's name.
    ///
    /// # Errors
    /// Neither is like one of the formats.
    pub fn detect(name: &str, head: &[u8]) -> Result<Self, FlowError> {
        let by_content = Self::ALL.iter().find(|format| format.is_like(head));
        let found = by_content.copied().or_else(|| Self::from_name(name));
        found.ok_or_else(|| FlowError::UnknownFormat {
            name: name.to_owned(),
            found: shown(&head[..head.len().min(24)]),
        })
    }

    fn is_like(self, head: &[u8]) -> bool {
        let line = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
        match self {
            Self::Consensus => matches!(line, [b'N' | b'C' | b'M', b' ', digit, ..] if digit.is_ascii_digit()),
            Self::Itch50 => super::itch_messages::begins_like_itch(head),
            Self::Lobster => {
                let mut fields = line.split(|byte| *byte == b',');
                let time = fields.next().is_some_and(|time| time.first().is_some_and(u8::is_ascii_digit));
                let kind = fields.next().is_some_and(|kind| unsigned(kind).is_some_and(|kind| (1..=7).contains(&kind)));
                time && kind && fields.count() == 4
            }
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase();
        if name.contains("itch") {
            Some(Self::Itch50)
        } else if name.contains("_message_") && name.contains(".csv") {
            Some(Self::Lobster)
        } else {
            None
        }
    }
}

impl std::fmt::Display for Format {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Format {
    type Err = ParseFormatError;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL.iter().copied().find(|format| format.name() == name).ok_or_else(|| ParseFormatError(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_decides_before_the_name() {
        let lobster = b"34200.004241176,1,16113575,18,5853300,1\n34200";
        let itch = [0, 0, b'S', 0, 0, 0, 10, 0x30, 0x47, 0x8F, 0x8F, 0x96, 0x4F, b'O'];
        let itch_with_length = [0, 12, b'S', 0, 0, 0, 10, 0x30, 0x47, 0x8F, 0x8F, 0x96, 0x4F, b'O'];
        assert_eq!(Format::detect("x", b"N 527 B 33355 98\n").unwrap(), Format::Consensus);
        assert_eq!(Format::detect("x_itch", b"C 527\r\n").unwrap(), Format::Consensus);
        assert_eq!(Format::detect("x", lobster).unwrap(), Format::Lobster);
        assert_eq!(Format::detect("x_message_10.csv", &itch).unwrap(), Format::Itch50);
        assert_eq!(Format::detect("x", &itch_with_length).unwrap(), Format::Itch50);
    }

    #[test]
    fn the_name_helps_when_the_content_does_not() {
        assert_eq!(Format::detect("day.NASDAQ_ITCH50", b"").unwrap(), Format::Itch50);
        assert_eq!(Format::detect("AAPL_message_10.csv.xz", b"").unwrap(), Format::Lobster);
        let error = Format::detect("notes.md", b"# Notes\n").unwrap_err().to_string();
        assert!(error.contains("notes.md") && error.contains("# Notes"), "{error}");
        // A book file is no message file.
        assert!(Format::detect("x", b"5859400,200,5853300,18\n").is_err());
    }

    #[test]
    fn names_read_back() {
        for format in Format::ALL {
            assert_eq!(format.to_string().parse(), Ok(*format));
        }
        assert!("pcap".parse::<Format>().is_err());
    }
}
