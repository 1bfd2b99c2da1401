//! Recordings: those that lie beside the project, and the one that it ships.

use feedhandler::compressed;
use feedhandler::flow::recording::RecordingOptions;
use feedhandler::flow::{Format, Recording};
use std::io::Read;
use std::path::{Path, PathBuf};
use wire::Symbol;

/// A file of `shared/data`; `None`, with a line on stderr, where the project stands alone.
pub fn shared(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data").join(name);
    if path.exists() {
        return Some(path);
    }
    assert!(std::env::var_os("CI").is_none(), "CI must have shared/data/{name} beside the project");
    eprintln!("absent: shared/data/{name}; this test has nothing to read and passes without a check");
    None
}

/// A file that the project ships.
pub fn shipped(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data").join(name)
}

/// A recording, its orders for the first instrument of the built-in configuration where it names none itself.
pub fn open(path: &Path, book: Option<&Path>, format: Format) -> Recording<'static> {
    let options = RecordingOptions { instrument: Symbol::new("PINION"), book, ..RecordingOptions::default() };
    let recording = Recording::open(path, &options).expect("a recording");
    assert_eq!(recording.format(), format);
    recording
}

/// A whole text.
pub fn text(path: &Path) -> String {
    let mut text = String::new();
    compressed::open(path).expect("opens").read_to_string(&mut text).expect("whole");
    text
}
