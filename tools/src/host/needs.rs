//! What an appliance needs of its machine, computed from its configuration.
//!
//! Goal: every stage takes its numbers from here, so that no figure is written down twice. Non-goal: what the machine has.

use super::machine::Machine;
use super::reservation::Reserve;
use engine::config::{Config, PortKind};
use engine::footprint;
use engine::tile::Wait;
use netio::cpu::CoreList;
use netio::pages::{PageSize, ReservedPages};

/// What an appliance needs.
#[derive(Debug)]
pub struct Needs {
    /// Under which it will run.
    pub config: Config,
    /// The pages to reserve, as `hugepages.conf` declares them.
    pub declared: Option<Vec<Reserve>>,
    /// The cores of the tiles, and of the helper that spins if one does.
    pub tile_cores: Vec<usize>,
    /// All cores that something is pinned to.
    pub pinned: Vec<usize>,
    /// The cores without a tile, for the kernel and everybody else.
    pub others: Vec<usize>,
    /// The NUMA node that memory should come from, that of the first tile; `None` where there is one node.
    pub node: Option<usize>,
    /// The interface that has the address of the configuration.
    pub interface: Option<String>,
}

impl Needs {
    /// Of this configuration on this machine.
    #[must_use]
    pub fn of(config: Config, declared: Option<Vec<Reserve>>, machine: &Machine) -> Self {
        let topology = &config.topology;
        let tile_cores = if topology.wait == Wait::Spin { topology.spinning_cores() } else { topology.pin.clone() };
        let mut pinned: Vec<usize> = topology.pin.iter().chain(&topology.helpers).copied().collect();
        pinned.sort_unstable();
        pinned.dedup();
        let layout = machine.layout();
        let first = config.topology.pin.first().filter(|_| layout.nodes() > 1);
        let node = first.and_then(|core| layout.node(*core));
        let mut others = layout.online();
        others.retain(|core| !tile_cores.contains(core));
        let interface = machine.interface_of(config.network.interface);
        Self { config, declared, tile_cores, pinned, others, node, interface }
    }

    /// Whether tiles never leave their cores.
    #[must_use]
    pub fn spins(&self) -> bool {
        self.config.topology.wait == Wait::Spin
    }

    /// The memory of all large tables, bytes.
    #[must_use]
    pub fn table_bytes(&self) -> u64 {
        footprint::parts(&self.config).iter().map(|part| part.bytes).sum()
    }

    /// The pages to reserve: what is declared, else what is computed; none when the configuration wants none.
    #[must_use]
    pub fn reserves(&self) -> Vec<Reserve> {
        self.declared.clone().unwrap_or_else(|| self.computed().into_iter().collect())
    }

    /// The pages that the tables take, by what the configuration lets them take: of 2 MiB unless it says 1 GiB.
    #[must_use]
    pub fn computed(&self) -> Option<Reserve> {
        let page = match self.config.memory.huge_pages {
            ReservedPages::None if self.dpdk_bytes() == 0 => return None,
            ReservedPages::None => {
                let page = PageSize::TwoMegabytes;
                return Some(Reserve { page, count: self.dpdk_bytes().div_ceil(page.bytes() as u64), node: self.node });
            }
            ReservedPages::Any => PageSize::TwoMegabytes,
            ReservedPages::Only(page) => page,
        };
        // Each table begins at a multiple of 2 MiB.
        let bytes =
            self.table_bytes() + footprint::TABLES_MAX * PageSize::TwoMegabytes.bytes() as u64 + self.dpdk_bytes();
        Some(Reserve { page, count: bytes.div_ceil(page.bytes() as u64), node: self.node })
    }

    /// The network card that DPDK is to have, by its PCI address; `None` for a virtual device.
    #[must_use]
    pub fn pci_device(&self) -> Option<&str> {
        let device = self.config.network.port.dpdk.device.split(',').next().unwrap_or_default();
        let is_address =
            device.split([':', '.']).all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_hexdigit()));
        (is_address && device.contains(':') && device.contains('.')).then_some(device)
    }

    /// What DPDK takes from the reserved pages for itself, bytes.
    #[must_use]
    pub fn dpdk_bytes(&self) -> u64 {
        let port = &self.config.network.port;
        let takes = port.kind == PortKind::Dpdk && port.dpdk.huge_pages;
        if takes { u64::from(port.dpdk.memory_mib) << 20 } else { 0 }
    }

    /// The cores of the tiles, for messages.
    #[must_use]
    pub fn tiles(&self) -> CoreList {
        CoreList::from(self.tile_cores.as_slice())
    }
}
