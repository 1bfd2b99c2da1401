//! Views as one of those who listen to the follower.
//!
//! Goal: what the files lack is made again from the journal, slice by slice, while snapshots go on; an error ends the views and nothing else.
//! Non-goal: what is written; see the keeper.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::keeper::remove_all;
use super::{Views, ViewsError, ViewsOptions};
use crate::command::Command;
use crate::config::Config;
use crate::depth::DepthEvent;
use crate::exchange::Exchange;
use crate::gateway::{Endpoint, Replies};
use crate::journal::{Disk, Hold, JournalError, Watch, directory};
use crate::recovery::{follower_venue, replay};
use crate::snapshot::{Follows, SnapshotError, SnapshotName, load_newest_where, tail::Tail};
use crate::venue::{Outputs, Venue};
use wire::address::Addr;
use wire::tick::Tick;
use wire::{Nanos, Seq};

/// How long a slice of making good may take: the follower has snapshots to take.
const SLICE: Duration = Duration::from_millis(50);

/// What the keeper of views has to tell, a sentence each, for whoever runs the appliance.
#[derive(Clone, Debug, Default)]
pub struct ViewsTold(Arc<Mutex<Vec<String>>>);

impl ViewsTold {
    /// What is new; told once.
    #[must_use]
    pub fn take(&self) -> Vec<String> {
        self.0.lock().map(|mut told| std::mem::take(&mut *told)).unwrap_or_default()
    }

    fn say(&self, text: String) {
        if let Ok(mut told) = self.0.lock() {
            told.push(text);
        }
    }
}

/// Where the views are.
enum State {
    /// Not begun yet.
    Waiting,
    /// They follow.
    Live(Box<Views>),
    /// They make good what is missing.
    Behind(Box<Behind>),
    /// They are off until the next start.
    Off,
}

/// Views that lie behind the follower, with a venue of their own that replays what they lack.
struct Behind {
    views: Views,
    venue: Venue,
    tail: Tail,
    /// What it has not read yet is not pruned.
    hold: Hold,
}

/// Keeps views of what the follower replays.
pub struct ViewsFollower {
    config: Config,
    disk: Arc<dyn Disk>,
    watch: Watch,
    told: ViewsTold,
    state: State,
}

impl ViewsFollower {
    /// Views as configured, of the journal that `watch` is of, which nobody has begun to append to; `None` when they are off.
    #[must_use]
    pub fn of(config: &Config, disk: Arc<dyn Disk>, watch: Watch) -> Option<(Self, ViewsTold)> {
        let told = ViewsTold::default();
        let it = Self { config: config.clone(), disk, watch, told: told.clone(), state: State::Waiting };
        config.views.enabled.then_some((it, told))
    }

    /// What the files lack is read from the journal, or is not there any more.
    fn open(&self, seq: Seq) -> Result<State, ViewsError> {
        let dir = self.config.journal.dir.clone();
        let journal = |error: &dyn std::fmt::Display| ViewsError::Io {
            action: "look at the journal in",
            path: dir.clone(),
            source: io::Error::other(error.to_string()),
        };
        let epoch = directory::epoch(&dir).map_err(|error| journal(&error))?.unwrap_or_default();
        let Some(options) = ViewsOptions::of(&self.config, epoch, Arc::clone(&self.disk)) else {
            return Ok(State::Off);
        };
        let snapshots = SnapshotName::list(&dir).map_err(|error| journal(&error))?;
        let begins = directory::segment_path(&dir, epoch, 0).exists();
        let reaches = |from: Seq| begins || snapshots.iter().any(|name| name.epoch == epoch && name.seq <= from);
        // Of what is not in the journal any more, nothing may stay: other commands will have these numbers.
        let standing = options.standing(self.watch.durable_seq(), reaches)?;
        let behind = seq > standing.seq;
        let replayed = if behind { self.behind(epoch, &dir, standing.seq) } else { None };
        let (views, damage) = Views::open(&options, &standing)?;
        damage.into_iter().for_each(|damage| self.told.say(damage));
        let Some(replayed) = replayed else {
            if behind && standing.seq > Seq(0) {
                self.told.say(format!(
                    "the views end at record {}, and what came between it and record {seq} is not in the journal any more",
                    standing.seq
                ));
            }
            return Ok(State::Live(Box::new(views)));
        };
        let (venue, tail) = replayed.map_err(|error| journal(&error))?;
        let hold = self.watch.hold(tail.last().position.segment);
        let from = standing.seq.get() + 1;
        if seq.get() - standing.seq.get() > 1_000_000 {
            self.told.say(format!("records {from} to {seq} are replayed for the views; the venue is not held up"));
        }
        Ok(State::Behind(Box::new(Behind { views, venue, tail, hold })))
    }

