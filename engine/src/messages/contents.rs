//! What a file of the store holds.

use wire::DecodeError;
use wire::messages::{self, MESSAGES_HEADER_LEN, MessagesHeader, MessagesMark, Part};
use wire::mold::{MESSAGES_MAX, SessionId};

/// How many messages lie between two that can be found without a walk.
pub(super) const STRIDE: u64 = 64;

/// A place in a file, between two messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// Bytes from the file's beginning.
    pub(super) at: usize,
    /// The sequence of the message that begins here.
    pub(super) next: u64,
    /// The checksum of header and blocks before it.
    pub(super) running: u32,
    /// Whether a mark stands right before it.
    pub(super) is_marked: bool,
}

/// A file that was read from its beginning to its last mark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Contents {
    /// Where every [`STRIDE`]th message begins, from the first on.
    pub(super) offsets: Vec<u32>,
    /// Behind the last mark that is right: what comes before is what was written.
    pub(super) proven: Place,
    /// The place that was asked for, if it is proven.
    pub(super) sought: Option<Place>,
}

impl Contents {
    /// Reads a file that should hold messages of `session` from `first` on, and looks for the place of message `seek`.
    ///
    /// # Errors
    /// Its header is not what it should be.
    pub(super) fn read(
        bytes: &[u8],
        epoch: u64,
        session: SessionId,
        first: u64,
        seek: u64,
    ) -> Result<Self, DecodeError> {
        let header = MessagesHeader::from_bytes(bytes)?;
        let expected = MessagesHeader::new(epoch, session, first);
        if (header.epoch, header.session, header.first) != (epoch, session, first) {
            let (expected, found) = (expected.seed(), header.crc);
            return Err(DecodeError::Checksum { what: "message file header", expected, found });
        }
        let mut here = Place { at: MESSAGES_HEADER_LEN, next: first, running: expected.seed(), is_marked: false };
        let (mut offsets, mut proven) = (Vec::new(), here);
        let mut candidate = (seek == first).then_some(here);
        while let Some((part, len)) = bytes.get(here.at..).and_then(Part::take) {
            match part {
                Part::Block(block) => {
                    if (here.next - first).is_multiple_of(STRIDE) {
                        let Ok(offset) = u32::try_from(here.at) else { break };
                        offsets.push(offset);
                    }
                    here.running = messages::running(here.running, block);
                    (here.at, here.next, here.is_marked) = (here.at + len, here.next + 1, false);
                }
                Part::Mark(mark) => {
                    if mark != MessagesMark::new(here.running, here.next) {
                        break;
                    }
                    (here.at, here.is_marked) = (here.at + len, true);
                    proven = here;
                }
            }
            if here.next == seek {
                candidate = Some(here);
            }
        }
        let blocks = usize::try_from((proven.next - first).div_ceil(STRIDE)).unwrap_or(usize::MAX);
        offsets.truncate(blocks);
        let sought = candidate.filter(|place| place.next <= proven.next && place.at <= proven.at);
        Ok(Self { offsets, proven, sought })
    }
}

/// Copies message blocks out of the bytes of a file, which begin with the message `begin`: those from `from` on, up to but without `end`, and as
/// many as there is room for. Returns how many, and how many bytes.
pub(super) fn copy_blocks(bytes: &[u8], begin: u64, from: u64, end: u64, out: &mut [u8]) -> (u16, usize) {
    let (mut at, mut next) = (0, begin);
    let (mut count, mut len) = (0, 0);
    // Blocks that stand side by side are copied as one: marks are rare.
    let mut side_by_side = 0..0;
    while next < end && count < MESSAGES_MAX {
        let Some((part, part_len)) = bytes.get(at..).and_then(Part::take) else { break };
        if let Part::Block(_) = part {
            if next >= from {
                if len + side_by_side.len() + part_len > out.len() {
                    break;
                }
                if side_by_side.end != at {
                    len += copy(&bytes[side_by_side], &mut out[len..]);
                    side_by_side = at..at;
                }
                side_by_side.end = at + part_len;
                count += 1;
            }
            next += 1;
        }
        at += part_len;
    }
    len += copy(&bytes[side_by_side], &mut out[len..]);
    (count, len)
}

