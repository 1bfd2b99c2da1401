//! Rigs in memory: the port of rings, and wrappers around it that were told to do nothing.

use netio::fault::{FaultPlan, FaultPort};
use netio::memory::MemoryPort;
use netio::pcap::PcapPort;
use netio::{Endpoint, PortError};
use tempfile::TempDir;

use crate::rig::Rig;

/// Two ends of rings.
pub struct Memory;

impl Rig for Memory {
    type Port = MemoryPort;
    type Peer = MemoryPort;

    fn make() -> Option<Self> {
        Some(Self)
    }

    fn open_unused(&self, ours: &[Endpoint], theirs: &[Endpoint]) -> Result<(MemoryPort, MemoryPort), PortError> {
        MemoryPort::pair(ours, theirs, 64)
    }
}

/// A port that keeps what passes in a file, which nobody reads.
pub struct Taped(TempDir);

impl Rig for Taped {
    type Port = PcapPort<MemoryPort>;
    type Peer = MemoryPort;

    fn make() -> Option<Self> {
        Some(Self(TempDir::new().unwrap()))
    }

    fn open_unused(&self, ours: &[Endpoint], theirs: &[Endpoint]) -> Result<(Self::Port, MemoryPort), PortError> {
        let (port, peer) = MemoryPort::pair(ours, theirs, 64)?;
        Ok((PcapPort::create(port, ours.len(), &self.0.path().join("passed.pcap")).unwrap(), peer))
    }
}

/// A fault port without faults.
pub struct Faultless;

impl Rig for Faultless {
    type Port = FaultPort<MemoryPort>;
    type Peer = MemoryPort;

    fn make() -> Option<Self> {
        Some(Self)
    }

    fn open_unused(&self, ours: &[Endpoint], theirs: &[Endpoint]) -> Result<(Self::Port, MemoryPort), PortError> {
        let (port, peer) = MemoryPort::pair(ours, theirs, 64)?;
        Ok((FaultPort::new(port, &FaultPlan::default()), peer))
    }
}
