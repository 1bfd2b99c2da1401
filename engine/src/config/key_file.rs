//! A secret key: written into the configuration, or in a file of its own that few may read.
//!
//! Goal: a configuration can be shown around and kept in version control; the keys lie beside it. Non-goal: encryption at rest; who may read
//! the process may read its keys.

use super::error::ConfigError;
use super::reader::{Reader, bad_value, text};
use super::tree::Node;
use std::fs;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use wire::login::Key;

/// What others may not do with the file: its group may read it, so that root can own it and the appliance use it.
const FORBIDDEN_MODE: u32 = 0o027;
/// More is no key. It bounds what is read of a wrong file.
const LEN_MAX: u64 = 256;

/// Reads `key`, or the file that `key_file` names. A key that is given by neither stays as it was.
pub(super) fn read(reader: &mut Reader<'_>, field: &mut Key) -> Result<(), ConfigError> {
    let (key, file) = (reader.get("key"), reader.get("key_file"));
    match (key, file) {
        (Some(_), Some(file)) => {
            let expected = "one of key and key_file, found both".to_owned();
            Err(bad_value(file, &reader.path_of("key_file"), expected))
        }
        (Some(node), None) => {
            *field = text(node).and_then(Key::from_hex).ok_or_else(|| ConfigError::BadValue {
                place: node.place.clone(),
                key: reader.path_of("key"),
                expected: "64 hexadecimal digits (32 bytes)".to_owned(),
                // The value is left out of the message: messages end in logs, and this one is nearly a secret.
                found: text(node).map_or_else(|| "no string".to_owned(), |text| format!("{} characters", text.len())),
            })?;
            Ok(())
        }
        (None, Some(node)) => {
            *field = of_file(node, &reader.path_of("key_file"))?;
            Ok(())
        }
        (None, None) => Ok(()),
    }
}

fn of_file(node: &Node, path: &str) -> Result<Key, ConfigError> {
    let wrong = |expected: &str, found: String| ConfigError::BadValue {
        place: node.place.clone(),
        key: path.to_owned(),
        expected: expected.to_owned(),
        found,
    };
    let name = text(node).ok_or_else(|| wrong("the path of a file", "no string".to_owned()))?;
    let unreadable = |error: std::io::Error| {
        let expected = "a file with a key that this user may read";
        wrong(expected, format!("{name}: {error}"))
    };
    let file = fs::File::open(name).map_err(unreadable)?;
    // Of the file that was opened, whatever has the name by now.
    let mode = file.metadata().map_err(unreadable)?.permissions().mode() & 0o777;
    if mode & FORBIDDEN_MODE != 0 {
        let expected =
            "a file that its owner and group alone may read and its owner alone may write (chmod 640, or 600)";
        return Err(wrong(expected, format!("{name} with mode {mode:03o}")));
    }
    let mut digits = String::new();
    file.take(LEN_MAX).read_to_string(&mut digits).map_err(unreadable)?;
    let found = || format!("{name} with {} characters", digits.trim().len());
    Key::from_hex(digits.trim()).ok_or_else(|| wrong("a file with 64 hexadecimal digits (32 bytes)", found()))
}
