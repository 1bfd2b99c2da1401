//! Who holds an address, as the kernel's tables say: nothing is opened for it.

use crate::host::machine::Machine;
use std::net::{Ipv4Addr, SocketAddrV4};

/// A table of sockets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    Udp,
    Tcp,
}

/// A socket's number where somebody holds an address, or all addresses with its port.
pub(super) fn held(machine: &Machine, protocol: Protocol, address: SocketAddrV4) -> Option<u64> {
    const LISTENS: &str = "0A";
    let (table, states): (_, &[&str]) = match protocol {
        Protocol::Udp => ("/proc/net/udp", &["07", "01"]),
        Protocol::Tcp => ("/proc/net/tcp", &[LISTENS]),
    };
    let text = machine.read(table)?;
    text.lines().skip(1).find_map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let (local, state, inode) = (words.get(1)?, words.get(3)?, words.get(9)?);
        let (ip, port) = local.split_once(':')?;
        // The kernel prints the address as it lies in memory.
        let ip = Ipv4Addr::from(u32::from_str_radix(ip, 16).ok()?.to_ne_bytes());
        let port = u16::from_str_radix(port, 16).ok()?;
        let same =
            port == address.port() && (ip == *address.ip() || ip.is_unspecified() || address.ip().is_unspecified());
        (same && states.contains(state)).then(|| inode.parse().ok())?
    })
}

/// The process that has a socket; `None` when this user may not see it.
pub(super) fn process_of(machine: &Machine, socket: u64) -> Option<u32> {
    let link = format!("socket:[{socket}]");
    let pids = machine.names("/proc").into_iter().filter_map(|name| name.parse::<u32>().ok());
    let has = |pid: &u32| {
        let folder = format!("/proc/{pid}/fd");
        let mut fds = machine.names(&folder).into_iter();
        fds.any(|fd| machine.link(&format!("{folder}/{fd}")).is_some_and(|target| target == link))
    };
    pids.into_iter().find(has)
}

/// The name of a process.
pub(super) fn name_of(machine: &Machine, pid: u32) -> String {
    machine.read(&format!("/proc/{pid}/comm")).unwrap_or_else(|| "unknown".to_owned())
}
