//! The streams of market data: how they are told apart, and how instruments are numbered on them.
//!
//! Goal: publisher, servers and subscribers agree on names. Non-goal: addresses; those are configured.
//!
//! Each channel has two streams of its own numbering, ticks and depth. A stream's MoldUDP64 session names it, so that one server can be
//! asked for any of them:
//!
//! ```text
//!   0                8      9
//!   | venue's feed   | kind | channel |     KQ7B2MXATA: ticks of channel A; KQ7B2MXADB: depth of channel B
//! ```

use crate::InstrumentIndex;
use crate::mold::SessionId;

/// The most channels of a venue.
pub const CHANNELS_MAX: usize = 16;

/// How many characters of a feed session are the venue's; the other two name the stream.
const VENUE_LEN: usize = 8;

/// A channel, by its place in the configuration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChannelIndex(pub u8);

/// What a stream carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StreamKind {
    /// 26-byte ticks: trades and totals of levels.
    Tick,
    /// ITCH 5.0: order by order.
    Depth,
}

impl StreamKind {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Tick, Self::Depth];

    const fn letter(self) -> u8 {
        match self {
            Self::Tick => b'T',
            Self::Depth => b'D',
        }
    }
}

/// One stream of a venue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stream {
    /// Its channel.
    pub channel: ChannelIndex,
    /// What it carries.
    pub kind: StreamKind,
}

impl Stream {
    /// A stream of a channel.
    #[must_use]
    pub const fn new(channel: ChannelIndex, kind: StreamKind) -> Self {
        Self { channel, kind }
    }

    /// The stream's session, of the venue whose feed session this is. A channel beyond [`CHANNELS_MAX`] has none of its own.
    #[must_use]
    pub const fn session(self, venue: SessionId) -> SessionId {
        let mut name = venue.0;
        name[VENUE_LEN] = self.kind.letter();
        name[VENUE_LEN + 1] = b'A'.saturating_add(self.channel.0);
        SessionId(name)
    }

    /// The stream that a session names, when it is one of this venue's.
    #[must_use]
    pub fn of_session(venue: SessionId, session: SessionId) -> Option<Self> {
        let kind = StreamKind::ALL.into_iter().find(|kind| kind.letter() == session.0[VENUE_LEN])?;
        let channel =
            session.0[VENUE_LEN + 1].checked_sub(b'A').filter(|&channel| usize::from(channel) < CHANNELS_MAX)?;
        let stream = Self::new(ChannelIndex(channel), kind);
        (stream.session(venue) == session).then_some(stream)
    }
}

/// The locate code of an instrument on the depth stream: its `symbol_id` and one, for 0 names no instrument. `None` beyond 65,534.
#[must_use]
pub fn locate(instrument: InstrumentIndex) -> Option<u16> {
    u16::try_from(instrument.0).ok()?.checked_add(1)
}

/// The instrument that a locate code names; `None` for 0, which names none.
#[must_use]
pub fn located(locate: u16) -> Option<InstrumentIndex> {
    locate.checked_sub(1).map(|index| InstrumentIndex(u32::from(index)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const VENUE: SessionId = SessionId(*b"KQ7B2MXAZZ");

    #[test]
    fn every_stream_has_a_session_of_its_own_and_is_found_by_it() {
        let mut seen = Vec::new();
        for channel in (0..).take(CHANNELS_MAX) {
            for kind in StreamKind::ALL {
                let stream = Stream::new(ChannelIndex(channel), kind);
                let session = stream.session(VENUE);
                assert!(!seen.contains(&session));
                seen.push(session);
                assert_eq!(Stream::of_session(VENUE, session), Some(stream));
            }
        }
        assert_eq!(Stream::new(ChannelIndex(1), StreamKind::Depth).session(VENUE), SessionId(*b"KQ7B2MXADB"));
    }

    #[test]
    fn other_sessions_name_no_stream() {
        for session in [b"KQ7B2MXAXA", b"KQ7B2MXAT@", b"KQ7B2MXATQ", b"LQ7B2MXATA", b"          "] {
            assert_eq!(Stream::of_session(VENUE, SessionId(*session)), None);
        }
    }

    #[test]
    fn locate_codes_begin_with_one() {
        assert_eq!((locate(InstrumentIndex(0)), located(1)), (Some(1), Some(InstrumentIndex(0))));
        assert_eq!((locate(InstrumentIndex(65_534)), locate(InstrumentIndex(65_535))), (Some(65_535), None));
        assert_eq!(located(0), None);
    }
}
