//! `[network.xdp]`: how an AF_XDP port is set up.

use super::error::ConfigError;
use super::reader::Reader;
use netio::xdp::{XdpMode, XdpOptions};
use std::ops::RangeInclusive;

const MODES: [(&str, XdpMode); 3] =
    [("auto", XdpMode::Auto), ("native", XdpMode::Native), ("generic", XdpMode::Generic)];
const VLAN: RangeInclusive<u16> = 0..=4094;
const RECEIVE_SLOTS: RangeInclusive<u32> = 64..=32_768;
const TRANSMIT_SLOTS: RangeInclusive<u32> = 512..=32_768;
const BUSY_POLL_US: RangeInclusive<u32> = 0..=10_000;

pub(super) fn read(options: &mut XdpOptions, mut reader: Reader<'_>) -> Result<(), ConfigError> {
    reader.choice("mode", &MODES, &mut options.mode)?;
    reader.boolean("copy", &mut options.copy)?;
    reader.integer_or_none("vlan", VLAN, &mut options.vlan)?;
    reader.power_of_two("receive_slots", RECEIVE_SLOTS, &mut options.receive_slots)?;
    reader.power_of_two("transmit_slots", TRANSMIT_SLOTS, &mut options.transmit_slots)?;
    reader.power_of_two("frame_bytes", 2048..=4096, &mut options.frame_bytes)?;
    reader.integer("busy_poll_us", BUSY_POLL_US, &mut options.busy_poll_us)?;
    reader.finish()
}
