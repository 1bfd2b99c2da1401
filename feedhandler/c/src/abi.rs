//! The functions, as C sees them. The header is made of this file.
//!
//! Goal: pointers in, references on; a null pointer is answered, not followed. Non-goal: anything else.
//!
//! What is asked of the caller: a handler is used by one thread at a time; pointers are valid for the call; callbacks do not call back
//! into the handler that calls them.
// Why unsafe: the interface is C's. Pointers come without lifetimes, and callbacks are the caller's functions.
#![allow(unsafe_code)]

use std::ffi::c_void;
use std::ptr;
use std::slice;

use feedhandler::BookListener;
use feedhandler::book::{BookTrade, LevelChange};
use feedhandler::handler::{Action, FeedListener, Handler, HandlerOptions, Source, Stale};
use wire::feed::StreamKind;
use wire::mold::SessionId;
use wire::soup::{LoginRequest, Numeric, Packet, SoupPassword, SoupUser};
use wire::tick::{Tick, TickKind};
use wire::{InstrumentIndex, Nanos, Price, Side};

#[allow(clippy::wildcard_imports, reason = "the names of the header")]
use crate::values::*;

/// What the caller wants to hear. Any of the functions may be null. `context` is handed to each.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct PinionCallbacks {
    /// The caller's own.
    pub context: *mut c_void,
    /// A message, once: number, bytes, their length, whether later ones were told before.
    pub message: Option<unsafe extern "C" fn(*mut c_void, u64, *const u8, usize, bool)>,
    /// A level has a new total.
    pub level: Option<unsafe extern "C" fn(*mut c_void, *const PinionLevel)>,
    /// A trade.
    pub trade: Option<unsafe extern "C" fn(*mut c_void, *const PinionTrade)>,
    /// What can be said of the books has changed: PINION_FRESH or one of PINION_STALE_, and since when.
    pub stale: Option<unsafe extern "C" fn(*mut c_void, u8, u64)>,
    /// Messages from the first number up to, but not including, the second are missing.
    pub gap: Option<unsafe extern "C" fn(*mut c_void, u64, u64)>,
    /// Messages from the first number up to, but not including, the second are given up.
    pub lost: Option<unsafe extern "C" fn(*mut c_void, u64, u64)>,
    /// Books were replaced by a snapshot, and go on with this message: read them anew.
    pub snapshot: Option<unsafe extern "C" fn(*mut c_void, u64)>,
    /// The venue ended the session; this would have been the next message.
    pub ended: Option<unsafe extern "C" fn(*mut c_void, u64)>,
}

/// Follows one stream. Made by pinion_handler_new, given back to pinion_handler_free.
#[derive(Debug)]
pub struct PinionHandler {
    handler: Handler,
    ear: Ear,
}

/// Options that suit a venue like Pinion, for a stream of this kind.
#[unsafe(no_mangle)]
pub extern "C" fn pinion_options(kind: u8) -> PinionOptions {
    let defaults = HandlerOptions::new(if kind == PINION_TICKS { StreamKind::Tick } else { StreamKind::Depth });
    let as_u32 = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    PinionOptions {
        kind,
        delivery: PINION_IN_ORDER,
        join: PINION_JOIN_SNAPSHOT,
        rerequest: true,
        snapshot: true,
        strict: defaults.strict,
        lines: as_u32(defaults.lines),
        window: as_u32(defaults.window),
        instruments: as_u32(defaults.books.instruments),
        orders: as_u32(defaults.books.orders),
        line_wait_ns: defaults.line_wait_ns,
        silence_ns: defaults.silence_ns,
    }
}

/// Follows a stream of which nothing is known yet. `callbacks` may be null. Null when `options` is null, or holds a number that is
/// none of those named here.
///
/// # Safety
/// Each pointer is null or valid for the call; functions and context of the callbacks are valid as long as the handler is.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pinion_handler_new(
    options: *const PinionOptions,
    callbacks: *const PinionCallbacks,
) -> *mut PinionHandler {
    // SAFETY: null or valid, by the caller's word.
    let Some(options) = (unsafe { options.as_ref() }).and_then(options_of) else { return ptr::null_mut() };
    // SAFETY: null or valid, by the caller's word.
    let callbacks = unsafe { callbacks.as_ref() }.copied();
    Box::into_raw(Box::new(PinionHandler { handler: Handler::new(options), ear: Ear(callbacks) }))
}

/// Ends a handler. Null is nothing.
///
/// # Safety
/// Null, or from pinion_handler_new and not given back before.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pinion_handler_free(handler: *mut PinionHandler) {
    if !handler.is_null() {
        // SAFETY: made by `Box::into_raw`, and given back once, by the caller's word.
        drop(unsafe { Box::from_raw(handler) });
    }
}

