//! Opens recorded files, compressed or not, by what they contain.
//!
//! Goal: callers see plain bytes and never ask about compression; the decoders are pure Rust, so the build needs no C compiler.
//! Non-goal: writing compressed files. An `.xz` file is decoded into memory whole (its decoder only pushes), up to
//! [`XZ_DECODED_BYTES_MAX`]; plain, `.gz` and `.zst` files are streamed.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read, Write};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;
use ruzstd::decoding::StreamingDecoder;

use crate::flow::FlowError;

/// The most that an `.xz` file may hold when decoded; four times the longest real flow of two million messages fits well.
pub const XZ_DECODED_BYTES_MAX: usize = 1 << 30;

/// Plain bytes, whatever the file. `fill_buf` shows the beginning without taking it.
pub type Plain<'a> = Box<dyn BufRead + Send + 'a>;

const XZ_MAGIC: &[u8] = &[0xFD, b'7', b'z', b'X', b'Z', 0];
const GZIP_MAGIC: &[u8] = &[0x1F, 0x8B];
const ZSTD_MAGIC: &[u8] = &[0x28, 0xB5, 0x2F, 0xFD];

/// Opens the file at `path`.
///
/// # Errors
/// The file cannot be opened, or is compressed and damaged.
pub fn open(path: &Path) -> Result<Plain<'static>, FlowError> {
    let error = |source| FlowError::Open { path: path.display().to_string(), source };
    let file = File::open(path).map_err(error)?;
    plain(file).map_err(error)
}

/// Reads `source`, decompressing it when it begins like a compressed file. For bytes in memory, pass a slice.
///
/// # Errors
/// The source fails, or is compressed and damaged.
pub fn plain<'a>(source: impl Read + Send + 'a) -> io::Result<Plain<'a>> {
    let (head, source) = with_head(source)?;
    if head.starts_with(XZ_MAGIC) {
        let mut decoded = Bounded { bytes: Vec::new(), len_max: XZ_DECODED_BYTES_MAX };
        lzma_rs::xz_decompress(&mut BufReader::new(source), &mut decoded).map_err(|error| match error {
            lzma_rs::error::Error::IoError(error) => error,
            other => io::Error::new(io::ErrorKind::InvalidData, format!("damaged .xz data: {other:?}")),
        })?;
        Ok(Box::new(Cursor::new(decoded.bytes)))
    } else if head.starts_with(GZIP_MAGIC) {
        Ok(Box::new(BufReader::new(MultiGzDecoder::new(BufReader::new(source)))))
    } else if head.starts_with(ZSTD_MAGIC) {
        Ok(Box::new(BufReader::new(ZstdFrames { source: Some(Frame::Between(Box::new(BufReader::new(source)))) })))
    } else {
        Ok(Box::new(BufReader::with_capacity(1 << 16, source)))
    }
}

/// Takes the first bytes, as many as the longest magic, and puts them in front again.
fn with_head<'a>(mut source: impl Read + Send + 'a) -> io::Result<(Vec<u8>, impl Read + Send + 'a)> {
    let mut head = Vec::with_capacity(XZ_MAGIC.len());
    (&mut source).take(XZ_MAGIC.len() as u64).read_to_end(&mut head)?;
    Ok((head.clone(), Cursor::new(head).chain(source)))
}

/// A growing buffer that refuses to grow without end.
struct Bounded {
    bytes: Vec<u8>,
    len_max: usize,
}

impl Write for Bounded {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        if data.len() > self.len_max - self.bytes.len() {
            return Err(io::Error::new(
                io::ErrorKind::FileTooLarge,
                format!("decodes to more than {} bytes; decompress it first and give the plain file", self.len_max),
            ));
        }
        self.bytes.extend_from_slice(data);
        Ok(data.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

type Compressed<'a> = Box<dyn BufRead + Send + 'a>;

enum Frame<'a> {
    Between(Compressed<'a>),
    Inside(Box<StreamingDecoder<Compressed<'a>, ruzstd::decoding::FrameDecoder>>),
}

/// A `.zst` file is one frame after another; the decoder knows one.
struct ZstdFrames<'a> {
    /// Empty only after an error, which ends the reading.
    source: Option<Frame<'a>>,
}

impl Read for ZstdFrames<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.source.take() {
                None => return Ok(0),
                Some(Frame::Between(mut source)) => {
                    if source.fill_buf()?.is_empty() {
                        return Ok(0);
                    }
                    let decoder = StreamingDecoder::new(source).map_err(io::Error::other)?;
                    self.source = Some(Frame::Inside(Box::new(decoder)));
                }
                Some(Frame::Inside(mut decoder)) => {
                    let len = decoder.read(into)?;
                    if len > 0 || into.is_empty() {
                        self.source = Some(Frame::Inside(decoder));
                        return Ok(len);
                    }
                    self.source = Some(Frame::Between(decoder.into_inner()));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> io::Result<Vec<u8>> {
        let mut all = Vec::new();
        plain(bytes)?.read_to_end(&mut all)?;
        Ok(all)
    }

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    fn zstd(text: &[u8]) -> Vec<u8> {
        ruzstd::encoding::compress_to_vec(text, ruzstd::encoding::CompressionLevel::Fastest)
    }

    fn xz(text: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        lzma_rs::xz_compress(&mut &text[..], &mut bytes).unwrap();
        bytes
    }

    #[test]
    fn every_kind_reads_the_same() {
        let text: Vec<u8> = (0..100_000_u32).flat_map(u32::to_le_bytes).collect();
        for bytes in [text.clone(), gzip(&text), zstd(&text), xz(&text)] {
            assert!(read(&bytes).unwrap() == text);
        }
        for bytes in [Vec::new(), gzip(b""), zstd(b""), xz(b"")] {
            assert_eq!(read(&bytes).unwrap(), b"");
        }
    }

    #[test]
    fn concatenated_parts_read_as_one() {
        for compress in [gzip, zstd] {
            let mut bytes = compress(b"first ");
            bytes.extend(compress(b"second"));
            assert_eq!(read(&bytes).unwrap(), b"first second");
        }
    }

    #[test]
    fn a_file_cut_short_is_an_error() {
        let text = vec![b'x'; 10_000];
        for bytes in [gzip(&text), zstd(&text), xz(&text)] {
            assert!(read(&bytes[..bytes.len() - 3]).is_err());
        }
    }

    #[test]
    fn what_is_too_short_for_a_magic_is_plain() {
        assert_eq!(read(b"C 1").unwrap(), b"C 1");
        assert_eq!(read(&[0xFD]).unwrap(), [0xFD]);
    }

    #[test]
    fn a_decoded_size_beyond_the_bound_is_refused() {
        let mut bounded = Bounded { bytes: Vec::new(), len_max: 4 };
        assert!(bounded.write_all(b"four").is_ok());
        assert!(bounded.write_all(b"5").is_err());
    }

    #[test]
    fn a_missing_file_is_named() {
        let error = open(Path::new("no/such/file")).err().unwrap().to_string();
        assert!(error.contains("no/such/file"), "{error}");
    }
}
