//! What is refused, and what is said then.

use std::process::Command;

use netio::dpdk::{DpdkOptions, DpdkPort};
use netio::{Endpoint, PortError};

use crate::{any, options};

fn refusal(options: &DpdkOptions, endpoints: &[Endpoint]) -> PortError {
    DpdkPort::open(options, endpoints).map(|port| port.how()).unwrap_err()
}

fn said(options: &DpdkOptions) -> String {
    refusal(options, &[any([10, 99, 2, 1].into())]).to_string()
}

#[test]
fn a_device_is_open_once() {
    let options = options("net_null", "");
    let first = DpdkPort::open(&options, &[any([10, 99, 2, 1].into())]).unwrap();
    let text = said(&options);
    assert!(text.contains("is open in this process") && text.contains("close that one"), "{text}");
    drop(first);
    DpdkPort::open(&options, &[any([10, 99, 2, 1].into())]).unwrap();
}

#[test]
fn the_environment_has_one_set_of_settings() {
    let first = options("net_null", "");
    let _port = DpdkPort::open(&first, &[any([10, 99, 2, 1].into())]).unwrap();
    let text = said(&DpdkOptions { memory_mib: 300, ..options("net_null", "") });
    assert!(text.contains("it runs with") && text.contains("-m 1024") && text.contains("the same"), "{text}");
    // A card is looked for when it starts.
    if let Some(card) = std::fs::read_dir("/sys/bus/pci/devices").into_iter().flatten().flatten().next() {
        let device = card.file_name().into_string().unwrap();
        let text = said(&DpdkOptions { device, ..first });
        assert!(text.contains("driver") || text.contains("before the virtual ones"), "{text}");
    }
}

#[test]
fn what_is_not_there_is_named() {
    let text = said(&DpdkOptions { device: "ffff:1f:1f.7".to_owned(), ..options("", "") });
    assert!(text.contains("no PCI device ffff:1f:1f.7") && text.contains("dpdk-devbind.py --status-dev net"), "{text}");
    let text = said(&options("net_af_packet", ",iface=nowhere7"));
    assert!(text.contains("no interface `nowhere7`") && text.contains("ip link"), "{text}");
    let text = said(&options("net_nosuchdriver", ""));
    assert!(text.contains("net_nosuchdriver"), "{text}");
    let text = said(&DpdkOptions { device: String::new(), ..options("", "") });
    assert!(text.contains("found none"), "{text}");
}

#[test]
fn an_endpoint_on_another_network_is_refused_before_anything_is_opened() {
    let options = options("net_null", "");
    let endpoints = [any([10, 99, 2, 1].into()), any([10, 98, 2, 1].into())];
    match refusal(&options, &endpoints) {
        PortError::Endpoint { endpoint, source, .. } => {
            assert_eq!((endpoint.0, source.kind()), (1, std::io::ErrorKind::AddrNotAvailable));
        }
        other => panic!("{other}"),
    }
}

/// In a process of its own, since it takes all the memory that there is.
#[test]
fn more_frames_than_memory_are_refused_with_the_remedy() {
    const VARIABLE: &str = "NETIO_DPDK_MEMORY";
    if std::env::var_os(VARIABLE).is_none() {
        let mut child = Command::new(std::env::current_exe().unwrap());
        child.args(["refusals::more_frames_than_memory_are_refused_with_the_remedy", "--exact", "--nocapture"]);
        let output = child.env(VARIABLE, "1").output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        return;
    }
    // As many as the numbers allow fit once.
    let many = || DpdkOptions { frames: 20_000, memory_mib: 100, ..options("net_null", "") };
    let _first = DpdkPort::open(&many(), &[any([10, 99, 2, 1].into())]).unwrap();
    let text = said(&many());
    assert!(text.contains("memory_mib"), "{text}");
}
