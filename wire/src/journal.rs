//! Layout of the journal on disk: segments and the fixed part of records, little-endian.
//!
//! Goal: one definition of the bytes, shared by the appender, the reader and the tools; a record that can be checked by
//! itself and against the record before it. Non-goal: files, mappings, syncing, what a damaged journal means.
//!
//! ```text
//! segment  0        64                                                    segment_len
//!          | header | record | record | ...                      | zeros |
//!
//! record   0        4       8          12     14        16    24             32
//!          | length | crc   | previous | kind | pending | seq | receive_time | body ... | zeros to 8 |
//!                           `-------------- covered by crc -----------------------'
//! ```

pub mod body;

pub use body::{
    Body, CancelSlice, Elect, EntryGate, Genesis, LoginBody, Logout, MarketClose, OperatorSlice, RecordKind,
    SequenceSkip, SessionDeath, SessionMessage, StateHash,
};

use crate::layout::layout;
use crate::{DecodeError, Nanos, Seq};

/// Every record begins at a multiple of this.
pub const RECORD_ALIGN: usize = 8;
/// Bytes of a record before its body.
pub const RECORD_HEADER_LEN: usize = RecordHeader::SIZE;
/// The longest body that any version of this layout may have; see [`body::COMMAND_BODY_LEN_MAX`] for those of today.
pub const BODY_LEN_MAX: usize = 1024;
/// Bytes of the segment header; the first record begins here.
pub const SEGMENT_HEADER_LEN: usize = SegmentLayout::SIZE;
/// First bytes of each segment.
pub const SEGMENT_MAGIC: [u8; 8] = *b"PINIONJ\0";
/// Version of everything in this module. Whatever a version changes, a segment keeps its magic, its version and the checksum of its header
/// in their places, so that a program can tell a journal of another version from a damaged one.
///
/// 1 had no `pending`: zeros in its place, which this version would take for a claim that everything before had been released.
pub const SEGMENT_VERSION: u32 = 2;

const COVERED_FROM: usize = 8;

const _: () =
    assert!(RECORD_HEADER_LEN.is_multiple_of(RECORD_ALIGN) && SEGMENT_HEADER_LEN.is_multiple_of(RECORD_ALIGN));

/// Bytes that a record with a body of this length takes up, padding included.
#[must_use]
pub const fn record_span(body_len: usize) -> usize {
    (RECORD_HEADER_LEN + body_len).next_multiple_of(RECORD_ALIGN)
}

layout! { Disk, "journal record",
    /// The fixed part of a record.
    ///
    /// `previous` is stored, not only mixed into the checksum: so a record proves itself even where the one before it
    /// is damaged. What it then says by `pending` tells a torn tail (whatever follows was appended before the damaged record was released)
    /// from corruption (something follows that was appended after it).
    pub struct RecordHeader: 32 {
        /// Header and body without the padding. Stored last; 0 where no record has been written.
        0 => length: u32,
        /// CRC32C, begun from the journal's [`seed`], over everything after this field up to `length`.
        4 => crc: u32,
        /// `crc` of the record before; the segment header's `chain` for the first record of a segment; 0 for the first
        /// of all.
        8 => previous: u32,
        /// What the body is; see [`RecordKind`].
        12 => kind: u16,
        /// How many of the records before this one had not been released (were not known durable) when it was appended; 65535 for that
        /// many and more.
        14 => pending: u16,
        /// Position in the one order; each record's is one more than the one before it.
        16 => seq: Seq,
        /// When the command was received.
        24 => receive_time: Nanos,
    }
}

impl RecordHeader {
    /// Reads a header as it stands; nothing is verified. `None` when fewer than [`RECORD_HEADER_LEN`] bytes are left.
    #[must_use]
    pub fn view(bytes: &[u8]) -> Option<Self> {
        Self::decode(bytes.get(..RECORD_HEADER_LEN)?).ok()
    }

