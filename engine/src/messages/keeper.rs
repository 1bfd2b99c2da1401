//! Stores what the follower hears.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use super::MessagesError;
use super::archive::Archive;
use super::files;
use super::writer::{Site, Writer};
use crate::depth::DepthEvent;
use crate::exchange::Exchange;
use crate::journal::{Disk, directory};
use crate::market_event::MarketEvent;
use crate::snapshot::Follows;
use wire::feed::Stream;
use wire::itch::MESSAGE_LEN_MAX;
use wire::tick::Tick;
use wire::{Nanos, Seq};

/// The writing end of the message store. What fails here is told, and ends the storing until the next start; the follower goes on.
pub struct Keeper {
    archive: Arc<Archive>,
    disk: Arc<dyn Disk>,
    journal_dir: PathBuf,
    file_len: usize,
    state: State,
    /// What the command has led to so far.
    heard: Vec<MarketEvent>,
}

enum State {
    /// The venue has no name yet: the journal has no record.
    Unnamed,
    Open(Vec<(Stream, Writer)>),
    Failed,
}

impl Keeper {
    /// Of a journal's messages, in files of this length.
    #[must_use]
    pub fn new(archive: Arc<Archive>, disk: Arc<dyn Disk>, journal_dir: PathBuf, file_len: usize) -> Self {
        Self { archive, disk, journal_dir, file_len, state: State::Unnamed, heard: Vec::with_capacity(1_024) }
    }

    /// Goes on with these messages.
    fn open(&mut self, exchange: &Exchange, next: impl Fn(Stream) -> u64) -> Result<(), MessagesError> {
        let dir = files::feed_dir(&self.journal_dir);
        self.disk.create_directory(&dir).map_err(MessagesError::io("create the message store", &dir))?;
        for path in files::half_made(&dir)? {
            self.disk.remove(&path).map_err(MessagesError::io("remove the half-made file", &path))?;
        }
        let epoch = directory::epoch(&self.journal_dir)?.unwrap_or_default();
        let mut writers = Vec::new();
        for stream in exchange.streams() {
            let session = stream.session(exchange.feed_session());
            let (disk, dir) = (Arc::clone(&self.disk), dir.clone());
            let site = Site { disk, dir, epoch, stream, session, file_len: self.file_len };
            writers.push((stream, Writer::open(site, Arc::clone(&self.archive), next(stream))?));
        }
        self.archive.name(exchange.feed_session(), exchange.streams().collect());
        self.state = State::Open(writers);
        Ok(())
    }

    fn store(&mut self, exchange: &Exchange) -> Result<(), MessagesError> {
        if matches!(self.state, State::Unnamed) {
            // The first record of all names the venue, and leads to messages itself.
            self.open(exchange, |_| 1)?;
        }
        let State::Open(writers) = &mut self.state else { return Ok(()) };
        let mut bytes = [0; MESSAGE_LEN_MAX];
        for event in &self.heard {
            let stream = event.stream(exchange.instruments());
            let len = match event {
                MarketEvent::Tick(tick) => tick.encode(&mut bytes),
                MarketEvent::Depth(event) => event.encode(exchange.instruments(), &mut bytes),
            };
            let len = len.expect("MESSAGE_LEN_MAX is the longest, and the configuration has checked locate codes");
            let writer = writers.iter_mut().find(|(of, _)| *of == stream);
            writer.expect("every stream of the venue has one").1.append(&bytes[..len])?;
        }
        Ok(())
    }

    fn sync(&mut self) -> Result<(), MessagesError> {
        let State::Open(writers) = &mut self.state else { return Ok(()) };
        writers.iter_mut().try_for_each(|(_, writer)| writer.sync())
    }

    fn judge(&mut self, done: Result<(), MessagesError>) {
        let Err(error) = done else { return };
        self.archive.told.tell(format!(
            "messages are not stored any more, and re-requests of new ones not answered, until the next start: {error}"
        ));
        if let State::Open(writers) = &self.state {
            writers.iter().for_each(|(_, writer)| writer.give_up());
        }
        self.state = State::Failed;
    }
}

impl Follows for Keeper {
    fn begin(&mut self, seq: Seq, _time: Nanos, exchange: &Exchange) {
        if seq > Seq(0) {
            let numbers = exchange.numbers();
            let done = self.open(exchange, |stream| numbers.next(stream));
            self.judge(done);
        }
    }

    fn tick(&mut self, _cause: Seq, tick: &Tick) {
        self.heard.push(MarketEvent::Tick(*tick));
    }

    fn depth(&mut self, _cause: Seq, event: &DepthEvent) {
        self.heard.push(MarketEvent::Depth(*event));
    }

    fn applied(&mut self, _seq: Seq, _time: Nanos, exchange: &Exchange) {
        let done = self.store(exchange);
        self.heard.clear();
        self.judge(done);
        debug_assert!(
            match &self.state {
                State::Open(writers) =>
                    writers.iter().all(|(stream, writer)| writer.next() == exchange.numbers().next(*stream)),
                _ => true,
            },
            "what is stored is numbered as what is published"
        );
    }

    /// What cannot be synced is made again at the next start, so it is no reason to have no snapshot.
    fn before_snapshot(&mut self, _seq: Seq, _exchange: &Exchange) -> io::Result<()> {
        let done = self.sync();
        self.judge(done);
        Ok(())
    }
}
