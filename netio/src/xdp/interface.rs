//! The interface that has an address, and what is in the way of using it.

use std::fs;
use std::io;
use std::net::Ipv4Addr;

use nix::ifaddrs::getifaddrs;
use nix::net::if_::{InterfaceFlags, if_nametoindex};

use super::bpf;
use super::netlink::Netlink;
use crate::ether::MacAddr;

/// An interface, as far as it matters to us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Interface {
    pub name: String,
    /// The kernel's number: here are addresses, routes and neighbours.
    pub index: u32,
    /// The number of the hardware under it, where frames come: another one when this is a VLAN.
    pub device: u32,
    pub vlan: Option<u16>,
    pub mac: MacAddr,
    pub mtu: u32,
    /// At most; the driver may use fewer.
    pub receive_queues: u32,
    pub addresses: Vec<Ipv4Addr>,
    pub is_loopback: bool,
    pub is_up: bool,
}

impl Interface {
    /// The one with this address.
    pub(super) fn with_address(address: Ipv4Addr, netlink: &mut Netlink) -> io::Result<Self> {
        let all: Vec<_> = getifaddrs()?.collect();
        let ipv4 =
            |one: &nix::ifaddrs::InterfaceAddress| one.address.and_then(|at| at.as_sockaddr_in().map(|at| at.ip()));
        let Some(found) = all.iter().find(|one| ipv4(one) == Some(address)) else {
            return Err(io::Error::new(
                io::ErrorKind::AddrNotAvailable,
                format!("no interface has the address {address}"),
            ));
        };
        let name = &found.interface_name;
        let index = if_nametoindex(name.as_str())?;
        let facts = netlink.link(index)?;
        let (device, vlan, receive_queues) = match facts.vlan {
            Some((under, vlan)) => (under, Some(vlan), netlink.link(under)?.receive_queues),
            None => (index, None, facts.receive_queues),
        };
        Ok(Self {
            name: name.clone(),
            index,
            device,
            vlan,
            mac: facts.mac.unwrap_or(MacAddr([0; 6])),
            mtu: facts.mtu,
            receive_queues,
            addresses: all.iter().filter(|one| one.interface_name == *name).filter_map(ipv4).collect(),
            is_loopback: found.flags.contains(InterfaceFlags::IFF_LOOPBACK),
            is_up: found.flags.contains(InterfaceFlags::IFF_UP),
        })
    }
}

/// Who has put a program on a device, and how to get rid of it; `None` when there is none.
pub(super) fn occupant(device: u32, name: &str, netlink: &mut Netlink) -> Option<String> {
    let id = netlink.link(device).ok()?.program?;
    let program = match bpf::program_name(id) {
        Ok(name) if !name.is_empty() => format!("XDP program {id} ({name})"),
        _ => format!("XDP program {id}"),
    };
    Some(match holder(id) {
        Some((process, command)) => {
            format!(
                "{program} of process {process} ({command}) is on {name}: stop that process, or take another interface"
            )
        }
        None => format!("{program} is on {name}: remove it by: ip link set dev {name} xdp off"),
    })
}

/// The process that holds the attachment of a program, by what the kernel tells of open descriptors.
fn holder(program: u32) -> Option<(u32, String)> {
    let wanted = program.to_string();
    let holds = |process: u32| {
        let descriptors = fs::read_dir(format!("/proc/{process}/fdinfo")).ok()?;
        let is_it = descriptors.flatten().any(|descriptor| {
            let text = fs::read_to_string(descriptor.path()).unwrap_or_default();
            let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
            field("link_type:") == Some("xdp") && field("prog_id:") == Some(&wanted)
        });
        is_it.then_some(process)
    };
    let processes = fs::read_dir("/proc").ok()?.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let process = processes.into_iter().find_map(holds)?;
    let command = fs::read_to_string(format!("/proc/{process}/comm")).unwrap_or_default();
    Some((process, command.trim().to_owned()))
}
