//! The log of an appliance: lines from one thread that has nothing else to do.
//!
//! ```text
//!   threads of the appliance ─► bounded queue ─┐
//!   threads with tiles ─► rings of records ────┼─► thread `log`: level, rate, form ─► stderr or a file
//! ```
//! Goal: whoever has something to say never waits for a disk or a terminal; what is left out is counted and told; rotation loses nothing.
//! Non-goal: more than one log a process; filtering by anything but level and rate.

mod form;
mod limit;
mod target;
mod writer;

pub use engine::log::{Kind, Level};
pub use form::Field;

use engine::config::Config;
use engine::log::HotRecords;
use form::Form;
use limit::Limit;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, PoisonError, RwLock};
use std::thread::{self, JoinHandle};
use std::time::{Duration, SystemTime};
use target::Target;
use wire::Nanos;
use writer::Writer;

/// Lines that may wait to be written.
const QUEUE: usize = 1_024;
/// Longer texts are cut, bytes.
const TEXT_MAX: usize = 4_096;
/// How long somebody waits at most for what was said to be written: a terminal may stand still.
const FLUSH_PATIENCE: Duration = Duration::from_secs(2);

/// A line before it is one.
#[derive(Debug)]
struct Note {
    time: Nanos,
    kind: Kind,
    text: String,
    fields: Vec<Field>,
}

/// What the writer is asked for.
#[derive(Debug)]
enum Item {
    Note(Note),
    /// More rings to read.
    Hot(Vec<HotRecords>),
    /// Everything before this is to be written, and then said so.
    Flush(SyncSender<()>),
    End,
}

/// The way to the log.
#[derive(Clone, Debug)]
pub struct Log {
    to: SyncSender<Item>,
    level: Level,
    lost: Arc<AtomicU64>,
}

/// A running log; ends when dropped, with everything written.
#[derive(Debug)]
pub struct LogThread {
    log: Log,
    thread: Option<JoinHandle<()>>,
    is_installed: bool,
}

/// The log of this process. One, because a process has one stderr.
static LOG: RwLock<Option<Log>> = RwLock::new(None);

/// Says a line in the log of this process; on stderr when it has none (yet). Never waits.
pub fn tell(kind: Kind, text: impl Into<String>) {
    tell_with(kind, text, Vec::new());
}

/// The same, with values that a program may want by name.
pub fn tell_with(kind: Kind, text: impl Into<String>, fields: Vec<Field>) {
    match &*LOG.read().unwrap_or_else(PoisonError::into_inner) {
        Some(log) => log.say(kind, text.into(), fields),
        None => eprintln!("{}", text.into()),
    }
}

/// Waits until everything that was said is written, or for two seconds.
pub fn flush() {
    let log = LOG.read().unwrap_or_else(PoisonError::into_inner).clone();
    if let Some(log) = log {
        log.flush();
    }
}

/// Has the log of this process read these rings, too.
pub fn read_hot(records: Vec<HotRecords>) {
    if let Some(log) = &*LOG.read().unwrap_or_else(PoisonError::into_inner) {
        // A log that has ended has no use for them.
        let _ = log.to.send(Item::Hot(records));
    }
}

impl Log {
    /// Says a line. Never waits: what finds no room is counted, and told later.
    pub fn say(&self, kind: Kind, mut text: String, fields: Vec<Field>) {
        if kind.level() > self.level {
            return;
        }
        if text.len() > TEXT_MAX {
            let whole = (0..=TEXT_MAX).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
            text.truncate(whole);
            text.push('…');
        }
        let note = Note { time: now(), kind, text, fields };
        if self.to.try_send(Item::Note(note)).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Waits until everything that was said is written, or for two seconds.
    pub fn flush(&self) {
        let (say, hear) = sync_channel(1);
        if self.to.send(Item::Flush(say)).is_ok() {
            // Whoever waits in vain goes on.
            let _ = hear.recv_timeout(FLUSH_PATIENCE);
        }
    }
}

impl LogThread {
    /// Begins a log as the configuration says; `reopen` is raised when its file is to be opened anew.
    ///
    /// # Errors
    /// The file cannot be opened, or there is no thread to be had.
    pub fn begin(config: &Config, reopen: Arc<AtomicBool>) -> io::Result<Self> {
        let target = match &config.log.file {
            None => Target::stderr(),
            Some(path) => Target::file(path)?,
        };
        Self::to(target, config, reopen)
    }

    fn to(target: Target, config: &Config, reopen: Arc<AtomicBool>) -> io::Result<Self> {
        let (to, from): (SyncSender<Item>, Receiver<Item>) = sync_channel(QUEUE);
        let lost = Arc::new(AtomicU64::new(0));
        let form = Form::new(config.log.format, target.is_file(), &config.appliance.name);
        let level = config.log.level;
        let limit = Limit::new(config.log.kind_lines_per_s);
        let writer = Writer { from, target, form, limit, level, lost: Arc::clone(&lost), reopen, hot: Vec::new() };
        let thread = thread::Builder::new().name("log".to_owned()).spawn(move || writer.run())?;
        Ok(Self { log: Log { to, level, lost }, thread: Some(thread), is_installed: false })
    }

    /// Makes it the log of this process.
    #[must_use]
    pub fn installed(mut self) -> Self {
        *LOG.write().unwrap_or_else(PoisonError::into_inner) = Some(self.log.clone());
        self.is_installed = true;
        self
    }

    /// The way to it.
    #[must_use]
    pub fn log(&self) -> Log {
        self.log.clone()
    }
}

impl Drop for LogThread {
    fn drop(&mut self) {
        if self.is_installed {
            *LOG.write().unwrap_or_else(PoisonError::into_inner) = None;
        }
        self.log.flush();
        // It has ended where this does not reach it.
        let _ = self.log.to.try_send(Item::End);
        if let Some(thread) = self.thread.take().filter(JoinHandle::is_finished) {
            let _ = thread.join();
        }
    }
}

/// The time of day.
fn now() -> Nanos {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Nanos(u64::try_from(since.as_nanos()).unwrap_or(u64::MAX))
}
