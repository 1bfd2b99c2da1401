//! What a capture file says of an interface: its link type, and what its time stamps count.
//!
//! Goal: nanoseconds since the Unix epoch from any resolution. Non-goal: time zones; both formats count UTC.

use pcap_parser::pcapng::InterfaceDescriptionBlock;
use pcap_parser::{IDB_MAGIC, Linktype, PcapHeader};
use wire::Nanos;

/// An interface of a capture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Interface {
    pub link: Linktype,
    /// Units in a second.
    per_second: u64,
    /// Added to every time stamp.
    offset_s: i64,
}

impl Interface {
    pub(super) fn of_pcap(header: &PcapHeader) -> Self {
        let per_second = if header.is_nanosecond_precision() { Nanos::PER_SECOND } else { 1_000_000 };
        // The upper bits tell of a frame check sequence, which the length in the IPv4 header leaves off anyway.
        Self { link: Linktype(header.network.0 & 0xFFFF), per_second, offset_s: 0 }
    }

    pub(super) fn of_pcapng(description: &InterfaceDescriptionBlock<'_>) -> Self {
        let per_second = match description.if_tsresol {
            power @ 0..=19 => 10_u64.pow(u32::from(power)),
            power @ 0x80..=0xBF => 1 << (power & 0x3F),
            // Finer than 64 bits can count: no capture has it.
            _ => 1_000_000,
        };
        // The crate reads the offset in the order of this machine's files, whatever the section's.
        let swapped = description.block_type != IDB_MAGIC;
        let offset_s = if swapped { description.if_tsoffset.swap_bytes() } else { description.if_tsoffset };
        Self { link: description.linktype, per_second, offset_s }
    }

    /// The time of a pcap record.
    pub(super) fn pcap_time(self, seconds: u32, fraction: u32) -> Option<Nanos> {
        self.time(u64::from(seconds).checked_mul(self.per_second)?.checked_add(u64::from(fraction))?)
    }

    /// The time that a stamp in this interface's units means; `None` outside of what 64 bits of nanoseconds hold.
    pub(super) fn time(self, stamp: u64) -> Option<Nanos> {
        let whole_s = i128::from(stamp / self.per_second) + i128::from(self.offset_s);
        let fraction_ns =
            u128::from(stamp % self.per_second) * u128::from(Nanos::PER_SECOND) / u128::from(self.per_second);
        let time = whole_s * i128::from(Nanos::PER_SECOND) + i128::try_from(fraction_ns).ok()?;
        u64::try_from(time).ok().map(Nanos)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_resolution_comes_to_nanoseconds() {
        let interface = |per_second, offset_s| Interface { link: Linktype::ETHERNET, per_second, offset_s };
        assert_eq!(interface(1_000_000, 0).pcap_time(7, 9), Some(Nanos(7_000_009_000)));
        assert_eq!(interface(Nanos::PER_SECOND, 0).pcap_time(7, 9), Some(Nanos(7_000_000_009)));
        assert_eq!(interface(1_000, 0).time(1_234), Some(Nanos(1_234_000_000)));
        assert_eq!(interface(1, 0).time(1_234), Some(Nanos(1_234_000_000_000)));
        assert_eq!(interface(1 << 10, 0).time(1 << 9), Some(Nanos(500_000_000)));
        assert_eq!(interface(1 << 63, 0).time(1 << 62), Some(Nanos(500_000_000)));
        assert_eq!(interface(10_u64.pow(19), 0).time(5 * 10_u64.pow(18)), Some(Nanos(500_000_000)));
        assert_eq!(interface(1_000_000, 3).time(1), Some(Nanos(3_000_001_000)));
        assert_eq!(interface(1_000_000, -3).time(4_000_000), Some(Nanos(1_000_000_000)));
        assert_eq!(interface(1_000_000, -3).time(1), None, "before 1970");
        assert_eq!(interface(1, 0).time(u64::MAX), None, "after 2554");
    }
}
