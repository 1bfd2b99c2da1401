//! What is particular to the AF_XDP port: what it leaves to the kernel, who may share an interface with it, what it leaves
//! behind, queues, VLANs, and the way to strangers. The rest is in the contract.
//!
//! In the lab, as root; others are told why nothing is tested.
#![cfg(not(loom))]

#[path = "xdp/bystanders.rs"]
mod bystanders;
#[path = "xdp/outside.rs"]
mod outside;
#[path = "xdp/strangers.rs"]
mod strangers;

use std::net::SocketAddrV4;
use std::process::Command;
use std::time::{Duration, Instant};

use netio::lab::{Lab, Side, excuse};
use netio::xdp::{XdpOptions, XdpPort};
use netio::{Endpoint, EndpointIndex, Outgoing, Port, PortError};

const FIRST: EndpointIndex = EndpointIndex(0);
/// Far longer than anything here takes; only a failing test waits for it.
const PATIENCE: Duration = Duration::from_secs(3);

fn lab(queues: u8) -> Option<Lab> {
    match Lab::make(queues) {
        Ok(lab) => Some(lab),
        Err(error) => {
            excuse("network namespaces", &error);
            None
        }
    }
}

fn any(side: Side) -> Endpoint {
    Endpoint::unicast(SocketAddrV4::new(side.address(), 0))
}

fn open_at(lab: &Lab, side: Side, endpoints: &[Endpoint]) -> Result<XdpPort, PortError> {
    lab.on(side, || XdpPort::open_with(endpoints, &XdpOptions::default())).unwrap()
}

/// A port on the far side.
fn open(lab: &Lab) -> XdpPort {
    open_at(lab, Side::Far, &[any(Side::Far)]).unwrap()
}

/// Runs a command on a side, and returns what it said.
fn run(lab: &Lab, side: Side, command: &[&str]) -> String {
    let path = std::env::var("PATH").unwrap_or_default() + ":/usr/sbin:/sbin";
    let output = lab.on(side, || Command::new(command[0]).args(&command[1..]).env("PATH", path).output()).unwrap();
    let output = output.unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn send(port: &mut impl Port, to: SocketAddrV4, payload: &[u8]) {
    let taken = port.send(1, |buffer| {
        buffer[..payload.len()].copy_from_slice(payload);
        Some(Outgoing { endpoint: FIRST, to, len: payload.len() })
    });
    assert_eq!(taken.unwrap(), 1);
}

/// Receives until `count` datagrams have come, and polls `other` meanwhile.
fn receive(port: &mut impl Port, count: usize, mut other: impl FnMut()) -> Vec<(SocketAddrV4, Vec<u8>)> {
    let deadline = Instant::now() + PATIENCE;
    let mut arrived = Vec::new();
    while arrived.len() < count && Instant::now() < deadline {
        port.receive(64, |received| arrived.push((received.from, received.payload.to_vec()))).unwrap();
        other();
        std::thread::yield_now();
    }
    arrived
}
