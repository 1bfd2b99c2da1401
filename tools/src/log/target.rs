//! Where lines go: stderr, or a file that may be moved away under us.

use std::fs::{File, OpenOptions};
use std::io::{self, Write, stderr};
use std::path::{Path, PathBuf};

/// Takes whole lines.
#[derive(Debug)]
pub(super) struct Target {
    file: Option<(PathBuf, File)>,
    /// The last write failed, perhaps in the middle of a line.
    is_torn: bool,
}

impl Target {
    pub(super) const fn stderr() -> Self {
        Self { file: None, is_torn: false }
    }

    /// Adds to a file, which is made when it is not there.
    pub(super) fn file(path: &Path) -> io::Result<Self> {
        let file = open(path).map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))?;
        Ok(Self { file: Some((path.to_owned(), file)), is_torn: false })
    }

    pub(super) const fn is_file(&self) -> bool {
        self.file.is_some()
    }

    /// Its name.
    pub(super) fn name(&self) -> String {
        self.file.as_ref().map_or_else(|| "stderr".to_owned(), |(path, _)| path.display().to_string())
    }

    /// Opens the file by its name again. When that fails, lines go on to where they went.
    pub(super) fn reopen(&mut self) -> io::Result<()> {
        if let Some((path, file)) = &mut self.file {
            *file = open(path)?;
            self.is_torn = false;
        }
        Ok(())
    }

    /// Writes a line.
    pub(super) fn write(&mut self, line: &str) -> io::Result<()> {
        let out: &mut dyn Write = match &mut self.file {
            Some((_, file)) => file,
            None => &mut stderr().lock(),
        };
        let begun = if self.is_torn { out.write_all(b"\n") } else { Ok(()) };
        let written = begun.and_then(|()| out.write_all(line.as_bytes()));
        self.is_torn = written.is_err();
        written
    }
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).create(true).open(path)
}
