//! A capture file made of received datagrams, for where capturing is not permitted.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::net::{Ipv4Addr, SocketAddrV4};
use std::path::Path;

/// Microseconds, version 2.4, whole packets, link type IPv4 (228).
const HEADER: [u32; 6] = [0xA1B2_C3D4, 0x0004_0002, 0, 0, 65_535, 228];
const IP_HEADER_LEN: u16 = 20;
const UDP_HEADER_LEN: u16 = 8;
const UDP: u8 = 17;

/// The file; written out when dropped.
pub struct PcapFile(BufWriter<File>);

impl PcapFile {
    /// Begins one.
    pub fn create(path: &Path) -> Self {
        let mut file = Self(BufWriter::new(File::create(path).expect("the test's directory can be written")));
        file.write(&HEADER.map(u32::to_le_bytes).concat());
        file
    }

    /// Adds a datagram. Its time and source are not known and not asked for.
    pub fn push(&mut self, to: SocketAddrV4, payload: &[u8]) {
        let udp_len = UDP_HEADER_LEN + u16::try_from(payload.len()).expect("a datagram");
        let ip_len = IP_HEADER_LEN + udp_len;
        let len = u32::from(ip_len).to_le_bytes();
        self.write(&[[0; 4], [0; 4], len, len].concat());
        // No fragment, one hop; checksums 0, which are not looked at.
        let mut headers = vec![0x45, 0];
        headers.extend(ip_len.to_be_bytes());
        headers.extend([0, 0, 0, 0, 1, UDP, 0, 0]);
        headers.extend(Ipv4Addr::LOCALHOST.octets());
        headers.extend(to.ip().octets());
        headers.extend(to.port().to_be_bytes());
        headers.extend(to.port().to_be_bytes());
        headers.extend(udp_len.to_be_bytes());
        headers.extend([0, 0]);
        self.write(&headers);
        self.write(payload);
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).expect("the test's own file");
    }
}
