//! The functions that the benchmark's harness looks for, and the table of functions that is our report transport.
//!
//! Goal: pointers in, references on. Non-goal: anything else; every function is a line or two of its own. What the harness promises: one
//! thread calls the `engine_` functions, which may also write into the transport; another one takes out of the transport; pointers are
//! valid for the call; a transport outlives the engine that writes into it.
// Why unsafe: the interface is C's. Pointers come without lifetimes, the engine has no handle and so is a global, and the two ends of the
// transport share one handle.
#![allow(unsafe_code)]

use std::cell::UnsafeCell;
use std::ffi::{c_int, c_void};
use std::mem::MaybeUninit;
use std::ptr::NonNull;
use std::slice;

use engine::limits::BURST;
use wire::Side;

use crate::contestant::Contestant;
use crate::message::{CANCEL, Cancel, MODIFY, Message, Modify, NEW_ORDER, NewOrder, side_of};
use crate::pipe::{Inbox, Outbox, pipe};
use crate::report::Report;

/// How reports travel, in the layout of the C interface.
#[repr(C)]
pub struct Transport {
    create: Option<unsafe extern "C" fn(u32) -> *mut c_void>,
    push: Option<unsafe extern "C" fn(*mut c_void, *const Report) -> c_int>,
    drain: Option<unsafe extern "C" fn(*mut c_void, *mut Report, u32) -> u32>,
    flush: Option<unsafe extern "C" fn(*mut c_void)>,
    destroy: Option<unsafe extern "C" fn(*mut c_void)>,
}

/// Our transport: what a handle points to is a [`Pipe`].
static OURS: Transport = Transport {
    create: Some(transport_create),
    push: Some(transport_push),
    drain: Some(transport_drain),
    flush: Some(transport_flush),
    destroy: Some(transport_destroy),
};

/// Both ends of a ring. Each belongs to one thread, and is reached without a reference to the whole.
#[repr(C)]
struct Pipe {
    outbox: Apart<Outbox>,
    inbox: Apart<Inbox>,
}

/// Two cache lines of its own: each end writes its cursors all the time.
#[repr(align(128))]
struct Apart<T>(T);

/// Where the engine's reports go.
enum Outlet {
    /// Into our own ring.
    Ours(NonNull<Outbox>),
    /// Into a transport that the harness chose.
    Theirs { push: Push, handle: *mut c_void },
}

impl Outlet {
    /// Sends a report; waits for room.
    #[inline(always)]
    fn send(&mut self, report: Report) {
        match self {
            // SAFETY: the transport outlives the engine, and this thread alone writes into it.
            Self::Ours(outbox) => unsafe { outbox.as_mut() }.write(report),
            Self::Theirs { push, handle } => push_to(*push, *handle, &report),
        }
    }

    /// Ends a burst.
    #[inline]
    fn hand_over(&mut self) {
        if let Self::Ours(outbox) = self {
            // SAFETY: as in `send`.
            unsafe { outbox.as_mut() }.hand_over();
        }
    }
}

/// The harness's way to send a report.
type Push = unsafe extern "C" fn(*mut c_void, *const Report) -> c_int;

#[cold]
#[inline(never)]
fn push_to(push: Push, handle: *mut c_void, report: &Report) {
    // SAFETY: the function and the handle belong together, by the harness's promise.
    while unsafe { push(handle, report) } == 0 {
        std::hint::spin_loop();
    }
}

struct Engine {
    contestant: Contestant,
    outlet: Outlet,
}

struct Global(UnsafeCell<Option<Engine>>);

// SAFETY: the harness calls all `engine_` functions from one thread.
unsafe impl Sync for Global {}

static ENGINE: Global = Global(UnsafeCell::new(None));

/// Uses the engine, when there is one.
///
/// # Safety
/// Only from the harness's calls of `engine_` functions, which one thread makes one after the other, and not within itself.
#[inline]
unsafe fn with_engine<R>(use_it: impl FnOnce(&mut Engine) -> R) -> Option<R> {
    // SAFETY: by the caller's promise there is no other reference.
    let engine = unsafe { &mut *ENGINE.0.get() };
    engine.as_mut().map(use_it)
}

