//! The venue in a snapshot: its numbers, its streams, and what was traded and told last.

use crate::layout::layout;
use crate::{InstrumentIndex, Nanos, Reserved, Seq};

layout! { Disk, "snapshot state",
    /// The numbers of the venue, and how many of each part follow.
    pub struct StateImage: 72 {
        /// The next accepted or replacing order.
        0 => order_ref: u64,
        /// The next trade.
        8 => match_number: u64,
        /// Messages ignored as retransmissions.
        16 => ignored: u64,
        /// The number of the last queue joining in the books.
        24 => stamp: u64,
        /// The venue's feed session, from which the streams' sessions are named.
        32 => feed_session: [u8; 10],
        /// How many sessions follow.
        42 => sessions: u16,
        /// How many instruments there are.
        44 => instruments: u32,
        /// How many last trades follow.
        48 => last_trades: u32,
        /// How many messages of market data follow.
        52 => events: u32,
        /// How many orders follow.
        56 => orders: u64,
        /// 1: no orders may enter for now.
        64 => entry_closed: u8,
        /// 1: the market day is over.
        65 => market_closed: u8,
        /// How many channels follow.
        66 => channels: u16,
        /// Zero.
        68 => reserved: Reserved<4>,
    }
}

layout! { Disk, "snapshot channel",
    /// What comes next on the streams of a channel, in the order of the configuration.
    pub struct ChannelImage: 16 {
        /// The next tick.
        0 => tick: u64,
        /// The next message of the depth stream.
        8 => depth: u64,
    }
}

layout! { Disk, "snapshot last trade",
    /// The last trade of an instrument.
    pub struct LastTradeImage: 16 {
        /// Which instrument.
        0 => instrument: InstrumentIndex,
        /// Zero.
        4 => reserved: Reserved<4>,
        /// The price, 1/10,000 of a currency unit.
        8 => price: i64,
    }
}

layout! { Disk, "snapshot market data",
    /// A message of market data that may have to be published again. Fields that its kind does not have are zero.
    pub struct EventImage: 64 {
        /// The command that caused it.
        0 => cause: Seq,
        /// The receive time of the command.
        8 => timestamp: Nanos,
        /// The order's number.
        16 => order_ref: u64,
        /// The trade's number, or that of the order that was replaced.
        24 => number: u64,
        /// 1/10,000 of a currency unit.
        32 => price: i64,
        /// Which instrument; of a stage of the day the channel.
        40 => instrument: u32,
        /// Quantity, or the state's or stage's letter.
        44 => qty: u32,
        /// `B`, `S`, or a space for none.
        48 => side: u8,
        /// The message's letter on the depth stream; that of a tick in lower case.
        49 => kind: u8,
        /// Zero.
        50 => reserved: Reserved<14>,
    }
}
