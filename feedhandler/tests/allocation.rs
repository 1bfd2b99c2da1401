//! What a handler, its books and its callbacks allocate once they have had their largest size: nothing, gaps and repairs included.
// Why unsafe: an allocator is an unsafe trait.
#![allow(unsafe_code)]

#[path = "feed/packets.rs"]
#[allow(dead_code)]
mod packets;
#[path = "feed/venue_model.rs"]
#[allow(dead_code)]
mod venue_model;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::ops::Range;

use feedhandler::handler::{Action, Delivery, FeedListener, Handler, HandlerOptions, Join, RerequestOptions, Source};
use feedhandler::{BookListener, book::LevelChange};
use wire::Nanos;
use wire::feed::StreamKind;

use packets::{SESSION, packet};
use venue_model::Venue;

struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

thread_local! {
    /// Constant initialisation, no destructor: usable inside the allocator.
    static CALLS: Cell<u64> = const { Cell::new(0) };
}

// SAFETY: every call is handed to the system's allocator as it came; counting touches only a thread's own number.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        CALLS.set(CALLS.get() + 1);
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        CALLS.set(CALLS.get() + 1);
        // SAFETY: the caller's promises are passed on.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[derive(Default)]
struct Ear {
    levels: u64,
    messages: u64,
}

impl BookListener for Ear {
    fn level(&mut self, change: LevelChange) {
        self.levels += u64::from(change.orders);
    }
}

impl FeedListener for Ear {
    fn message(&mut self, _: u64, bytes: &[u8], _: bool) {
        self.messages += bytes.len() as u64;
    }
}

/// Hands packets over with every third lost on line A, every seventh on both and asked for again.
fn hand_over(handler: &mut Handler, packets: &[Vec<u8>], which: Range<usize>, now: &mut u64, ear: &mut Ear) {
    for (number, bytes) in packets.iter().enumerate().take(which.end).skip(which.start) {
        *now += 10_000;
        if number % 3 != 0 {
            handler.on_packet(Source::Line(0), bytes, Nanos(*now), ear);
        }
        if number > 0 && number % 7 != 0 {
            let before = &packets[number - 1];
            handler.on_packet(Source::Line(1), before, Nanos(*now), ear);
        }
        handler.poll(Nanos(*now), ear);
        while let Some(action) = handler.next_action() {
            let Action::Request(request) = action else { continue };
            for answer in &packets[number.saturating_sub(40)..=number] {
                let first = u64::from_be_bytes(answer[10..18].try_into().unwrap());
                if (request.sequence..request.sequence + u64::from(request.count)).contains(&first) {
                    handler.on_packet(Source::Rerequest, answer, Nanos(*now), ear);
                }
            }
        }
    }
}

#[test]
fn nothing_is_allocated_in_the_loop() {
    for kind in StreamKind::ALL {
        for delivery in [Delivery::InOrder, Delivery::Live] {
            let mut venue = Venue::new(kind, 7);
            while venue.log.len() < 40_000 {
                venue.act();
            }
            let packets: Vec<Vec<u8>> = (1_u64..)
                .step_by(5)
                .zip(venue.log.chunks(5))
                .map(|(sequence, messages)| packet(SESSION, sequence, messages.iter().map(Vec::as_slice)))
                .collect();
            let mut handler = Handler::new(HandlerOptions {
                join: Join::Start,
                delivery,
                line_wait_ns: 50_000,
                rerequest: Some(RerequestOptions::default()),
                snapshot: None,
                ..HandlerOptions::new(kind)
            });
            let (mut now, mut ear) = (1_000_000, Ear::default());
            let half = packets.len() / 2;
            hand_over(&mut handler, &packets, 0..half, &mut now, &mut ear);
            let before = (CALLS.get(), handler.counters());
            hand_over(&mut handler, &packets, half..packets.len(), &mut now, &mut ear);
            let calls = CALLS.get() - before.0;
            let counters = handler.counters();
            assert_eq!(calls, 0, "{kind:?} {delivery:?} {counters:?}");
            assert!(counters.gaps > before.1.gaps + 100 && counters.repaired > before.1.repaired + 100, "{counters:?}");
            assert!(counters.messages > before.1.messages + 19_000, "{counters:?}");
            assert!(ear.messages > 0 && (kind == StreamKind::Tick || ear.levels > 0));
        }
    }
}
