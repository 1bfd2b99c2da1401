//! Layout of the counters that an appliance keeps in shared memory, little-endian.
//!
//! Goal: a file that describes itself, so that whoever maps it can name every number in it without knowing the version that writes it.
//! Non-goal: what is counted; who writes when.
//!
//! ```text
//! 0      256          groups_offset  fields_offset  rows_offset of group 0         of group 1
//! | head | (padding)  | groups ...   | fields ...   | row | row | row | (padding)  | row | ...
//!
//! row      0       32
//!          | label | field | field | ... | (padding up to row_len)
//! ```
//!
//! A field is one word of 64 bits, or as many as a histogram has. Words are stored and loaded one at a time and whole; nothing is promised
//! between two of them. The head and the descriptions never change once the file has its name; labels change only from blank.

pub mod histogram;

use crate::layout::{Reserved, layout, text};
use crate::{DecodeError, Nanos};

/// First bytes of the file.
pub const COUNTERS_MAGIC: [u8; 8] = *b"PINIONC\0";
/// Version of everything in this module.
pub const COUNTERS_VERSION: u32 = 1;
/// Bytes of a row's label.
pub const LABEL_LEN: usize = 32;
const HEADER_LEN_U32: u32 = 256;
const COVERED: usize = CountersHeader::SIZE - 4;

text!(
    /// What a group is called: `tile`, `session`.
    GroupName,
    16
);
text!(
    /// What a field is called: `working_ns`.
    FieldName,
    32
);
text!(
    /// Whose row it is: `matching`, `trader1`. Blank: the row is not in use.
    Label,
    32
);
text!(
    /// The appliance's name, or the version of a program.
    ShortText,
    16
);

layout! { Disk, "counters header",
    /// Whose counters these are, and where they are described.
    pub struct CountersHeader: 256 {
        /// [`COUNTERS_MAGIC`].
        0 => magic: [u8; 8],
        /// [`COUNTERS_VERSION`].
        8 => version: u32,
        /// Bytes of this header.
        12 => header_len: u32,
        /// Bytes of the file.
        16 => file_len: u64,
        /// When the writer began, wall clock.
        24 => started: Nanos,
        /// The writer's process.
        32 => pid: u32,
        /// How many groups there are.
        36 => groups: u32,
        /// How many fields all groups have together.
        40 => fields: u32,
        /// Zero.
        44 => zero: u32,
        /// Where the groups are described.
        48 => groups_offset: u64,
        /// Where the fields are described.
        56 => fields_offset: u64,
        /// The appliance's name.
        64 => name: ShortText,
        /// The version of the program that writes.
        80 => program: ShortText,
        /// When the writer's process began, in the kernel's ticks since its boot (`/proc/PID/stat`, field 22): tells it from a later
        /// process of the same number.
        96 => pid_started: u64,
        /// Zero.
        104 => reserved: Reserved<148>,
        /// CRC32C of the 252 bytes before.
        252 => crc: u32,
    }
}

impl CountersHeader {
    /// The bytes, with magic, version, length and checksum as they must be.
    #[must_use]
    pub fn to_bytes(mut self) -> [u8; Self::SIZE] {
        (self.magic, self.version, self.header_len) = (COUNTERS_MAGIC, COUNTERS_VERSION, HEADER_LEN_U32);
        let mut out = [0; Self::SIZE];
        let written = self.encode(&mut out);
        debug_assert_eq!(written, Some(Self::SIZE));
        let crc = crc32c::crc32c(&out[..COVERED]);
        out[COVERED..].copy_from_slice(&crc.to_le_bytes());
        out
    }

    /// Reads and verifies the header at the start of a file.
    ///
    /// # Errors
    /// Too short, no counters, another version, or a checksum that does not match.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        const WHAT: &str = "counters header";
        let Some(bytes) = bytes.get(..Self::SIZE) else {
            return Err(DecodeError::TooShort { what: WHAT, expected: Self::SIZE, found: bytes.len() });
        };
        let header = Self::decode(bytes)?;
        if header.magic != COUNTERS_MAGIC {
            return Err(DecodeError::value(WHAT, "magic", "the bytes PINIONC and a zero", &header.magic));
        }
        if header.version != COUNTERS_VERSION {
            return Err(DecodeError::value(WHAT, "version", "1", &header.version.to_be_bytes()));
        }
        if crc32c::crc32c(&bytes[..COVERED]) != header.crc {
            return Err(DecodeError::value(WHAT, "crc", "the checksum of the header", &header.crc.to_be_bytes()));
        }
        Ok(header)
    }
}

