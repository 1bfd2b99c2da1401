//! What a DPDK port is told: which device, which address, which memory.

use std::net::Ipv4Addr;

use crate::port::PortError;

/// See the fields. Only `device` has no default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DpdkOptions {
    /// The device. A card by its PCI address (`0000:01:00.0`, with device arguments after a comma where the driver takes
    /// any), or a virtual device with its arguments: `net_af_xdp0,iface=eth1`, `net_af_packet0,iface=eth1`,
    /// `net_tap0,iface=pinion0`, `net_ring0`, `net_null0`, `net_pcap0,rx_pcap=in.pcap,tx_pcap=out.pcap`. Empty: none.
    pub device: String,
    /// Our address on the device's network, which the kernel does not know. `None`: that of the first endpoint, or of the
    /// interface under `net_af_packet` and `net_af_xdp`.
    pub address: Option<Ipv4Addr>,
    /// How many bits of the address are the network's. `None`: as the interface has it where there is one, else 24.
    pub prefix_bits: Option<u8>,
    /// The router to other networks.
    pub gateway: Option<Ipv4Addr>,
    /// The VLAN that frames must name in an 802.1Q tag, and that ours name.
    pub vlan: Option<u16>,
    /// Whether DPDK's memory lies on reserved huge pages. Cards need that; virtual devices do without.
    pub huge_pages: bool,
    /// How much memory DPDK takes when it starts.
    pub memory_mib: u32,
    /// How many frames the port has: those in the device's queues, in our hands, and free.
    pub frames: u32,
    /// How many frames the device's queue holds, each way. A device may round it.
    pub descriptors: u16,
    /// The cores on which DPDK's own threads may run. They do next to nothing. Empty: those that this process may use.
    pub cores: Vec<usize>,
    /// What DPDK says on stderr.
    pub log: DpdkLog,
    /// More arguments for DPDK's environment, as its manual has them, for what is not foreseen here.
    pub eal_arguments: Vec<String>,
}

impl Default for DpdkOptions {
    fn default() -> Self {
        Self {
            device: String::new(),
            address: None,
            prefix_bits: None,
            gateway: None,
            vlan: None,
            huge_pages: true,
            memory_mib: 64,
            frames: 8191,
            descriptors: 1024,
            cores: Vec::new(),
            log: DpdkLog::default(),
            eal_arguments: Vec::new(),
        }
    }
}

/// How much DPDK says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum DpdkLog {
    /// What fails.
    Error,
    /// And what is odd.
    #[default]
    Warning,
    /// And what it finds.
    Info,
    /// And everything else.
    Debug,
}

/// A device, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Device {
    /// A card.
    Pci {
        /// As in `/sys/bus/pci/devices`.
        address: String,
        /// For its driver; may be empty.
        arguments: String,
    },
    /// One that DPDK makes.
    Virtual {
        /// Driver and number.
        name: String,
        /// For its driver; may be empty.
        arguments: String,
    },
}

impl DpdkOptions {
    /// The device, taken apart; how many there are of what, checked.
    ///
    /// # Errors
    ///
    /// [`PortError::Limit`] when a number cannot be, [`PortError::Unavailable`] when the device's name is none.
    pub fn check(&self) -> Result<Device, PortError> {
        let limit = |what, expected, found: u64| {
            let found = usize::try_from(found).unwrap_or(usize::MAX);
            Err(PortError::Limit { what, expected, found })
        };
        if !(FRAMES_MIN..=FRAMES_MAX).contains(&self.frames) {
            return limit("frames of a DPDK port", "512 to 4194304", self.frames.into());
        }
        if !self.descriptors.is_power_of_two() || !(DESCRIPTORS_MIN..=DESCRIPTORS_MAX).contains(&self.descriptors) {
            return limit("descriptors of a DPDK port", "a power of two from 64 to 8192", self.descriptors.into());
        }
        if u64::from(self.frames) < u64::from(self.descriptors) * 2 + SPARE {
            return limit("frames of a DPDK port", "twice its descriptors and 256 more", self.frames.into());
        }
        // A frame's buffer and its bookkeeping, and what DPDK has beside the frames.
        let frame_bytes = if self.huge_pages { FRAME_BYTES } else { PAGE_BYTES };
        let memory_mib = (u64::from(self.frames) * frame_bytes).div_ceil(1 << 20) + MEMORY_BESIDE_MIB;
        if u64::from(self.memory_mib) < memory_mib {
            let expected = "2.5 KiB a frame, or 4 KiB without huge pages, and 16 MiB more";
            return limit("memory of DPDK in MiB", expected, self.memory_mib.into());
        }
        if let Some(bits) = self.prefix_bits.filter(|bits| *bits > 32) {
            return limit("bits of a network's prefix", "at most 32", bits.into());
        }
        if let Some(vlan) = self.vlan.filter(|vlan| !(1..=4094).contains(vlan)) {
            return limit("number of a VLAN", "1 to 4094", vlan.into());
        }
        Device::parse(&self.device)
    }
}

