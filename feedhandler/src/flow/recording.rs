//! A recorded flow of any format behind one iterator.
//!
//! Goal: path in, items out. Non-goal: what only one format has; match on the variants for that.

use std::io::Read;
use std::path::Path;

use wire::Symbol;

use super::consensus::ConsensusReader;
use super::itch_file::ItchFileReader;
use super::lobster::LobsterReader;
use super::{FlowError, FlowItem, Format};
use crate::compressed::{self, Plain};

/// What the file itself does not tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RecordingOptions<'a> {
    /// The format, when it should not be told from name and content.
    pub format: Option<Format>,
    /// The instrument of formats that name none; `TEST` when not given.
    pub instrument: Option<Symbol>,
    /// The book file beside a LOBSTER message file.
    pub book: Option<&'a Path>,
}

/// The readers, and one iterator over all of them.
pub enum Recording<'a> {
    /// Consensus text.
    Consensus(Box<ConsensusReader<Plain<'a>>>),
    /// ITCH 5.0 file.
    Itch50(Box<ItchFileReader<Plain<'a>>>),
    /// LOBSTER messages, with or without book rows.
    Lobster(Box<LobsterReader<Plain<'a>, Plain<'a>>>),
}

impl Recording<'static> {
    /// Opens the file at `path`, compressed or not.
    ///
    /// # Errors
    /// A file cannot be opened or its format cannot be told.
    pub fn open(path: &Path, options: &RecordingOptions<'_>) -> Result<Self, FlowError> {
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
        Self::over(&name, compressed::open(path)?, options)
    }
}

impl<'a> Recording<'a> {
    /// Reads `source`, compressed or not, as if it were a file called `name`. For bytes in memory, pass a slice.
    ///
    /// # Errors
    /// The source fails, the book file cannot be opened, or the format cannot be told.
    pub fn read(name: &str, source: impl Read + Send + 'a, options: &RecordingOptions<'_>) -> Result<Self, FlowError> {
        let error = |source| FlowError::Open { path: name.to_owned(), source };
        Self::over(name, compressed::plain(source).map_err(error)?, options)
    }

    /// The format that is being read.
    #[must_use]
    pub const fn format(&self) -> Format {
        match self {
            Self::Consensus(_) => Format::Consensus,
            Self::Itch50(_) => Format::Itch50,
            Self::Lobster(_) => Format::Lobster,
        }
    }

    fn over(name: &str, mut source: Plain<'a>, options: &RecordingOptions<'_>) -> Result<Self, FlowError> {
        let format = match options.format {
            Some(format) => format,
            None => {
                let head = source.fill_buf().map_err(|source| FlowError::Open { path: name.to_owned(), source })?;
                Format::detect(name, head)?
            }
        };
        let instrument = options.instrument.unwrap_or(Symbol(*b"TEST    "));
        Ok(match format {
            Format::Consensus => Self::Consensus(Box::new(ConsensusReader::new(source, instrument))),
            Format::Itch50 => Self::Itch50(Box::new(ItchFileReader::new(source))),
            Format::Lobster => {
                let book = options.book.map(compressed::open).transpose()?;
                Self::Lobster(Box::new(LobsterReader::over(source, book, instrument)))
            }
        })
    }
}

impl std::fmt::Debug for Recording<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Recording").field(&self.format()).finish()
    }
}

impl Iterator for Recording<'_> {
    type Item = Result<FlowItem, FlowError>;

    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Self::Consensus(reader) => reader.next(),
            Self::Itch50(reader) => reader.next(),
            Self::Lobster(reader) => reader.next(),
        }
    }
}
