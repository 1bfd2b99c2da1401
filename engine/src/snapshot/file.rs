//! The chunks of a snapshot: packed, each proving itself and the one before it.
//!
//! Goal: what is read is what was written, or an error. Non-goal: what it means.

use std::io::{self, Read, Write};

use lz4_flex::block;
use wire::snapshot::{CHUNK_PLAIN_MAX, ChunkHeader};

/// Packs what is written into chunks. [`Self::finish`] writes the last one.
pub struct ChunkWriter<W> {
    out: W,
    plain: Vec<u8>,
    packed: Vec<u8>,
    chain: u32,
    written: u64,
}

impl<W: Write> ChunkWriter<W> {
    /// Chunks whose checksums begin from `seed`.
    #[must_use]
    pub fn new(out: W, seed: u32) -> Self {
        let packed = vec![0; ChunkHeader::SIZE + block::get_maximum_output_size(CHUNK_PLAIN_MAX)];
        Self { out, plain: Vec::with_capacity(CHUNK_PLAIN_MAX), packed, chain: seed, written: 0 }
    }

    /// Writes what is left and the mark of the end. Returns how many bytes were given, and what they were written to.
    ///
    /// # Errors
    /// What the writer below returns.
    pub fn finish(mut self) -> io::Result<(u64, W)> {
        if !self.plain.is_empty() {
            self.chunk()?;
        }
        self.chunk()?;
        Ok((self.written, self.out))
    }

    fn chunk(&mut self) -> io::Result<()> {
        let head = ChunkHeader::SIZE;
        let len = match self.plain.is_empty() {
            true => 0,
            false => block::compress_into(&self.plain, &mut self.packed[head..]).map_err(io::Error::other)?,
        };
        let small = |len: usize| u32::try_from(len).map_err(io::Error::other);
        let plain = small(self.plain.len())?;
        self.chain = ChunkHeader::checksum(self.chain, plain, &self.packed[head..head + len]);
        let header = ChunkHeader { plain, packed: small(len)?, crc: self.chain };
        let encoded = header.encode(&mut self.packed[..head]);
        debug_assert_eq!(encoded, Some(head));
        self.out.write_all(&self.packed[..head + len])?;
        self.written += u64::from(plain);
        self.plain.clear();
        Ok(())
    }
}

impl<W: Write> Write for ChunkWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.plain.len() == CHUNK_PLAIN_MAX {
            self.chunk()?;
        }
        let taken = bytes.len().min(CHUNK_PLAIN_MAX - self.plain.len());
        self.plain.extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }

    /// Does nothing: a chunk is written when it is full.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Unpacks chunks. Reads nothing behind the last one, and ends there.
pub struct ChunkReader<R> {
    input: R,
    plain: Vec<u8>,
    at: usize,
    packed: Vec<u8>,
    chain: u32,
    ended: bool,
}

impl<R: Read> ChunkReader<R> {
    /// Chunks whose checksums begin from `seed`.
    #[must_use]
    pub fn new(input: R, seed: u32) -> Self {
        let packed = vec![0; block::get_maximum_output_size(CHUNK_PLAIN_MAX)];
        Self { input, plain: Vec::with_capacity(CHUNK_PLAIN_MAX), at: 0, packed, chain: seed, ended: false }
    }

    /// Whether the mark of the end was read, and nothing follows it.
    ///
    /// # Errors
    /// What the reader below returns.
    pub fn is_at_end(&mut self) -> io::Result<bool> {
        Ok(self.ended && self.at == self.plain.len() && self.input.read(&mut [0])? == 0)
    }

    fn chunk(&mut self) -> io::Result<()> {
        let damaged = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what.to_owned());
        let mut head = [0; ChunkHeader::SIZE];
        self.input.read_exact(&mut head)?;
        let header = ChunkHeader::decode(&head).map_err(io::Error::other)?;
        let [plain, packed] = [header.plain, header.packed].map(|len| usize::try_from(len).unwrap_or(usize::MAX));
        if plain > CHUNK_PLAIN_MAX || packed > self.packed.len() || (plain == 0) != (packed == 0) {
            return Err(damaged("a chunk of impossible size"));
        }
        self.input.read_exact(&mut self.packed[..packed])?;
        let crc = ChunkHeader::checksum(self.chain, header.plain, &self.packed[..packed]);
        if crc != header.crc {
            return Err(damaged("a chunk whose checksum does not match"));
        }
        (self.chain, self.at) = (crc, 0);
        self.plain.resize(plain, 0);
        if plain == 0 {
            self.ended = true;
            return Ok(());
        }
        match block::decompress_into(&self.packed[..packed], &mut self.plain) {
            Ok(len) if len == plain => Ok(()),
            Ok(_) => Err(damaged("a chunk that unpacks to another length")),
            Err(error) => Err(damaged(&error.to_string())),
        }
    }
}

impl<R: Read> Read for ChunkReader<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.at == self.plain.len() && !self.ended {
            self.chunk()?;
        }
        let rest = &self.plain[self.at..];
        let taken = rest.len().min(out.len());
        out[..taken].copy_from_slice(&rest[..taken]);
        self.at += taken;
        Ok(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut writer = ChunkWriter::new(Vec::new(), 7);
        writer.write_all(bytes).expect("room");
        let (len, packed) = writer.finish().expect("room");
        assert_eq!(len, bytes.len() as u64);
        packed
    }

    fn unpacked(packed: &[u8], seed: u32) -> io::Result<Vec<u8>> {
        let mut reader = ChunkReader::new(packed, seed);
        let mut bytes = Vec::new();
        reader.read_to_end(&mut bytes)?;
        if reader.is_at_end()? { Ok(bytes) } else { Err(io::Error::other("something follows")) }
    }

    #[test]
    fn what_was_written_is_read() {
        for len in [0, 1, 1000, CHUNK_PLAIN_MAX - 1, CHUNK_PLAIN_MAX, CHUNK_PLAIN_MAX + 1, 3 * CHUNK_PLAIN_MAX] {
            let bytes: Vec<u8> = (0..len).map(|at| (at / 3 % 251).to_le_bytes()[0]).collect();
            assert_eq!(unpacked(&packed(&bytes), 7).expect("whole"), bytes, "{len} bytes");
        }
    }

    #[test]
    fn no_damage_goes_unseen() {
        let bytes: Vec<u8> = (0..3_000u32).flat_map(|at| (at * at).to_le_bytes()).collect();
        let whole = packed(&bytes);
        assert!(unpacked(&whole, 8).is_err(), "chunks of another snapshot");
        for at in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[at] ^= 1 << (at % 8);
            assert!(unpacked(&damaged, 7).is_err(), "byte {at}");
        }
        for len in 0..whole.len() {
            assert!(unpacked(&whole[..len], 7).is_err(), "the first {len} bytes");
        }
        let mut longer = whole;
        longer.push(0);
        assert!(unpacked(&longer, 7).is_err(), "a byte behind the end");
    }
}
