//! Frames on their way out: taken from the pool, waiting for a neighbour's address, waiting for room at the device.

use std::net::Ipv4Addr;
use std::sync::Arc;

use super::frames::{BURST, Frame, Frames};
use super::pool::Pool;
use crate::ether::MacAddr;
use crate::port::PortCounters;

/// See the module.
#[derive(Debug)]
pub(super) struct Outbox {
    device: u16,
    /// Empty ones at hand.
    empty: Frames,
    /// Whole ones, in the order in which they are to leave.
    ready: Frames,
    /// Whole but for the address of this next hop, in the order in which they were taken.
    waiting: Vec<(Ipv4Addr, Frame)>,
    // Last: the frames go back to it.
    pool: Arc<Pool>,
}

impl Outbox {
    pub(super) fn new(device: u16, pool: Arc<Pool>) -> Self {
        Self {
            device,
            empty: Frames::with_capacity(BURST),
            ready: Frames::with_capacity(BURST),
            waiting: Vec::with_capacity(WAITING_MAX),
            pool,
        }
    }

    /// An empty frame, when one that is filled now would have a place.
    #[inline]
    pub(super) fn take(&mut self, counters: &mut PortCounters) -> Option<Frame> {
        if self.ready.is_full() {
            self.push_out(counters);
            if self.ready.is_full() {
                return None;
            }
        }
        if let Some(frame) = self.empty.pop() {
            return Some(frame);
        }
        self.empty.allocate(&self.pool);
        self.empty.pop()
    }

    /// It was not needed.
    #[inline]
    pub(super) fn put_back(&mut self, frame: Frame) {
        if !self.empty.is_full() {
            self.empty.push(frame);
        }
    }

    /// It leaves with the next `push_out`. For a frame of `take`.
    #[inline]
    pub(super) fn send(&mut self, frame: Frame) {
        self.ready.push(frame);
    }

    /// Whether anything waits for room at the device.
    #[inline]
    pub(super) fn is_busy(&self) -> bool {
        !self.ready.is_empty()
    }

    /// Whether anything waits for a neighbour's address.
    #[inline]
    pub(super) fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// It leaves when this next hop is known. The frame comes back when there are too many of such.
    pub(super) fn wait(&mut self, next_hop: Ipv4Addr, frame: Frame) -> Result<(), Frame> {
        if self.waiting.len() == WAITING_MAX {
            return Err(frame);
        }
        self.waiting.push((next_hop, frame));
        Ok(())
    }

    /// What waited for this next hop leaves, in order.
    pub(super) fn found(&mut self, next_hop: Ipv4Addr, mac: MacAddr, counters: &mut PortCounters) {
        // The list is taken out for the while, and put back with its memory.
        let mut waiting = std::mem::take(&mut self.waiting);
        for (_, mut frame) in waiting.extract_if(.., |(other, _)| *other == next_hop) {
            frame.room_mut()[..6].copy_from_slice(&mac.0);
            if self.ready.is_full() {
                self.push_out(counters);
            }
            if self.ready.is_full() {
                // The device stands still. Rather this one is lost than that ports stand still with it.
                counters.tx_errors += 1;
                continue;
            }
            self.ready.push(frame);
        }
        self.waiting = waiting;
    }

    /// What waited for this next hop waited in vain.
    pub(super) fn lost(&mut self, next_hop: Ipv4Addr, counters: &mut PortCounters) {
        let lost = self.waiting.extract_if(.., |(other, _)| *other == next_hop).count() as u64;
        counters.tx_errors += lost;
        counters.tx_unresolved += lost;
    }

    /// Hands the device what it has room for.
    #[inline]
    pub(super) fn push_out(&mut self, counters: &mut PortCounters) {
        let transmitted = self.ready.transmit(self.device);
        counters.tx_errors += u64::from(transmitted.refused);
    }
}

/// Datagrams that wait for addresses. They are few: the others follow when the first was answered.
const WAITING_MAX: usize = 128;
