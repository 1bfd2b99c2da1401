//! Appending allocates nothing, the change of segments included.
// Counting allocations takes a global allocator, which is unsafe code by its trait; it forwards to the system's.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::Arc;

use engine::journal::{AppendError, Durability, Genesis, LocalDisk, Options, open};
use wire::journal::RecordKind;
use wire::{Nanos, Seq};

struct Counting;

thread_local! {
    /// Allocations and releases of this thread. Constant initialisation, no destructor: usable inside the allocator.
    static CALLS: Cell<u64> = const { Cell::new(0) };
}

// SAFETY: every call is handed to the system allocator as it came; counting touches only a thread-local number.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        CALLS.set(CALLS.get() + 1);
        // SAFETY: the caller keeps the contract of `alloc`, which is the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        CALLS.set(CALLS.get() + 1);
        // SAFETY: the block came from `System.alloc` above, with this layout.
        unsafe { System.dealloc(block, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn appending_neither_allocates_nor_frees() {
    let dir = tempfile::tempdir().expect("a directory");
    for durability in [Durability::Mapped, Durability::Synced] {
        let dir = dir.path().join(durability.to_string());
        let options = Options { dir, fingerprint: 1, segment_len: 16 << 10, durability };
        let genesis = Genesis { time: Nanos(1), body: b"" };
        let mut journal = open(&options, Arc::new(LocalDisk), genesis, &mut |_| Ok(())).expect("opens");
        let (mut segments, mut counted) = (0, 0);
        while segments < 5 {
            // The helper's turns allocate as they like; they are not counted.
            journal.helper.turn();
            let before = CALLS.get();
            let position = loop {
                let seq = journal.appender.next_seq();
                match journal.appender.append(seq, Nanos(seq.get()), RecordKind::SessionMessage, &[7; 100]) {
                    Ok(position) if position.segment == segments => counted += 1,
                    Ok(position) => break Some(position),
                    Err(AppendError::WouldBlock) => break None,
                    Err(error) => panic!("{error}"),
                }
            };
            assert_eq!(CALLS.get(), before, "after {counted} records");
            segments = position.map_or(segments, |position| position.segment);
        }
        assert!(counted > 400 && journal.watch.appended_seq() > Seq(400));
        let before = CALLS.get();
        drop(vec![0_u8; 100]);
        assert_eq!(CALLS.get(), before + 2, "the counter counts");
    }
}
