//! Moving datagrams between two ports, patiently.

use std::net::SocketAddrV4;
use std::thread;
use std::time::{Duration, Instant};

use netio::{EndpointIndex, Outgoing, Port, Received};

pub const FIRST: EndpointIndex = EndpointIndex(0);
/// Far longer than anything here takes; only a failing test waits for it.
pub const PATIENCE: Duration = Duration::from_secs(3);

#[derive(Debug, PartialEq, Eq)]
pub struct Arrived {
    pub endpoint: u8,
    pub from: SocketAddrV4,
    pub payload: Vec<u8>,
}

fn keep(received: Received<'_>) -> Arrived {
    Arrived { endpoint: received.endpoint.0, from: received.from, payload: received.payload.to_vec() }
}

/// Receives until `count` datagrams have come.
pub fn receive(port: &mut impl Port, count: usize) -> Vec<Arrived> {
    let deadline = Instant::now() + PATIENCE;
    let mut arrived = Vec::new();
    while arrived.len() < count && Instant::now() < deadline {
        if port.receive(count - arrived.len(), |received| arrived.push(keep(received))).unwrap() == 0 {
            thread::yield_now();
        }
    }
    arrived
}

/// What they carried.
pub fn payloads(arrived: Vec<Arrived>) -> Vec<Vec<u8>> {
    arrived.into_iter().map(|datagram| datagram.payload).collect()
}

/// Nothing more comes for a while.
pub fn assert_silent(port: &mut impl Port) {
    for _ in 0..20 {
        port.receive(16, |received| panic!("{received:?}")).unwrap();
        thread::sleep(Duration::from_millis(1));
    }
}

/// Sends one datagram, and insists.
pub fn send(port: &mut impl Port, to: SocketAddrV4, payload: &[u8]) {
    send_from(port, FIRST, to, payload);
}

/// The same from another endpoint.
pub fn send_from(port: &mut impl Port, endpoint: EndpointIndex, to: SocketAddrV4, payload: &[u8]) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let taken = port
            .send(1, |buffer| {
                buffer[..payload.len()].copy_from_slice(payload);
                Some(Outgoing { endpoint, to, len: payload.len() })
            })
            .unwrap();
        if taken == 1 {
            return;
        }
        assert!(Instant::now() < deadline, "no room to send");
        thread::yield_now();
    }
}

/// Numbered payloads of many lengths.
pub fn payload_of(number: u32) -> Vec<u8> {
    let len = usize::try_from(number * 37 % 1400).unwrap();
    let mut payload = number.to_be_bytes().to_vec();
    payload.resize(4 + len, number.to_le_bytes()[0]);
    payload
}