impl Device {
    /// From its name and arguments.
    fn parse(text: &str) -> Result<Self, PortError> {
        let (name, arguments) = text.split_once(',').unwrap_or((text, ""));
        let (name, arguments) = (name.trim().to_owned(), arguments.trim().to_owned());
        if let Some(address) = pci_address(&name) {
            return Ok(Self::Pci { address, arguments });
        }
        let is_virtual = name.starts_with("net_") && name.ends_with(|last: char| last.is_ascii_digit());
        let is_plain = |text: &str| text.chars().all(|c| c.is_ascii_graphic());
        if is_virtual && name.len() < NAME_LEN_MAX && is_plain(&name) && is_plain(&arguments) {
            return Ok(Self::Virtual { name, arguments });
        }
        let found = if text.is_empty() { "none".to_owned() } else { format!("`{text}`") };
        Err(PortError::Unavailable {
            what: "DPDK",
            remedy: "name it, as in `device = \"0000:01:00.0\"` or `device = \"net_af_xdp0,iface=eth1\"`".into(),
            source: std::io::Error::new(std::io::ErrorKind::InvalidInput, format!("expected a device, found {found}")),
        })
    }

    /// The name under which DPDK has it.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Pci { address: name, .. } | Self::Virtual { name, .. } => name,
        }
    }

    /// The arguments for its driver; may be empty.
    #[must_use]
    pub fn arguments(&self) -> &str {
        match self {
            Self::Pci { arguments, .. } | Self::Virtual { arguments, .. } => arguments,
        }
    }

    /// The kernel's interface under a virtual device, whose addresses are ours when it is used. That of `net_tap` is none:
    /// it is the other end, where the kernel lives on.
    #[must_use]
    pub fn interface(&self) -> Option<&str> {
        let Self::Virtual { name, arguments } = self else { return None };
        if !name.starts_with("net_af_") {
            return None;
        }
        arguments.split(',').find_map(|argument| argument.trim().strip_prefix("iface="))
    }
}

/// A PCI address with its domain, where it may be left out: `01:00.0`.
fn pci_address(text: &str) -> Option<String> {
    let full = if text.split(':').count() == 2 { format!("0000:{text}") } else { text.to_owned() };
    let (domain, rest) = full.split_once(':')?;
    let (bus, rest) = rest.split_once(':')?;
    let (device, function) = rest.split_once('.')?;
    let is_hex = |text: &str, len: usize| text.len() == len && text.chars().all(|c| c.is_ascii_hexdigit());
    let is_one = is_hex(domain, 4) && is_hex(bus, 2) && is_hex(device, 2) && is_hex(function, 1);
    is_one.then(|| full.to_ascii_lowercase())
}

const FRAMES_MIN: u32 = 512;
const FRAMES_MAX: u32 = 1 << 22;
const DESCRIPTORS_MIN: u16 = 64;
const DESCRIPTORS_MAX: u16 = 8192;
/// What is in our hands, beside the device's queues.
const SPARE: u64 = 256;
const FRAME_BYTES: u64 = 2560;
/// DPDK sets aside a whole page for what does not fit twice into one.
const PAGE_BYTES: u64 = 4096;
const MEMORY_BESIDE_MIB: u64 = 16;
/// Of a device at DPDK, with its end.
const NAME_LEN_MAX: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    fn of(device: &str) -> DpdkOptions {
        DpdkOptions { device: device.to_owned(), ..DpdkOptions::default() }
    }

    #[test]
    fn cards_and_virtual_devices_are_told_apart() {
        let card = of("01:00.1").check().unwrap();
        assert_eq!(card, Device::Pci { address: "0000:01:00.1".to_owned(), arguments: String::new() });
        let card = of("0000:AF:00.0,mprq_en=1").check().unwrap();
        assert_eq!((card.name(), card.arguments(), card.interface()), ("0000:af:00.0", "mprq_en=1", None));
        let device = of("net_af_xdp0,start_queue=0,iface=eth1").check().unwrap();
        assert_eq!(device.name(), "net_af_xdp0");
        assert_eq!((device.arguments(), device.interface()), ("start_queue=0,iface=eth1", Some("eth1")));
        assert_eq!(of("net_tap0,iface=pinion0").check().unwrap().interface(), None);
        assert_eq!(of("net_null0").check().unwrap().arguments(), "");
    }

    #[test]
    fn what_is_no_device_is_refused_with_examples() {
        for text in ["", "eth0", "net_ring", "0000:01:00", "01:00.x", "net_ring0 net_ring1", "vfio0", "net_ring0,a b"] {
            let error = of(text).check().unwrap_err();
            assert!(error.to_string().contains("net_af_xdp0,iface=eth1"), "{error}");
        }
    }

    #[test]
    fn numbers_that_cannot_be_are_refused() {
        let base = of("net_null0");
        let refused =
            |options: DpdkOptions| assert!(matches!(options.check(), Err(PortError::Limit { .. })), "{options:?}");
        refused(DpdkOptions { frames: 100, ..base.clone() });
        refused(DpdkOptions { frames: 1024, ..base.clone() });
        refused(DpdkOptions { descriptors: 1000, ..base.clone() });
        refused(DpdkOptions { descriptors: 32, ..base.clone() });
        refused(DpdkOptions { memory_mib: 20, ..base.clone() });
        refused(DpdkOptions { frames: 20_000, memory_mib: 80, huge_pages: false, ..base.clone() });
        refused(DpdkOptions { prefix_bits: Some(33), ..base.clone() });
        refused(DpdkOptions { vlan: Some(4095), ..base.clone() });
        assert!(DpdkOptions { frames: 100_000, memory_mib: 300, descriptors: 8192, ..base }.check().is_ok());
    }
}
