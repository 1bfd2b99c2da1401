//! From a journal directory to a venue that stands where the journal ends: the newest snapshot that is whole, then the records after it.

use crate::command::{Action, Command};
use crate::config::Config;
use crate::depth::DepthEvent;
use crate::exchange::Exchange;
use crate::gateway::{Credentials, Endpoint, Gateway, GatewayConfig, Replies};
use crate::ground::Ground;
use crate::image::Caused;
use crate::journal::{self, Genesis, Journal, JournalError, Options, directory};
use crate::limits::{COMMAND_BODY_MAX, REPORTS_PER_COMMAND_MAX, REPUBLISHED_MAX};
use crate::market_event::MarketEvent;
use crate::progress::Progress;
use crate::record;
use crate::snapshot::{self, Loaded, SnapshotError, SnapshotName};
use crate::venue::{Outputs, Venue};
use std::collections::VecDeque;
use std::sync::Arc;
use wire::address::Addr;
use wire::login::{Key, Username};
use wire::mold::SessionId;
use wire::tick::Tick;
use wire::{Nanos, Seq};

/// A venue and its open journal, ready to go on.
pub struct Recovered {
    /// The venue after the last record.
    pub venue: Venue,
    /// The journal, open behind the last record.
    pub journal: Journal,
    /// The newest market data, oldest first: to be published again.
    pub events: VecDeque<Caused>,
    /// The snapshot that it began from.
    pub snapshot: Option<SnapshotName>,
    /// Newer snapshots that could not be used, and why.
    pub passed_over: Vec<SnapshotError>,
}

/// Where recovery begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum From {
    /// The newest snapshot that is whole; the first record when there is none.
    #[default]
    Snapshot,
    /// The first record, whatever snapshots there are: a proof that the journal alone leads to the state.
    Genesis,
}

/// Opens the configured journal, or begins it, and comes to where it ends.
///
/// # Errors
/// The journal is damaged, in use, or was written under other rules; or the disk fails.
pub fn recover(config: &Config, ground: &Ground, now: Nanos) -> Result<Recovered, JournalError> {
    recover_from(From::Snapshot, config, ground, now)
}

/// As [`recover`], from where one wants.
///
/// # Errors
/// As there.
pub fn recover_from(from: From, config: &Config, ground: &Ground, now: Nanos) -> Result<Recovered, JournalError> {
    recover_watched(from, config, ground, now, &Progress::default())
}

/// As [`recover_from`]; `progress` says how far it is.
///
/// # Errors
/// As there.
pub fn recover_watched(
    from: From,
    config: &Config,
    ground: &Ground,
    now: Nanos,
    progress: &Progress,
) -> Result<Recovered, JournalError> {
    let mut secret = [0; 32];
    let mut draw = [0; 10];
    let mut name = [0; 4];
    for bytes in [&mut secret[..], &mut draw[..], &mut name[..]] {
        let drawn = ground.entropy.draw(bytes);
        drawn.map_err(|error| JournalError::Failed(format!("no randomness from the system: {error}")))?;
    }

    let fingerprint = config.fingerprint();
    let mut body = [0; COMMAND_BODY_MAX];
    let genesis = Action::Genesis { fingerprint, feed_session: feed_session(draw) };
    let (_, len) = record::encode(now, &genesis, &mut body);
    let genesis = Genesis { time: now, body: &body[..len], draw: u32::from_le_bytes(name) };
    let options = Options {
        dir: config.journal.dir.clone(),
        fingerprint,
        segment_len: config.journal.segment_bytes,
        durability: config.journal.durability,
    };
    let (loaded, passed_over) = match from {
        From::Snapshot => newest(config, fingerprint, Key(secret))?,
        From::Genesis => (None, Vec::new()),
    };
    let mut outputs = Replayed { events: VecDeque::with_capacity(REPUBLISHED_MAX) };
    let (mut venue, anchor, snapshot) = match loaded {
        None => (venue(config, Key(secret)), None, None),
        Some(Loaded { venue, events, anchor, name }) => {
            outputs.events.extend(events);
            (venue, Some(anchor), Some(name))
        }
    };
    let mut count = progress.count(&options.dir, options.segment_len);
    let mut on_record = |entry: &journal::Record<'_>| {
        count.see(entry);
        replay(&mut venue, entry, &mut outputs)
    };
    let disk = Arc::clone(&ground.disk);
    let journal = match anchor {
        None => journal::open(&options, disk, genesis, &mut on_record),
        Some(anchor) => journal::open_behind(&options, disk, genesis, &anchor, &mut on_record),
    };
    let mut journal =
        journal.map_err(|error| no_way(error, &passed_over, anchor.is_none() && from == From::Snapshot))?;
    if config.journal.disk_floor_bytes > 0 {
        let (dir, disk) = (config.journal.dir.clone(), Arc::clone(&ground.disk));
        journal.helper.watch_space(dir, config.journal.disk_floor_bytes, disk);
    }
    drop(count);
    venue.resume(now);
    Ok(Recovered { venue, journal, events: outputs.events, snapshot, passed_over })
}

