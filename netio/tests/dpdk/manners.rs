//! What the kernel of a host would do, done by the port: seen from a kernel at the other end of a link.

use std::fs;
use std::net::{SocketAddrV4, UdpSocket};
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

use netio::Port;
use netio::lab::{Lab, Side};
use nix::sys::socket::{AddressFamily, MsgFlags, SockFlag, SockProtocol, SockType, SockaddrIn, recv, sendto, socket};

use crate::{FIRST, PATIENCE, far_port, lab, poll_until, send};

fn near_socket(lab: &Lab) -> (UdpSocket, SocketAddrV4) {
    let socket = lab.on(Side::Near, || UdpSocket::bind((Side::Near.address(), 0))).unwrap().unwrap();
    socket.set_nonblocking(true).unwrap();
    let at = SocketAddrV4::new(Side::Near.address(), socket.local_addr().unwrap().port());
    (socket, at)
}

/// The kernel finds us by ARP: it has our address in its table afterwards, with our Ethernet address.
#[test]
fn who_asks_for_us_is_answered() {
    let Some(lab) = lab() else { return };
    let mut port = far_port(&lab);
    let (socket, _) = near_socket(&lab);
    socket.send_to(b"where are you?", port.local_addr(FIRST)).unwrap();
    assert!(poll_until(&mut port, |port| port.receive(1, |_| ()).unwrap() == 1));
    let table = lab.on(Side::Near, || fs::read_to_string("/proc/thread-self/net/arp").unwrap()).unwrap();
    assert!(table.contains("10.26.40.2") && table.contains("02:26:40:00:00:02"), "{table}");
}

/// The first datagram to somebody waits for their answer, all that follow it keep their order, and none is lost or doubled.
#[test]
fn what_is_sent_before_an_answer_came_is_sent_then() {
    let Some(lab) = lab() else { return };
    let mut port = far_port(&lab);
    let (socket, at) = near_socket(&lab);
    for number in 0..100 {
        send(&mut port, at, &[number]);
    }
    assert_eq!(port.counters().tx_errors, 0);
    let mut seen = Vec::new();
    let mut buffer = [0; 16];
    poll_until(&mut port, |port| {
        port.receive(16, |_| ()).unwrap();
        while let Ok(len) = socket.recv(&mut buffer) {
            seen.extend_from_slice(&buffer[..len]);
        }
        seen.len() >= 100
    });
    assert_eq!(seen, (0..100).collect::<Vec<u8>>());
}

/// Nobody is there: what waited is given up after three questions, and counted; what does not fit is counted at once.
#[test]
fn what_nobody_answers_for_is_counted() {
    let Some(lab) = lab() else { return };
    let mut port = far_port(&lab);
    let nobody = SocketAddrV4::new([10, 26, 40, 77].into(), 9);
    for _ in 0..200 {
        send(&mut port, nobody, b"anybody?");
    }
    let at_once = port.counters().tx_unresolved;
    assert_eq!(at_once, 200 - 128);
    let given_up = poll_until(&mut port, |port| {
        port.receive(16, |_| ()).unwrap();
        port.counters().tx_unresolved == 200
    });
    assert!(given_up, "{:?}", port.counters());
    let counters = port.counters();
    assert_eq!((counters.tx_datagrams, counters.tx_errors), (200, 200));
    // And now for some seconds it is known that nobody is there.
    send(&mut port, nobody, b"still?");
    assert_eq!(port.counters().tx_unresolved, 201);
    // Another network without a gateway, everyone, ourselves: no question is asked.
    for nowhere in [[192, 0, 2, 1], [10, 26, 40, 255], [255; 4], Side::Far.address().octets()] {
        send(&mut port, SocketAddrV4::new(nowhere.into(), 9), b"?");
    }
    let counters = port.counters();
    assert_eq!((counters.tx_errors, counters.tx_unresolved), (205, 201));
}

#[test]
fn ping_is_answered() {
    let Some(lab) = lab() else { return };
    let mut port = far_port(&lab);
    let raw = || socket(AddressFamily::Inet, SockType::Raw, SockFlag::SOCK_CLOEXEC, SockProtocol::Icmp);
    let raw = lab.on(Side::Near, raw).unwrap().unwrap();
    let to = SockaddrIn::from(SocketAddrV4::new(Side::Far.address(), 0));
    // Echo request, identifier 0x5049, and its number; the length is odd.
    let request = |number: u8| {
        let mut packet = vec![8, 0, 0, 0, 0x50, 0x49, 0, number];
        packet.extend_from_slice(b"is anybody there");
        packet.push(number);
        let sum = packet
            .chunks(2)
            .fold(0_u32, |sum, pair| sum + u32::from(u16::from_be_bytes([pair[0], pair.get(1).copied().unwrap_or(0)])));
        let sum = (sum & 0xFFFF) + (sum >> 16);
        let [.., high, low] = (!((sum & 0xFFFF) + (sum >> 16))).to_be_bytes();
        packet[2..4].copy_from_slice(&[high, low]);
        packet
    };
    for number in 0..5 {
        let request = request(number);
        sendto(raw.as_raw_fd(), &request, &to, MsgFlags::empty()).unwrap();
        let mut buffer = [0; 256];
        let deadline = Instant::now() + PATIENCE;
        let reply = loop {
            port.receive(1, |received| panic!("{received:?}")).unwrap();
            match recv(raw.as_raw_fd(), &mut buffer, MsgFlags::MSG_DONTWAIT) {
                // An answer of ours: type 0, after 20 bytes of IPv4. The kernel has looked at its checksums.
                Ok(len) if buffer[20] == 0 && buffer[24..26] == [0x50, 0x49] => break buffer[20..len].to_vec(),
                _ => assert!(Instant::now() < deadline, "no answer to {number}"),
            }
            std::thread::sleep(Duration::from_micros(100));
        };
        assert_eq!(reply[4..], request[4..], "what was sent comes back");
    }
}
