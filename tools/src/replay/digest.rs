//! A writer that hashes what passes through it.

use std::io::{self, Write};

use sha2::{Digest, Sha256};

/// SHA-256 over everything written, which goes on to `inner`.
#[derive(Debug)]
pub(super) struct HashingWriter<W> {
    hash: Sha256,
    inner: W,
}

impl<W: Write> HashingWriter<W> {
    pub(super) fn new(inner: W) -> Self {
        Self { hash: Sha256::new(), inner }
    }

    /// The digest.
    pub(super) fn finish(self) -> [u8; 32] {
        self.hash.finalize().into()
    }
}

impl<W: Write> Write for HashingWriter<W> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        let len = self.inner.write(data)?;
        self.hash.update(&data[..len]);
        Ok(len)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// A digest as lower-case hexadecimal digits.
#[must_use]
pub fn hex(digest: &[u8]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_is_that_of_all_that_was_written() {
        let mut writer = HashingWriter::new(Vec::new());
        writer.write_all(b"ab").expect("memory");
        writer.write_all(b"c").expect("memory");
        assert_eq!(writer.inner, b"abc");
        // FIPS 180-2, B.1.
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(hex(&writer.finish()), expected);
    }
}