/// Begins with an empty book.
///
/// # Safety
/// `transport` points to a transport that made the handle `sink`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn engine_init(_nonce: u64, transport: *const Transport, sink: *mut c_void) {
    let outlet = if std::ptr::eq(transport, &raw const OURS) {
        let pipe = sink.cast::<Pipe>();
        // SAFETY: our transport made the handle; only the place of one end is computed, no reference to the whole is made.
        let outbox = unsafe { &raw mut (*pipe).outbox.0 };
        Outlet::Ours(NonNull::new(outbox).expect("a handle that transport_create gave out"))
    } else {
        // SAFETY: valid by the caller's promise.
        let push = unsafe { transport.as_ref() }.and_then(|transport| transport.push);
        Outlet::Theirs { push: push.expect("engine_init needs a transport that can push"), handle: sink }
    };
    // SAFETY: no other call is running.
    let engine = unsafe { &mut *ENGINE.0.get() };
    *engine = Some(Engine { contestant: Contestant::new(), outlet });
}

/// Ends.
///
/// # Safety
/// No other call of an `engine_` function is running.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn engine_shutdown() {
    // SAFETY: no other call is running.
    let engine = unsafe { &mut *ENGINE.0.get() };
    *engine = None;
}

/// Takes a new order.
///
/// # Safety
/// `order` is valid, and no other call of an `engine_` function is running.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn engine_on_new_order(order: *const NewOrder) {
    // SAFETY: valid by the caller's promise.
    let order = unsafe { &*order };
    // SAFETY: the harness calls.
    unsafe { with_engine(|engine| engine.one(|engine| engine.enter(order))) };
}

/// Takes a cancel.
///
/// # Safety
/// `cancel` is valid, and no other call of an `engine_` function is running.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn engine_on_cancel(cancel: *const Cancel) {
    // SAFETY: valid by the caller's promise.
    let cancel = unsafe { &*cancel };
    // SAFETY: the harness calls.
    unsafe { with_engine(|engine| engine.one(|engine| engine.cancel(cancel))) };
}

/// Takes a modify.
///
/// # Safety
/// `modify` is valid, and no other call of an `engine_` function is running.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn engine_on_modify(modify: *const Modify) {
    // SAFETY: valid by the caller's promise.
    let modify = unsafe { &*modify };
    // SAFETY: the harness calls.
    unsafe { with_engine(|engine| engine.one(|engine| engine.modify(modify))) };
}

/// Takes a run of messages, one after the other; reports leave once a burst, as between the appliance's tiles.
///
/// # Safety
/// `messages` points to `count` messages, each of the kind that it says, and no other call of an `engine_` function is running.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn engine_on_batch(messages: *const Message, count: u32) {
    if count == 0 {
        return;
    }
    // SAFETY: valid by the caller's promise, and not empty.
    let messages = unsafe { slice::from_raw_parts(messages, count as usize) };
    // SAFETY: the harness calls.
    unsafe { with_engine(|engine| messages.chunks(BURST).for_each(|burst| engine.burst(burst))) };
}

/// Nothing is deferred here; every call has ended its burst.
#[unsafe(no_mangle)]
pub extern "C" fn engine_flush() {}

/// The highest bid, or the smallest number when there is none.
///
/// # Safety
/// No other call of an `engine_` function is running.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn engine_query_best_bid() -> i64 {
    // SAFETY: the harness calls.
    unsafe { with_engine(|engine| engine.contestant.best(Side::Buy)) }.flatten().unwrap_or(i64::MIN)
}

/// The lowest ask, or the largest number when there is none.
///
/// # Safety
/// No other call of an `engine_` function is running.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn engine_query_best_ask() -> i64 {
    // SAFETY: the harness calls.
    unsafe { with_engine(|engine| engine.contestant.best(Side::Sell)) }.flatten().unwrap_or(i64::MAX)
}

