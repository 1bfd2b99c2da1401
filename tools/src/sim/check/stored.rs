//! `stored`: what the message store gives of a stream is what the journal leads to.

use super::super::ledger::{Effect, Ledger};
use super::{Verdict, fail};
use engine::messages::{Answer, Archive, Scratch};
use wire::feed::{ChannelIndex, Stream, StreamKind};
use wire::mold::BLOCK_HEADER_LEN;

/// How far the store of one life was read.
pub struct Stored {
    next: [u64; 2],
    scratch: Scratch,
}

impl Default for Stored {
    fn default() -> Self {
        Self { next: [1; 2], scratch: Scratch::default() }
    }
}

impl Stored {
    /// Reads what has been stored since the last time, from the first message on in a new life.
    ///
    /// # Errors
    /// It gives another message than the journal leads to, or one that nothing led to.
    pub fn look(&mut self, archive: &Archive, ledger: &Ledger) -> Verdict {
        for (kind, next) in StreamKind::ALL.into_iter().zip(&mut self.next) {
            let Some(stored) = archive.stream(Stream::new(ChannelIndex(0), kind)) else { continue };
            let mut out = [0; 1_388];
            let effects = effects(kind, ledger);
            loop {
                match stored.copy(*next, u64::MAX, &mut out, &mut self.scratch) {
                    Answer::Blocks { len, .. } => {
                        let mut rest = &out[..len];
                        while let Some((length, after)) = rest.split_first_chunk::<BLOCK_HEADER_LEN>() {
                            let (message, after) = after.split_at(usize::from(u16::from_be_bytes(*length)));
                            let place = usize::try_from(*next - 1).unwrap_or(usize::MAX);
                            if effects.get(place).is_none_or(|effect| effect.bytes != message) {
                                return fail("stored", format!("{kind:?} {next} is stored as {message:02x?}"));
                            }
                            (rest, *next) = (after, *next + 1);
                        }
                    }
                    Answer::Beyond { next: end } if end > effects.len() as u64 + 1 => {
                        return fail("stored", format!("{kind:?} goes on with {end}, and there are {}", effects.len()));
                    }
                    // Until it is made again, or for ever.
                    Answer::Beyond { .. } | Answer::Missing => break,
                }
            }
        }
        Ok(())
    }

    /// After a repair: there is nothing that could not be asked for.
    ///
    /// # Errors
    /// There is.
    pub fn is_whole(&self, archive: &Archive) -> Verdict {
        for stream in archive.streams() {
            let missing = archive.stream(*stream).map(|stored| stored.missing()).unwrap_or_default();
            if !missing.is_empty() {
                return fail("stored", format!("{stream:?} lacks {missing:?} after the repair"));
            }
        }
        Ok(())
    }
}

const fn effects(kind: StreamKind, ledger: &Ledger) -> &Vec<Effect> {
    match kind {
        StreamKind::Tick => &ledger.effects().ticks,
        StreamKind::Depth => &ledger.effects().depth,
    }
}
