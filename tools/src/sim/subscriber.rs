//! A subscriber of the tick channel.

use feedhandler::{DepthBook, FeedEvent, FeedLine, Join};
use wire::tick::Tick;

/// Both lines, merged, and the depth that they show.
pub struct Subscriber {
    line: FeedLine,
    depth: DepthBook,
}

impl Default for Subscriber {
    fn default() -> Self {
        Self { line: FeedLine::new(Join::At(1)), depth: DepthBook::new() }
    }
}

impl Subscriber {
    /// A packet has come on one of the lines.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn hear(&mut self, payload: &[u8]) -> Result<(), String> {
        let Self { line, depth } = self;
        let mut wrong = None;
        line.packet(payload, &mut |event| match event {
            FeedEvent::Message { sequence, bytes, .. } => match Tick::decode(bytes) {
                Ok(tick) => depth.apply(sequence, &tick),
                Err(error) => wrong = Some(format!("tick {sequence}: {error}")),
            },
            FeedEvent::Session { .. } => depth.clear(),
            _ => {}
        })
        .map_err(|error| error.to_string())?;
        if !line.has_gaps() {
            depth.settle();
        }
        wrong.map_or(Ok(()), Err)
    }

    /// The number of the tick that it expects next.
    #[must_use]
    pub const fn next(&self) -> u64 {
        self.line.next_sequence()
    }

    /// The depth, when nothing of what was published up to `next` is missing.
    #[must_use]
    pub fn whole(&self, next: u64) -> Option<&DepthBook> {
        let whole = !self.line.has_gaps() && self.line.counters().lost == 0 && self.line.next_sequence() == next;
        whole.then_some(&self.depth)
    }
}