fn copy(from: &[u8], to: &mut [u8]) -> usize {
    to[..from.len()].copy_from_slice(from);
    from.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SESSION: SessionId = SessionId(*b"KQ7B2MXADA");

    /// A file with messages of one byte from `first` on, and a mark behind each of `marks`.
    fn file(first: u64, count: u64, marks: &[u64]) -> Vec<u8> {
        let header = MessagesHeader::new(7, SESSION, first);
        let mut bytes = header.to_bytes().to_vec();
        let mut running = header.seed();
        for seq in first..first + count {
            let block = [0, 1, seq.to_le_bytes()[0]];
            running = messages::running(running, &block);
            bytes.extend(block);
            if marks.contains(&(seq + 1)) {
                bytes.extend(MessagesMark::new(running, seq + 1).to_bytes());
            }
        }
        bytes.extend([0; 32]);
        bytes
    }

    fn read(bytes: &[u8], first: u64, seek: u64) -> Contents {
        Contents::read(bytes, 7, SESSION, first, seek).expect("a header")
    }

    #[test]
    fn what_comes_before_a_mark_is_proven_and_nothing_else() {
        let bytes = file(10, 200, &[60, 110]);
        let contents = read(&bytes, 10, 110);
        assert_eq!((contents.proven.next, contents.offsets.len()), (110, 2));
        assert_eq!(contents.sought, Some(contents.proven));
        assert_eq!(read(&bytes, 10, 80).sought.map(|place| (place.next, place.is_marked)), Some((80, false)));
        assert_eq!(read(&bytes, 10, 60).sought.map(|place| (place.next, place.is_marked)), Some((60, true)));
        assert_eq!(read(&bytes, 10, 10).sought.map(|place| place.at), Some(MESSAGES_HEADER_LEN));
        for beyond in [9, 111, 300] {
            assert_eq!(read(&bytes, 10, beyond).sought, None, "{beyond}");
        }
        // Whatever byte is changed before the last mark, what is proven ends before it; but for the marks' reserved bytes.
        let is_reserved = |at: usize| [214, 380].iter().any(|mark| (mark + 2..mark + 4).contains(&at));
        for at in (MESSAGES_HEADER_LEN..contents.proven.at).filter(|at| !is_reserved(*at)) {
            let mut damaged = bytes.clone();
            damaged[at] ^= 0x40;
            let proven = read(&damaged, 10, 0).proven;
            assert!(proven.at <= at, "byte {at}: {proven:?}");
        }
    }

    #[test]
    fn another_file_under_the_same_name_is_found_out() {
        let bytes = file(10, 5, &[15]);
        for (epoch, session, first) in [(8, SESSION, 10), (7, SessionId(*b"KQ7B2MXATA"), 10), (7, SESSION, 11)] {
            assert!(Contents::read(&bytes, epoch, session, first, 0).is_err());
        }
    }

    #[test]
    fn blocks_are_copied_around_marks() {
        let bytes = &file(10, 20, &[14, 15])[MESSAGES_HEADER_LEN..];
        let mut out = [0; 64];
        assert_eq!(copy_blocks(bytes, 10, 12, 17, &mut out), (5, 15));
        assert_eq!(out[..15], [0, 1, 12, 0, 1, 13, 0, 1, 14, 0, 1, 15, 0, 1, 16]);
        assert_eq!(copy_blocks(bytes, 10, 12, 99, &mut out), (18, 54));
        assert_eq!(copy_blocks(bytes, 10, 12, 17, &mut out[..8]), (2, 6), "what does not fit stays");
        assert_eq!(copy_blocks(bytes, 10, 12, 17, &mut out[..2]), (0, 0));
        assert_eq!(copy_blocks(bytes, 10, 12, 12, &mut out), (0, 0));
    }
}
