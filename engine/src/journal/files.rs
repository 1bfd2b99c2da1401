//! The segments of a journal as files: those that lie there as they are, and those that only the archive has.
//!
//! Goal: a reader need not know which is which, also while segments go from the one to the other. Non-goal: what is in them.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use wire::journal::{SEGMENT_VERSION, SegmentHeader};

use super::directory::{self, SegmentName};
use super::{JournalError, archive};

/// The oldest segment from which on, up to the live ones, none is missing. A gap among those is for the walk to find.
pub(super) fn oldest(dir: &Path) -> Result<u64, JournalError> {
    let segments = list(dir)?;
    let mut oldest = segments.iter().find(|segment| !segment.is_archived()).map_or(0, |live| live.index);
    for packed in segments.iter().rev().filter(|segment| segment.is_archived()) {
        if packed.index + 1 == oldest {
            oldest = packed.index;
        }
    }
    Ok(oldest)
}

/// Those that are there as they are, and those that only the archive has.
pub(super) fn list(dir: &Path) -> Result<Vec<SegmentName>, JournalError> {
    // In this order: a segment goes when its packed copy is there, and is found in one list at least.
    let live = directory::segments(dir)?;
    let Some(epoch) = live.first().map(|first| first.epoch) else { return Ok(live) };
    let mut segments = directory::archived(dir)?;
    segments.retain(|packed| packed.epoch == epoch && live.iter().all(|live| live.index != packed.index));
    segments.extend(live);
    segments.sort();
    Ok(segments)
}

/// All bytes of a segment.
pub(super) fn read(dir: &Path, name: &SegmentName) -> Result<Vec<u8>, JournalError> {
    let mut bytes = Vec::new();
    let live = match name.is_archived() {
        true => Err(io::Error::from(io::ErrorKind::NotFound)),
        false => File::open(&name.path).and_then(|mut file| file.read_to_end(&mut bytes)),
    };
    match live {
        Ok(_) => Ok(bytes),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            // A segment that was there when it was listed may have gone into the archive since.
            let path = directory::archived_path(dir, name.epoch, name.index);
            archive::unpack(&path).map_err(|error| match error.kind() {
                io::ErrorKind::NotFound => {
                    let found = "neither the file nor a packed copy".to_owned();
                    JournalError::MissingSegment { dir: dir.to_owned(), expected: name.index, found }
                }
                _ => JournalError::io("unpack the segment", &path)(error),
            })
        }
        Err(error) => Err(JournalError::io("read the segment", &name.path)(error)),
    }
}

/// As [`read`], a segment of this program's version.
pub(super) fn read_segment(dir: &Path, name: &SegmentName) -> Result<Vec<u8>, JournalError> {
    let bytes = read(dir, name)?;
    match SegmentHeader::version(&bytes) {
        Some(found) if found != SEGMENT_VERSION => {
            Err(JournalError::Version { path: name.path.clone(), expected: SEGMENT_VERSION, found })
        }
        _ => Ok(bytes),
    }
}