/// Takes a packet from a line, counted from 0, or from PINION_FROM_REREQUEST.
///
/// # Safety
/// `handler` is null or a handler; `bytes` is valid for `len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pinion_handler_packet(
    handler: *mut PinionHandler,
    source: u32,
    bytes: *const u8,
    len: usize,
    now_ns: u64,
) {
    // SAFETY: null or a handler, by the caller's word.
    let Some(PinionHandler { handler, ear }) = (unsafe { handler.as_mut() }) else { return };
    // SAFETY: valid for `len` bytes, by the caller's word.
    let bytes = unsafe { bytes_of(bytes, len) };
    let source = match source {
        PINION_FROM_REREQUEST => Source::Rerequest,
        line => Source::Line(line as usize),
    };
    handler.on_packet(source, bytes, Nanos(now_ns), ear);
}

/// Takes bytes that came over the connection to the snapshot server, in whatever pieces.
///
/// # Safety
/// `handler` is null or a handler; `bytes` is valid for `len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pinion_handler_snapshot(
    handler: *mut PinionHandler,
    bytes: *const u8,
    len: usize,
    now_ns: u64,
) {
    // SAFETY: null or a handler, by the caller's word.
    let Some(PinionHandler { handler, ear }) = (unsafe { handler.as_mut() }) else { return };
    // SAFETY: valid for `len` bytes, by the caller's word.
    let bytes = unsafe { bytes_of(bytes, len) };
    handler.on_snapshot(bytes, Nanos(now_ns), ear);
}

/// The connection to the snapshot server ended, or could not be made.
///
/// # Safety
/// `handler` is null or a handler.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pinion_handler_snapshot_closed(handler: *mut PinionHandler, now_ns: u64) {
    // SAFETY: null or a handler, by the caller's word.
    if let Some(PinionHandler { handler, .. }) = unsafe { handler.as_mut() } {
        handler.on_snapshot_closed(Nanos(now_ns));
    }
}

/// Lets time pass. Returns when it wants to be called again at the latest, or PINION_NEVER. Call it after packets, too.
///
/// # Safety
/// `handler` is null or a handler.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pinion_handler_poll(handler: *mut PinionHandler, now_ns: u64) -> u64 {
    // SAFETY: null or a handler, by the caller's word.
    let Some(PinionHandler { handler, ear }) = (unsafe { handler.as_mut() }) else { return PINION_NEVER };
    handler.poll(Nanos(now_ns), ear).map_or(PINION_NEVER, |at| at.0)
}

/// The next thing to be done; ask until it is PINION_ACTION_NONE.
///
/// # Safety
/// `handler` is null or a handler.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pinion_handler_next_action(handler: *mut PinionHandler) -> PinionAction {
    // SAFETY: null or a handler, by the caller's word.
    let action = unsafe { handler.as_mut() }.and_then(|handler| handler.handler.next_action());
    let mut bytes = [0; 64];
    let (kind, len) = match action {
        None => (PINION_ACTION_NONE, None),
        Some(Action::Request(request)) => (PINION_ACTION_REQUEST, request.encode(&mut bytes)),
        Some(Action::OpenSnapshot(session)) => (PINION_ACTION_OPEN_SNAPSHOT, login(session).encode(&mut bytes)),
        Some(Action::CloseSnapshot) => (PINION_ACTION_CLOSE_SNAPSHOT, None),
    };
    PinionAction { kind, len: len.and_then(|len| u8::try_from(len).ok()).unwrap_or(0), bytes }
}

/// PINION_FRESH, or why books may differ from the venue's: one of PINION_STALE_.
///
/// # Safety
/// `handler` is null or a handler.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pinion_handler_stale(handler: *const PinionHandler) -> u8 {
    // SAFETY: null or a handler, by the caller's word.
    let handler = unsafe { handler.as_ref() };
    handler.map_or(PINION_STALE_WAITING, |handler| reason_of(handler.handler.stale()))
}

/// The first message that the books do not have.
///
/// # Safety
/// `handler` is null or a handler.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pinion_handler_next_sequence(handler: *const PinionHandler) -> u64 {
    // SAFETY: null or a handler, by the caller's word.
    unsafe { handler.as_ref() }.map_or(0, |handler| handler.handler.next_sequence())
}

/// Writes the best levels of a side, best first, `max` at most; returns how many.
///
/// # Safety
/// `handler` is null or a handler; `out` is valid for `max` levels.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pinion_handler_levels(
    handler: *const PinionHandler,
    instrument: u32,
    side: u8,
    out: *mut PinionLevel,
    max: usize,
) -> usize {
    // SAFETY: null or a handler, by the caller's word.
    let Some(PinionHandler { handler, .. }) = (unsafe { handler.as_ref() }) else { return 0 };
    let Some(side_of) = Side::from_byte(side) else { return 0 };
    if out.is_null() {
        return 0;
    }
    // SAFETY: valid for `max` levels, by the caller's word, and any bytes are a level.
    let out = unsafe { slice::from_raw_parts_mut(out, max) };
    let locate = u16::try_from(instrument).ok();
    let orders = handler.books().zip(locate).map(|(books, locate)| books.levels(locate, side_of));
    let of_orders = orders.into_iter().flatten().map(|level| (level.price, level.total, level.orders));
    let ticks = handler.depth().and_then(|depth| depth.get(InstrumentIndex(instrument)));
    let of_ticks = ticks.into_iter().flat_map(|depth| depth.levels(side_of));
    let levels = of_orders.chain(of_ticks.map(|level| (level.price, u64::from(level.quantity), 0)));
    let places = out.iter_mut().zip(levels);
    places
        .map(|(place, (Price(price), total, orders))| *place = PinionLevel { price, total, orders, instrument, side })
        .count()
}

