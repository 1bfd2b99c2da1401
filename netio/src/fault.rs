//! A port that misbehaves on purpose: drops, duplicates and reorders what passes through it, in both directions, by a
//! seed. The same seed and the same calls give the same faults.
//!
//! A reordered datagram lets up to four others pass and then follows; when no others come, it follows after some idle
//! polls. Nothing is held back for good while the port is polled.
//!
//! Non-goals: delay in time, damage to bytes (UDP's checksum turns that into loss), faults of the port itself.

mod held;
mod plan;

use std::net::SocketAddrV4;
use std::time::Duration;

use self::held::Held;
pub use self::plan::{FaultPlan, Faults, PlanError};
use crate::port::{EndpointIndex, Outgoing, PAYLOAD_MAX, Port, PortCounters, PortError, Received};

/// Wraps any port. See the module.
#[derive(Debug)]
pub struct FaultPort<P> {
    inner: P,
    receive: Direction,
    send: Direction,
}

/// What was done to datagrams so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FaultCounters {
    /// To those on their way in.
    pub receive: FaultCounts,
    /// To those on their way out.
    pub send: FaultCounts,
}

/// What was done in one direction.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FaultCounts {
    /// Taken and never passed on.
    pub dropped: u64,
    /// Passed on twice.
    pub duplicated: u64,
    /// Passed on after others that came later.
    pub reordered: u64,
}

impl<P: Port> FaultPort<P> {
    /// Puts the plan's faults before a port.
    #[must_use]
    pub fn new(inner: P, plan: &FaultPlan) -> Self {
        let mut seeds = Random(plan.seed);
        let mut direction = |faults| Direction {
            faults,
            random: Random(seeds.next()),
            held: Held::new(HELD_MAX),
            counts: FaultCounts::default(),
        };
        Self { inner, receive: direction(plan.receive), send: direction(plan.send) }
    }

    /// What was done so far. The port's own [`counters`](Port::counters) are those of the port behind.
    #[must_use]
    pub const fn faults(&self) -> FaultCounters {
        FaultCounters { receive: self.receive.counts, send: self.send.counts }
    }

    /// The port behind.
    #[must_use]
    pub const fn inner(&self) -> &P {
        &self.inner
    }

    /// An idle turn: what is held back on its way out moves on.
    fn release_idle(&mut self) -> Result<(), PortError> {
        let held = &mut self.send.held;
        if held.is_empty() {
            return Ok(());
        }
        held.let_one_pass();
        if held.is_due() {
            self.inner.send(HELD_MAX, |buffer| held.take_due().map(|frame| frame.copy_to(buffer)))?;
        }
        Ok(())
    }
}

impl<P: Port> Port for FaultPort<P> {
    fn receive(&mut self, max: usize, mut sink: impl FnMut(Received<'_>)) -> Result<usize, PortError> {
        let Self { inner, receive: direction, .. } = self;
        let mut handed = 0;
        let mut seen = 0;
        let mut ended = false;
        loop {
            while handed < max
                && let Some(frame) = direction.held.take_due()
            {
                sink(frame.as_received());
                handed += 1;
            }
            // A flood of which everything is dropped must not hold the caller here either.
            if ended || handed >= max || seen >= max {
                break;
            }
            // One at a time, so that there is room for what becomes due by it.
            let got = inner.receive(1, |received| {
                let fate = direction.decide();
                if fate.drop {
                    return;
                }
                let pass = !direction.hold_back(&fate, &received);
                if pass {
                    direction.held.let_one_pass();
                    sink(received);
                    handed += 1;
                }
            })?;
            seen += got;
            ended = got == 0;
            if seen == 0 {
                direction.held.let_one_pass();
            }
        }
        if seen == 0 {
            self.release_idle()?;
        }
        Ok(handed)
    }

    fn send(&mut self, max: usize, mut fill: impl FnMut(&mut [u8]) -> Option<Outgoing>) -> Result<usize, PortError> {
        let Self { inner, send: direction, .. } = self;
        let mut taken = 0;
        let mut ended = false;
        inner.send(max.saturating_add(HELD_MAX), |buffer| {
            loop {
                if let Some(frame) = direction.held.take_due() {
                    return Some(frame.copy_to(buffer));
                }
                if ended || taken == max {
                    return None;
                }
                let Some(outgoing) = fill(buffer) else {
                    ended = true;
                    // An idle turn; what becomes due by it goes out in the next round of this loop.
                    if taken == 0 {
                        direction.held.let_one_pass();
                    }
                    continue;
                };
                taken += 1;
                let fate = direction.decide();
                if fate.drop {
                    continue;
                }
                let Some(payload) = buffer.get(..outgoing.len.min(PAYLOAD_MAX)) else { return Some(outgoing) };
                let Outgoing { endpoint, to, .. } = outgoing;
                let frame = Received { endpoint, from: to, payload, timestamp: None };
                if !direction.hold_back(&fate, &frame) {
                    direction.held.let_one_pass();
                    return Some(outgoing);
                }
            }
        })?;
        Ok(taken)
    }

    fn flush(&mut self) -> Result<(), PortError> {
        self.release_idle()?;
        self.inner.flush()
    }

    fn local_addr(&self, endpoint: EndpointIndex) -> SocketAddrV4 {
        self.inner.local_addr(endpoint)
    }

    fn counters(&self) -> PortCounters {
        self.inner.counters()
    }

    fn wait(&mut self, timeout: Duration) {
        // What is held back needs polls, not datagrams, to move on.
        if self.receive.held.is_empty() && self.send.held.is_empty() {
            self.inner.wait(timeout);
        }
    }
}

#[derive(Debug)]
struct Direction {
    faults: Faults,
    random: Random,
    held: Held,
    counts: FaultCounts,
}

struct Fate {
    drop: bool,
    duplicate: bool,
    /// How many others go first; 0: none.
    reorder_by: u32,
}

impl Direction {
    /// Draws the same number of times for every datagram, so that changing one probability leaves the other faults where
    /// they were.
    fn decide(&mut self) -> Fate {
        let mut chance = |ppm: u32| self.random.next() % 1_000_000 < u64::from(ppm);
        let drop = chance(self.faults.drop_ppm);
        let duplicate = chance(self.faults.duplicate_ppm);
        let reorder = chance(self.faults.reorder_ppm);
        let others = 1 + u32::from(self.random.next().to_le_bytes()[0] & 3);
        self.counts.dropped += u64::from(drop);
        Fate { drop, duplicate, reorder_by: if reorder { others } else { 0 } }
    }

    /// Keeps the copies that this fate asks for; whether the datagram itself is among them, to follow later.
    fn hold_back(&mut self, fate: &Fate, datagram: &Received<'_>) -> bool {
        if fate.duplicate && self.held.keep(datagram, 0) {
            self.counts.duplicated += 1;
        }
        let later = fate.reorder_by > 0 && self.held.keep(datagram, fate.reorder_by);
        self.counts.reordered += u64::from(later);
        later
    }
}

/// `SplitMix64`, by Steele, Lea and Flood (2014): small, fast, and the same everywhere.
#[derive(Debug)]
struct Random(u64);

impl Random {
    const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }
}

/// Datagrams held back in one direction at most; with more, the next ones pass in order.
const HELD_MAX: usize = 64;