/// What is wrong with a journal, where a snapshot that could be used would have made it good. `needs_first`: there is none, and the first
/// record is needed.
pub(crate) fn no_way(error: JournalError, passed_over: &[SnapshotError], needs_first: bool) -> JournalError {
    let snapshots = match error {
        JournalError::MissingSegment { .. } | JournalError::Corrupt { .. } if !passed_over.is_empty() => {
            passed_over.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
        }
        JournalError::MissingSegment { expected: 0, .. } if needs_first => "there is none".to_owned(),
        other => return other,
    };
    JournalError::NoWay { journal: Box::new(error), snapshots }
}

/// Applies a record of the journal to a venue; or says why it cannot be, which makes a [`JournalError::Replay`].
pub(crate) fn replay(venue: &mut Venue, entry: &journal::Record<'_>, outputs: &mut impl Outputs) -> Result<(), String> {
    let command =
        record::decode(entry.seq, entry.receive_time, entry.kind, entry.body).map_err(|error| error.to_string())?;
    venue.replay(&command, outputs).map_err(|divergence| divergence.to_string())
}

/// The newest snapshot of the journal in the configured directory.
fn newest(
    config: &Config,
    fingerprint: u64,
    secret: Key,
) -> Result<(Option<Loaded>, Vec<SnapshotError>), JournalError> {
    let dir = config.journal.dir.as_path();
    let Some(epoch) = directory::epoch(dir)? else { return Ok((None, Vec::new())) };
    // Only the directory itself can fail here, and what fails then is the journal.
    snapshot::load_newest(dir, epoch, fingerprint, || venue(config, Key(secret.0)))
        .map_err(|error| JournalError::Failed(error.to_string()))
}

/// A venue that replays and never speaks: of reports it keeps no more than a snapshot takes along.
#[must_use]
pub(crate) fn follower_venue(config: &Config) -> Venue {
    let reports = usize::try_from(config.snapshot.session_reports).unwrap_or(1);
    venue_with(config, Key([0; 32]), reports.next_power_of_two().max(2), 1)
}

/// An empty venue under the configured rules.
#[must_use]
pub fn venue(config: &Config, secret: Key) -> Venue {
    let store_messages = usize::try_from(config.limits.session_store_messages).expect("32 bits fit an index");
    venue_with(config, secret, store_messages, REPORTS_PER_COMMAND_MAX)
}

fn venue_with(config: &Config, secret: Key, store_messages: usize, reports_per_command_max: u64) -> Venue {
    let rules = &config.session_rules;
    let gateway = Gateway::new(GatewayConfig {
        credentials: config
            .sessions
            .iter()
            .map(|session| Credentials {
                username: Username::new(&session.username).expect("loading has checked the name"),
                key: session.key,
                cancel_on_disconnect: session.cancel_on_disconnect,
            })
            .collect(),
        heartbeat_ns: u64::from(rules.heartbeat_ms) * 1_000_000,
        timeout_ns: u64::from(rules.timeout_ms) * 1_000_000,
        rerequest_ns: u64::from(rules.rerequest_us) * 1_000,
        cookie_lifetime_ns: u64::from(rules.challenge_ms) * 1_000_000,
        store_messages,
        reports_per_command_max,
        secret,
    });
    Venue::new(Exchange::new(&config.rules()), gateway, config.journal.state_hash_interval_commands)
}

/// A name that no other journal's feed has: subscribers see by it that everything begins anew.
fn feed_session(draw: [u8; 10]) -> SessionId {
    const LETTERS: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    SessionId(draw.map(|byte| LETTERS[usize::from(byte & 31)]))
}

/// What replay keeps of its outputs.
#[derive(Default)]
pub(crate) struct Replayed {
    /// The newest market data, oldest first.
    pub events: VecDeque<Caused>,
}

impl Replies for Replayed {
    fn room(&mut self) -> usize {
        0
    }

    fn send(&mut self, _endpoint: Endpoint, _to: Addr, _fill: impl FnOnce(&mut [u8]) -> Option<usize>) {}
}

impl Outputs for Replayed {
    fn ready(&mut self) -> bool {
        true
    }

    fn journal(&mut self, _command: &Command<'_>) {}

    fn tick(&mut self, cause: Seq, tick: &Tick) {
        self.keep(cause, MarketEvent::Tick(*tick));
    }

    fn depth(&mut self, cause: Seq, event: &DepthEvent) {
        self.keep(cause, MarketEvent::Depth(*event));
    }
}

impl Replayed {
    fn keep(&mut self, cause: Seq, event: MarketEvent) {
        if self.events.len() == REPUBLISHED_MAX {
            self.events.pop_front();
        }
        self.events.push_back((cause, event));
    }
}