/// What was counted so far.
///
/// # Safety
/// `handler` is null or a handler.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pinion_handler_counters(handler: *const PinionHandler) -> PinionCounters {
    // SAFETY: null or a handler, by the caller's word.
    let Some(handler) = (unsafe { handler.as_ref() }) else { return PinionCounters::default() };
    let counters = handler.handler.counters();
    PinionCounters {
        packets: counters.packets,
        messages: counters.messages,
        duplicates: counters.duplicates,
        gaps: counters.gaps,
        lost: counters.lost,
        requests: counters.requests,
        snapshots: counters.snapshots,
        malformed: counters.malformed,
        wrong_session: counters.wrong_session,
    }
}

fn login(session: SessionId) -> Packet<'static> {
    let (username, password) = (SoupUser(*b"      "), SoupPassword(*b"          "));
    Packet::LoginRequest(LoginRequest { username, password, session, sequence: Numeric(1) })
}

/// # Safety
/// Null, or valid for `len` bytes as long as the result is used.
unsafe fn bytes_of<'a>(bytes: *const u8, len: usize) -> &'a [u8] {
    if bytes.is_null() {
        return &[];
    }
    // SAFETY: valid for `len` bytes, by the caller's word.
    unsafe { slice::from_raw_parts(bytes, len) }
}

/// Tells the caller's functions.
#[derive(Debug)]
struct Ear(Option<PinionCallbacks>);

/// Calls one of the caller's functions, if there is one.
macro_rules! tell {
    ($ear:ident.$name:ident($($argument:expr),*)) => {
        if let Some(PinionCallbacks { context, $name: Some(function), .. }) = $ear.0 {
            // SAFETY: the caller's function and context, valid as long as the handler; other pointers are valid for the call.
            unsafe { function(context, $($argument),*) };
        }
    };
}

impl BookListener for Ear {
    fn level(&mut self, change: LevelChange) {
        let LevelChange { locate, side, price, total, orders, .. } = change;
        let level = PinionLevel { price: price.0, total, orders, instrument: u32::from(locate), side: side.byte() };
        tell!(self.level(&raw const level));
    }

    fn trade(&mut self, trade: &BookTrade) {
        let BookTrade { locate, price, qty, match_number, maker, printable, .. } = *trade;
        let maker = maker.map_or(PINION_NO_SIDE, |(_, side)| side.byte());
        let instrument = u32::from(locate);
        let trade = PinionTrade { price: price.0, qty, match_number: match_number.0, instrument, maker, printable };
        tell!(self.trade(&raw const trade));
    }
}

impl FeedListener for Ear {
    fn message(&mut self, sequence: u64, bytes: &[u8], late: bool) {
        tell!(self.message(sequence, bytes.as_ptr(), bytes.len(), late));
    }

    fn tick(&mut self, _: u64, tick: &Tick, _: bool) {
        let Tick { symbol_id: InstrumentIndex(instrument), price: Price(price), quantity, side, kind, .. } = *tick;
        match kind {
            TickKind::Quote => {
                let total = u64::from(quantity);
                let level = PinionLevel { price, total, orders: 0, instrument, side: side.byte() };
                tell!(self.level(&raw const level));
            }
            TickKind::Trade => {
                let maker = side.side().map_or(PINION_NO_SIDE, |taker| taker.opposite().byte());
                let qty = u64::from(quantity);
                let trade = PinionTrade { price, qty, match_number: 0, instrument, maker, printable: true };
                tell!(self.trade(&raw const trade));
            }
            TickKind::Status => {}
        }
    }

    fn gap(&mut self, from: u64, to: u64) {
        tell!(self.gap(from, to));
    }

    fn lost(&mut self, from: u64, to: u64) {
        tell!(self.lost(from, to));
    }

    fn stale(&mut self, stale: Option<Stale>) {
        let since_ns = stale.map_or(0, |stale| stale.since.0);
        tell!(self.stale(reason_of(stale), since_ns));
    }

    fn snapshot(&mut self, next: u64) {
        tell!(self.snapshot(next));
    }

    fn ended(&mut self, next: u64) {
        tell!(self.ended(next));
    }
}
