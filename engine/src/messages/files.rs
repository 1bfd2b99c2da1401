//! The names of the store's files.

use std::path::{Path, PathBuf};

use super::MessagesError;
use wire::mold::SessionId;

/// Where the message store of a journal lies.
#[must_use]
pub fn feed_dir(journal: &Path) -> PathBuf {
    journal.join("feed")
}

/// The file of a stream whose first message has this sequence.
#[must_use]
pub(super) fn path_of(dir: &Path, session: SessionId, first: u64) -> PathBuf {
    dir.join(format!("feed-{session}-{first:020}.msg"))
}

/// A file of the store, by its name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct FileName {
    pub(super) first: u64,
    pub(super) path: PathBuf,
}

/// The files of a stream, by their first sequences; none where there is no folder.
pub(super) fn list(dir: &Path, session: SessionId) -> Result<Vec<FileName>, MessagesError> {
    let mut found = Vec::new();
    for path in entries(dir)? {
        if let Some(first) = first_of(&path, session) {
            found.push(FileName { first, path });
        }
    }
    found.sort();
    Ok(found)
}

/// What a crash left half made.
pub(super) fn half_made(dir: &Path) -> Result<Vec<PathBuf>, MessagesError> {
    let mut paths = entries(dir)?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "preparing"));
    Ok(paths)
}

fn entries(dir: &Path) -> Result<Vec<PathBuf>, MessagesError> {
    if !dir.exists() {
        return Ok(Vec::new());
    }
    std::fs::read_dir(dir)
        .and_then(|entries| entries.map(|entry| entry.map(|entry| entry.path())).collect())
        .map_err(MessagesError::io("list the message store", dir))
}

/// Only names that this module would write.
fn first_of(path: &Path, session: SessionId) -> Option<u64> {
    let digits = path.file_stem()?.to_str()?.rsplit_once('-')?.1;
    let first = digits.parse().ok()?;
    (path_of(Path::new(""), session, first).file_name() == path.file_name()).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip_and_strangers_are_left_alone() {
        let session = SessionId(*b"KQ7B2MXADA");
        let path = path_of(Path::new("d"), session, 1_000_001);
        assert_eq!(path, Path::new("d/feed-KQ7B2MXADA-00000000000001000001.msg"));
        assert_eq!(first_of(&path, session), Some(1_000_001));
        assert_eq!(first_of(&path, SessionId(*b"KQ7B2MXATA")), None);
        for name in ["d/feed-KQ7B2MXADA-1.msg", "d/feed-KQ7B2MXADA-00000000000001000001.msg.preparing", "d/x", "d"] {
            assert_eq!(first_of(Path::new(name), session), None, "{name}");
        }
    }
}
