//! `[feed]`: what subscribers may ask for, and how much of it.
//!
//! None of it decides an outcome: what is answered follows from the journal.

use super::error::ConfigError;
use super::network::ADDRESS_EXPECTED;
use super::reader::{Reader, bad_value, text};
use std::net::{Ipv4Addr, SocketAddrV4};
use std::ops::RangeInclusive;
use std::str::FromStr;

/// Re-requests, snapshots and the message store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answers {
    /// Where messages are asked for again; `None`: nowhere.
    pub rerequest: Option<SocketAddrV4>,
    /// Where the present state is asked for; `None`: nowhere.
    pub snapshot: Option<SocketAddrV4>,
    /// Networks whose addresses nobody else can forge.
    pub trusted: Vec<Trusted>,
    /// How long a login proves an address, s.
    pub proof_s: u32,
    /// The most packets in answer to one request.
    pub rerequest_packets_max: u16,
    /// How many addresses have a quota that is remembered.
    pub rerequest_askers_max: u32,
    /// Requests of one address, a second.
    pub rerequest_asker_requests_per_s: u32,
    /// Bytes to one address, a second.
    pub rerequest_asker_bytes_per_s: u64,
    /// Bytes to all, a second.
    pub rerequest_bytes_per_s: u64,
    /// Connections to the snapshot server.
    pub snapshot_connections_max: u16,
    /// Those from one address.
    pub snapshot_address_connections_max: u16,
    /// How old a state may be that is given to somebody, ms.
    pub snapshot_max_age_ms: u32,
    /// How long a connection may stand still, ms.
    pub snapshot_stall_ms: u32,
    /// Bytes of a file of the message store.
    pub store_file_bytes: u32,
}

impl Default for Answers {
    fn default() -> Self {
        let here = |port| Some(SocketAddrV4::new(Ipv4Addr::LOCALHOST, port));
        Self {
            rerequest: here(26_460),
            snapshot: here(26_461),
            trusted: vec![Trusted { ip: Ipv4Addr::new(127, 0, 0, 0), prefix: 8 }],
            proof_s: 300,
            rerequest_packets_max: 64,
            rerequest_askers_max: 1_024,
            rerequest_asker_requests_per_s: 10_000,
            rerequest_asker_bytes_per_s: 50_000_000,
            rerequest_bytes_per_s: 200_000_000,
            snapshot_connections_max: 32,
            snapshot_address_connections_max: 8,
            snapshot_max_age_ms: 250,
            snapshot_stall_ms: 10_000,
            store_file_bytes: 16 << 20,
        }
    }
}

const BYTES_PER_S: RangeInclusive<u64> = 1_500..=10_000_000_000;
const STORE_FILE_ALIGN: u32 = 4_096;

impl Answers {
    /// Whether anybody can be answered.
    #[must_use]
    pub const fn is_any(&self) -> bool {
        self.rerequest.is_some() || self.snapshot.is_some()
    }

    pub(super) fn read(&mut self, reader: &mut Reader<'_>) -> Result<(), ConfigError> {
        let address = |text: &str| text.parse().ok();
        reader.optional("rerequest", ADDRESS_EXPECTED, address, &mut self.rerequest)?;
        reader.optional("snapshot", ADDRESS_EXPECTED, address, &mut self.snapshot)?;
        let network = |node: &_, path: &str| {
            let read = text(node).and_then(|text| text.parse().ok());
            read.ok_or_else(|| bad_value(node, path, Trusted::EXPECTED.to_owned()))
        };
        reader.list("trusted", "a list of networks such as [\"127.0.0.0/8\"]", network, &mut self.trusted)?;
        reader.integer("proof_s", 1..=86_400, &mut self.proof_s)?;
        reader.integer("rerequest_packets_max", 1..=1_024, &mut self.rerequest_packets_max)?;
        reader.integer("rerequest_askers_max", 8..=1 << 20, &mut self.rerequest_askers_max)?;
        reader.integer("rerequest_asker_requests_per_s", 1..=1_000_000, &mut self.rerequest_asker_requests_per_s)?;
        reader.integer("rerequest_asker_bytes_per_s", BYTES_PER_S, &mut self.rerequest_asker_bytes_per_s)?;
        reader.integer("rerequest_bytes_per_s", BYTES_PER_S, &mut self.rerequest_bytes_per_s)?;
        reader.integer("snapshot_connections_max", 1..=1_024, &mut self.snapshot_connections_max)?;
        reader.integer("snapshot_address_connections_max", 1..=1_024, &mut self.snapshot_address_connections_max)?;
        reader.integer("snapshot_max_age_ms", 0..=60_000, &mut self.snapshot_max_age_ms)?;
        reader.integer("snapshot_stall_ms", 100..=600_000, &mut self.snapshot_stall_ms)?;
        reader.integer("store_file_bytes", 65_536..=1 << 30, &mut self.store_file_bytes)?;
        match reader.get("store_file_bytes") {
            Some(node) if !self.store_file_bytes.is_multiple_of(STORE_FILE_ALIGN) => {
                let expected = format!("a multiple of {STORE_FILE_ALIGN}");
                Err(bad_value(node, &reader.path_of("store_file_bytes"), expected))
            }
            _ => Ok(()),
        }
    }
}

/// A network: all addresses with the same first bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trusted {
    /// Its first address.
    pub ip: Ipv4Addr,
    /// How many bits its addresses have in common.
    pub prefix: u8,
}

impl Trusted {
    const EXPECTED: &'static str =
        "a network by its first address and the number of bits that count, such as \"10.1.0.0/16\"";

    /// Whether an address is one of it.
    #[must_use]
    pub fn contains(&self, ip: u32) -> bool {
        (ip ^ self.ip.to_bits()) & Self::mask(self.prefix) == 0
    }

    fn mask(prefix: u8) -> u32 {
        u32::MAX.checked_shl(32 - u32::from(prefix.min(32))).unwrap_or(0)
    }
}

impl FromStr for Trusted {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (ip, prefix) = text.split_once('/').ok_or(())?;
        let (ip, prefix): (Ipv4Addr, u8) = (ip.parse().map_err(drop)?, prefix.parse().map_err(drop)?);
        let is_first = prefix <= 32 && ip.to_bits() & !Self::mask(prefix) == 0;
        is_first.then_some(Self { ip, prefix }).ok_or(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_are_read_and_hold_their_addresses() {
        let net = |text: &str| text.parse::<Trusted>();
        let ten: Trusted = net("10.1.0.0/16").expect("a network");
        let has = |net: &Trusted, ip: [u8; 4]| net.contains(Ipv4Addr::from(ip).to_bits());
        assert!(has(&ten, [10, 1, 0, 0]) && has(&ten, [10, 1, 255, 255]));
        assert!(!has(&ten, [10, 2, 0, 0]) && !has(&ten, [11, 1, 0, 0]));
        assert!(net("0.0.0.0/0").is_ok_and(|all| has(&all, [8, 8, 8, 8])));
        assert!(net("1.2.3.4/32").is_ok_and(|one| has(&one, [1, 2, 3, 4]) && !has(&one, [1, 2, 3, 5])));
        for wrong in ["10.1.0.0", "10.1.0.1/16", "10.1.0.0/33", "10.1/16", "", "x/8"] {
            assert!(net(wrong).is_err(), "{wrong}");
        }
    }
}
