//! Messages in a packet, each with its length before it.
//!
//! Goal: one walk for every framing of this kind, made anew for each order of bytes. Non-goal: headers.
//!
//! ```text
//!   | length u16 | message | length u16 | message | ...
//! ```

use core::fmt::Debug;
use core::marker::PhantomData;

use crate::DecodeError;

/// Bytes of a length.
pub const BLOCK_HEADER_LEN: usize = 2;

/// How a length is written.
pub trait Length: Copy + Debug {
    /// Reads one.
    fn read(bytes: [u8; BLOCK_HEADER_LEN]) -> u16;
}

/// The high byte first: MoldUDP64.
#[derive(Clone, Copy, Debug)]
pub enum BigEndian {}

impl Length for BigEndian {
    #[inline(always)]
    fn read(bytes: [u8; BLOCK_HEADER_LEN]) -> u16 {
        u16::from_be_bytes(bytes)
    }
}

/// The low byte first: IEX-TP.
#[derive(Clone, Copy, Debug)]
pub enum LittleEndian {}

impl Length for LittleEndian {
    #[inline(always)]
    fn read(bytes: [u8; BLOCK_HEADER_LEN]) -> u16 {
        u16::from_le_bytes(bytes)
    }
}

/// Walks the messages of a checked packet, and numbers them.
#[derive(Clone, Debug)]
pub struct Blocks<'a, L> {
    sequence: u64,
    rest: &'a [u8],
    length: PhantomData<L>,
}

impl<'a, L: Length> Blocks<'a, L> {
    /// The messages of checked bytes; the first one has this number.
    #[inline]
    pub(crate) const fn new(sequence: u64, rest: &'a [u8]) -> Self {
        Self { sequence, rest, length: PhantomData }
    }

    /// Whether these bytes are so many messages and nothing more.
    ///
    /// # Errors
    /// A message goes beyond the end, or there is something behind the last one.
    #[inline(always)]
    pub(crate) fn check(blocks: &[u8], count: u16) -> Result<(), DecodeError> {
        let mut rest = blocks;
        for index in 0..usize::from(count) {
            let Some((length, after)) = rest.split_first_chunk::<BLOCK_HEADER_LEN>() else {
                return Err(DecodeError::Block { index, expected: BLOCK_HEADER_LEN, found: rest.len() });
            };
            let expected = usize::from(L::read(*length));
            let Some((_, after)) = after.split_at_checked(expected) else {
                return Err(DecodeError::Block { index, expected, found: after.len() });
            };
            rest = after;
        }
        if !rest.is_empty() {
            return Err(DecodeError::Trailing { found: rest.len() });
        }
        Ok(())
    }
}

impl<'a, L: Length> Iterator for Blocks<'a, L> {
    type Item = (u64, &'a [u8]);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let (length, after) = self.rest.split_first_chunk::<BLOCK_HEADER_LEN>()?;
        let (message, rest) = after.split_at_checked(usize::from(L::read(*length)))?;
        let sequence = self.sequence;
        self.sequence = sequence.wrapping_add(1);
        self.rest = rest;
        Some((sequence, message))
    }
}
