//! The virtual devices, one by one.

use std::fs;
use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};
use std::process::Command;

use netio::Port;
use netio::dpdk::{DpdkPort, LinkState};
use netio::lab::Side;

use crate::{FIRST, PATIENCE, any, lab, options, poll_until, send};

const US: Ipv4Addr = Ipv4Addr::new(10, 99, 1, 1);
const THEM: Ipv4Addr = Ipv4Addr::new(10, 99, 1, 2);

/// Opens it, polls it, sends something nowhere, and closes it, twice.
fn opens(driver: &str, arguments: &str) {
    let options = options(driver, arguments);
    for _ in 0..2 {
        let mut port = DpdkPort::open(&options, &[any(US)]).unwrap();
        assert!(port.how().contains(driver) && port.how().contains("10.99.1.1/24"), "{}", port.how());
        for _ in 0..300 {
            port.receive(64, |received| panic!("{received:?}")).unwrap();
        }
        send(&mut port, SocketAddrV4::new(THEM, 9), b"anybody?");
        assert_eq!(port.counters().tx_datagrams, 1);
    }
}

#[test]
fn null_opens() {
    opens("net_null", ",no-rx=1");
}

/// It makes up frames without end, none of which is for us: each is dropped and counted, and a turn stays short.
#[test]
fn null_floods() {
    let mut port = DpdkPort::open(&options("net_null", ""), &[any(US)]).unwrap();
    for turn in 1..1000 {
        assert_eq!(port.receive(16, |received| panic!("{received:?}")).unwrap(), 0);
        let counters = port.counters();
        let dropped = counters.rx_malformed + counters.rx_not_ours;
        assert!((turn..=turn * 80).contains(&dropped), "turn {turn}: {counters:?}");
    }
}

#[test]
fn ring_opens_and_hears_only_itself() {
    opens("net_ring", "");
}

#[test]
fn ring_carries_traffic_both_ways_and_loses_no_frame() {
    let (mut a, mut b) = DpdkPort::pair(&options("net_ring", ""), &[any(US)], &[any(THEM)], 256).unwrap();
    assert!(matches!(a.link(), LinkState::Up { .. } | LinkState::Unknown), "{}", a.how());
    let (at_a, at_b) = (a.local_addr(FIRST), b.local_addr(FIRST));
    // The first waits for the address of the other end, and is not lost.
    for number in 0..1000_u16 {
        send(&mut a, at_b, &number.to_be_bytes());
        let mut seen = Vec::new();
        assert!(poll_until(&mut b, |b| {
            // The question is answered by who has it.
            a.receive(1, |_| ()).unwrap();
            b.receive(1, |received| seen.push((received.from, received.payload.to_vec()))).unwrap() == 1
        }));
        assert_eq!(seen, [(at_a, number.to_be_bytes().to_vec())]);
    }
    drop(b);
    // Nothing but what a port keeps at hand is out of the pool, whoever has sent and received.
    assert!(a.frames_in_use() <= 128, "{}", a.frames_in_use());
}

#[test]
fn pcap_reads_and_writes_files() {
    let folder = std::env::temp_dir().join(format!("pinion-dpdk-pcap-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let [first, second] = ["first.pcap", "second.pcap"].map(|name| folder.join(name));
    // What it has sent goes into a file, from which the next one receives it.
    let arguments = format!(",tx_pcap={}", first.display());
    let mut port = DpdkPort::open(&options("net_pcap", &arguments), &[any(US)]).unwrap();
    let group = SocketAddrV4::new(Ipv4Addr::new(239, 1, 2, 3), 7000);
    (0..10).for_each(|number| send(&mut port, group, &[number]));
    drop(port);
    let listening = netio::Endpoint::multicast(*group.ip(), group.port(), THEM);
    let arguments = format!(",rx_pcap={},tx_pcap={}", first.display(), second.display());
    let mut port = DpdkPort::open(&options("net_pcap", &arguments), &[any(THEM), listening]).unwrap();
    let mut seen = Vec::new();
    poll_until(&mut port, |port| {
        port.receive(16, |received| seen.extend_from_slice(received.payload)).unwrap();
        seen.len() == 10
    });
    drop(port);
    fs::remove_dir_all(folder).unwrap();
    assert_eq!(seen, (0..10).collect::<Vec<u8>>());
}

/// The other end of a tap is the kernel, with an interface of that name.
#[test]
fn tap_talks_with_the_kernel() {
    let Some(lab) = lab() else { return };
    let ip = |line: &str| {
        let run = || Command::new("ip").args(line.split(' ')).env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").status();
        assert!(lab.on(Side::Near, run).unwrap().unwrap().success(), "ip {line}");
    };
    let options = options("net_tap", ",iface=pinion0");
    let mut port = lab.on(Side::Near, || DpdkPort::open(&options, &[any(US)])).unwrap().unwrap();
    ip("address add 10.99.1.2/24 dev pinion0");
    ip("link set pinion0 up");
    let socket = lab.on(Side::Near, || UdpSocket::bind((THEM, 0))).unwrap().unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let (ours, theirs) = (port.local_addr(FIRST), socket.local_addr().unwrap());
    let std::net::SocketAddr::V4(to) = theirs else { panic!("{theirs}") };
    socket.send_to(b"from the kernel", ours).unwrap();
    let mut seen = Vec::new();
    assert!(poll_until(&mut port, |port| {
        port.receive(1, |received| seen.push((received.from, received.payload.to_vec()))).unwrap() == 1
    }));
    assert_eq!(seen, [(to, b"from the kernel".to_vec())]);
    for payload in [&b"to the kernel"[..], &[7; 1472], b""] {
        send(&mut port, to, payload);
        let mut buffer = [0; 2048];
        let (len, from) = socket.recv_from(&mut buffer).unwrap();
        assert_eq!((&buffer[..len], from), (payload, ours.into()));
    }
}
