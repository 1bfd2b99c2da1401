//! Sessions in a snapshot, and their newest reports.

use crate::layout::layout;
use crate::{Addr, Reserved, Seq};

/// The session has logged in once at least, and the login's fields say something.
pub const SESSION_HAS_LOGIN: u16 = 1;
/// Its login stands.
pub const SESSION_IS_ALIVE: u16 = 2;
/// Its orders are canceled when it dies.
pub const SESSION_CANCELS: u16 = 4;

layout! { Disk, "snapshot session",
    /// A session, in the order of the configuration. Its newest reports follow.
    pub struct SessionImage: 88 {
        /// The number that the client's next message must carry.
        0 => next_inbound: u64,
        /// The number that the next report will get.
        8 => next_outbound: u64,
        /// The command that last changed it.
        16 => last_cause: Seq,
        /// The highest `UserRefNum` used.
        24 => last_user_ref: u32,
        /// The `SESSION_*` bits.
        28 => flags: u16,
        /// The login's name in packet headers.
        30 => token: [u8; 10],
        /// Where the client sits.
        40 => address: Addr,
        /// Zero.
        46 => reserved: Reserved<2>,
        /// When the challenge was made.
        48 => cookie_stamp: u64,
        /// The client's nonce.
        56 => client_nonce: [u8; 16],
        /// How many reports follow, the newest ones.
        72 => reports: u64,
        /// Zero.
        80 => reserved_2: Reserved<8>,
    }
}

layout! { Disk, "snapshot report",
    /// What stands before a report, an OUCH 5.0 message.
    pub struct ReportImage: 12 {
        /// The command that caused it.
        0 => cause: Seq,
        /// Bytes of the message.
        8 => len: u16,
        /// Zero.
        10 => reserved: Reserved<2>,
    }
}
