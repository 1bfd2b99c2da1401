//! Appending allocates nothing, the change of segments included.

#[path = "../../netio/tests/contract/allocations.rs"]
mod allocations;

use std::sync::Arc;

use engine::journal::{AppendError, Durability, Genesis, LocalDisk, Options, open};
use wire::journal::RecordKind;
use wire::{Nanos, Seq};

#[test]
fn appending_neither_allocates_nor_frees() {
    let dir = tempfile::tempdir().expect("a directory");
    for durability in [Durability::Mapped, Durability::Synced] {
        let dir = dir.path().join(durability.to_string());
        let options = Options { dir, fingerprint: 1, segment_len: 16 << 10, durability };
        let genesis = Genesis { time: Nanos(1), body: b"", draw: 7 };
        let mut journal = open(&options, Arc::new(LocalDisk), genesis, &mut |_| Ok(())).expect("opens");
        let (mut segments, mut counted) = (0, 0);
        while segments < 5 {
            // The helper's turns allocate as they like; they are not counted.
            journal.helper.turn();
            let before = allocations::calls();
            let position = loop {
                let seq = journal.appender.next_seq();
                match journal.appender.append(seq, Nanos(seq.get()), RecordKind::SessionMessage, &[7; 100]) {
                    Ok(position) if position.segment == segments => counted += 1,
                    Ok(position) => break Some(position),
                    Err(AppendError::WouldBlock) => break None,
                    Err(error) => panic!("{error}"),
                }
            };
            assert_eq!(allocations::calls(), before, "after {counted} records");
            segments = position.map_or(segments, |position| position.segment);
        }
        assert!(counted > 400 && journal.watch.appended_seq() > Seq(400));
        let before = allocations::calls();
        drop(vec![0_u8; 100]);
        assert_eq!(allocations::calls(), before + 2, "the counter counts");
    }
}
