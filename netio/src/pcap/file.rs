//! A pcap file in the making.
//!
//! ```text
//!  file:    magic 4 | major 2 | minor 2 | 0 × 8 | longest frame 4 | link type 4
//!  record:  seconds 4 | nanoseconds 4 | kept length 4 | length 4 | frame
//! ```

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::net::{Ipv4Addr, SocketAddrV4};
use std::path::Path;

use crate::ether::{FRAME_MAX, Flow, HEADERS_LEN, MacAddr, TxSums};

/// A pcap file with nanoseconds, into which datagrams go in frames that are made up around them.
#[derive(Debug)]
pub struct PcapFile {
    out: BufWriter<File>,
    frame: Box<[u8; FRAME_MAX]>,
    id: u16,
}

impl PcapFile {
    /// Begins a new file.
    ///
    /// # Errors
    ///
    /// It cannot be created or written.
    pub fn create(path: &Path) -> io::Result<Self> {
        let mut out = BufWriter::with_capacity(1 << 18, File::create(path)?);
        out.write_all(&MAGIC_NANOSECONDS.to_le_bytes())?;
        out.write_all(&[2, 0, 4, 0])?;
        out.write_all(&[0; 8])?;
        out.write_all(&u32::try_from(FRAME_MAX).unwrap_or(u32::MAX).to_le_bytes())?;
        out.write_all(&LINK_TYPE_ETHERNET.to_le_bytes())?;
        // The header is there from the start, so that the file may be followed.
        out.flush()?;
        Ok(Self { out, frame: Box::new([0; FRAME_MAX]), id: 0 })
    }

    /// Adds a datagram in a frame, of a time in nanoseconds since the Unix epoch.
    ///
    /// # Errors
    ///
    /// It is longer than a frame holds, or the file cannot be written.
    pub fn push(&mut self, time_ns: u64, from: SocketAddrV4, to: SocketAddrV4, payload: &[u8]) -> io::Result<()> {
        let flow = Flow { from, from_mac: mac(*from.ip()), to, to_mac: mac(*to.ip()), vlan: None, ttl: 64 };
        self.id = self.id.wrapping_add(1);
        let room = self.frame.get_mut(HEADERS_LEN..HEADERS_LEN + payload.len()).ok_or(io::ErrorKind::InvalidInput)?;
        room.copy_from_slice(payload);
        let len = flow.write_headers(&mut self.frame[..], payload.len(), self.id, TxSums::Ours);
        let len = len.ok_or(io::ErrorKind::InvalidInput)?;
        let (seconds, nanoseconds) = (time_ns / 1_000_000_000, time_ns % 1_000_000_000);
        for field in [seconds, nanoseconds, len as u64, len as u64] {
            self.out.write_all(&u32::try_from(field).unwrap_or(u32::MAX).to_le_bytes())?;
        }
        self.out.write_all(&self.frame[..len])
    }

    /// Hands what was added to the system.
    ///
    /// # Errors
    ///
    /// The file cannot be written.
    pub fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// A hardware address that tells whose it is.
fn mac(address: Ipv4Addr) -> MacAddr {
    if address.is_multicast() {
        return MacAddr::of_group(address);
    }
    let [a, b, c, d] = address.octets();
    MacAddr([0x02, 0x00, a, b, c, d])
}

const MAGIC_NANOSECONDS: u32 = 0xA1B2_3C4D;
const LINK_TYPE_ETHERNET: u32 = 1;
