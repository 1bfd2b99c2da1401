//! The interface as a harness calls it.
// Calls go through the C interface, which is unsafe by nature.
#![allow(unsafe_code)]

use std::ptr::null_mut;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use feedhandler::flow::{Action, Scenario, Workload};
use feedhandler::reports::{Report as Line, ReportStream};
use sha2::{Digest, Sha256};
use wire::{Price, Qty, Symbol};

use super::*;
use crate::message::Body;

/// The SHA-256 that was published for the report stream of the flow below.
const PUBLISHED: &str = include_str!("../../../../tools/data/normal_s23_n20000.reports.sha256");

/// The engine is a global, so there is one test of it.
#[test]
fn the_harness_gets_the_published_answer_over_its_own_transport_and_over_ours() {
    let flow: Vec<Message> = Workload::new(Scenario::Normal, 20_000, 23, Symbol(*b"TEST    "))
        .map(|item| message(item.seq, item.action))
        .collect();
    let theirs = over_their_transport(&flow);
    let expected = PUBLISHED.split_whitespace().next();
    assert_eq!(Some(hash(&theirs).as_str()), expected);
    assert!(over_ours_in_runs(&flow) == theirs, "delivery and transport change nothing");
}

fn message(seq: u64, action: Action) -> Message {
    let (kind, body) = match action {
        Action::Add { id, side, price, qty, immediate, .. } => {
            let (side, immediate) = (side as u8, u8::from(immediate));
            let new_order = NewOrder { id, seq, price_ticks: price.0, qty: qty.0, side, immediate, reserved: [0; 2] };
            (NEW_ORDER, Body { new_order })
        }
        Action::Cancel { id } => (CANCEL, Body { cancel: Cancel { id, seq } }),
        Action::Modify { id, side, price, qty } => {
            let modify = Modify { id, seq, price_ticks: price.0, qty: qty.0, side: side as u8, reserved: [0; 3] };
            (MODIFY, Body { modify })
        }
        other => panic!("the generator makes no {other:?}"),
    };
    Message { kind, reserved: [0; 7], body }
}

/// One message a call, pushed into a vector.
fn over_their_transport(flow: &[Message]) -> Vec<Report> {
    unsafe extern "C" fn push(handle: *mut c_void, report: *const Report) -> c_int {
        // SAFETY: the vector below.
        let reports = unsafe { &mut *handle.cast::<Vec<Report>>() };
        // SAFETY: the engine's report.
        reports.push(unsafe { *report });
        1
    }
    let transport = Transport { create: None, push: Some(push), drain: None, flush: None, destroy: None };
    let mut reports = Vec::<Report>::new();
    // SAFETY: the transport's handle; this thread alone calls, here and below.
    unsafe { engine_init(1, &raw const transport, (&raw mut reports).cast()) };
    assert_eq!(quotes(), (i64::MIN, i64::MAX));
    for message in flow {
        match message.kind {
            // SAFETY: made above, of this kind.
            NEW_ORDER => unsafe { engine_on_new_order(&raw const message.body.new_order) },
            // SAFETY: made above, of this kind.
            CANCEL => unsafe { engine_on_cancel(&raw const message.body.cancel) },
            // SAFETY: made above, of this kind.
            _ => unsafe { engine_on_modify(&raw const message.body.modify) },
        }
    }
    let (bid, ask) = quotes();
    // SAFETY: this thread alone calls.
    let depth = [(bid, 0), (ask, 1), (bid, 1)].map(|(price, side)| unsafe { engine_query_depth_at(price, side) });
    assert!(bid < ask && depth[0] > 0 && depth[1] > 0 && depth[2] == 0, "{bid} {ask} {depth:?}");
    engine_flush();
    // SAFETY: this thread alone calls.
    unsafe { engine_shutdown() };
    assert_eq!(quotes(), (i64::MIN, i64::MAX));
    reports
}

/// Runs of messages, the reports taken out by another thread, through a ring that is often full.
fn over_ours_in_runs(flow: &[Message]) -> Vec<Report> {
    struct Handle(*mut c_void);
    // SAFETY: the two ends are for two threads.
    unsafe impl Send for Handle {}
    impl Handle {
        fn drain(&self, out: &mut [Report]) -> usize {
            // SAFETY: a live handle, and room for so many; this thread alone reads.
            unsafe { transport_drain(self.0, out.as_mut_ptr(), u32::try_from(out.len()).unwrap()) as usize }
        }
    }
    let ended = AtomicBool::new(false);
    // SAFETY: destroyed below.
    let handle = unsafe { transport_create(1_000) };
    assert_ne!(handle, null_mut());
    let drained = Handle(handle);
    let reports = thread::scope(|scope| {
        let collector = scope.spawn(|| {
            let (drained, mut reports, mut batch) = (drained, Vec::new(), [Report::default(); 256]);
            loop {
                let last = ended.load(Ordering::Acquire);
                let count = drained.drain(&mut batch);
                reports.extend_from_slice(&batch[..count]);
                match (count, last) {
                    (0, true) => break reports,
                    (0, false) => thread::yield_now(),
                    _ => {}
                }
            }
        });
        // SAFETY: our transport and its handle.
        unsafe { engine_init(2, engine_get_transport(), handle) };
        for run in flow.chunks(777) {
            // SAFETY: a slice of messages made above.
            unsafe { engine_on_batch(run.as_ptr(), u32::try_from(run.len()).unwrap()) };
        }
        engine_flush();
        // SAFETY: a live handle, and this thread writes.
        unsafe { transport_flush(handle) };
        ended.store(true, Ordering::Release);
        collector.join().unwrap()
    });
    // SAFETY: this thread alone calls.
    unsafe { engine_shutdown() };
    // SAFETY: nobody uses it any more.
    unsafe { transport_destroy(handle) };
    reports
}

fn quotes() -> (i64, i64) {
    // SAFETY: the test's thread alone calls.
    let bid = unsafe { engine_query_best_bid() };
    // SAFETY: the test's thread alone calls.
    let ask = unsafe { engine_query_best_ask() };
    (bid, ask)
}

fn hash(reports: &[Report]) -> String {
    let mut stream = ReportStream::new(Sha256::new());
    for report in reports {
        let Report { seq, id, maker_id, taker_id, .. } = *report;
        let (side, price, qty) = (side_of(report.side), Price(report.price_ticks), Qty(report.qty));
        let line = match report.kind {
            0 => Line::Accepted { seq, side, id, price, qty },
            1 => Line::Trade { seq, price, qty, maker: maker_id, taker: taker_id },
            2 => Line::Canceled { seq, side, id, price },
            3 => Line::Modified { seq, side, id, price, qty },
            4 => Line::CancelRejected { seq, id },
            _ => Line::ModifyRejected { seq, id },
        };
        stream.push(line).unwrap();
    }
    stream.finish().unwrap().finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
