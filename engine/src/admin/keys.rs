//! Keys that operators have given to sessions: a file each, below the journal's directory.
//!
//! Goal: a key is on stable storage before the command that makes it valid has its place, and which one is valid is the journal's word alone.
//! Non-goal: hiding it from whoever may read the files.
//!
//! A file is named by the key's fingerprint, which is in the journal. One whose command never got its place is named by nothing.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::config::Config;
use crate::entropy::{Entropy, SystemEntropy};
use crate::venue::Venue;
use wire::admin::sealed::fingerprint;
use wire::login::Key;

/// The folder's name.
pub const FOLDER: &str = "keys";

/// Why a key cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// It is not there, or cannot be read.
    #[error("{}: {source}", path.display())]
    Unreadable {
        /// Its file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// What is there is something else.
    #[error("{}: expected 64 hexadecimal digits of the key that the journal knows, found something else", .0.display())]
    Foreign(PathBuf),
}

/// Where a key lies.
#[must_use]
pub fn path(journal: &Path, fingerprint: u64) -> PathBuf {
    journal.join(FOLDER).join(format!("{fingerprint:016x}.key"))
}

/// Writes a key, readable by the owner alone, and has it on stable storage when it returns.
///
/// # Errors
/// The file system refuses.
pub fn store(journal: &Path, key: &Key) -> io::Result<()> {
    let folder = journal.join(FOLDER);
    match DirBuilder::new().mode(0o700).create(&folder) {
        Ok(()) => File::open(journal)?.sync_all()?,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(error),
    }
    let target = path(journal, fingerprint(key));
    let aside = target.with_extension("new");
    // What a crash has left there may have other rights.
    match fs::remove_file(&aside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&aside)?;
    for byte in key.0 {
        write!(file, "{byte:02x}")?;
    }
    writeln!(file)?;
    file.sync_all()?;
    fs::rename(&aside, &target)?;
    File::open(&folder)?.sync_all()
}

/// Reads the key of this fingerprint.
///
/// # Errors
/// It is not there, or is another one.
pub fn load(journal: &Path, wanted: u64) -> Result<Key, KeyError> {
    let path = path(journal, wanted);
    let text = fs::read_to_string(&path);
    let text = text.map_err(|source| KeyError::Unreadable { path: path.clone(), source })?;
    let key = Key::from_hex(text.trim_end()).filter(|key| fingerprint(key) == wanted);
    key.ok_or(KeyError::Foreign(path))
}

/// Gives each session the key that the journal says it has from an operator. Returns a sentence for each whose key is not there: nobody can
/// log in to it, for the one of the configuration was replaced for a reason.
pub(crate) fn restore(config: &Config, venue: &mut Venue) -> Vec<String> {
    let known: Vec<_> = venue.exchange().controls().keys().collect();
    let mut missing = Vec::new();
    for (session, wanted) in known {
        let key = load(&config.journal.dir, wanted).unwrap_or_else(|error| {
            let name = config.sessions.get(usize::from(session.0)).map_or("?", |session| &session.username);
            missing.push(format!(
                "session '{name}' cannot log in: its key, given by an operator, is not there: {error}; restore the file or give it \
                 another key with `pinion admin session key {name}`"
            ));
            nobodys_key()
        });
        venue.change_key(session, key);
    }
    missing
}

/// A key that nobody has, not even the one who asked for it.
fn nobodys_key() -> Key {
    let mut key = Key([0; 32]);
    SystemEntropy.draw(&mut key.0).expect("recovery has drawn random bytes before");
    key
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_key_is_the_owners_alone_and_comes_back() {
        let dir = tempfile::tempdir().expect("a directory");
        let key = Key([0xA7; 32]);
        store(dir.path(), &key).expect("room");
        store(dir.path(), &key).expect("again");
        let file = path(dir.path(), fingerprint(&key));
        let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
        assert_eq!((mode(&file), mode(&dir.path().join(FOLDER))), (0o600, 0o700));
        assert_eq!(load(dir.path(), fingerprint(&key)).expect("there"), key);
        assert!(matches!(load(dir.path(), 7), Err(KeyError::Unreadable { .. })));
        fs::copy(&file, path(dir.path(), 7)).expect("room");
        assert!(matches!(load(dir.path(), 7), Err(KeyError::Foreign(_))));
    }
}
