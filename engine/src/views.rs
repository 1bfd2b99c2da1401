//! Rolling views: trades, bars, depth now and then, of the last hours.
//!
//! Goal: what happened a moment ago can be asked for beside a running appliance, without a question to it: a follower of the journal writes
//! files, another process reads them. They follow from the journal alone, so they are the same however often the appliance was restarted.
//! Non-goal: the whole history; that is the journal's (`pinion journal export`).
//!
//! ```text
//!   follower ──► [Views] ──► [Log] ──► <journal>/views/views-<epoch>-<hour>-<part>.pv     appended, the oldest removed
//!                                           ▲
//!   pinion view ──► [Reader] ───────────────┘                                             no lock, nothing shared but the files
//! ```
//!
//! What is written adds up: a bar is the sum of its rows, of two rows of depth for one interval the later one counts. So nothing of the past
//! is in memory, and where the files end is all that a restart has to know. The layout: [`wire::views`].

mod bar;
mod blocks;
mod follow;
mod keeper;
mod log;
mod name;
mod reader;
mod standing;

pub use bar::{Bar, BarLength};
pub use blocks::{Block, Blocks, Depth, Part};
pub use follow::{ViewsFollower, ViewsTold};
pub use keeper::{Views, ViewsOptions};
pub use name::{ViewsName, directory};
pub use reader::{Range, Reader};
pub use standing::Standing;

use std::io;
use std::path::PathBuf;

/// What can go wrong with the views. Neither the venue nor its journal is harmed by any of it.
#[derive(Debug, thiserror::Error)]
pub enum ViewsError {
    /// The operating system refused.
    #[error("could not {action} {}: {source}", path.display())]
    Io {
        /// What was attempted.
        action: &'static str,
        /// On which file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A file is not what was written.
    #[error(
        "{} is damaged at offset {offset}: {found}. Restart the appliance, and it is made again from the journal, as far as that reaches back; if \
         it is not, because this is within a block of an hour that is over, cut the file there first: truncate -s {offset} {}",
        path.display(), path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where.
        offset: u64,
        /// How it shows.
        found: String,
    },
    /// A file ends within a block: it is being written, or whoever wrote it was killed.
    #[error("{} ends within the block at offset {offset}: {found}", path.display())]
    Torn {
        /// The file.
        path: PathBuf,
        /// Where the block begins.
        offset: u64,
        /// What is missing.
        found: String,
    },
    /// There are none.
    #[error("{}: expected views of a journal, found none; see [views] in the configuration: they are made while the appliance runs", .0.display())]
    None(PathBuf),
    /// They do not follow from this journal.
    #[error(
        "the views in {} do not belong to this journal: after record {seq} they expect match number {expected}, the journal comes to {found}; \
         they are begun anew",
        dir.display()
    )]
    Foreign {
        /// Their directory.
        dir: PathBuf,
        /// Where they end.
        seq: wire::Seq,
        /// The next trade, as they say.
        expected: u64,
        /// The next trade, as replayed.
        found: u64,
    },
}

impl ViewsError {
    /// For `map_err`: says what was attempted on what.
    fn io(action: &'static str, path: &std::path::Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { action, path, source }
    }
}
