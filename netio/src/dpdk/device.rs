//! One device: found or made, set up with one queue each way, started; stopped and let go when it is dropped.
// Why unsafe: DPDK's calls, with structures and names by pointer.
#![allow(unsafe_code)]

use std::ffi::{CStr, CString};
use std::io;
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use dpdk_sys as sys;

use super::environment::{error_of, refused};
use super::home::Home;
use super::options::{self, DpdkOptions};
use super::pool::Pool;
use super::rings::Ring;
use super::watch::Watched;
use crate::ether::MacAddr;
use crate::port::PortError;

/// An open device.
#[derive(Debug)]
pub(super) struct Device {
    probed: Probed,
    watched: Arc<Watched>,
    mac: MacAddr,
    driver: String,
    offload: bool,
}

/// A device that DPDK has, and that is detached again when this is dropped.
#[derive(Debug)]
pub(super) struct Probed {
    id: u16,
    bus: &'static CStr,
    name: CString,
    home: Home,
}

impl Probed {
    /// Finds a card or makes a virtual device, in the network namespace of the calling thread.
    pub(super) fn new(device: &options::Device) -> Result<Self, PortError> {
        let text =
            |text: &str| CString::new(text).map_err(|error| failed("find the device", device.name(), error.into()));
        let (name, arguments) = (text(device.name())?, text(device.arguments())?);
        if Watched::is_open(device.name()) {
            let source = io::Error::new(io::ErrorKind::AddrInUse, format!("{} is open in this process", device.name()));
            return Err(refused(
                "the DPDK device",
                "one port has it whole: close that one, or name another device",
                source,
            ));
        }
        let bus = match device {
            options::Device::Pci { .. } => c"pci",
            options::Device::Virtual { .. } => c"vdev",
        };
        if let Some(id) = id_of(&name) {
            return Ok(Self { id, bus, name, home: Home::here() });
        }
        // SAFETY: texts that end with a zero.
        let returned = unsafe { sys::rte_eal_hotplug_add(bus.as_ptr(), name.as_ptr(), arguments.as_ptr()) };
        if returned != 0 {
            return Err(failed("open the device", device.name(), error_of(returned)));
        }
        let Some(id) = id_of(&name) else {
            // SAFETY: as above; it was added a moment ago.
            unsafe { sys::rte_eal_hotplug_remove(bus.as_ptr(), name.as_ptr()) };
            let source = io::Error::new(io::ErrorKind::NotFound, "it is no network device, or no driver took it");
            return Err(failed("open the device", device.name(), source));
        };
        Ok(Self { id, bus, name, home: Home::here() })
    }

    /// Makes a device that receives from one ring and sends to the other.
    pub(super) fn over_rings(inbound: &Ring, outbound: &Ring) -> Result<Self, PortError> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let short = format!("pinion{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        let given = CString::new(short.as_str()).expect("has no zero");
        let node = u32::try_from(sys::PINION_ANY_NODE).unwrap_or(0);
        let (rx, tx) = ([inbound.as_ptr()], [outbound.as_ptr()]);
        // SAFETY: a text that ends with a zero and lists of one ring each, which outlive the device: their owner sees to it.
        let id = unsafe { sys::rte_eth_from_rings(given.as_ptr(), rx.as_ptr(), 1, tx.as_ptr(), 1, node) };
        let Ok(id) = u16::try_from(id) else { return Err(failed("make a device over rings", &short, error_of(id))) };
        let name = CString::new(format!("net_ring_{short}")).expect("has no zero");
        Ok(Self { id, bus: c"vdev", name, home: Home::here() })
    }

    /// The NUMA node that it is on.
    pub(super) fn node(&self) -> i32 {
        // SAFETY: there is such a device.
        unsafe { sys::rte_eth_dev_socket_id(self.id) }
    }
}

impl Drop for Probed {
    fn drop(&mut self) {
        let Self { id, bus, name, home } = self;
        home.visit(|| {
            // SAFETY: there is such a device, and nobody polls it any more. One that was not started does not mind.
            unsafe { sys::rte_eth_dev_stop(*id) };
            // SAFETY: as above.
            unsafe { sys::rte_eth_dev_close(*id) };
            // SAFETY: texts that end with a zero. What it returns nobody can act on.
            unsafe { sys::rte_eal_hotplug_remove(bus.as_ptr(), name.as_ptr()) };
        });
    }
}