    /// Up to where everything had been released (was durable, so that its consequences could leave) when this record was appended. Never
    /// less than was true: a number that does not fit counts as more.
    #[must_use]
    pub const fn released(&self) -> Seq {
        Seq(self.seq.get().saturating_sub(1).saturating_sub(self.pending as u64))
    }

    /// Reads and verifies the record at the start of `bytes`: its length is possible, its checksum is right. What it
    /// says of the record before it is for the caller to compare. Returns the header and the body.
    #[must_use]
    pub fn verify(seed: u32, bytes: &[u8]) -> Option<(Self, &[u8])> {
        let header = Self::view(bytes)?;
        let length = usize::try_from(header.length).ok()?;
        if !(RECORD_HEADER_LEN..=RECORD_HEADER_LEN + BODY_LEN_MAX).contains(&length) {
            return None;
        }
        let covered = bytes.get(COVERED_FROM..length)?;
        (checksum(seed, covered) == header.crc).then(|| (header, &bytes[RECORD_HEADER_LEN..length]))
    }
}

/// CRC32C over what a record's checksum covers (everything after the `crc` field), begun from the journal's [`seed`].
#[must_use]
pub fn checksum(seed: u32, covered: &[u8]) -> u32 {
    crc32c::crc32c_append(seed, covered)
}

/// Where the checksums of a journal begin: a number made of its epoch. Bytes that look like a record but belong to
/// another journal, or were put into a message by a client to look like one, then fail their checksum.
#[must_use]
pub fn seed(epoch: u64) -> u32 {
    crc32c::crc32c(&epoch.to_le_bytes())
}

/// What [`RecordHeader::pending`] is in a record that follows `last` while everything up to `released` is.
#[must_use]
#[inline]
pub fn pending(last: Seq, released: Seq) -> u16 {
    u16::try_from(last.get().saturating_sub(released.get())).unwrap_or(u16::MAX)
}

/// Writes a record except for its length, and returns the length and the checksum; those in `header` are not looked at. The caller stores
/// the length (first four bytes) last, so that a reader never takes a half-written record for one. `None` when the body is too long or
/// `out` is too small.
#[must_use]
pub fn encode_record_body(out: &mut [u8], seed: u32, header: &RecordHeader, body: &[u8]) -> Option<(u32, u32)> {
    if body.len() > BODY_LEN_MAX {
        return None;
    }
    let length = RECORD_HEADER_LEN + body.len();
    let out = out.get_mut(..length)?;
    let (fixed, rest) = out.split_first_chunk_mut::<RECORD_HEADER_LEN>()?;
    let mut bytes = [0; RECORD_HEADER_LEN];
    header.encode(&mut bytes)?;
    // The first four bytes stay as they are: the length is the caller's to store.
    fixed[COVERED_FROM..].copy_from_slice(&bytes[COVERED_FROM..]);
    rest.copy_from_slice(body);
    let crc = checksum(seed, &out[COVERED_FROM..]);
    out[4..COVERED_FROM].copy_from_slice(&crc.to_le_bytes());
    Some((u32::try_from(length).ok()?, crc))
}

/// The first 64 bytes of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentHeader {
    /// Names one journal from its genesis on.
    pub epoch: u64,
    /// Position of the segment in the journal, from 0.
    pub index: u64,
    /// Seq of the first record; 0 while the segment is prepared and not yet begun.
    pub first_seq: Seq,
    /// Bytes of the file, this header included.
    pub segment_len: u64,
    /// Fingerprint of the part of the configuration that influences outcomes.
    pub fingerprint: u64,
    /// `crc` of the last record of the segment before; 0 for the first segment and while not yet begun.
    pub chain: u32,
}

layout! { Disk, "journal segment header",
    /// The header with what is the same in all of them.
    pub struct SegmentLayout: 64 {
        /// [`SEGMENT_MAGIC`].
        0 => magic: [u8; 8],
        /// [`SEGMENT_VERSION`].
        8 => version: u32,
        /// [`SEGMENT_HEADER_LEN`].
        12 => header_len: u32,
        /// See [`SegmentHeader::epoch`].
        16 => epoch: u64,
        /// See [`SegmentHeader::index`].
        24 => index: u64,
        /// See [`SegmentHeader::first_seq`].
        32 => first_seq: Seq,
        /// See [`SegmentHeader::segment_len`].
        40 => segment_len: u64,
        /// See [`SegmentHeader::fingerprint`].
        48 => fingerprint: u64,
        /// See [`SegmentHeader::chain`].
        56 => chain: u32,
        /// CRC32C of the 60 bytes before.
        60 => crc: u32,
    }
}

