//! What the operator reads.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use engine::journal::inspect::{verify, verify_each};
use engine::journal::{Durability, Genesis, JournalError, LocalDisk, open};
use wire::journal::{Body, CancelSlice, RecordKind, SessionMessage, StateHash};
use wire::mold::SessionId;
use wire::ouch::CancelOrder;
use wire::{Nanos, Qty, Reserved, Seq, SessionIndex, UserRefNum};

use crate::fixture::{forget_mark, options, segment_paths};

fn write_some(dir: &Path) {
    let mut body = [0; 256];
    let created = Nanos(5);
    let feed_session = SessionId(*b"PINION0001");
    let genesis =
        Body::Genesis(wire::journal::Genesis { fingerprint: 0xF1, created, feed_session, reserved: Reserved });
    let len = genesis.encode(&mut body).expect("room");
    let genesis = Genesis { time: created, body: &body[..len], draw: 7 };
    let options = options(dir, Durability::Synced);
    let mut journal = open(&options, Arc::new(LocalDisk), genesis, &mut |_| Ok(())).expect("opens");
    let session = SessionIndex(3);
    let mut cancel = [0; 9];
    CancelOrder { user_ref: UserRefNum(7), qty: Qty(0) }.encode(&mut cancel).expect("room");
    let bodies = [
        Body::SessionMessage(SessionMessage { session, client_seq: 11, bytes: &cancel }),
        Body::SessionMessage(SessionMessage { session, client_seq: 12, bytes: b"?!" }),
        Body::CancelSlice(CancelSlice { session }),
        Body::StateHash(StateHash { hash: 0xABCD }),
    ];
    for item in bodies {
        let len = item.encode(&mut body).expect("room");
        let seq = journal.appender.next_seq();
        journal.appender.append(seq, Nanos(seq.get() * 100), item.kind(), &body[..len]).expect("room");
        journal.helper.turn();
    }
}

#[test]
fn a_verification_shows_every_record() {
    let dir = tempfile::tempdir().expect("a directory");
    write_some(dir.path());
    let mut seen = Vec::new();
    verify_each(dir.path(), |record| seen.push((record.seq.get(), record.receive_time.get(), record.kind)))
        .expect("whole");
    let kinds =
        [RecordKind::SessionMessage, RecordKind::SessionMessage, RecordKind::CancelSlice, RecordKind::StateHash];
    let mut expected = vec![(1, 5, RecordKind::Genesis)];
    expected.extend((2..).zip(kinds).map(|(seq, kind)| (seq, seq * 100, kind)));
    assert_eq!(seen, expected);
}

#[test]
fn a_verification_tells_whole_from_torn_from_damaged() {
    let dir = tempfile::tempdir().expect("a directory");
    let none = verify(dir.path()).expect("an empty directory");
    assert_eq!((none.records, none.end), (0, None));
    write_some(dir.path());
    let report = verify(dir.path()).expect("whole");
    assert_eq!((report.records, report.last_seq, report.marked_seq), (5, Seq(5), Seq(5)));
    assert_eq!((report.first_time, report.last_time), (Nanos(5), Nanos(500)));
    assert_eq!((report.undecodable, &report.torn), (0, &None));
    assert!(report.to_string().ends_with("clean"), "{report}");

    forget_mark(dir.path());
    let path = segment_paths(dir.path()).remove(0);
    let whole = fs::read(&path).expect("reads");
    let end = usize::try_from(report.end.expect("an end").offset).expect("small");
    let mut torn = whole.clone();
    torn[end - 1] = 0;
    torn[end - 8] ^= 1;
    fs::write(&path, &torn).expect("writes");
    let report = verify(dir.path()).expect("torn is no error");
    assert_eq!(report.last_seq, Seq(4));
    assert!(report.to_string().contains("the next start cuts a torn tail"), "{report}");

    let mut damaged = whole;
    damaged[130] ^= 1;
    fs::write(&path, &damaged).expect("writes");
    assert!(matches!(verify(dir.path()), Err(JournalError::Corrupt { seq: Seq(2), offset: 128, .. })));
}
