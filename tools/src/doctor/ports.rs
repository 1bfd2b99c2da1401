//! Section `ports`: whether the addresses are there and free, and interfaces can carry the lines.

use super::holders::{Protocol, held, name_of, process_of};
use super::{Finding, Patient};
use engine::config::PortKind;
use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddrV4};

/// The interface's flag that it can carry multicast.
const IFF_MULTICAST: u64 = 0x1000;

pub(super) fn check(patient: &Patient) -> Vec<Finding> {
    let config = &patient.config;
    let by_kernel = config.network.port.kind != PortKind::Dpdk;
    let own = |name, protocol, address| (name, protocol, Some(address));
    let mut addresses = vec![
        ("feed.rerequest", Protocol::Udp, config.feed.answers.rerequest),
        ("feed.snapshot", Protocol::Tcp, config.feed.answers.snapshot),
    ];
    if by_kernel {
        addresses.insert(0, own("network.order_entry", Protocol::Udp, config.network.order_entry));
        addresses.insert(1, own("network.rerequest", Protocol::Udp, config.network.rerequest));
    }
    let mut findings: Vec<Finding> = Vec::new();
    for (key, protocol, address) in addresses {
        findings.extend(address.map(|address| place(patient, key, protocol, address)));
    }
    if by_kernel {
        findings.extend(lines(patient));
    }
    findings
}

fn place(patient: &Patient, key: &str, protocol: Protocol, address: SocketAddrV4) -> Finding {
    let machine = &patient.machine;
    let ip = *address.ip();
    let is_here = ip.is_unspecified() || ip.is_loopback() || machine.interface_of(ip).is_some();
    if !is_here {
        let what = format!("{key} is {address}, and no interface of this machine has {ip}");
        return Finding::problem(what, format!("ip address add {ip}/24 dev NAME, or another address"));
    }
    let Some(socket) = held(machine, protocol, address) else {
        return match patient.pid() {
            // A port beside the kernel has no socket in its tables.
            Some(pid) => Finding::ok(format!("{key} {address}: process {pid} serves without a socket of the kernel's")),
            None => Finding::ok(format!("{key} {address}: free")),
        };
    };
    match process_of(machine, socket) {
        Some(pid) if Some(pid) == patient.pid() => {
            Finding::ok(format!("{key} {address}: the appliance's, process {pid}"))
        }
        Some(pid) => {
            let what = format!("{key} {address} is held by process {pid} ({})", name_of(machine, pid));
            Finding::problem(what, "end that process, or choose another address")
        }
        None if patient.pid().is_some() => Finding::ok(format!("{key} {address}: held, most likely by the appliance")),
        None => {
            let what = format!("{key} {address} is held by a process of another user");
            Finding::problem(what, "as root, `ss -lunp` and `ss -ltnp` name it; end it, or choose another address")
        }
    }
}

/// The interfaces through which market data leaves.
fn lines(patient: &Patient) -> Vec<Finding> {
    let config = &patient.config;
    let lines = config.channels.iter().flat_map(|channel| channel.tick_lines.iter().chain(&channel.depth_lines));
    let interfaces: BTreeSet<Ipv4Addr> = lines.map(|line| line.interface.unwrap_or(config.network.interface)).collect();
    let one = |ip: Ipv4Addr| {
        if ip.is_loopback() {
            return Finding::ok(format!("lines through {ip}: they stay on this machine"));
        }
        let Some(name) = patient.machine.interface_of(ip) else {
            let what = format!("lines are to leave through {ip}, which no interface of this machine has");
            return Finding::problem(what, format!("ip address add {ip}/24 dev NAME, or another network.interface"));
        };
        let flags = patient.machine.read(&format!("/sys/class/net/{name}/flags")).unwrap_or_default();
        let flags = u64::from_str_radix(flags.trim_start_matches("0x"), 16).unwrap_or(IFF_MULTICAST);
        let state = patient.machine.read(&format!("/sys/class/net/{name}/operstate")).unwrap_or_default();
        if flags & IFF_MULTICAST == 0 {
            let what = format!("{name} ({ip}) does not carry multicast, and lines are to leave there");
            Finding::problem(what, format!("ip link set {name} multicast on"))
        } else if state == "down" || state == "lowerlayerdown" {
            let what = format!("{name} ({ip}) is down, and lines are to leave there");
            Finding::problem(what, format!("ip link set {name} up; see the cable and the switch"))
        } else {
            Finding::ok(format!("lines through {name} ({ip})"))
        }
    };
    interfaces.into_iter().map(one).collect()
}
