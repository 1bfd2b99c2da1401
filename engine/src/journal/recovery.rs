//! Opens a journal: reads it all, cuts a torn tail, and goes on after it; or begins a new one.
//!
//! Goal: when [`open`] returns, every record given to the caller is durable, and nothing else is in the files. Non-goal: deciding
//! anything for the operator; what is not plainly the trace of a crash is refused and left as it is.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc;

use wire::journal::{self, RecordKind, SEGMENT_HEADER_LEN};
use wire::{Nanos, Seq};

use super::appender::Cursor;
use super::backing::Copy;
use super::directory::{self, DirectoryLock};
use super::end::{End, Torn};
use super::helper::Helper;
use super::mark::Mark;
use super::preparer::{News, Preparer};
use super::reader::{Reader, Record};
use super::segment::{self, NewRecord, Segment, SegmentSpec};
use super::syncer::{Syncer, SyncerStart};
use super::watch::{Shared, Watch};
use super::window::Window;
use super::{Anchor, Appender, Disk, Durability, JournalError, Position};

/// Segments lying ready in the queue; one more waits with the preparer.
const PREPARED_MAX: usize = 1;
/// Used-up segments on their way back: as many as can be on their way forward in one turn of the preparer, twice over.
const RETIRED_MAX: usize = 2 * (PREPARED_MAX + 1);

/// Which journal, and how it is kept.
#[derive(Clone, Debug)]
pub struct Options {
    /// The directory; created if need be. It belongs to one journal alone.
    pub dir: PathBuf,
    /// Of the configuration that influences outcomes.
    pub fingerprint: u64,
    /// Bytes of the segments that are made from now on.
    pub segment_len: u64,
    /// When consequences may leave the box.
    pub durability: Durability,
}

/// The record that a new journal begins with.
#[derive(Clone, Copy, Debug)]
pub struct Genesis<'a> {
    /// Time of creation.
    pub time: Nanos,
    /// The encoded body.
    pub body: &'a [u8],
    /// Drawn at random: half of the journal's name, which its checksums begin from.
    pub draw: u32,
}

/// An open journal, in the parts that different threads own.
#[derive(Debug)]
pub struct Journal {
    /// For the stage that appends.
    pub appender: Appender,
    /// To be started, or taken turns with.
    pub helper: Helper,
    /// For whoever waits for durability, and for the appliance, which watches the status.
    pub watch: Watch,
    /// What was found.
    pub report: RecoveryReport,
}

/// What [`open`] found and did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecoveryReport {
    /// The journal's name.
    pub epoch: u64,
    /// Whether it was begun now.
    pub created: bool,
    /// How many records were given to the caller.
    pub records: u64,
    /// The latest of them.
    pub last_seq: Seq,
    /// The torn tail that was cut off.
    pub cut: Option<Torn>,
    /// Segments without records that were removed; new ones are prepared.
    pub removed: Vec<PathBuf>,
}

