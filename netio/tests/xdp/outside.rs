//! Frames as others see and make them: a raw socket, and tshark, which knows nothing of us.

use std::os::fd::{AsRawFd, OwnedFd};
use std::process::Stdio;
use std::thread;

use netio::PAYLOAD_MAX;
use netio::ether::{Flow, HEADERS_LEN, MacAddr, TxSums};
use netio::lab::excuse;
use nix::ifaddrs::getifaddrs;
use nix::sys::socket::{AddressFamily, MsgFlags, SockFlag, SockProtocol, SockType, bind, socket};

use super::*;

/// Puts frames on the link.
pub struct Raw(OwnedFd);

impl Raw {
    pub fn on(lab: &Lab, device: &str) -> Self {
        let fd = lab.on(Side::Near, || {
            let fd =
                socket(AddressFamily::Packet, SockType::Raw, SockFlag::SOCK_CLOEXEC, SockProtocol::EthAll).unwrap();
            let mut addresses = getifaddrs().unwrap().filter(|one| one.interface_name == device);
            let link = addresses.find_map(|one| one.address?.as_link_addr().copied()).expect("the device");
            bind(fd.as_raw_fd(), &link).unwrap();
            fd
        });
        Self(fd.unwrap())
    }

    pub fn send(&self, frame: &[u8]) {
        assert_eq!(nix::sys::socket::send(self.0.as_raw_fd(), frame, MsgFlags::empty()), Ok(frame.len()));
    }
}

/// A frame to the far side.
pub fn frame_from(mac: [u8; 6], from: SocketAddrV4, to: SocketAddrV4, payload: &[u8]) -> Vec<u8> {
    let (from_mac, to_mac) = (MacAddr(mac), MacAddr(Side::Far.mac()));
    let mut frame = vec![0; HEADERS_LEN + payload.len().max(18)];
    frame[HEADERS_LEN..HEADERS_LEN + payload.len()].copy_from_slice(payload);
    let flow = Flow { from, from_mac, to, to_mac, vlan: None, ttl: 64 };
    let len = flow.write_headers(&mut frame, payload.len(), 0, TxSums::Ours).unwrap();
    frame.truncate(len);
    frame
}

/// Somebody else's decoder takes what leaves for well-formed Ethernet, IPv4 and UDP, with right checksums.
#[test]
fn tshark_finds_nothing_wrong() {
    let Some(lab) = lab(1) else { return };
    if let Err(error) = Command::new("tshark").arg("--version").output() {
        return excuse("tshark", &error);
    }
    let mut port = open(&lab);
    let near = SocketAddrV4::new(Side::Near.address(), 40_000);
    let lengths = [0, 1, 2, 17, 18, 19, 63, 64, 511, 1000, PAYLOAD_MAX - 1, PAYLOAD_MAX];
    let count = lengths.len().to_string();
    let mut command = Command::new("tshark");
    command.args(["-n", "-l", "-i", "near0", "-a", "duration:20", "-c", &count, "-f"]);
    command.arg("udp dst port 40000");
    command.args([
        "-o",
        "ip.check_checksum:TRUE",
        "-o",
        "udp.check_checksum:TRUE",
        "-T",
        "fields",
        "-E",
        "separator=|",
    ]);
    let fields =
        ["eth.src", "ip.src", "ip.dst", "ip.checksum.status", "udp.checksum.status", "udp.length", "ip.flags.df"];
    for field in fields.iter().chain(&["_ws.malformed", "_ws.expert.message"]) {
        command.args(["-e", field]);
    }
    let child = lab.on(Side::Near, || command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()).unwrap();
    // It has begun when the interface is promiscuous.
    let deadline = Instant::now() + PATIENCE * 3;
    while !run(&lab, Side::Near, &["ip", "-d", "link", "show", "near0"]).contains("promiscuity 1") {
        assert!(Instant::now() < deadline, "tshark did not begin");
        thread::sleep(Duration::from_millis(20));
    }
    thread::sleep(Duration::from_millis(50));
    for len in lengths {
        let payload: Vec<u8> = (0..len).map(|at| u8::try_from(at % 251).unwrap()).collect();
        send(&mut port, near, &payload);
    }
    let (stop, ended) = std::sync::mpsc::channel::<()>();
    let poller = thread::spawn(move || {
        while ended.try_recv().is_err() {
            port.receive(16, |_| ()).unwrap();
            thread::sleep(Duration::from_millis(1));
        }
    });
    let output = child.wait_with_output().unwrap();
    stop.send(()).unwrap();
    poller.join().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let mac = MacAddr(Side::Far.mac());
    let expected: Vec<String> =
        lengths.iter().map(|len| format!("{mac}|10.26.40.2|10.26.40.1|1|1|{}|1||", len + 8)).collect();
    // Versions of it differ in how they write a flag.
    let found: Vec<String> = text.lines().map(|line| line.replace("|True|", "|1|")).collect();
    assert_eq!(found, expected, "{}", String::from_utf8_lossy(&output.stderr));
}
