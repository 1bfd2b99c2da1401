//! The feed tile: ticks whose cause is durable, packed into MoldUDP64 packets for each line.

use super::{Stage, StageError};
use crate::journal::Watch;
use crate::limits::{BURST, PACKET_LEN_MAX};
use crate::link::{Datagram, FeedEvent, MARKET_DATA};
use netio::ring::{Consumer, Producer};
use wire::Nanos;
use wire::address::Addr;
use wire::mold::{self, PacketBuilder, SessionId};
use wire::tick::Tick;

/// Publishes the tick channel.
pub struct FeedStage {
    session: SessionId,
    lines: Vec<Addr>,
    heartbeat_ns: u64,
    next: u64,
    spoke: Nanos,
    ticks: Consumer<FeedEvent>,
    packets: Producer<Datagram>,
    watch: Watch,
}

impl FeedStage {
    /// A feed tile that goes on at sequence number `next` of the feed session, on all `lines`.
    #[must_use]
    pub const fn new(
        session: SessionId,
        next: u64,
        lines: Vec<Addr>,
        heartbeat_ns: u64,
        ticks: Consumer<FeedEvent>,
        packets: Producer<Datagram>,
        watch: Watch,
    ) -> Self {
        Self { session, lines, heartbeat_ns, next, spoke: Nanos(0), ticks, packets, watch }
    }

    /// The sequence number of the next tick.
    #[must_use]
    pub const fn next_sequence(&self) -> u64 {
        self.next
    }

    /// Packs the durable ticks at the head of the link into one packet for every line. Returns how many ticks.
    fn publish(&mut self, durable: wire::Seq) -> usize {
        let ready = self.ticks.acquire(TICKS_PER_PACKET).min(TICKS_PER_PACKET);
        let mut count = 0;
        while count < ready && self.ticks.slot(count).cause <= durable {
            count += 1;
        }
        if count == 0 {
            return 0;
        }
        for line in 0..self.lines.len() {
            let slot = self.packets.slot_mut(line);
            slot.endpoint = MARKET_DATA;
            slot.address = self.lines[line];
            let mut packet = PacketBuilder::new(&mut slot.payload[..PACKET_LEN_MAX], self.session, self.next)
                .expect("a packet buffer holds a header");
            for position in 0..count {
                let tick = &self.ticks.slot(position).tick;
                let fits = packet.push_with(|bytes| tick.encode(bytes));
                assert!(fits, "TICKS_PER_PACKET ticks fit a packet");
            }
            slot.len = packet.finish();
        }
        self.packets.release(self.lines.len());
        self.ticks.release(count);
        self.next += count as u64;
        count
    }

    fn heartbeat(&mut self) {
        for line in 0..self.lines.len() {
            let slot = self.packets.slot_mut(line);
            slot.endpoint = MARKET_DATA;
            slot.address = self.lines[line];
            slot.len = mold::heartbeat(&mut slot.payload, self.session, self.next).expect("a buffer holds a heartbeat");
        }
        self.packets.release(self.lines.len());
    }
}

/// How many ticks fill a packet.
const TICKS_PER_PACKET: usize = (PACKET_LEN_MAX - mold::HEADER_LEN) / (mold::BLOCK_HEADER_LEN + Tick::SIZE);

impl Stage for FeedStage {
    fn poll(&mut self, now: Nanos) -> Result<usize, StageError> {
        let durable = self.watch.durable_seq();
        let lines = self.lines.len();
        let mut work = 0;
        for _ in 0..BURST {
            if self.packets.acquire(lines) < lines {
                return Ok(work);
            }
            match self.publish(durable) {
                0 => break,
                ticks => work += ticks,
            }
            self.spoke = now;
        }
        if now.since(self.spoke) >= self.heartbeat_ns {
            self.heartbeat();
            self.spoke = now;
        }
        Ok(work)
    }
}