/// Opens the journal in `options.dir` and gives every record to `on_record`, in order, the genesis first. A directory without records
/// becomes a new journal that begins with `genesis`.
///
/// # Errors
/// Another process has it, it was written under another configuration, acknowledged records are damaged, the caller refuses a record (its
/// text comes back in [`JournalError::Replay`]), or the file system refuses. Damaged files are left as they are.
pub fn open(
    options: &Options,
    disk: Arc<dyn Disk>,
    genesis: Genesis<'_>,
    on_record: &mut dyn FnMut(&Record<'_>) -> Result<(), String>,
) -> Result<Journal, JournalError> {
    open_from(options, disk, genesis, None, on_record)
}

/// As [`open`], of a journal that holds this record, whose consequences and those of all before it are known: only later ones are given
/// to `on_record`.
///
/// # Errors
/// As [`open`]; and the record is not there.
pub fn open_behind(
    options: &Options,
    disk: Arc<dyn Disk>,
    genesis: Genesis<'_>,
    anchor: &Anchor,
    on_record: &mut dyn FnMut(&Record<'_>) -> Result<(), String>,
) -> Result<Journal, JournalError> {
    open_from(options, disk, genesis, Some(anchor), on_record)
}

fn open_from(
    options: &Options,
    disk: Arc<dyn Disk>,
    genesis: Genesis<'_>,
    anchor: Option<&Anchor>,
    on_record: &mut dyn FnMut(&Record<'_>) -> Result<(), String>,
) -> Result<Journal, JournalError> {
    SegmentSpec::check_len(options.segment_len)?;
    let dir = options.dir.as_path();
    let lock = DirectoryLock::take(dir, &*disk)?;
    directory::remove_temporaries(dir, &*disk)?;
    let reader = match anchor {
        None => Reader::open(dir),
        Some(anchor) => Reader::open_behind(dir, anchor),
    };
    let mut reader = reader?.expecting(options.fingerprint);
    let mut records = 0;
    let mut first_not_marked = None;
    let marked = reader.marked();
    while let Some(record) = reader.next()? {
        replay(on_record, &record)?;
        records += 1;
        if record.seq > marked && first_not_marked.is_none() {
            first_not_marked = Some(record.position.segment);
        }
    }
    let Some(end) = reader.end().cloned() else {
        return Err(JournalError::Failed(
            "the reader stopped before the end of the journal: a bug, please report it".to_owned(),
        ));
    };
    let removed = remove_unused(dir, &end, &*disk)?;
    let opened = match end.current {
        Some(_) if end.last_seq > Seq(0) => go_on(&reader, &end, first_not_marked, &*disk)?,
        _ => {
            let started = begin(options, genesis, &*disk)?;
            let position = Position { segment: 0, offset: SEGMENT_HEADER_LEN as u64 };
            let first = Record {
                seq: started.cursor.last_seq,
                receive_time: genesis.time,
                kind: RecordKind::Genesis,
                body: genesis.body,
                position,
                chain: started.cursor.chain,
            };
            replay(on_record, &first)?;
            records = 1;
            started
        }
    };
    let report = RecoveryReport {
        epoch: opened.epoch,
        created: end.last_seq == Seq(0),
        records,
        last_seq: opened.cursor.last_seq,
        cut: end.torn,
        removed,
    };
    assemble(options, disk, lock, opened, report)
}

/// A segment to append to, durable up to the cursor.
struct Opened {
    epoch: u64,
    segment: Segment,
    file: File,
    cursor: Cursor,
}

fn replay(
    on_record: &mut dyn FnMut(&Record<'_>) -> Result<(), String>,
    record: &Record<'_>,
) -> Result<(), JournalError> {
    on_record(record).map_err(|reason| JournalError::Replay { seq: record.seq, reason })
}

/// Removes the segments that hold no record. Before the first record that is all of them: the crash came while the journal was made.
fn remove_unused(dir: &Path, end: &End, disk: &dyn Disk) -> Result<Vec<PathBuf>, JournalError> {
    let mut names = end.unused.clone();
    if end.last_seq == Seq(0) {
        names.extend(end.current.iter().map(|(name, _, _)| name.clone()));
    }
    let mut removed = Vec::with_capacity(names.len());
    // From the last one on, so that a crash in between leaves no gap; each for good before the next, because a loss of power keeps names in
    // any order.
    names.sort();
    for name in names.into_iter().rev() {
        disk.remove(&name.path).map_err(JournalError::io("remove the unused segment", &name.path))?;
        directory::sync(dir, disk)?;
        removed.push(name.path);
    }
    Ok(removed)
}

/// Makes what was read durable, cuts the tail, and opens the segment in use.
fn go_on(reader: &Reader, end: &End, first_not_marked: Option<u64>, disk: &dyn Disk) -> Result<Opened, JournalError> {
    let Some((name, header, offset)) = &end.current else {
        return Err(JournalError::Failed("no segment to go on with: a bug, please report it".to_owned()));
    };
    if name.is_archived() {
        let found = format!(
            "only its packed copy {}; unpack it with `zstd -d` into the journal's directory",
            name.path.display()
        );
        return Err(JournalError::MissingSegment { dir: reader.dir().to_owned(), expected: name.index, found });
    }
    // Records above the mark may be in memory only. They have been replayed and may be acknowledged now, so they are written again.
    for earlier in reader.segments() {
        // What lies in the archive was synced before it came there.
        let above = first_not_marked.is_some_and(|first| (first..name.index).contains(&earlier.index));
        if above && !earlier.is_archived() {
            segment::write_again(&earlier.path, disk)?;
        }
    }
    let (mut segment, file) = Segment::open(&name.path, *header)?;
    segment.clear_from(*offset);
    if first_not_marked.is_some() {
        segment.touch_until(*offset);
    }
    disk.sync(&file).map_err(JournalError::io("sync the segment", &name.path))?;
    let cursor = Cursor { last_seq: end.last_seq, chain: end.chain, offset: *offset };
    Ok(Opened { epoch: name.epoch, segment, file, cursor })
}

/// Makes a new journal, durable with its first record.
fn begin(options: &Options, genesis: Genesis<'_>, disk: &dyn Disk) -> Result<Opened, JournalError> {
    let dir = options.dir.as_path();
    // Seconds first, for whoever looks at the directory; the rest is drawn, because checksums begin from it and must not be guessed.
    let seconds = genesis.time.get() / Nanos::PER_SECOND;
    let epoch = (seconds << 32) | u64::from(genesis.draw);
    let spec = spec(options, epoch);
    let (mut segment, file) = Segment::create(dir, spec, 0, disk)?;
    let seq = Seq(1);
    segment.begin(seq, 0);
    let (kind, receive_time, body) = (RecordKind::Genesis, genesis.time, genesis.body);
    let record = NewRecord { seed: journal::seed(epoch), previous: 0, kind, pending: 0, seq, receive_time, body };
    let Some((chain, span)) = segment.write(SEGMENT_HEADER_LEN, &record) else {
        let reason = format!("expected a genesis of at most {} bytes, found {}", journal::BODY_LEN_MAX, body.len());
        return Err(JournalError::Replay { seq, reason });
    };
    let path = directory::segment_path(dir, epoch, 0);
    disk.sync(&file).map_err(JournalError::io("sync the segment", &path))?;
    let cursor = Cursor { last_seq: seq, chain, offset: SEGMENT_HEADER_LEN + span };
    Ok(Opened { epoch, segment, file, cursor })
}

/// What the segments of this journal have in common.
const fn spec(options: &Options, epoch: u64) -> SegmentSpec {
    let Options { fingerprint, segment_len, durability, .. } = *options;
    SegmentSpec { epoch, fingerprint, segment_len, durability }
}

fn assemble(
    options: &Options,
    disk: Arc<dyn Disk>,
    lock: DirectoryLock,
    opened: Opened,
    report: RecoveryReport,
) -> Result<Journal, JournalError> {
    let Opened { epoch, segment, file, cursor } = opened;
    let dir = options.dir.clone();
    let durability = options.durability;
    let mut mark = Mark::open(&dir, epoch, &*disk)?;
    mark.raise(cursor.last_seq);
    let index = segment.index();
    let path = directory::segment_path(&dir, epoch, index);
    let (segment, current) = segment.under(durability, cursor.offset, (&path, file), &*disk)?;
    let copy = Copy::new().map_err(JournalError::io("take memory for", &path))?;
    let shared = Arc::new(Shared::new(lock, cursor.last_seq, (index, cursor.offset)));
    shared.show_segment(index, segment.published());
    let (to_appender, prepared) = mpsc::sync_channel(PREPARED_MAX);
    let (retired, from_appender) = mpsc::sync_channel(RETIRED_MAX);
    let (to_syncer, prepared_files) = mpsc::channel();
    let spec = spec(options, epoch);
    let links = (to_appender, from_appender);
    let (to_window, prepared_pages) = mpsc::channel();
    let window = (durability == Durability::Mapped)
        .then(|| Window::new(Arc::clone(&shared), (index, segment.ahead()), prepared_pages));
    let preparer = Preparer::new(
        dir.clone(),
        spec,
        index + 1,
        Arc::clone(&disk),
        Arc::clone(&shared),
        links,
        News { to_syncer, to_window },
    );
    let durable = cursor.last_seq;
    let start = SyncerStart { dir, epoch, durability, mark, durable, current, prepared: prepared_files, copy };
    let syncer = Syncer::new(start, disk, Arc::clone(&shared));
    let seed = journal::seed(epoch);
    let appender = Appender::new(segment, cursor, seed, durability, Arc::clone(&shared), (prepared, retired));
    let watch = Watch::new(Arc::clone(&shared));
    Ok(Journal { appender, helper: Helper::new(preparer, syncer, window, shared), watch, report })
}
