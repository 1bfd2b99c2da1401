//! A follower with a message store, and what should be in it.

use crate::site::{Site, config};
use engine::config::Config;
use engine::journal::{Disk, LocalDisk};
use engine::market_event::MarketEvent;
use engine::messages::{Answer, Archive, Keeper, Repair, Scratch, feed_dir};
use engine::past::{Effect, Walk};
use engine::snapshot::{Follower, Prepared};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use wire::feed::{Stream, StreamKind};

/// Small, so that there are many.
pub const FILE_LEN: usize = 16 << 10;

pub fn small(dir: &Path) -> Config {
    config(dir, "mapped")
}

/// A follower and the store that it keeps.
pub struct Storing {
    pub follower: Follower,
    pub archive: Arc<Archive>,
    pub repair: Repair,
}

impl Storing {
    pub fn begin(site: &Site) -> Self {
        Self::on(site, Arc::new(LocalDisk))
    }

    pub fn on(site: &Site, disk: Arc<dyn Disk>) -> Self {
        let (config, watch) = (&site.harness.config, &site.journal.watch);
        let archive = Arc::<Archive>::default();
        let dir = config.journal.dir.clone();
        let keeper = Keeper::new(Arc::clone(&archive), Arc::clone(&disk), dir, FILE_LEN);
        let prepared = Prepared::new(config, Arc::clone(&disk)).expect("a directory").with(Box::new(keeper));
        let follower = prepared.follow(watch.clone()).expect("a journal to follow");
        let repair = Repair::new(config, disk, Arc::clone(&archive), FILE_LEN, watch);
        Self { follower, archive, repair }
    }

    pub fn follow(&mut self) {
        while self.follower.follow().expect("the same state") > 0 {}
    }

    /// Everything that can be asked for, after a repair.
    pub fn repaired(self) -> (Follower, Arc<Archive>) {
        self.repair.run(&AtomicBool::new(false)).expect("the journal is whole");
        (self.follower, self.archive)
    }
}

pub type Messages = BTreeMap<Stream, Vec<Vec<u8>>>;

/// What a journal leads to, from its first record on.
pub fn published(config: &Config) -> Messages {
    let mut all = Messages::new();
    let mut walk = Walk::open(config, &config.journal.dir).expect("a journal");
    while let Some(step) = walk.next().expect("whole") {
        for effect in step.effects() {
            let event = match effect {
                Effect::Tick(tick) => MarketEvent::Tick(tick),
                Effect::Depth(event) => MarketEvent::Depth(event),
                Effect::Report(..) | Effect::Book(_) | Effect::Answer(..) => continue,
            };
            let instruments = step.exchange.instruments();
            let mut bytes = [0; 64];
            let len = match &event {
                MarketEvent::Tick(tick) => tick.encode(&mut bytes),
                MarketEvent::Depth(event) => event.encode(instruments, &mut bytes),
            };
            all.entry(event.stream(instruments)).or_default().push(bytes[..len.expect("room")].to_vec());
        }
    }
    all
}

/// Everything that is there of each stream, from the first message on, asked for in answers of a packet.
pub fn stored(archive: &Archive) -> Messages {
    let mut all = Messages::new();
    let mut scratch = Scratch::default();
    for &stream in archive.streams() {
        let stored = archive.stream(stream).expect("a stream of the venue");
        let messages = all.entry(stream).or_default();
        let mut out = [0; 1_388];
        loop {
            let from = messages.len() as u64 + 1;
            match stored.copy(from, u64::MAX, &mut out, &mut scratch) {
                Answer::Blocks { count, len } => {
                    let before = messages.len();
                    messages.extend(blocks(&out[..len]));
                    assert_eq!(messages.len() - before, usize::from(count));
                }
                Answer::Beyond { next } => {
                    assert_eq!(next, from, "nothing before the end is left out");
                    break;
                }
                Answer::Missing => break,
            }
        }
    }
    all
}

pub fn blocks(mut bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut messages = Vec::new();
    while let Some((length, rest)) = bytes.split_first_chunk() {
        let (message, rest) = rest.split_at(usize::from(u16::from_be_bytes(*length)));
        messages.push(message.to_vec());
        bytes = rest;
    }
    messages
}

/// The files of one kind of stream, by name.
pub fn files(config: &Config, kind: StreamKind) -> Vec<PathBuf> {
    let letter = match kind {
        StreamKind::Tick => 'T',
        StreamKind::Depth => 'D',
    };
    let listed = std::fs::read_dir(feed_dir(&config.journal.dir)).expect("a folder").flatten();
    let mut files: Vec<_> = listed.map(|entry| entry.path()).collect();
    files.retain(|path| path.file_name().is_some_and(|name| name.to_string_lossy().contains(&format!("{letter}A-"))));
    files.sort();
    files
}
