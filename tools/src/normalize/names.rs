//! The directory of names in a file that several runs and all subscribers share.
//!
//! Goal: whoever reads it finds a whole directory at any moment; one normaliser at a time extends it. Non-goal: its text
//! ([`feedhandler::normalize::symbols`]).

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use feedhandler::normalize::Symbols;
use feedhandler::normalize::symbols::SymbolsError;
use nix::fcntl::{Flock, FlockArg};

/// The file, held against other normalisers for as long as this lives.
#[derive(Debug)]
pub struct NamesFile {
    path: PathBuf,
    /// On a file beside it: the directory itself is replaced with each change.
    _lock: Flock<File>,
    /// Names in the file.
    written: usize,
}

/// Why the directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum NamesError {
    /// Check path and permissions.
    #[error("the directory of names '{path}': cannot {action}: {source}")]
    Io {
        /// The file.
        path: String,
        /// What was tried.
        action: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// Wait for the other one to end, or give each its own.
    #[error(
        "the directory of names '{path}': expected to be the only one to extend it, found another normaliser doing so"
    )]
    Held {
        /// The file.
        path: String,
    },
    /// Correct the line.
    #[error("'{path}', {source}")]
    Line {
        /// The file.
        path: String,
        /// Which line, and what is wrong.
        source: SymbolsError,
    },
}

impl NamesFile {
    /// Reads the directory; one that is not there yet is empty.
    ///
    /// # Errors
    /// It cannot be read, or another normaliser has it.
    pub fn open(path: &Path) -> Result<(Self, Symbols), NamesError> {
        let shown = || path.display().to_string();
        let io = |action, source| NamesError::Io { path: shown(), action, source };
        let beside = File::create(suffixed(path, ".lock")).map_err(|source| io("create the lock beside it", source))?;
        let lock =
            Flock::lock(beside, FlockArg::LockExclusiveNonblock).map_err(|_| NamesError::Held { path: shown() })?;
        let symbols = match fs::read_to_string(path) {
            Ok(text) => Symbols::parse(&text).map_err(|source| NamesError::Line { path: shown(), source })?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Symbols::default(),
            Err(source) => return Err(io("read", source)),
        };
        Ok((Self { path: path.to_owned(), _lock: lock, written: symbols.len() }, symbols))
    }

    /// Writes the directory when names were added: whole, beside the old one, and then in its place.
    ///
    /// # Errors
    /// It cannot be written; the old one is still there.
    pub fn save(&mut self, symbols: &Symbols) -> Result<(), NamesError> {
        if symbols.len() == self.written {
            return Ok(());
        }
        let aside = suffixed(&self.path, ".new");
        let put = || -> io::Result<()> {
            let mut file = File::create(&aside)?;
            write!(file, "{symbols}")?;
            file.sync_all()?;
            fs::rename(&aside, &self.path)
        };
        put().map_err(|source| NamesError::Io { path: self.path.display().to_string(), action: "replace", source })?;
        self.written = symbols.len();
        Ok(())
    }
}

fn suffixed(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::Symbol;

    #[test]
    fn a_directory_grows_and_is_held_by_one() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("names");
        let (mut file, mut symbols) = NamesFile::open(&path).expect("a new one");
        assert!(symbols.is_empty());
        symbols.number(Symbol::new("ALC").expect("short"));
        file.save(&symbols).expect("room");
        assert_eq!(fs::read_to_string(&path).expect("written"), "# symbol_id name\n0 ALC\n");
        let error = NamesFile::open(&path).expect_err("held");
        assert!(matches!(error, NamesError::Held { .. }), "{error}");
        drop(file);
        let (mut file, mut symbols) = NamesFile::open(&path).expect("free again");
        symbols.number(Symbol::new("BOB").expect("short"));
        file.save(&symbols).expect("room");
        assert_eq!(fs::read_to_string(&path).expect("written"), "# symbol_id name\n0 ALC\n1 BOB\n");
        assert!(!suffixed(&path, ".new").exists());
    }

    #[test]
    fn a_directory_that_cannot_be_read_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("names");
        fs::write(&path, "0 ALC\n0 BOB\n").expect("room");
        let error = NamesFile::open(&path).expect_err("twice the same number").to_string();
        assert!(error.contains("line 2") && error.contains("0 BOB"), "{error}");
        let error = NamesFile::open(&folder.path().join("no/names")).expect_err("no folder");
        assert!(matches!(error, NamesError::Io { .. }), "{error}");
    }
}