const SEGMENT_COVERED: usize = SEGMENT_HEADER_LEN - 4;
const SEGMENT_HEADER_LEN_U32: u32 = 64;

impl SegmentHeader {
    /// The bytes, checksum included.
    #[must_use]
    pub fn encode(&self) -> [u8; SEGMENT_HEADER_LEN] {
        let Self { epoch, index, first_seq, segment_len, fingerprint, chain } = *self;
        let (magic, version, header_len) = (SEGMENT_MAGIC, SEGMENT_VERSION, SEGMENT_HEADER_LEN_U32);
        let mut layout = SegmentLayout {
            magic,
            version,
            header_len,
            epoch,
            index,
            first_seq,
            segment_len,
            fingerprint,
            chain,
            crc: 0,
        };
        let mut out = [0; SEGMENT_HEADER_LEN];
        // Twice, because the checksum covers the rest; an array of this size always has room.
        let written = layout.encode(&mut out);
        layout.crc = crc32c::crc32c(&out[..SEGMENT_COVERED]);
        out[SEGMENT_COVERED..].copy_from_slice(&layout.crc.to_le_bytes());
        debug_assert_eq!(written, Some(SEGMENT_HEADER_LEN));
        out
    }

    /// The version of the segment that begins here, be it one that this program knows or not. `None` when this is not the undamaged
    /// beginning of a segment.
    #[must_use]
    pub fn version(bytes: &[u8]) -> Option<u32> {
        let header = bytes.get(..SEGMENT_HEADER_LEN)?;
        let layout = SegmentLayout::decode(header).ok()?;
        (layout.magic == SEGMENT_MAGIC && layout.crc == crc32c::crc32c(&header[..SEGMENT_COVERED]))
            .then_some(layout.version)
    }

    /// Reads and verifies the header at the start of a segment.
    ///
    /// # Errors
    /// Too short, not a segment, another version, or a checksum that does not match.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        const WHAT: &str = "journal segment header";
        let Some(bytes) = bytes.get(..SEGMENT_HEADER_LEN) else {
            return Err(DecodeError::TooShort { what: WHAT, expected: SEGMENT_HEADER_LEN, found: bytes.len() });
        };
        let layout = SegmentLayout::decode(bytes)?;
        if layout.magic != SEGMENT_MAGIC {
            return Err(DecodeError::value(WHAT, "magic", "the bytes PINIONJ and a zero", &layout.magic));
        }
        if layout.version != SEGMENT_VERSION {
            let found = u64::from(layout.version);
            return Err(DecodeError::Value {
                what: WHAT,
                field: "version",
                expected: "2, the version of this program",
                found,
            });
        }
        if layout.header_len != SEGMENT_HEADER_LEN_U32 {
            let found = u64::from(layout.header_len);
            return Err(DecodeError::Value { what: WHAT, field: "header_len", expected: "64", found });
        }
        let expected = crc32c::crc32c(&bytes[..SEGMENT_COVERED]);
        if layout.crc != expected {
            return Err(DecodeError::Checksum { what: WHAT, expected, found: layout.crc });
        }
        let SegmentLayout { epoch, index, first_seq, segment_len, fingerprint, chain, .. } = layout;
        Ok(Self { epoch, index, first_seq, segment_len, fingerprint, chain })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEED: u32 = 0x1234_5678;
    const HEADER: RecordHeader = RecordHeader {
        length: 0,
        crc: 0,
        previous: 0xAABB_CCDD,
        kind: 2,
        pending: 0x0102,
        seq: Seq(3),
        receive_time: Nanos(4),
    };

