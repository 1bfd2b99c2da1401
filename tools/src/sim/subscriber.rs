//! A subscriber of the tick channel.

use feedhandler::handler::{Delivery, FeedListener, Handler, HandlerOptions, Join, Source};
use feedhandler::{BookListener, DepthBook};
use wire::Nanos;
use wire::feed::StreamKind;
use wire::mold::Packet;
use wire::tick::Tick;

/// Messages kept behind a gap: as many as a restart sends again.
const WINDOW: usize = 1 << 14;

/// No time passes for it: it waits for nobody, and nobody falls silent.
const ALWAYS: Nanos = Nanos(1);

/// Both lines, merged, and the depth that they show. It asks for nothing again, and gives nothing up while there is room behind the gap: the
/// checks want to know what the lines brought, and nothing else.
pub struct Subscriber {
    handler: Handler,
}

impl Default for Subscriber {
    fn default() -> Self {
        let options = HandlerOptions {
            // What comes late finds levels that have changed since.
            delivery: Delivery::Live,
            join: Join::At(1),
            rerequest: None,
            snapshot: None,
            window: WINDOW,
            // A venue that starts again sends its newest messages again, and goes on.
            regress_ns: u64::MAX,
            silence_ns: u64::MAX,
            ..HandlerOptions::new(StreamKind::Tick)
        };
        Self { handler: Handler::new(options) }
    }
}

/// What of a packet is no tick.
#[derive(Default)]
struct Wrong(Option<String>);

impl BookListener for Wrong {}

impl FeedListener for Wrong {
    fn message(&mut self, sequence: u64, bytes: &[u8], _late: bool) {
        if let Err(error) = Tick::decode(bytes) {
            self.0 = Some(format!("tick {sequence}: {error}"));
        }
    }
}

impl Subscriber {
    /// A packet has come on one of the lines.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn hear(&mut self, line: usize, payload: &[u8]) -> Result<(), String> {
        Packet::parse(payload).map_err(|error| error.to_string())?;
        let mut wrong = Wrong::default();
        self.handler.on_packet(Source::Line(line), payload, ALWAYS, &mut wrong);
        wrong.0.map_or(Ok(()), Err)
    }

    /// The number of the first tick that it has not heard.
    #[must_use]
    pub fn next(&self) -> u64 {
        self.handler.next_sequence().max(1)
    }

    /// The depth, when nothing of what was published up to `next` is missing.
    #[must_use]
    pub fn whole(&self, next: u64) -> Option<&DepthBook> {
        let whole = self.handler.next_sequence() == next && self.handler.stale().is_none();
        self.handler.depth().filter(|_| whole)
    }
}
