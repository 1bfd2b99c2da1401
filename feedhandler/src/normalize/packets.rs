//! Ticks into packets, as the appliance's own tick channel has them.
//!
//! Goal: as many ticks a packet as fit, numbered from 1 in a session of its own. Non-goal: when a packet leaves, and whereto.

use wire::mold::{self, PacketBuilder, SessionId};
use wire::tick::Tick;

/// The longest packet: what the appliance sends too, with room for tunnels.
pub const PACKET_LEN_MAX: usize = 1_408;
/// The most ticks of a packet.
pub const TICKS_MAX: usize = (PACKET_LEN_MAX - mold::HEADER_LEN) / (mold::BLOCK_HEADER_LEN + Tick::SIZE);

/// Collects ticks and writes them as packets.
#[derive(Clone, Debug)]
pub struct TickPackets {
    session: SessionId,
    next: u64,
    ticks: Vec<Tick>,
}

impl TickPackets {
    /// A session whose first tick has number 1.
    #[must_use]
    pub fn new(session: SessionId) -> Self {
        Self { session, next: 1, ticks: Vec::with_capacity(TICKS_MAX) }
    }

    /// Adds a tick. With the one that fills a packet, it says so: write it before the next one.
    #[must_use]
    pub fn push(&mut self, tick: &Tick) -> bool {
        self.ticks.push(*tick);
        self.ticks.len() >= TICKS_MAX
    }

    /// Whether no tick waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ticks.is_empty()
    }

    /// The number of the next tick that is written.
    #[must_use]
    pub const fn next_sequence(&self) -> u64 {
        self.next
    }

    /// Writes what waits as a packet and returns its length; `None` when nothing waits. `out` has [`PACKET_LEN_MAX`] bytes or
    /// more; in less, fewer ticks leave at once.
    #[must_use]
    pub fn write(&mut self, out: &mut [u8]) -> Option<usize> {
        if self.ticks.is_empty() {
            return None;
        }
        let room = out.len().min(PACKET_LEN_MAX);
        let mut packet = PacketBuilder::new(&mut out[..room], self.session, self.next)?;
        let mut written = 0;
        while let Some(tick) = self.ticks.get(written)
            && packet.push_with(|room| tick.encode(room))
        {
            written += 1;
        }
        self.next = packet.next_sequence();
        self.ticks.drain(..written);
        Some(packet.finish())
    }

    /// Writes a heartbeat.
    #[must_use]
    pub fn heartbeat(&self, out: &mut [u8]) -> Option<usize> {
        mold::heartbeat(out, self.session, self.next)
    }

    /// Writes the end of the session.
    #[must_use]
    pub fn end(&self, out: &mut [u8]) -> Option<usize> {
        mold::end_of_session(out, self.session, self.next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::mold::{Packet, PacketKind};
    use wire::tick::{TickKind, TickSide};
    use wire::{InstrumentIndex, Nanos, Price};

    #[test]
    fn a_full_packet_says_so_and_numbers_go_on() {
        let tick = |number: u32| Tick {
            timestamp: Nanos(1),
            symbol_id: InstrumentIndex(0),
            price: Price(1),
            quantity: number,
            side: TickSide::Buy,
            kind: TickKind::Quote,
        };
        let mut packets = TickPackets::new(SessionId(*b"NORM000001"));
        let mut out = [0; PACKET_LEN_MAX];
        assert_eq!(packets.write(&mut out), None);
        assert_eq!(TICKS_MAX, 49);
        for number in 1..49 {
            assert!(!packets.push(&tick(number)));
        }
        assert!(packets.push(&tick(49)));
        let len = packets.write(&mut out).expect("ticks wait");
        let packet = Packet::parse(&out[..len]).expect("well formed");
        assert_eq!((len, packet.sequence(), packet.count()), (20 + 49 * 28, 1, 49));
        for (sequence, bytes) in packet.messages() {
            assert_eq!(Tick::decode(bytes).map(|tick| u64::from(tick.quantity)), Ok(sequence));
        }
        assert!(packets.is_empty());
        assert!(!packets.push(&tick(50)));
        let len = packets.write(&mut out).expect("a tick waits");
        assert_eq!(Packet::parse(&out[..len]).map(|packet| packet.sequence()), Ok(50));
        let len = packets.end(&mut out).expect("room");
        let end = Packet::parse(&out[..len]).expect("well formed");
        assert_eq!((end.kind(), end.sequence()), (PacketKind::EndOfSession, 51));
    }
}