impl Device {
    /// Sets it up and starts it. `groups` are received beside what is for its own address.
    pub(super) fn start(
        probed: Probed,
        options: &DpdkOptions,
        pool: &Pool,
        groups: impl Iterator<Item = MacAddr>,
    ) -> Result<Self, PortError> {
        let name = probed.name.to_string_lossy().into_owned();
        let id = probed.id;
        let check =
            |action, returned: i32| if returned < 0 { Err(failed(action, &name, error_of(returned))) } else { Ok(()) };

        let mut info = sys::rte_eth_dev_info::default();
        // SAFETY: there is such a device, and room for what is told of it.
        check("ask the device what it can do", unsafe { sys::rte_eth_dev_info_get(id, &raw mut info) })?;
        let driver = if info.driver_name.is_null() {
            String::new()
        } else {
            // SAFETY: a constant text of the driver's.
            unsafe { CStr::from_ptr(info.driver_name) }.to_string_lossy().into_owned()
        };

        let sums_in = info.rx_offload_capa & RX_SUMS;
        // All or nothing: a frame has both checksums.
        let offload = info.tx_offload_capa & TX_SUMS == TX_SUMS;
        let mut conf = sys::rte_eth_conf::default();
        conf.rxmode.offloads = sums_in;
        conf.txmode.offloads = if offload { TX_SUMS } else { 0 };
        // SAFETY: one queue each way, and settings that the device said it has.
        check("set the device up", unsafe { sys::rte_eth_dev_configure(id, 1, 1, &raw const conf) })?;
        let (mut rx_descriptors, mut tx_descriptors) = (options.descriptors, options.descriptors);
        // SAFETY: room for what it rounds them to.
        let rounded =
            unsafe { sys::rte_eth_dev_adjust_nb_rx_tx_desc(id, &raw mut rx_descriptors, &raw mut tx_descriptors) };
        check("size the device's queues", rounded)?;

        let node = u32::try_from(probed.node()).unwrap_or(0);
        let mut rx = info.default_rxconf;
        rx.offloads = sums_in;
        // SAFETY: the pool outlives the device, by the port that has both.
        let set = unsafe { sys::rte_eth_rx_queue_setup(id, QUEUE, rx_descriptors, node, &raw const rx, pool.as_ptr()) };
        check("set up the queue to receive", set)?;
        let mut tx = info.default_txconf;
        tx.offloads = conf.txmode.offloads;
        // SAFETY: the settings live during the call.
        let set = unsafe { sys::rte_eth_tx_queue_setup(id, QUEUE, tx_descriptors, node, &raw const tx) };
        check("set up the queue to send", set)?;

        // SAFETY: it is set up.
        check("start the device", unsafe { sys::rte_eth_dev_start(id) })?;
        // SAFETY: there is such a device. Who cannot forget what was counted before is asked for it instead.
        unsafe { sys::rte_eth_stats_reset(id) };
        filter(id, groups);
        let mac = mac_of(id);
        let Some(watched) = Watched::begin(id, &name) else {
            return Err(failed("open the device", &name, io::ErrorKind::AddrInUse.into()));
        };
        Ok(Self { probed, watched, mac, driver, offload })
    }

    #[inline]
    pub(super) const fn id(&self) -> u16 {
        self.probed.id
    }

    pub(super) const fn mac(&self) -> MacAddr {
        self.mac
    }

    /// Whether it fills in the checksums of what is sent.
    #[inline]
    pub(super) const fn fills_checksums(&self) -> bool {
        self.offload
    }

    pub(super) const fn watched(&self) -> &Arc<Watched> {
        &self.watched
    }

    pub(super) fn driver(&self) -> &str {
        &self.driver
    }

    pub(super) fn name(&self) -> String {
        self.probed.name.to_string_lossy().into_owned()
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        // Nobody looks at it any more when it is stopped and closed, by what is dropped next.
        self.watched.end();
    }
}

/// Nothing but what is for us, as far as the device can tell; the rest is told apart by its frames.
fn filter(id: u16, groups: impl Iterator<Item = MacAddr>) {
    // SAFETY: there is such a device. Virtual ones have no such thing, and take everything.
    unsafe { sys::rte_eth_promiscuous_disable(id) };
    let mut groups: Vec<sys::rte_ether_addr> = groups.map(|mac| sys::rte_ether_addr { addr_bytes: mac.0 }).collect();
    if groups.is_empty() {
        return;
    }
    let count = u32::try_from(groups.len()).unwrap_or(u32::MAX);
    // SAFETY: as many addresses as said.
    if unsafe { sys::rte_eth_dev_set_mc_addr_list(id, groups.as_mut_ptr(), count) } != 0 {
        // SAFETY: there is such a device.
        unsafe { sys::rte_eth_allmulticast_enable(id) };
    }
}

/// The device's address, or where it has none, one of the kind that everybody may give themselves.
fn mac_of(id: u16) -> MacAddr {
    let mut mac = sys::rte_ether_addr::default();
    // SAFETY: there is such a device, and room for its address.
    let told = unsafe { sys::rte_eth_macaddr_get(id, &raw mut mac) };
    if told == 0 && mac.addr_bytes != [0; 6] {
        return MacAddr(mac.addr_bytes);
    }
    let [high, low] = id.to_be_bytes();
    MacAddr([0x02, 0x50, 0x49, 0x4E, high, low])
}

fn id_of(name: &CStr) -> Option<u16> {
    let mut id = 0;
    // SAFETY: a text that ends with a zero, and room for the number.
    let returned = unsafe { sys::rte_eth_dev_get_port_by_name(name.as_ptr(), ptr::from_mut(&mut id)) };
    (returned == 0).then_some(id)
}

fn failed(action: &str, name: &str, source: io::Error) -> PortError {
    let kind = source.kind();
    refused(
        "the DPDK device",
        "DPDK says more on stderr with `log = \"info\"`; `dpdk-devbind.py --status-dev net` shows cards, `ip link` interfaces",
        io::Error::new(kind, format!("cannot {action} {name}: {source}")),
    )
}

const QUEUE: u16 = 0;
const RX_SUMS: u64 = (sys::PINION_OFFLOAD_RX_IP | sys::PINION_OFFLOAD_RX_UDP) as u64;
const TX_SUMS: u64 = (sys::PINION_OFFLOAD_TX_IP | sys::PINION_OFFLOAD_TX_UDP) as u64;
