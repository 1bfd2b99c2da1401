//! What is measured: three depths of the same core, each fed a whole flow, a message a step.
//!
//! Goal: one loop measures them all, and whatever they say is heard by an [`Ear`], so that nothing is optimised away. Non-goal: making
//! the inputs; see [`crate::stream`] and [`crate::flow`].

pub mod book;
pub mod collapsed;
pub mod exchange;
pub mod journaled;
pub mod kinds;
pub mod login;
pub mod rounds;
pub mod venue;

use std::hint::black_box;
use std::ops::Range;

use engine::book::{BookEvent, Listener};
use engine::depth::DepthEvent;
use wire::tick::Tick;

/// Hears what a subject says. Each subject uses the verbs of its own output.
pub trait Ear {
    /// What follows is caused by this message of the flow.
    fn begin(&mut self, line: usize) {
        let _ = line;
    }

    /// The book did something.
    fn event(&mut self, event: &BookEvent);

    /// The exchange reported.
    fn report(&mut self, message: &[u8]);

    /// The venue sent a packet.
    fn packet(&mut self, bytes: &[u8]);

    /// Market data was published.
    fn tick(&mut self, tick: &Tick) {
        let _ = tick;
    }

    /// A message of the depth stream was made.
    fn depth(&mut self, event: &DepthEvent) {
        let _ = event;
    }

    /// A journal record was encoded.
    fn record(&mut self, body: &[u8]) {
        let _ = body;
    }
}

/// An ear at the book itself: at each place where the book speaks, only what the ear does with that event remains.
pub struct AtBook<'a, E>(pub &'a mut E);

impl<E: Ear> Listener for AtBook<'_, E> {
    #[inline(always)]
    fn hear(&mut self, event: BookEvent) {
        self.0.event(&event);
    }
}

/// Counts, and does nothing else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counter {
    /// Book events, reports or packets.
    pub outputs: u64,
    /// Ticks.
    pub ticks: u64,
    /// Messages of the depth stream.
    pub depth: u64,
    /// Journal records.
    pub records: u64,
    /// Bytes of reports, packets and records.
    pub bytes: u64,
}

impl Ear for Counter {
    #[inline(always)]
    fn event(&mut self, event: &BookEvent) {
        black_box(event);
        self.outputs += 1;
    }

    #[inline]
    fn report(&mut self, message: &[u8]) {
        self.packet(message);
    }

    #[inline]
    fn packet(&mut self, bytes: &[u8]) {
        black_box(bytes);
        self.outputs += 1;
        self.bytes += bytes.len() as u64;
    }

    #[inline]
    fn tick(&mut self, tick: &Tick) {
        black_box(tick);
        self.ticks += 1;
    }

    #[inline]
    fn depth(&mut self, event: &DepthEvent) {
        black_box(event);
        self.depth += 1;
    }

    #[inline]
    fn record(&mut self, body: &[u8]) {
        black_box(body);
        self.records += 1;
        self.bytes += body.len() as u64;
    }
}

/// Something that takes the flow.
pub trait Subject {
    /// Takes one message of the flow.
    fn step(&mut self, line: usize);

    /// A hash of where it stands.
    fn state_hash(&self) -> u64;
}

/// Feeds a part of the flow. A function of its own, so that a profiler can be told to count in here only; see docs/benchmarks.md.
#[inline(never)]
pub fn take_flow<S: Subject>(subject: &mut S, lines: Range<usize>) {
    for line in lines {
        subject.step(line);
    }
}