/// The quantity that rests at a price.
///
/// # Safety
/// No other call of an `engine_` function is running.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn engine_query_depth_at(price_ticks: i64, side: u8) -> u64 {
    // SAFETY: the harness calls.
    unsafe { with_engine(|engine| engine.contestant.depth_at(price_ticks, side_of(side))) }.unwrap_or(0)
}

/// Our transport, for the harness to use instead of its own.
#[unsafe(no_mangle)]
pub extern "C" fn engine_get_transport() -> *const Transport {
    &raw const OURS
}

impl Engine {
    fn enter(&mut self, order: &NewOrder) {
        self.contestant.enter(order, &mut |report| self.outlet.send(report));
    }

    fn cancel(&mut self, cancel: &Cancel) {
        self.contestant.cancel(cancel, &mut |report| self.outlet.send(report));
    }

    fn modify(&mut self, modify: &Modify) {
        self.contestant.modify(modify, &mut |report| self.outlet.send(report));
    }

    /// A burst of one message.
    #[inline]
    fn one(&mut self, act: impl FnOnce(&mut Self)) {
        act(self);
        self.outlet.hand_over();
    }

    fn burst(&mut self, messages: &[Message]) {
        for message in messages {
            match message.kind {
                // SAFETY: the message is of this kind, by the harness's promise.
                NEW_ORDER => self.enter(unsafe { &message.body.new_order }),
                // SAFETY: the message is of this kind, by the harness's promise.
                CANCEL => self.cancel(unsafe { &message.body.cancel }),
                // SAFETY: the message is of this kind, by the harness's promise.
                MODIFY => self.modify(unsafe { &message.body.modify }),
                // The interface has no other kind, and no answer to one.
                _ => {}
            }
        }
        self.outlet.hand_over();
    }
}

unsafe extern "C" fn transport_create(reports_min: u32) -> *mut c_void {
    let (outbox, inbox) = pipe(reports_min);
    Box::into_raw(Box::new(Pipe { outbox: Apart(outbox), inbox: Apart(inbox) })).cast()
}

/// 1 when the report is on its way, 0 when the ring is full.
unsafe extern "C" fn transport_push(handle: *mut c_void, report: *const Report) -> c_int {
    let pipe = handle.cast::<Pipe>();
    // SAFETY: `transport_create` made the handle, and this thread alone writes.
    let outbox = unsafe { &mut (*pipe).outbox.0 };
    // SAFETY: valid by the interface's promise.
    let done = outbox.try_write(unsafe { &*report });
    outbox.hand_over();
    c_int::from(done)
}

unsafe extern "C" fn transport_drain(handle: *mut c_void, out: *mut Report, reports_max: u32) -> u32 {
    if reports_max == 0 {
        return 0;
    }
    let pipe = handle.cast::<Pipe>();
    // SAFETY: `transport_create` made the handle, and this thread alone reads.
    let inbox = unsafe { &mut (*pipe).inbox.0 };
    // SAFETY: room for so many reports, by the interface's promise.
    let out = unsafe { slice::from_raw_parts_mut(out.cast::<MaybeUninit<Report>>(), reports_max as usize) };
    u32::try_from(inbox.take(out)).expect("at most as many as fit")
}

unsafe extern "C" fn transport_flush(handle: *mut c_void) {
    let pipe = handle.cast::<Pipe>();
    // SAFETY: `transport_create` made the handle, and this thread alone writes.
    let outbox = unsafe { &mut (*pipe).outbox.0 };
    outbox.hand_over();
}

unsafe extern "C" fn transport_destroy(handle: *mut c_void) {
    // SAFETY: `transport_create` made the handle from a box, and it is given back once.
    drop(unsafe { Box::from_raw(handle.cast::<Pipe>()) });
}

#[cfg(test)]
mod tests;
