//! Order flow recorded elsewhere, normalised to one small set of actions.
//!
//! Goal: one iterator type over any recorded flow, whatever its format; every refusal names the place in the file, what was
//! expected there and what stood there. Readers stream: memory follows the number of live orders, not the length of the file.
//! Non-goal: sending the actions anywhere, pacing them, or judging whether they make sense to a book.

pub mod consensus;
pub mod format;
pub mod itch_file;
pub mod itch_messages;
pub mod lines;
pub mod lobster;
pub mod lobster_book;
mod lobster_model;
pub mod recording;
pub mod workload;

use wire::{Price, Qty, Side, Symbol};

pub use format::Format;
pub use recording::{Recording, RecordingOptions};
pub use workload::{Scenario, Workload};

/// One step of a recorded flow. Order ids are those of the recording; they are unique among live orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// A new order.
    Add {
        /// Its id in the recording.
        id: u64,
        /// What it is for.
        instrument: Symbol,
        /// Buy or sell.
        side: Side,
        /// Its limit.
        price: Price,
        /// Its quantity.
        qty: Qty,
        /// Trade now what is possible and drop the rest (immediate or cancel).
        immediate: bool,
    },
    /// Remove what is left of an order.
    Cancel {
        /// The order.
        id: u64,
    },
    /// Take quantity off an order, which keeps its place in the queue.
    Reduce {
        /// The order.
        id: u64,
        /// How much to take off.
        by: Qty,
    },
    /// Cancel an order and enter it anew under the same id: it loses its place and may trade.
    Modify {
        /// The order.
        id: u64,
        /// Its side from now on.
        side: Side,
        /// Its limit from now on.
        price: Price,
        /// Its open quantity from now on.
        qty: Qty,
    },
    /// A new order takes the place of a live one, on the same side; it goes to the back of its queue.
    Replace {
        /// The order that ends.
        old_id: u64,
        /// The order that begins.
        new_id: u64,
        /// The new order's limit.
        price: Price,
        /// The new order's open quantity.
        qty: Qty,
    },
    /// A resting order traded. To make it happen again, enter an immediate-or-cancel order on `side` at `price`.
    Execute {
        /// The resting order that the recording names.
        id: u64,
        /// What was traded.
        instrument: Symbol,
        /// The side of the *taker*: opposite to the resting order's.
        side: Side,
        /// The limit of the resting order, hence the limit with which a taker reaches it.
        price: Price,
        /// The price that was printed. Differs from `price` only where the venue traded at another one (ITCH `C`).
        printed: Price,
        /// The quantity that traded.
        qty: Qty,
    },
}

/// An action and where it came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FlowItem {
    /// Position of the message in its file, from 0. A message may cause several items, or none.
    pub seq: u64,
    /// Nanoseconds since the recorded day's midnight, in the venue's own time zone, where the format carries time.
    pub time_ns: Option<u64>,
    /// What to do.
    pub action: Action,
}

/// Why a recorded flow cannot be read further. Each reader ends after its first error.
#[derive(Debug, thiserror::Error)]
pub enum FlowError {
    /// The file cannot be opened: check the path and the permissions.
    #[error("cannot open '{path}': {source}")]
    Open {
        /// The path as given.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// Reading failed in the middle: a damaged compressed file, or the disk.
    #[error("reading stopped after {done} {unit}: {source}; if the file is compressed, test it with its own tool")]
    Read {
        /// How far reading had come.
        done: u64,
        /// What `done` counts.
        unit: &'static str,
        /// What the system or the decompressor said.
        source: std::io::Error,
    },
    /// A line is not what its format prescribes: correct the line or name another format.
    #[error("line {line} of the {file}: expected {expected}, found '{found}'")]
    Line {
        /// Which of the files, in words.
        file: &'static str,
        /// Line number from 1, as editors count.
        line: u64,
        /// What should stand there.
        expected: &'static str,
        /// What stands there, shortened.
        found: String,
    },
    /// A binary message is not what its format prescribes: the file is cut short, damaged, or of another format.
    #[error("message {index} at byte {offset}: expected {expected}, found {found}")]
    Message {
        /// Message number from 0.
        index: u64,
        /// Where the message begins in the uncompressed file.
        offset: u64,
        /// What should stand there.
        expected: String,
        /// What stands there.
        found: String,
    },
    /// The book file ends before the message file does: they do not belong together.
    #[error(
        "the book file ends after {rows} rows, but the message file goes on: give the book file of the same recording"
    )]
    BookEnds {
        /// Rows read.
        rows: u64,
    },
    /// The file is no capture of packets: give one, or name its format.
    #[error("'{name}': expected a pcap or pcapng file, found one that begins with '{found}'")]
    NoCapture {
        /// The name as given.
        name: String,
        /// How the content begins, shortened.
        found: String,
    },
    /// The format cannot be told from name and content: name it.
    #[error(
        "cannot tell the format of '{name}': expected a name or content like that of consensus, itch50 or lobster, \
         found a file that begins with '{found}'; name the format"
    )]
    UnknownFormat {
        /// The name as given.
        name: String,
        /// How the content begins, shortened.
        found: String,
    },
}

/// Text for an error message: printable, and short whatever the input.
pub(crate) fn shown(bytes: &[u8]) -> String {
    const SHOWN_LEN_MAX: usize = 60;
    let head = &bytes[..bytes.len().min(SHOWN_LEN_MAX)];
    let dots = if bytes.len() > SHOWN_LEN_MAX { "…" } else { "" };
    format!("{}{dots}", head.escape_ascii())
}
