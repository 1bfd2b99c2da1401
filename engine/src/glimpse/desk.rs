//! Where those who want an image and the one who makes it meet.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use super::image::Image;
use crate::exchange::Exchange;
use crate::snapshot::Follows;
use crate::venue::Venue;
use wire::feed::{CHANNELS_MAX, Stream, StreamKind};
use wire::mold::SessionId;
use wire::{Nanos, Seq};

/// A follower that is behind, after a restart say, is waited for so long: then an older state is better than none.
const PATIENCE: Duration = Duration::from_millis(500);
/// Of the follower's time, images take no more than one part in so many.
const SHARE: u32 = 4;
const STREAMS_MAX: usize = CHANNELS_MAX * StreamKind::ALL.len();
const _: () = assert!(STREAMS_MAX <= 32, "a bit of a word for each stream");

/// The images that there are, and those that are wanted.
#[derive(Debug)]
pub struct Desk {
    max_age: Duration,
    /// A bit for each stream.
    wanted: AtomicU32,
    images: Mutex<[Option<Made>; STREAMS_MAX]>,
    made: Condvar,
    count: AtomicU64,
    venue: OnceLock<(SessionId, Vec<Stream>)>,
}

#[derive(Clone, Debug)]
struct Made {
    image: Arc<Image>,
    at: Instant,
}

impl Desk {
    /// Images are shared while they are no older than this.
    #[must_use]
    pub fn new(max_age: Duration) -> Self {
        let (wanted, count) = (AtomicU32::new(0), AtomicU64::new(0));
        let (images, made) = (Mutex::new([const { None }; STREAMS_MAX]), Condvar::new());
        Self { max_age, wanted, images, made, count, venue: OnceLock::new() }
    }

    /// Whether it is known which streams there are. Not in the first moment of a new journal.
    #[must_use]
    pub fn is_named(&self) -> bool {
        self.venue.get().is_some()
    }

    /// The stream that a login's session names: blank is the first depth stream, or the first of all where there is none.
    #[must_use]
    pub fn find(&self, session: SessionId) -> Option<Stream> {
        let (venue, streams) = self.venue.get()?;
        if session == SessionId::BLANK {
            let depth = streams.iter().find(|stream| stream.kind == StreamKind::Depth);
            return depth.or(streams.first()).copied();
        }
        Stream::of_session(*venue, session).filter(|stream| streams.contains(stream))
    }

    /// The session of a stream that was found.
    #[must_use]
    pub fn session(&self, stream: Stream) -> SessionId {
        self.venue.get().map_or(SessionId::BLANK, |(venue, _)| stream.session(*venue))
    }

    /// An image that is no older than it may be; waits for one at most so long.
    #[must_use]
    pub fn get(&self, stream: Stream, patience: Duration) -> Option<Arc<Image>> {
        let slot = slot(stream)?;
        let asked = Instant::now();
        let mut images = self.lock();
        loop {
            // What was made before this asker came is good enough for a while; what is made after that is, however long it took.
            if let Some(made) = &images[slot]
                && (made.at >= asked || made.at.elapsed() <= self.max_age)
            {
                return Some(Arc::clone(&made.image));
            }
            self.wanted.fetch_or(1 << slot, Ordering::Release);
            let left = patience.checked_sub(asked.elapsed())?;
            images = self.made.wait_timeout(images, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// How many images were made.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    fn lock(&self) -> MutexGuard<'_, [Option<Made>; STREAMS_MAX]> {
        self.images.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Makes the images that are wanted, on the follower's thread.
#[derive(Debug)]
pub struct Imager {
    desk: Arc<Desk>,
    not_before: Instant,
    /// Since when somebody has waited for the follower to be current.
    waiting: Option<Instant>,
}

impl Imager {
    /// For the askers at a desk.
    #[must_use]
    pub fn new(desk: Arc<Desk>) -> Self {
        Self { desk, not_before: Instant::now(), waiting: None }
    }

    fn name(&self, exchange: &Exchange) {
        self.desk.venue.get_or_init(|| (exchange.feed_session(), exchange.streams().collect()));
    }
}

impl Follows for Imager {
    fn begin(&mut self, seq: Seq, _time: Nanos, exchange: &Exchange) {
        if seq > Seq(0) {
            self.name(exchange);
        }
    }

    fn turned(&mut self, venue: &Venue) {
        if venue.seq() > Seq(0) {
            self.name(venue.exchange());
        }
        self.forget();
        if self.is_wanted() && self.waiting.get_or_insert_with(Instant::now).elapsed() > PATIENCE {
            self.make(venue);
        }
    }

    fn caught_up(&mut self, venue: &Venue) {
        if self.is_wanted() {
            self.make(venue);
        }
    }
}

impl Imager {
    fn is_wanted(&self) -> bool {
        self.desk.wanted.load(Ordering::Acquire) != 0
    }

    fn make(&mut self, venue: &Venue) {
        let begin = Instant::now();
        if venue.seq() == Seq(0) || begin < self.not_before {
            return;
        }
        self.waiting = None;
        let wanted = self.desk.wanted.swap(0, Ordering::AcqRel);
        for stream in venue.exchange().streams() {
            let Some(slot) = slot(stream).filter(|slot| wanted & (1 << slot) != 0) else { continue };
            let image = Arc::new(Image::of(venue.exchange(), stream, venue.time()));
            self.desk.lock()[slot] = Some(Made { image, at: Instant::now() });
            self.desk.count.fetch_add(1, Ordering::Relaxed);
        }
        self.desk.made.notify_all();
        self.not_before = Instant::now() + begin.elapsed() * (SHARE - 1);
    }

    /// What nobody shares any more is a state's worth of memory.
    fn forget(&self) {
        let mut images = self.desk.lock();
        for made in images.iter_mut().filter(|made| made.is_some()) {
            if made.as_ref().is_some_and(|made| made.at.elapsed() > self.desk.max_age) {
                *made = None;
            }
        }
    }
}

fn slot(stream: Stream) -> Option<usize> {
    let kind = match stream.kind {
        StreamKind::Tick => 0,
        StreamKind::Depth => 1,
    };
    Some(usize::from(stream.channel.0) * StreamKind::ALL.len() + kind).filter(|slot| *slot < STREAMS_MAX)
}
