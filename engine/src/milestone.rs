//! The milestones on a message's way through the appliance, from the port and back to it.
//!
//! Goal: the pure part can say how far a message is without knowing who listens or what time it is. Non-goal: stamping them with a time;
//! see [`crate::trace`].

/// How far a message is. Each is named for the work that it ends, in the order in which one thread would reach them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Milestone {
    /// The port gave its datagram, and those that came with it: here the way begins.
    Arrived = 0,
    /// The matching tile has the datagram: it was copied into the link, waited there and was taken out.
    Receive = 1,
    /// Who sent it and that it is the next of its session is known, and the messages before it in the packet are dealt with.
    Session = 2,
    /// It has its place in the one order, and its record is on its way to the journal.
    Sequence = 3,
    /// Its bytes are an OUCH message.
    Decode = 4,
    /// It passed, or failed, the entry checks.
    Risk = 5,
    /// The book is done with it; its reports and ticks are made.
    Match = 6,
    /// Its record is in the mapped segment.
    Append = 7,
    /// The release gate has seen that it is durable.
    Durable = 8,
    /// Its first report is packed into a packet.
    Encode = 9,
    /// The port has that packet.
    Send = 10,
}

impl Milestone {
    /// All of them, in order.
    pub const ALL: [Self; 11] = [
        Self::Arrived,
        Self::Receive,
        Self::Session,
        Self::Sequence,
        Self::Decode,
        Self::Risk,
        Self::Match,
        Self::Append,
        Self::Durable,
        Self::Encode,
        Self::Send,
    ];

    /// The name of the work that it ends.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Arrived => "arrived",
            Self::Receive => "receive",
            Self::Session => "session",
            Self::Sequence => "sequence",
            Self::Decode => "decode",
            Self::Risk => "risk",
            Self::Match => "match",
            Self::Append => "append",
            Self::Durable => "durable",
            Self::Encode => "encode",
            Self::Send => "send",
        }
    }
}
