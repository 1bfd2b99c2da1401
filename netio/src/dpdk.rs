//! The DPDK port: the device's queues in this process, without a kernel on the way. Built with `--features dpdk`.
//!
//! ```text
//!            +------------------------- this thread --------------------------+
//!  device -> | receive queue -> frames -> classify -> sink                    |
//!            |                            | ARP, echo, IGMP: answered         |
//!  device <- | send queue <- frames <- headers, checksums <- fill             |
//!            +----------------------------------------------------------------+
//!   thread `dpdk`: DPDK's environment; reads the device's statistics and link now and then
//! ```
//!
//! Frames are DPDK's buffers, owned by one place at a time and given back when that ends. The thread that polls makes no
//! system call unless the device's driver does (a card's does not), and is not one of DPDK's own: it keeps the core that we
//! gave it. One queue each way is enough, and the only one that the device is given, so it spreads nothing elsewhere.
//!
//! What the kernel does for other ports, [`crate::stack`] does here: next hops, ARP, echo, group membership. A datagram to
//! a next hop that is not known waits for it, within limits.
//!
//! DPDK's environment is started once a process, by the first port, and stays. Its memory is anonymous or unlinked, so
//! nothing is left of it when the process ends, however that happens.
//!
//! Non-goals: several queues, DPDK's secondary processes, frames of several buffers.

#[cfg(feature = "dpdk")]
mod address;
#[cfg(feature = "dpdk")]
mod device;
#[cfg(feature = "dpdk")]
mod environment;
#[cfg(feature = "dpdk")]
mod frames;
#[cfg(feature = "dpdk")]
mod home;
mod options;
#[cfg(feature = "dpdk")]
mod outbox;
#[cfg(feature = "dpdk")]
mod pool;
#[cfg(feature = "dpdk")]
mod port;
#[cfg(feature = "dpdk")]
mod presence;
#[cfg(feature = "dpdk")]
mod rings;
#[cfg(feature = "dpdk")]
mod thread;
#[cfg(feature = "dpdk")]
mod watch;

pub use self::options::{Device, DpdkLog, DpdkOptions};
#[cfg(feature = "dpdk")]
pub use self::port::DpdkPort;
#[cfg(feature = "dpdk")]
pub use self::watch::LinkState;
