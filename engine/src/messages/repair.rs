//! Makes again what the message store has lost.
//!
//! Goal: after any damage, the whole session is there again, made from the journal in the background. Non-goal: speed; it asks for the
//! least weight that the scheduler gives.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};

use super::MessagesError;
use super::archive::Archive;
use super::contents::Contents;
use super::files::{self, path_of};
use super::run::{Index, Run};
use crate::config::Config;
use crate::exchange::Numbers;
use crate::journal::{Disk, Hold, JournalError, Watch, directory};
use crate::market_event::MarketEvent;
use crate::past::{Effect, Walk};
use crate::snapshot::SnapshotError;
use wire::feed::Stream;
use wire::itch::MESSAGE_LEN_MAX;
use wire::messages::{MARK_LEN, MessagesHeader, MessagesMark, running};
use wire::mold::{BLOCK_HEADER_LEN, SessionId};

/// Replays what is missing.
pub struct Repair {
    config: Config,
    disk: Arc<dyn Disk>,
    archive: Arc<Archive>,
    file_len: usize,
    /// The journal stays as it is while it is read.
    hold: Hold,
    made: Arc<AtomicU64>,
}

/// What is made again of one stream.
struct Part {
    stream: Stream,
    session: SessionId,
    missing: Vec<(u64, u64)>,
    next: u64,
    file: Option<Draft>,
}

/// A file that is being made.
struct Draft {
    header: MessagesHeader,
    bytes: Vec<u8>,
    running: u32,
}

impl Repair {
    /// Of the store of a configured journal. To be made before anything of the journal may be pruned.
    #[must_use]
    pub fn new(config: &Config, disk: Arc<dyn Disk>, archive: Arc<Archive>, file_len: usize, watch: &Watch) -> Self {
        let (hold, made) = (watch.hold(0), Arc::default());
        Self { config: config.clone(), disk, archive, file_len, hold, made }
    }

    /// Looks through everything that was stored before this start, and makes again what is not there. Ends early when it is told to.
    ///
    /// # Errors
    /// The journal cannot be read, or the store not be written.
    pub fn run(self, stopping: &AtomicBool) -> Result<(), SnapshotError> {
        let dir = self.config.journal.dir.clone();
        let Some(venue) = self.archive.venue() else { return Ok(()) };
        let mut parts = Vec::new();
        for &stream in self.archive.streams() {
            let missing = self.archive.stream(stream).map(|stored| stored.missing()).unwrap_or_default();
            if !missing.is_empty() {
                parts.push(Part { stream, session: stream.session(venue), missing, next: 1, file: None });
            }
        }
        if parts.is_empty() {
            return Ok(());
        }
        let wanted: u64 = parts.iter().flat_map(|part| &part.missing).map(|(begin, end)| end - begin).sum();
        self.archive
            .told
            .tell(format!("the message store lacks {wanted} messages, which are made again from the journal"));
        let epoch = directory::epoch(&dir)?.unwrap_or_default();
        let mut walk = Walk::open(&self.config, &dir)?;
        for part in &mut parts {
            let lost = part.begin(walk.exchange().numbers());
            if lost > 0 {
                self.archive.told.tell(format!(
                    "{lost} messages of {} before {} cannot be made again: the journal before them was pruned, and there is no archive",
                    part.session, part.next
                ));
            }
            part.missing.retain(|(_, end)| *end > part.next);
        }
        let failed = |error: MessagesError| SnapshotError::Journal(JournalError::Failed(error.to_string()));
        while parts.iter().any(|part| !part.is_done()) && !stopping.load(Ordering::Acquire) {
            let Some(step) = walk.next()? else { break };
            let mut bytes = [0; MESSAGE_LEN_MAX];
            for effect in step.effects() {
                let instruments = step.exchange.instruments();
                let (stream, len) = match effect {
                    Effect::Tick(tick) => {
                        let event = MarketEvent::Tick(tick);
                        (event.stream(instruments), tick.encode(&mut bytes))
                    }
                    Effect::Depth(event) => {
                        let stream = MarketEvent::Depth(event).stream(instruments);
                        (stream, event.encode(instruments, &mut bytes))
                    }
                    Effect::Report(..) | Effect::Book(_) | Effect::Answer(..) => continue,
                };
                let Some(part) = parts.iter_mut().find(|part| part.stream == stream) else { continue };
                self.take(part, epoch, &bytes[..len.unwrap_or(0)]).map_err(failed)?;
            }
        }
        drop(self.hold);
        let made = self.made.load(Ordering::Relaxed);
        if made == wanted {
            self.archive.told.tell(format!("the message store is whole again: {made} messages were made"));
        }
        Ok(())
    }

