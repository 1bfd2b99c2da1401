//! What an appliance has to say: kinds of lines, and the records that threads which must not wait leave for the one that writes.
//!
//! ```text
//!   tile's thread ─► ring of records ─┐
//!   tile's thread ─► ring of records ─┼─► whoever writes lines
//! ```
//! Goal: a kind is the same in every version, so that scripts may look for it; a thread that polls leaves a record of fixed size and goes on.
//! Non-goal: lines and files; who runs the appliance has those.

mod kind;

pub use kind::{Kind, Level};

use netio::ring::{Consumer, Producer, channel};
use wire::Nanos;

/// Records that a tile's thread may leave before somebody reads them.
const SLOTS: usize = 64;

/// What a thread that must not wait has to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record {
    /// When.
    pub time: Nanos,
    /// What.
    pub what: Remark,
}

/// What it is, with its numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remark {
    /// A slot that was never written.
    Nothing,
    /// It has begun.
    Began,
    /// It stood still for so long: another program had its core, or the machine stopped.
    StoodStill {
        /// How long, ns.
        for_ns: u64,
    },
    /// One of its tiles cannot go on.
    Failed,
    /// So many records before this one found no room.
    Lost {
        /// How many.
        count: u64,
    },
}

/// The end of a tile's thread.
#[derive(Debug)]
pub struct HotLog {
    ring: Producer<Record>,
    lost: u64,
}

/// The end of whoever writes the lines of one thread.
#[derive(Debug)]
pub struct HotRecords {
    /// The thread.
    pub thread: String,
    ring: Consumer<Record>,
}

/// Makes the two ends for a thread.
#[must_use]
pub fn hot(thread: &str) -> (HotLog, HotRecords) {
    let (ring, records) = channel(SLOTS, || Record { time: Nanos(0), what: Remark::Nothing });
    (HotLog { ring, lost: 0 }, HotRecords { thread: thread.to_owned(), ring: records })
}

impl HotLog {
    /// Leaves a record, or counts it as lost where nobody reads; that is told as soon as there is room.
    #[cold]
    pub fn say(&mut self, time: Nanos, what: Remark) {
        if self.lost > 0 && self.ring.push(Record { time, what: Remark::Lost { count: self.lost } }).is_ok() {
            self.lost = 0;
        }
        self.lost += u64::from(self.ring.push(Record { time, what }).is_err());
    }
}

impl HotRecords {
    /// The next record, in the order in which they were left.
    pub fn take(&mut self) -> Option<Record> {
        self.ring.pop()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_not_read_goes_on_and_counts() {
        let (mut log, mut records) = hot("net");
        for at in 0..100 {
            log.say(Nanos(at), Remark::StoodStill { for_ns: at });
        }
        let read: Vec<_> = std::iter::from_fn(|| records.take()).collect();
        assert_eq!(read.len(), SLOTS);
        assert_eq!(read[3], Record { time: Nanos(3), what: Remark::StoodStill { for_ns: 3 } });
        log.say(Nanos(7), Remark::Began);
        let lost = Remark::Lost { count: 100 - SLOTS as u64 };
        assert_eq!(records.take(), Some(Record { time: Nanos(7), what: lost }));
        assert_eq!(records.take(), Some(Record { time: Nanos(7), what: Remark::Began }));
        assert_eq!(records.take(), None);
    }
}
