//! Instrument names as they stand on the wire.

use core::fmt;

/// Eight ASCII characters, left-justified, padded with spaces (OUCH 5.0 §1.2, ITCH 5.0 "Stock").
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct Symbol(pub [u8; 8]);

impl Symbol {
    /// Pads a name of 1 to 8 printable ASCII characters without spaces.
    #[must_use]
    pub fn new(name: &str) -> Option<Self> {
        if name.is_empty() || name.len() > 8 || !name.bytes().all(|byte| byte.is_ascii_graphic()) {
            return None;
        }
        let mut bytes = [b' '; 8];
        bytes[..name.len()].copy_from_slice(name.as_bytes());
        Some(Self(bytes))
    }

    /// The name without its padding; `?` where the bytes are not ASCII text.
    #[must_use]
    pub fn name(&self) -> &str {
        core::str::from_utf8(&self.0).map_or("?", str::trim_end)
    }
}

impl fmt::Display for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
