//! A handler with its clock and an ear, for examples: something comes, and what is heard stands in a word.

use feedhandler::BookListener;
use feedhandler::handler::{
    Action, FeedListener, Handler, HandlerOptions, Join, LineState, Source, Stale, StaleReason,
};
use wire::Nanos;
use wire::feed::StreamKind;
use wire::mold::SessionId;

pub const A: Source = Source::Line(0);
pub const B: Source = Source::Line(1);
pub const MS: u64 = 1_000_000;
pub const START: u64 = 1_000 * MS;

/// What was heard, in words.
#[derive(Default)]
pub struct Ear(pub Vec<String>);

impl BookListener for Ear {}

impl FeedListener for Ear {
    fn message(&mut self, sequence: u64, _: &[u8], late: bool) {
        self.0.push(format!("{}{sequence}", if late { "late " } else { "" }));
    }
    fn gap(&mut self, from: u64, to: u64) {
        self.0.push(format!("gap {from}..{to}"));
    }
    fn lost(&mut self, from: u64, to: u64) {
        self.0.push(format!("lost {from}..{to}"));
    }
    fn stale(&mut self, stale: Option<Stale>) {
        self.0.push(stale.map_or("fresh".into(), |stale| format!("{:?}", stale.reason)));
    }
    fn snapshot(&mut self, next: u64) {
        self.0.push(format!("snapshot {next}"));
    }
    fn session(&mut self, session: SessionId) {
        self.0.push(format!("session {session}"));
    }
    fn ended(&mut self, next: u64) {
        self.0.push(format!("ended {next}"));
    }
    fn line(&mut self, line: usize, state: LineState) {
        self.0.push(format!("line {line} {state:?}"));
    }
}

impl Ear {
    fn take(&mut self) -> String {
        std::mem::take(&mut self.0).join(", ")
    }
}

/// A handler, its clock, and what it says.
pub struct Bench {
    pub handler: Handler,
    pub ear: Ear,
    pub now: u64,
}

pub fn plain() -> HandlerOptions {
    HandlerOptions {
        join: Join::Start,
        rerequest: None,
        snapshot: None,
        window: 64,
        strict: false,
        ..HandlerOptions::new(StreamKind::Depth)
    }
}

impl Bench {
    pub fn new(options: HandlerOptions) -> Self {
        Self { handler: Handler::new(options), ear: Ear::default(), now: START }
    }

    pub fn packet(&mut self, source: Source, bytes: &[u8]) -> String {
        self.handler.on_packet(source, bytes, Nanos(self.now), &mut self.ear);
        self.ear.take()
    }

    pub fn wait(&mut self, ns: u64) -> String {
        self.now += ns;
        self.handler.poll(Nanos(self.now), &mut self.ear);
        self.ear.take()
    }

    pub fn snapshot(&mut self, bytes: &[u8]) -> String {
        self.handler.on_snapshot(bytes, Nanos(self.now), &mut self.ear);
        self.ear.take()
    }

    pub fn actions(&mut self) -> Vec<Action> {
        std::iter::from_fn(|| self.handler.next_action()).collect()
    }

    pub fn stale(&self) -> Option<StaleReason> {
        self.handler.stale().map(|stale| stale.reason)
    }
}