    fn record(body: &[u8]) -> Vec<u8> {
        let mut out = vec![0; record_span(body.len())];
        let (length, _) = encode_record_body(&mut out, SEED, &HEADER, body).expect("room");
        out[..4].copy_from_slice(&length.to_le_bytes());
        out
    }

    #[test]
    fn a_record_has_its_golden_bytes() {
        let bytes = record(b"abc");
        assert_eq!(bytes.len(), 40);
        assert_eq!(bytes[..4], [35, 0, 0, 0]);
        assert_eq!(bytes[8..32], [0xDD, 0xCC, 0xBB, 0xAA, 2, 0, 2, 1, 3, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(bytes[32..], *b"abc\0\0\0\0\0");
        let (header, body) = RecordHeader::verify(SEED, &bytes).expect("valid");
        assert_eq!((header.seq, header.previous, header.kind, body), (Seq(3), 0xAABB_CCDD, 2, &b"abc"[..]));
        assert_eq!(header.pending, 0x0102);
    }

    #[test]
    fn a_record_never_says_that_less_was_released_than_was() {
        let says = |last: u64, released: u64| {
            let pending = pending(Seq(last), Seq(released));
            RecordHeader { seq: Seq(last + 1), pending, ..HEADER }.released()
        };
        assert_eq!((says(9, 9), says(9, 4), says(0, 0)), (Seq(9), Seq(4), Seq(0)));
        assert_eq!(
            (says(65_545, 10), says(65_546, 10), says(1 << 40, 10)),
            (Seq(10), Seq(11), Seq((1 << 40) - 65_535))
        );
        // A record that cannot be, read from a damaged file.
        assert_eq!(RecordHeader { seq: Seq(3), pending: 9, ..HEADER }.released(), Seq(0));
    }

    #[test]
    fn every_flipped_bit_of_a_record_is_seen() {
        let bytes = record(b"some body");
        // The padding is not part of the record.
        for bit in 0..(RECORD_HEADER_LEN + 9) * 8 {
            let mut changed = bytes.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(RecordHeader::verify(SEED, &changed).is_none(), "bit {bit}");
        }
        assert!(RecordHeader::verify(SEED + 1, &bytes).is_none(), "another journal");
    }

    #[test]
    fn the_length_is_left_to_the_caller() {
        let mut out = [0xEE; 64];
        encode_record_body(&mut out, SEED, &HEADER, b"x").expect("room");
        assert_eq!(out[..4], [0xEE; 4]);
        assert!(encode_record_body(&mut out, SEED, &HEADER, &[0; 33]).is_none());
        assert!(encode_record_body(&mut [0; 4096], SEED, &HEADER, &[0; BODY_LEN_MAX + 1]).is_none());
    }

    #[test]
    fn a_segment_header_round_trips_and_every_flipped_bit_is_seen() {
        let header = SegmentHeader { epoch: 1, index: 2, first_seq: Seq(3), segment_len: 4, fingerprint: 5, chain: 6 };
        let bytes = header.encode();
        assert_eq!(bytes[..16], *b"PINIONJ\0\x02\0\0\0\x40\0\0\0");
        assert_eq!(SegmentHeader::decode(&bytes), Ok(header));
        assert_eq!(SegmentHeader::version(&bytes), Some(SEGMENT_VERSION));
        for bit in 0..bytes.len() * 8 {
            let mut changed = bytes;
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(SegmentHeader::decode(&changed).is_err(), "bit {bit}");
        }
        assert!(SegmentHeader::decode(&bytes[..63]).is_err());
        let mut earlier = bytes;
        earlier[8] = 1;
        assert_eq!(SegmentHeader::version(&earlier), None, "damaged");
        let crc = crc32c::crc32c(&earlier[..SEGMENT_COVERED]);
        earlier[SEGMENT_COVERED..].copy_from_slice(&crc.to_le_bytes());
        assert_eq!(SegmentHeader::version(&earlier), Some(1));
        assert!(SegmentHeader::decode(&earlier).is_err());
    }
}
