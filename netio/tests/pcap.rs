//! What a capture has in it, and that nobody waits for it.
#![cfg(not(loom))]

use std::fs::File;
use std::io::{PipeReader, Read, pipe};
use std::net::{Ipv4Addr, SocketAddrV4};
use std::os::fd::AsRawFd;
use std::path::Path;
use std::process::Command;

use netio::lab::excuse;
use netio::memory::MemoryPort;
use netio::pcap::PcapPort;
use netio::{Endpoint, EndpointIndex, Outgoing, Port};

const FIRST: EndpointIndex = EndpointIndex(0);
const OURS: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(10, 1, 2, 3), 26_400);
const THEIRS: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(10, 1, 2, 4), 40_000);
const GROUP: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(239, 26, 40, 1), 26_440);

fn pair(path: &Path) -> (PcapPort<MemoryPort>, MemoryPort) {
    let theirs = [Endpoint::unicast(THEIRS), Endpoint::multicast(*GROUP.ip(), GROUP.port(), *THEIRS.ip())];
    let (port, peer) = MemoryPort::pair(&[Endpoint::unicast(OURS)], &theirs, 64).unwrap();
    (PcapPort::create(port, 1, path).unwrap(), peer)
}

fn send(port: &mut impl Port, to: SocketAddrV4, payload: &[u8]) -> usize {
    port.send(1, |buffer| {
        buffer[..payload.len()].copy_from_slice(payload);
        Some(Outgoing { endpoint: FIRST, to, len: payload.len() })
    })
    .unwrap()
}

/// An exchange of four datagrams, the last of which cannot be sent.
fn exchange(path: &Path) {
    let (mut port, mut peer) = pair(path);
    send(&mut peer, OURS, b"an order");
    assert_eq!(port.receive(4, |_| ()).unwrap(), 1);
    send(&mut port, THEIRS, b"a report of odd length!");
    send(&mut port, GROUP, b"");
    port.send(1, |_| Some(Outgoing { endpoint: FIRST, to: THEIRS, len: netio::PAYLOAD_MAX + 1 })).unwrap();
    assert_eq!(peer.receive(4, |_| ()).unwrap(), 2);
    let captured = port.captured().expect("it captures");
    drop(port);
    assert_eq!((captured.written(), captured.missed()), (3, 0));
}

#[test]
fn a_file_has_what_passed_with_its_time() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("passed.pcap");
    let now = || std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let begin = now();
    exchange(&path);
    let end = now();
    let mut bytes = Vec::new();
    File::open(&path).unwrap().read_to_end(&mut bytes).unwrap();
    let word = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
    assert_eq!((word(0), word(4), word(20)), (0xA1B2_3C4D, 0x0004_0002, 1));
    let mut at = 24;
    let mut last = begin;
    for (from, to, payload) in
        [(THEIRS, OURS, &b"an order"[..]), (OURS, THEIRS, b"a report of odd length!"), (OURS, GROUP, b"")]
    {
        let time = std::time::Duration::new(u64::from(word(at)), word(at + 4));
        assert!(last <= time && time <= end, "{last:?}, {time:?}, {end:?}");
        last = time;
        let len = usize::try_from(word(at + 8)).unwrap();
        assert_eq!(usize::try_from(word(at + 12)).unwrap(), len);
        let frame = &bytes[at + 16..at + 16 + len];
        assert_eq!(frame[26..30], from.ip().octets());
        assert_eq!(frame[30..34], to.ip().octets());
        assert_eq!(frame[34..38], [from.port().to_be_bytes(), to.port().to_be_bytes()].concat());
        assert_eq!(frame[42..42 + payload.len()], *payload);
        assert_eq!(len, (42 + payload.len()).max(60), "filled up to the least of Ethernet, and no further");
        at += 16 + len;
    }
    assert_eq!(at, bytes.len());
}

#[test]
fn tshark_reads_it_and_has_nothing_to_complain_of() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("passed.pcap");
    exchange(&path);
    let mut command = Command::new("tshark");
    command.args(["-n", "-o", "ip.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE", "-r"]).arg(&path);
    command.args(["-T", "fields", "-E", "separator=|"]);
    for field in ["ip.src", "ip.dst", "udp.dstport", "udp.length", "ip.checksum.status", "udp.checksum.status"] {
        command.args(["-e", field]);
    }
    let output = match command.args(["-e", "_ws.malformed"]).output() {
        Ok(output) => output,
        Err(error) => return excuse("tshark", &error),
    };
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let expected =
        ["10.1.2.4|10.1.2.3|26400|16|1|1|", "10.1.2.3|10.1.2.4|40000|31|1|1|", "10.1.2.3|239.26.40.1|26440|8|1|1|"];
    assert_eq!(said.lines().collect::<Vec<_>>(), expected);
}

#[test]
fn a_file_that_takes_nothing_holds_nobody_up() {
    const COUNT: u64 = 8_000;
    let (mut reader, writer): (PipeReader, _) = pipe().unwrap();
    let (mut port, mut peer) = pair(Path::new(&format!("/proc/self/fd/{}", writer.as_raw_fd())));
    drop(writer);
    let payload = [7; 1000];
    for _ in 0..COUNT {
        assert_eq!(send(&mut port, THEIRS, &payload), 1);
        assert_eq!(peer.receive(4, |_| ()).unwrap(), 1);
    }
    let captured = port.captured().unwrap();
    assert!(captured.missed() > COUNT / 4, "a pipe and the ring hold far fewer: {captured}");
    // The writer finishes when it can.
    let draining = std::thread::spawn(move || reader.read_to_end(&mut Vec::new()).unwrap());
    drop(port);
    let len = draining.join().unwrap();
    assert_eq!(captured.written() + captured.missed(), COUNT);
    assert_eq!(u64::try_from(len).unwrap(), 24 + captured.written() * (16 + 42 + 1000));
}

#[test]
fn a_file_that_cannot_be_is_refused() {
    let pair = || MemoryPort::pair(&[Endpoint::unicast(OURS)], &[Endpoint::unicast(THEIRS)], 64).unwrap().0;
    let error = PcapPort::create(pair(), 1, Path::new("/proc/no/such.pcap")).unwrap_err();
    assert!(error.to_string().contains("/proc/no/such.pcap"), "{error}");
    let error = PcapPort::create(pair(), 1, Path::new("/dev/full")).unwrap_err();
    assert!(error.to_string().contains("No space left"), "{error}");
}
