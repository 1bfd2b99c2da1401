//! What operators have set, in a snapshot.

use crate::admin::OperatorName;
use crate::layout::layout;
use crate::{InstrumentIndex, Reserved, Seq, SessionIndex, Symbol};

layout! { Disk, "snapshot control",
    /// What operators have set, and how many of each part follow.
    pub struct ControlImage: 24 {
        /// How many added instruments follow.
        0 => added: u32,
        /// How many halts follow.
        4 => halted: u32,
        /// How many locks follow.
        8 => locks: u32,
        /// How many answers follow.
        12 => answered: u16,
        /// 1: the venue takes no new orders.
        14 => draining: u8,
        /// 1: a cancel of many orders is under way and follows.
        15 => canceling: u8,
        /// How many keys follow.
        16 => keys: u32,
        /// Zero.
        20 => reserved: Reserved<4>,
    }
}

layout! { Disk, "snapshot added instrument",
    /// An instrument that an operator added, in the order of the indices.
    pub struct AddedImage: 56 {
        /// Its name.
        0 => symbol: Symbol,
        /// The step between two prices, 1/10,000 of a currency unit, as all prices here.
        8 => tick: i64,
        /// The lowest price.
        16 => price_min: i64,
        /// The highest price.
        24 => price_max: i64,
        /// How far a market order may go; -1: at any price.
        32 => market_protection: i64,
        /// The step between two quantities.
        40 => lot: u32,
        /// The largest quantity of an order.
        44 => quantity_max: u32,
        /// On which channel.
        48 => channel: u8,
        /// Zero.
        49 => reserved: Reserved<7>,
    }
}

layout! { Disk, "snapshot halt",
    /// A halted instrument.
    pub struct HaltedImage: 4 {
        /// Which one.
        0 => instrument: InstrumentIndex,
    }
}

layout! { Disk, "snapshot lock",
    /// A lock.
    pub struct LockImage: 4 {
        /// `S` of a session, `M` of a member, `V` of the venue.
        0 => scope: u8,
        /// Zero.
        1 => reserved: Reserved<1>,
        /// Whose.
        2 => id: u16,
    }
}

layout! { Disk, "snapshot key",
    /// That a session has another key than the configuration says.
    pub struct KeyImage: 16 {
        /// The session.
        0 => session: SessionIndex,
        /// Zero.
        2 => reserved: Reserved<6>,
        /// The key's fingerprint.
        8 => fingerprint: u64,
    }
}

layout! { Disk, "snapshot answer",
    /// The newest command of an operator, and what became of it.
    pub struct AnsweredImage: 56 {
        /// Who asked.
        0 => operator: OperatorName,
        /// The operator's number of it.
        16 => number: u64,
        /// The command behind which the answer stands.
        24 => cause: Seq,
        /// The command; 0 where it was refused.
        32 => seq: Seq,
        /// How many orders were canceled, or whether anything changed.
        40 => changed: u64,
        /// 0, or why it was refused.
        48 => refusal: u16,
        /// Zero.
        50 => reserved: Reserved<6>,
    }
}

layout! { Disk, "snapshot canceling",
    /// A cancel of many orders that is under way.
    pub struct CancelingImage: 64 {
        /// Who asked.
        0 => operator: OperatorName,
        /// The operator's number of it.
        16 => number: u64,
        /// The command that asked.
        24 => seq: Seq,
        /// How many orders are gone.
        32 => canceled: u64,
        /// The order at which it goes on: session * 2^32 + `UserRefNum`; all bits set: with the next list.
        40 => next: u64,
        /// Which ladder of the instrument, or which session, it walks along.
        48 => list: u32,
        /// Of this instrument alone; all bits set: of all.
        52 => instrument: InstrumentIndex,
        /// `S` of a session, `M` of a member, `V` of the venue.
        56 => scope: u8,
        /// `B`, `S`, or a space for both.
        57 => side: u8,
        /// Whose.
        58 => id: u16,
        /// Zero.
        60 => reserved: Reserved<4>,
    }
}