layout! { Disk, "counters group",
    /// Rows of one kind.
    pub struct GroupRecord: 64 {
        /// What they are.
        0 => name: GroupName,
        /// The first of its fields, counted over all groups.
        16 => first_field: u32,
        /// How many fields each row has.
        20 => fields: u32,
        /// How many rows there are, in use or not.
        24 => rows: u32,
        /// Zero.
        28 => zero: u32,
        /// Where the first row begins.
        32 => rows_offset: u64,
        /// From one row to the next, bytes.
        40 => row_len: u64,
        /// Zero.
        48 => reserved: Reserved<16>,
    }
}

layout! { Disk, "counters field",
    /// One number of each row of a group.
    pub struct FieldRecord: 64 {
        /// What it is called, with its unit last where it has one.
        0 => name: FieldName,
        /// Where it begins in the row.
        32 => offset: u32,
        /// Its length, bytes.
        36 => len: u32,
        /// What may be done with it.
        40 => kind: FieldKind,
        /// Zero.
        41 => reserved: Reserved<23>,
    }
}

/// What may be done with a field. The code never changes its meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FieldKind {
    /// `C`: only grows; the difference of two looks is what happened between them.
    Counter,
    /// `G`: stands at what it says; may be read as a signed number where its name says price.
    Gauge,
    /// `T`: a moment, ns since the Unix epoch; 0: never.
    Time,
    /// `H`: a histogram; see [`histogram`].
    Histogram,
}

impl FieldKind {
    const CODES: [(Self, u8); 4] =
        [(Self::Counter, b'C'), (Self::Gauge, b'G'), (Self::Time, b'T'), (Self::Histogram, b'H')];

    /// How many words of 64 bits such a field has.
    #[must_use]
    pub const fn words(self) -> usize {
        match self {
            Self::Histogram => histogram::WORDS,
            Self::Counter | Self::Gauge | Self::Time => 1,
        }
    }
}

impl crate::layout::Disk for FieldKind {
    const LEN: usize = 1;
    const EXPECTED: &'static str = "C, G, T or H";

    fn read(bytes: &[u8]) -> Option<Self> {
        Self::CODES.iter().find(|(_, code)| [*code] == bytes).map(|(kind, _)| *kind)
    }

    fn write(self, out: &mut [u8]) {
        if let Some((_, code)) = Self::CODES.iter().find(|(kind, _)| *kind == self) {
            out.copy_from_slice(&[*code]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header() -> CountersHeader {
        CountersHeader {
            magic: [0; 8],
            version: 0,
            header_len: 0,
            file_len: 4096,
            started: Nanos(5),
            pid: 6,
            groups: 2,
            fields: 3,
            zero: 0,
            groups_offset: 256,
            fields_offset: 384,
            name: ShortText::new("pinion").expect("fits"),
            program: ShortText::new("0.1.0").expect("fits"),
            pid_started: 7,
            reserved: Reserved,
            crc: 0,
        }
    }

    #[test]
    fn a_header_comes_back_and_every_byte_of_it_counts() {
        let bytes = header().to_bytes();
        let read = CountersHeader::from_bytes(&bytes).expect("as written");
        assert_eq!((read.name, read.pid, read.fields_offset), (header().name, 6, 384));
        for at in 0..bytes.len() {
            let mut changed = bytes;
            changed[at] ^= 1;
            assert!(CountersHeader::from_bytes(&changed).is_err(), "byte {at}");
        }
        assert!(CountersHeader::from_bytes(&bytes[..255]).is_err());
    }

    #[test]
    fn another_version_is_refused_by_name() {
        let mut bytes = header().to_bytes();
        bytes[8] = 2;
        let error = CountersHeader::from_bytes(&bytes).expect_err("another version").to_string();
        assert!(error.contains("version"), "{error}");
    }
}
