//! The thread that writes the log.

use super::form::{Field, Form};
use super::limit::Limit;
use super::target::Target;
use super::{Item, Kind, Level, Note, now};
use engine::log::{HotRecords, Record, Remark};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};
use std::time::{Duration, Instant};

/// Between two looks at the rings when nobody says anything else.
const LOOK: Duration = Duration::from_millis(10);
/// Lines of the queue between two looks at the rings.
const BURST: usize = 64;

/// Writes until it is told to end, or nobody is left who could say anything.
pub(super) struct Writer {
    pub(super) from: Receiver<Item>,
    pub(super) target: Target,
    pub(super) form: Form,
    pub(super) limit: Limit,
    pub(super) level: Level,
    pub(super) lost: Arc<AtomicU64>,
    pub(super) reopen: Arc<AtomicBool>,
    pub(super) hot: Vec<HotRecords>,
}

impl Writer {
    pub(super) fn run(mut self) {
        let begin = Instant::now();
        let mut unwritten = 0;
        loop {
            let mut flushes: Vec<SyncSender<()>> = Vec::new();
            let mut is_over = false;
            for turn in 0..BURST {
                match self.from.recv_timeout(if turn == 0 { LOOK } else { Duration::ZERO }) {
                    Ok(Item::Note(note)) => unwritten += self.write(&note),
                    Ok(Item::Hot(records)) => self.hot.extend(records),
                    Ok(Item::Flush(done)) => flushes.push(done),
                    Ok(Item::End) | Err(RecvTimeoutError::Disconnected) => is_over = true,
                    Err(RecvTimeoutError::Timeout) => break,
                }
                if is_over {
                    break;
                }
            }
            unwritten += self.write_hot();
            if self.reopen.swap(false, Ordering::Relaxed) {
                unwritten += self.open_anew();
            }
            for (kind, count) in self.limit.left_out(begin.elapsed()) {
                let text = format!("log: and {count} more lines of kind {} within a second", kind.name());
                let fields = vec![Field::Text("of", kind.name().to_owned()), Field::Number("lines", count.into())];
                unwritten += self.write_always(&note(Kind::Log, text, fields));
            }
            unwritten = self.tell_lost(unwritten);
            for done in flushes {
                // Who asked may have lost patience.
                let _ = done.try_send(());
            }
            if is_over {
                return;
            }
        }
    }

    /// Writes a line unless there are too many of its kind; 1 where that failed.
    fn write(&mut self, note: &Note) -> u64 {
        if self.limit.admits(note.kind) { self.write_always(note) } else { 0 }
    }

    fn write_always(&mut self, note: &Note) -> u64 {
        if note.kind.level() > self.level {
            return 0;
        }
        u64::from(self.target.write(&self.form.line(note)).is_err())
    }

    fn write_hot(&mut self) -> u64 {
        let mut failed = 0;
        let mut hot = std::mem::take(&mut self.hot);
        for records in &mut hot {
            while let Some(record) = records.take() {
                failed += self.write(&remark(&records.thread, &record));
            }
        }
        self.hot = hot;
        failed
    }

    fn open_anew(&mut self) -> u64 {
        let told = match self.target.reopen() {
            Ok(()) if !self.target.is_file() => return 0,
            Ok(()) => note(Kind::LogReopened, format!("log: {} was opened anew", self.target.name()), Vec::new()),
            Err(error) => {
                let text = format!(
                    "log: {} cannot be opened anew, and lines go on to where they went: {error}",
                    self.target.name()
                );
                note(Kind::Log, text, Vec::new())
            }
        };
        self.write_always(&told)
    }

    /// Tells what found no room or could not be written; how much of the latter is still to be told.
    fn tell_lost(&mut self, unwritten: u64) -> u64 {
        let overrun = self.lost.swap(0, Ordering::Relaxed);
        if overrun + unwritten == 0 {
            return 0;
        }
        let text = format!(
            "log: {} lines are missing here: {overrun} came faster than they could be written, {unwritten} could not be written to {}",
            overrun + unwritten,
            self.target.name()
        );
        let told = note(Kind::Log, text, vec![Field::Number("lines", overrun + unwritten)]);
        if self.write_always(&told) == 0 { 0 } else { overrun + unwritten }
    }
}

fn note(kind: Kind, text: String, fields: Vec<Field>) -> Note {
    Note { time: now(), kind, text, fields }
}

/// What a thread with tiles has to say, in words.
fn remark(thread: &str, record: &Record) -> Note {
    let (kind, text, number) = match record.what {
        Remark::Nothing | Remark::Began => (Kind::ThreadBegan, format!("thread {thread}: begins"), None),
        Remark::StoodStill { for_ns } => {
            let ms = for_ns / 1_000_000;
            let text = format!(
                "thread {thread}: stood still for {ms} ms: another program had its core, or the machine stopped"
            );
            (Kind::ThreadStoodStill, text, Some(Field::Number("for_ns", for_ns)))
        }
        Remark::Failed => {
            (Kind::ThreadFailed, format!("thread {thread}: a tile cannot go on; the appliance stops"), None)
        }
        Remark::Lost { count } => {
            let text = format!("log: {count} lines of thread {thread} are missing here");
            (Kind::Log, text, Some(Field::Number("lines", count)))
        }
    };
    let fields = [Field::Text("thread", thread.to_owned())].into_iter().chain(number).collect();
    Note { time: record.time, kind, text, fields }
}
