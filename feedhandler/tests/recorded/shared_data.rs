//! Real recordings that are not part of the project: found beside it, or reported as absent.

use std::path::PathBuf;

/// The path of a file of `shared/data`, or `None`, with a line on stderr, where the project stands alone.
pub fn shared_data(file: &str) -> Option<PathBuf> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/data").join(file);
    if path.exists() {
        return Some(path);
    }
    assert!(std::env::var_os("CI").is_none(), "CI must have shared/data/{file} beside the project");
    eprintln!("absent: shared/data/{file}; this test has nothing to read and passes without a check");
    None
}