    /// A venue that stands no later than this command, and the journal behind it; `None` where the journal does not reach back so far.
    fn behind(&self, epoch: u64, dir: &Path, seq: Seq) -> Option<Result<(Venue, Tail), SnapshotError>> {
        let empty = || follower_venue(&self.config);
        let fits = |found: Seq, _: Nanos| found <= seq;
        let loaded = load_newest_where(dir, epoch, self.config.fingerprint(), fits, empty);
        match loaded {
            Ok((Some(loaded), _)) => {
                let tail = Tail::behind(dir, epoch, loaded.anchor);
                Some(tail.map(|tail| (loaded.venue, tail)))
            }
            Ok((None, _)) if directory::segment_path(dir, epoch, 0).exists() => {
                Some(Tail::at_start(dir, epoch).map(|tail| (empty(), tail)))
            }
            Ok((None, _)) => None,
            Err(error) => Some(Err(error)),
        }
    }

    /// Says why, and is off from now on.
    fn end(&mut self, error: &ViewsError) {
        self.told.say(format!("{error}; no views are kept until the next start"));
        if let ViewsError::Foreign { .. } = error
            && let Ok(Some(epoch)) = directory::epoch(&self.config.journal.dir)
            && let Some(options) = ViewsOptions::of(&self.config, epoch, Arc::clone(&self.disk))
            && let Err(error) = remove_all(&options)
        {
            self.told.say(error.to_string());
        }
        self.state = State::Off;
    }

    fn live(&mut self, act: impl FnOnce(&mut Views) -> Result<(), ViewsError>) {
        if let State::Live(views) = &mut self.state
            && let Err(error) = act(views)
        {
            self.end(&error);
        }
    }

    /// Replays some of what is missing; when nothing is any more, the views are live.
    fn catch_up(&mut self, until: Seq, deadline: Option<Instant>) {
        let State::Behind(behind) = &mut self.state else { return };
        match behind.catch_up(until, deadline) {
            Ok(false) => {}
            Ok(true) => {
                if let State::Behind(behind) = std::mem::replace(&mut self.state, State::Off) {
                    self.state = State::Live(Box::new(behind.views));
                }
            }
            Err(error) => self.end(&error),
        }
    }
}

impl Behind {
    /// Replays up to a command, or to a moment. Returns whether the command was reached.
    fn catch_up(&mut self, until: Seq, deadline: Option<Instant>) -> Result<bool, ViewsError> {
        let Self { views, venue, tail, hold } = self;
        let journal = |error: &dyn std::fmt::Display| ViewsError::Io {
            action: "replay for the views",
            path: PathBuf::new(),
            source: io::Error::other(error.to_string()),
        };
        let mut count: u32 = 0;
        while let Some(entry) = tail.next(until).map_err(|error| journal(&error))? {
            let (seq, time) = (entry.seq, entry.receive_time);
            views.before(seq, time, venue.exchange())?;
            replay(venue, &entry, &mut Told { views })
                .map_err(|reason| journal(&JournalError::Replay { seq, reason }))?;
            views.applied(venue.exchange())?;
            count += 1;
            if count.is_multiple_of(256) && deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                hold.move_to(tail.last().position.segment);
                return Ok(false);
            }
        }
        Ok(true)
    }
}

impl Follows for ViewsFollower {
    fn begin(&mut self, seq: Seq, _time: Nanos, _exchange: &Exchange) {
        match self.open(seq) {
            Ok(state) => self.state = state,
            Err(error) => self.end(&error),
        }
    }

    fn coming(&mut self, seq: Seq, time: Nanos, exchange: &Exchange) {
        self.live(|views| views.before(seq, time, exchange));
    }

    fn tick(&mut self, _cause: Seq, tick: &Tick) {
        if let State::Live(views) = &mut self.state {
            views.tick(tick);
        }
    }

    fn applied(&mut self, _seq: Seq, _time: Nanos, exchange: &Exchange) {
        self.live(|views| views.applied(exchange));
    }

    fn turned(&mut self, venue: &Venue) {
        self.catch_up(venue.seq(), Some(Instant::now() + SLICE));
        self.live(|views| views.turn(venue.exchange()));
    }

    fn before_snapshot(&mut self, _seq: Seq, exchange: &Exchange) -> io::Result<()> {
        // Views that are not kept, or not yet, are no reason to go without a snapshot.
        self.live(|views| views.save(exchange));
        Ok(())
    }
}

/// What a replay says, for the views alone.
struct Told<'a> {
    views: &'a mut Views,
}

impl Replies for Told<'_> {
    fn room(&mut self) -> usize {
        0
    }

    fn send(&mut self, _endpoint: Endpoint, _to: Addr, _fill: impl FnOnce(&mut [u8]) -> Option<usize>) {}
}

impl Outputs for Told<'_> {
    fn ready(&mut self) -> bool {
        true
    }

    fn journal(&mut self, _command: &Command<'_>) {}

    fn tick(&mut self, _cause: Seq, tick: &Tick) {
        self.views.tick(tick);
    }

    fn depth(&mut self, _cause: Seq, _event: &DepthEvent) {}
}
