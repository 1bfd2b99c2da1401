//! How far the views of a journal are, by their files.
//!
//! Goal: where to go on after a stop of any kind, and what is wrong with the files. Non-goal: making good what is; the keeper does.

use std::path::Path;

use super::{Blocks, ViewsError, ViewsName};
use wire::views::ViewsBlock;
use wire::{Nanos, Seq};

/// The end of what is whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Everything up to this command is in; 0: nothing.
    pub seq: Seq,
    /// When it was received.
    pub time: Nanos,
    /// The next trade, after it; 0: not known.
    pub match_number: u64,
    /// The next order, after it.
    pub order_ref: u64,
    /// The file in which it ends, with where, and the checksum there.
    pub(super) end: Option<(ViewsName, (u64, u32))>,
    /// Files behind that one, and bytes behind its end: not a part of it.
    pub(super) behind: Vec<ViewsName>,
    /// Bytes of that file behind the end.
    pub(super) torn: u64,
    /// What was found damaged, a sentence each.
    pub damage: Vec<String>,
}

impl Standing {
    const fn nothing() -> Self {
        Self {
            seq: Seq(0),
            time: Nanos(0),
            match_number: 0,
            order_ref: 1,
            end: None,
            behind: Vec::new(),
            torn: 0,
            damage: Vec::new(),
        }
    }

    /// How far the views in a directory are that follow a journal, up to a command. `reaches` says whether the journal can be replayed from a
    /// command on: what was found damaged or missing is made again, if it can be; else it is left out, and what comes behind it counts.
    ///
    /// # Errors
    /// The file system refuses.
    pub fn look(dir: &Path, epoch: u64, limit: Seq, reaches: impl Fn(Seq) -> bool) -> Result<Self, ViewsError> {
        let names: Vec<ViewsName> = ViewsName::list(dir)?.into_iter().filter(|name| name.epoch == epoch).collect();
        let whole = Self::of_files(&names, limit, true)?;
        if whole.is_whole() || reaches(whole.seq) {
            return Ok(whole);
        }
        Self::of_files(&names, limit, false)
    }

    /// Whether nothing lies behind the end, and nothing was found damaged.
    fn is_whole(&self) -> bool {
        self.behind.is_empty() && self.damage.is_empty()
    }

    fn of_files(names: &[ViewsName], limit: Seq, mends: bool) -> Result<Self, ViewsError> {
        let mut standing = Self::nothing();
        let mut is_over = false;
        for (at, name) in names.iter().enumerate() {
            if is_over {
                standing.behind.push(name.clone());
                continue;
            }
            let is_last = at + 1 == names.len();
            match standing.walk(name, limit, mends, is_last) {
                Ok(is_cut) => is_over = is_cut,
                Err(error @ (ViewsError::Damaged { .. } | ViewsError::Torn { .. })) => {
                    // That the last block was torn by the end of the process is not worth a word.
                    if !(is_last && matches!(error, ViewsError::Torn { .. })) {
                        standing.damage.push(error.to_string());
                    }
                    is_over = mends || is_last;
                    // A file whose header cannot be read is no place to go on.
                    let began = matches!(&standing.end, Some((end, _)) if end == name);
                    if is_over && !began {
                        standing.behind.push(name.clone());
                    }
                }
                Err(error) => return Err(error),
            }
        }
        Ok(standing)
    }

    /// Goes through a file. Returns whether what is whole ends in it: before the limit, or before commands that are missing.
    fn walk(&mut self, name: &ViewsName, limit: Seq, mends: bool, verify: bool) -> Result<bool, ViewsError> {
        let mut blocks = Blocks::open(name)?;
        if self.end.is_none() {
            (self.seq, self.match_number) = (blocks.header().after.min(limit), 0);
        }
        self.stand(name, &blocks);
        while let Some(block) = blocks.next()? {
            let misses = mends && block.header.after > self.seq;
            if block.header.last > limit || misses {
                return Ok(true);
            }
            if verify {
                blocks.verify(&block)?;
            }
            self.take(&block.header);
            self.stand(name, &blocks);
        }
        Ok(false)
    }

    fn stand(&mut self, name: &ViewsName, blocks: &Blocks) {
        let end = blocks.end();
        self.torn = blocks.len() - end.0;
        self.end = Some((name.clone(), end));
    }

    const fn take(&mut self, block: &ViewsBlock) {
        (self.seq, self.time) = (block.last, block.time);
        (self.match_number, self.order_ref) = (block.match_number, block.order_ref);
    }
}
