//! From a journal directory to a venue that stands where the journal ends.

use crate::command::{Action, Command};
use crate::config::Config;
use crate::exchange::Exchange;
use crate::gateway::{Credentials, Endpoint, Gateway, GatewayConfig, Replies};
use crate::journal::{self, Disk, Genesis, Journal, JournalError, Options};
use crate::limits::{COMMAND_BODY_MAX, REPORTS_PER_COMMAND_MAX, REPUBLISHED_TICKS_MAX};
use crate::link::FeedEvent;
use crate::record;
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
    /// The newest ticks, oldest first: to be published again.
    pub ticks: VecDeque<FeedEvent>,
}

/// Opens the configured journal, or begins it, and replays it.
///
/// # Errors
/// The journal is damaged, in use, or was written under other rules; or the disk fails.
pub fn recover(config: &Config, disk: Arc<dyn Disk>, now: Nanos) -> Result<Recovered, JournalError> {
    let mut secret = [0; 32];
    let mut draw = [0; 10];
    let random = |bytes: &mut [u8]| {
        getrandom::fill(bytes).map_err(|error| JournalError::Failed(format!("no randomness from the system: {error}")))
    };
    random(&mut secret)?;
    random(&mut draw)?;
    let mut venue = venue(config, Key(secret));

    let fingerprint = config.fingerprint();
    let genesis = Action::Genesis { fingerprint, feed_session: feed_session(draw) };
    let mut body = [0; COMMAND_BODY_MAX];
    let (_, len) = record::encode(now, &genesis, &mut body);
    let options = Options {
        dir: config.journal.dir.clone(),
        fingerprint,
        segment_len: config.journal.segment_bytes,
        durability: config.journal.durability,
    };
    let mut outputs = Replayed { ticks: VecDeque::with_capacity(REPUBLISHED_TICKS_MAX) };
    let journal = journal::open(&options, disk, Genesis { time: now, body: &body[..len] }, &mut |entry| {
        let command =
            record::decode(entry.seq, entry.receive_time, entry.kind, entry.body).map_err(|error| error.to_string())?;
        venue.replay(&command, &mut outputs).map_err(|divergence| divergence.to_string())
    })?;
    venue.resume(now);
    Ok(Recovered { venue, journal, ticks: outputs.ticks })
}

/// An empty venue under the configured rules.
#[must_use]
pub fn venue(config: &Config, secret: Key) -> Venue {
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
        store_messages: usize::try_from(config.limits.session_store_messages).expect("32 bits fit an index"),
        reports_per_command_max: REPORTS_PER_COMMAND_MAX,
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
struct Replayed {
    ticks: VecDeque<FeedEvent>,
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
        if self.ticks.len() == REPUBLISHED_TICKS_MAX {
            self.ticks.pop_front();
        }
        self.ticks.push_back(FeedEvent { cause, tick: *tick });
    }
}
