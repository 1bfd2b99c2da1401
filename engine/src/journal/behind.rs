//! What lies behind a place of a journal where a record is missing: whether the missing one may have been acknowledged.
//!
//! Every record says how many before it had not been released when it was appended. So one that was appended while the missing one was
//! still waiting for its sync is what a loss of power may leave, with its predecessor lost; one that was appended later proves that the
//! missing one had been durable, and that something else than a crash took it.
//!
//! Goal: each whole record behind the place is looked at. Non-goal: what to do; see [`super::reader`].

use std::fmt;

use super::blank::used_len;
use wire::Seq;
use wire::journal::{BODY_LEN_MAX, RECORD_ALIGN, RecordHeader, record_span};

/// The place, and what would come there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Missing {
    /// Where the journal's checksums begin.
    pub seed: u32,
    /// The first record that is not there.
    pub seq: Seq,
    /// The checksum that it would continue.
    pub chain: u32,
}

/// What was found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Behind {
    /// Whole records that would come later; not all of them when there is a proof.
    pub records: u64,
    /// The first that no crash explains.
    pub proof: Option<Proof>,
}

/// A whole record which shows that more than a crash happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proof {
    /// The record.
    pub seq: Seq,
    /// Where it begins.
    pub offset: usize,
    /// Everything up to here had been released when it was appended. `None`: it continues another record than the journal's last one.
    pub released: Option<Seq>,
}

impl Missing {
    /// Looks at everything in `bytes` from `from` on.
    #[must_use]
    pub fn look(&self, bytes: &[u8], from: usize) -> Behind {
        let mut behind = Behind::default();
        // Behind the last byte in use no record begins, and one that begins before it ends soon.
        let bytes = &bytes[..(used_len(bytes) + record_span(BODY_LEN_MAX)).min(bytes.len())];
        let mut offset = from.next_multiple_of(RECORD_ALIGN);
        while let Some(rest) = bytes.get(offset..).filter(|rest| !rest.is_empty()) {
            // Most of it is zeros.
            let record = if rest.starts_with(&[0; 4]) { None } else { RecordHeader::verify(self.seed, rest) };
            let Some((header, body)) = record else {
                offset += RECORD_ALIGN;
                continue;
            };
            let (seq, released, begin) = (header.seq, header.released(), offset);
            offset += record_span(body.len());
            if seq < self.seq {
                continue;
            }
            behind.records += 1;
            // The missing record itself, as a continuation of another one: two histories under one name.
            let forked = seq == self.seq && header.previous != self.chain;
            if released >= self.seq || forked {
                behind.proof = Some(Proof { seq, offset: begin, released: (!forked).then_some(released) });
                break;
            }
        }
        behind
    }
}

impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seq, offset, released } = self;
        write!(f, "a whole record {seq} at byte {offset}, ")?;
        match released {
            Some(released) => write!(f, "appended when everything up to {released} had been released"),
            None => f.write_str("which continues another record"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::Nanos;
    use wire::journal::encode_record_body;

    const SEED: u32 = 7;
    const MISSING: Missing = Missing { seed: SEED, seq: Seq(10), chain: 0xAA };

    fn record(seq: u64, released: u64, previous: u32) -> Vec<u8> {
        let pending = wire::journal::pending(Seq(seq - 1), Seq(released));
        let (seq, receive_time) = (Seq(seq), Nanos(1));
        let header = RecordHeader { length: 0, crc: 0, previous, kind: 2, pending, seq, receive_time };
        let mut out = vec![0; record_span(5)];
        let (length, _) = encode_record_body(&mut out, SEED, &header, b"order").expect("room");
        out[..4].copy_from_slice(&length.to_le_bytes());
        out
    }

    fn look(records: &[Vec<u8>]) -> Behind {
        MISSING.look(&records.concat(), 0)
    }

    #[test]
    fn only_a_record_from_after_the_release_proves_a_loss() {
        assert_eq!(look(&[vec![0; 40], vec![0xEE; 40]]), Behind::default());
        let waiting = [vec![0; 24], record(11, 9, 1), vec![0xEE; 8], record(13, 4, 2)];
        assert_eq!(look(&waiting), Behind { records: 2, proof: None });
        let later = [record(11, 9, 1), record(12, 10, 2), record(13, 12, 3)];
        let proof = look(&later).proof.expect("a proof");
        assert_eq!(proof, Proof { seq: Seq(12), offset: 40, released: Some(Seq(10)) });
        assert!(proof.to_string().contains("record 12 at byte 40, appended when everything up to 10"), "{proof}");
        // One that cannot say how many were waiting may have been appended later.
        assert!(look(&[record(80_000, 3, 1)]).proof.is_some());
        assert!(look(&[record(65_545, 9, 1)]).proof.is_none());
    }

    #[test]
    fn the_missing_record_elsewhere_is_a_trace_and_with_another_past_is_not() {
        assert_eq!(look(&[record(9, 8, 5), record(8, 8, 5)]), Behind::default(), "what the journal holds already");
        assert_eq!(look(&[vec![0; 8], record(10, 9, 0xAA)]), Behind { records: 1, proof: None });
        let forked = look(&[record(10, 9, 0xAB)]).proof.expect("a proof");
        assert_eq!(forked.released, None);
    }
}
