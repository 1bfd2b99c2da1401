//! The messages of a NASDAQ ITCH 5.0 file, one after another, as bytes.
//!
//! Goal: both framings, told apart message by message. Non-goal: what the messages say.
//!
//! ```text
//! | length u16 | message |    as the venue's own files have it
//! | 0      u16 | message |    as sampled files have it: the type byte tells the length
//! ```

use std::io::{BufReader, Read};

use wire::itch::Message;

use super::{FlowError, shown};

/// Reads messages. Types that are not known are read too, where the framing tells their length.
#[derive(Debug)]
pub struct ItchMessages<R> {
    source: BufReader<R>,
    /// Bytes taken from the source.
    offset: u64,
    message: Vec<u8>,
    /// Where the message at hand begins, its two bytes included.
    message_offset: u64,
    /// Messages before the one at hand, and whether there is one.
    index: u64,
    begun: bool,
}

const FRAME_LEN: usize = 2;

impl<R: Read> ItchMessages<R> {
    /// Reads `source` from its first message on.
    pub fn new(source: R) -> Self {
        Self {
            source: BufReader::with_capacity(1 << 16, source),
            offset: 0,
            message: Vec::with_capacity(64),
            message_offset: 0,
            index: 0,
            begun: false,
        }
    }

    /// Reads the next message; `false` at the end of the file.
    ///
    /// # Errors
    /// The source fails, or the file is cut short, damaged or of another format.
    pub fn advance(&mut self) -> Result<bool, FlowError> {
        self.index += u64::from(std::mem::replace(&mut self.begun, true));
        self.message_offset = self.offset;
        let stated = match self.read(FRAME_LEN)? {
            0 => return Ok(false),
            FRAME_LEN => usize::from(u16::from_be_bytes([self.message[0], self.message[1]])),
            found => return Err(self.error("two bytes before a message", &format!("{found} at the end of the file"))),
        };
        if stated > 0 {
            self.read_whole(stated)?;
            let size = Message::size_of_type(self.message[0]).unwrap_or(stated);
            if size != stated {
                let found = format!("length {stated} before type {}", shown(&self.message[..1]));
                return Err(self.error(&format!("length {size}"), &found));
            }
            return Ok(true);
        }
        self.read_whole(1)?;
        let tag = self.message[0];
        let Some(size) = Message::size_of_type(tag) else {
            return Err(self.error("the type byte of an ITCH 5.0 message", &format!("'{}'", shown(&[tag]))));
        };
        self.read_whole(size - 1)?;
        self.message.insert(0, tag);
        Ok(true)
    }

    /// The message read last; at least its type byte.
    pub fn message(&self) -> &[u8] {
        &self.message
    }

    /// What is wrong with the message read last.
    pub(super) fn error(&self, expected: &str, found: &dyn std::fmt::Display) -> FlowError {
        FlowError::Message {
            index: self.index,
            offset: self.message_offset,
            expected: expected.to_owned(),
            found: found.to_string(),
        }
    }

    fn read_whole(&mut self, len: usize) -> Result<(), FlowError> {
        let found = self.read(len)?;
        if found < len {
            return Err(self.error(&format!("{len} more bytes"), &format!("{found} at the end of the file")));
        }
        Ok(())
    }

    /// Reads `len` bytes into `self.message`, or what is left of the file; returns how many.
    fn read(&mut self, len: usize) -> Result<usize, FlowError> {
        self.message.clear();
        // usize is at most 64 bits wide here.
        let read = (&mut self.source).take(len as u64).read_to_end(&mut self.message);
        let found = read.map_err(|source| FlowError::Read { done: self.index, unit: "messages", source })?;
        self.offset += found as u64;
        Ok(found)
    }
}

/// Whether a file begins like one of ITCH messages, in either framing.
pub(crate) fn begins_like_itch(head: &[u8]) -> bool {
    let [high, low, tag, ..] = head else { return false };
    let stated = usize::from(u16::from_be_bytes([*high, *low]));
    Message::size_of_type(*tag).is_some_and(|size| stated == 0 || stated == size)
}