    /// The next message of a stream.
    fn take(&self, part: &mut Part, epoch: u64, message: &[u8]) -> Result<(), MessagesError> {
        let seq = part.next;
        part.next += 1;
        let Some(&(begin, end)) = part.missing.first() else { return Ok(()) };
        if seq < begin {
            return Ok(());
        }
        let len = BLOCK_HEADER_LEN + message.len();
        if part.file.as_ref().is_some_and(|draft| draft.bytes.len() + len + MARK_LEN > self.file_len) {
            self.put(part, seq)?;
        }
        let draft = part.file.get_or_insert_with(|| Draft::new(MessagesHeader::new(epoch, part.session, seq)));
        draft.add(message);
        if seq + 1 == end {
            self.put(part, end)?;
            part.missing.remove(0);
        }
        Ok(())
    }

    /// A file is whole, and can be read.
    fn put(&self, part: &mut Part, next: u64) -> Result<(), MessagesError> {
        let Some(mut draft) = part.file.take() else { return Ok(()) };
        draft.bytes.extend(MessagesMark::new(draft.running, next).to_bytes());
        // So that whoever looks for the end finds it.
        draft.bytes.extend([0; BLOCK_HEADER_LEN]);
        let MessagesHeader { epoch, session, first, .. } = draft.header;
        let dir = files::feed_dir(&self.config.journal.dir);
        let path = path_of(&dir, session, first);
        let aside = directory::temporary_path(&path);
        let disk = &*self.disk;
        let written = disk.create(&aside).and_then(|file| {
            disk.write_at(&file, &draft.bytes, 0)?;
            disk.sync(&file)
        });
        written.map_err(MessagesError::io("write the message file", &aside))?;
        disk.rename(&aside, &path).map_err(MessagesError::io("rename into place the message file", &aside))?;
        disk.sync_directory(&dir).map_err(MessagesError::io("sync the message store", &dir))?;
        if let (Ok(contents), Some(stored)) =
            (Contents::read(&draft.bytes, epoch, session, first, 0), self.archive.stream(part.stream))
        {
            stored.put(Arc::new(Run::indexed(first, path, epoch, session, Index::new(contents))));
        }
        self.made.fetch_add(next - first, Ordering::Relaxed);
        Ok(())
    }
}

impl Part {
    /// The journal leads to messages from here on. Returns how many are lost for good.
    fn begin(&mut self, numbers: Numbers) -> u64 {
        self.next = numbers.next(self.stream);
        let mut lost = 0;
        for (begin, end) in &mut self.missing {
            let reached = self.next.clamp(*begin, *end);
            lost += reached - *begin;
            *begin = reached;
        }
        lost
    }

    fn is_done(&self) -> bool {
        self.missing.is_empty()
    }
}

impl Draft {
    fn new(header: MessagesHeader) -> Self {
        Self { header, bytes: header.to_bytes().to_vec(), running: header.seed() }
    }

    fn add(&mut self, message: &[u8]) {
        let begin = self.bytes.len();
        self.bytes.extend(u16::try_from(message.len()).unwrap_or(u16::MAX).to_be_bytes());
        self.bytes.extend(message);
        self.running = running(self.running, &self.bytes[begin..]);
    }
}

/// A repair on a thread of its own. Stopped when dropped.
#[derive(Debug)]
pub struct RepairThread {
    stopping: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl RepairThread {
    /// Starts it, wherever the scheduler likes.
    ///
    /// # Errors
    /// The system refuses a thread.
    pub fn spawn(repair: Repair) -> std::io::Result<Self> {
        let stopping = Arc::new(AtomicBool::new(false));
        let stop = Arc::clone(&stopping);
        let body = move || {
            // Nobody waits for it. Where the kernel does not let it, it is as patient as it is anyway.
            let _ = netio::cpu::yield_to_others(netio::cpu::Share::Least);
            // A second set of books, for as long as it takes.
            netio::pages::passing();
            let archive = Arc::clone(&repair.archive);
            if let Err(error) = repair.run(&stop) {
                archive.told.tell(format!("the message store could not be made whole: {error}"));
            }
        };
        let thread = thread::Builder::new().name("feed-repair".to_owned()).spawn(body)?;
        Ok(Self { stopping, thread: Some(thread) })
    }

    /// Whether it is through.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }
}

impl Drop for RepairThread {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            // A panic has been printed by the thread.
            let _ = thread.join();
        }
    }
}
