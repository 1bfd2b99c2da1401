//! A port begins: over a device, or in pairs over rings in memory.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use super::super::address;
use super::super::device::{Device, Probed};
use super::super::frames::{BURST, Frames};
use super::super::options::{self, DpdkOptions};
use super::super::outbox::Outbox;
use super::super::pool::Pool;
use super::super::rings::Ring;
use super::super::{environment, presence};
use super::DpdkPort;
use crate::clock::Clock;
use crate::ether::{MacAddr, igmp};
use crate::port::{Endpoint, PortCounters, PortError};
use crate::stack::Stack;

/// How long an interface's queue is waited for, and between two tries.
const RELEASED_WITHIN: Duration = Duration::from_millis(500);
const RELEASE_STEP: Duration = Duration::from_millis(10);

impl DpdkPort {
    /// Opens the device, and takes what is sent to these endpoints. A virtual device is made in the network namespace of the
    /// calling thread.
    ///
    /// # Errors
    ///
    /// [`PortError::Unavailable`] says what is missing and what mends it, [`PortError::Limit`] what cannot be, and
    /// [`PortError::Endpoint`] names the endpoint that does not fit the device's network.
    pub fn open(options: &DpdkOptions, endpoints: &[Endpoint]) -> Result<Self, PortError> {
        let device = options.check()?;
        presence::check(options, &device)?;
        let network = address::network(options, Some(&device), endpoints)?;
        // Wrong endpoints are found before anything is opened.
        address::bind(endpoints, &network, MacAddr::BROADCAST, options.vlan)?;
        environment::start(options, &device)?;
        let deadline = Instant::now() + RELEASED_WITHIN;
        loop {
            match Self::open_device(options, &device, endpoints) {
                // The kernel takes an interface's queue from a closed AF_XDP socket some milliseconds later. All is opened
                // anew: the driver cannot set up its queue twice.
                Err(PortError::Unavailable { .. })
                    if device.name().starts_with("net_af_xdp") && Instant::now() < deadline =>
                {
                    thread::sleep(RELEASE_STEP);
                }
                opened => return opened,
            }
        }
    }

    fn open_device(options: &DpdkOptions, device: &options::Device, endpoints: &[Endpoint]) -> Result<Self, PortError> {
        let probed = Probed::new(device)?;
        let pool = Arc::new(Pool::new(options.frames, probed.node())?);
        Self::start(options, endpoints, probed, pool, None)
    }

    /// Two ports in this process joined by rings: `net_ring`. For tests and measurements; needs no rights and no kernel.
    /// `options.device` is not looked at; each end's address is that of its first endpoint. The rings hold `slots` frames
    /// less one, each way.
    ///
    /// # Errors
    ///
    /// As for [`DpdkPort::open`].
    pub fn pair(options: &DpdkOptions, a: &[Endpoint], b: &[Endpoint], slots: u32) -> Result<(Self, Self), PortError> {
        let options = DpdkOptions { device: "net_ring0".to_owned(), address: None, ..options.clone() };
        let device = options.check()?;
        presence::check(&options, &device)?;
        environment::start(&options, &device)?;
        let pool = Arc::new(Pool::new(options.frames, -1)?);
        let (there, back) = (Arc::new(Ring::new(slots)?), Arc::new(Ring::new(slots)?));
        let end = |endpoints, inbound: &Arc<Ring>, outbound: &Arc<Ring>| {
            let probed = Probed::over_rings(inbound, outbound)?;
            let wires = Some([Arc::clone(inbound), Arc::clone(outbound)]);
            Self::start(&options, endpoints, probed, Arc::clone(&pool), wires)
        };
        Ok((end(a, &back, &there)?, end(b, &there, &back)?))
    }

    fn start(
        options: &DpdkOptions,
        endpoints: &[Endpoint],
        probed: Probed,
        pool: Arc<Pool>,
        wires: Option<[Arc<Ring>; 2]>,
    ) -> Result<Self, PortError> {
        let described = options.check()?;
        let device = wires.is_none().then_some(&described);
        let network = address::network(options, device, endpoints)?;
        let (_, station) = address::bind(endpoints, &network, MacAddr::BROADCAST, options.vlan)?;
        let groups =
            station.groups().iter().chain(if station.groups().is_empty() { &[] } else { &[igmp::ALL_HOSTS] as &[_] });
        let device = Device::start(probed, options, &pool, groups.map(|group| MacAddr::of_group(*group)))?;
        let (bound, station) = address::bind(endpoints, &network, device.mac(), options.vlan)?;
        let clock = Clock::calibrate();
        let now_ns = clock.now();
        let mut port = Self {
            received: Frames::with_capacity(BURST),
            out: Outbox::new(device.id(), Arc::clone(&pool)),
            device,
            _wires: wires,
            pool,
            stack: Stack::new(station, network, now_ns),
            bound,
            clock,
            now_ns,
            turn: 0,
            copies: 0,
            datagram_id: 0,
            uses_huge_pages: options.huge_pages,
            counters: PortCounters::default(),
        };
        port.announce();
        port.keep_house();
        Ok(port)
    }
}
