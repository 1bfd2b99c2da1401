//! `[network.dpdk]`: how a DPDK port is set up. The keys are known in every build, so that one file serves all.

use super::error::ConfigError;
use super::reader::{Reader, bad_value, integer, text};
use super::tree::Node;
use netio::dpdk::{DpdkLog, DpdkOptions};
use std::net::Ipv4Addr;
use std::ops::RangeInclusive;

const LOGS: [(&str, DpdkLog); 4] =
    [("error", DpdkLog::Error), ("warning", DpdkLog::Warning), ("info", DpdkLog::Info), ("debug", DpdkLog::Debug)];
const MEMORY_MIB: RangeInclusive<u32> = 16..=1 << 20;
const FRAMES: RangeInclusive<u32> = 512..=1 << 22;
const DESCRIPTORS: RangeInclusive<u16> = 64..=8192;
const VLAN: RangeInclusive<u16> = 0..=4094;
/// More cores than any machine has that this will run on.
const CORE_MAX: usize = 4_095;

pub(super) fn read(options: &mut DpdkOptions, mut reader: Reader<'_>) -> Result<(), ConfigError> {
    reader.checked("device", "the name of a device, or \"\"", |text| Some(text.to_owned()), &mut options.device)?;
    let address = |text: &str| text.parse::<Ipv4Addr>().ok();
    reader.optional("address", "an IPv4 address, or \"\"", address, &mut options.address)?;
    reader.integer_or_none("prefix_bits", 0..=32, &mut options.prefix_bits)?;
    reader.optional("gateway", "an IPv4 address, or \"\"", address, &mut options.gateway)?;
    reader.integer_or_none("vlan", VLAN, &mut options.vlan)?;
    reader.boolean("huge_pages", &mut options.huge_pages)?;
    reader.integer("memory_mib", MEMORY_MIB, &mut options.memory_mib)?;
    reader.integer("frames", FRAMES, &mut options.frames)?;
    reader.power_of_two("descriptors", DESCRIPTORS, &mut options.descriptors)?;
    let core = |node: &Node, path: &str| integer(node, path, &(0..=CORE_MAX));
    reader.list("cores", "a list of core numbers, or []", core, &mut options.cores)?;
    reader.choice("log", &LOGS, &mut options.log)?;
    let argument = |node: &Node, path: &str| {
        text(node).map(str::to_owned).ok_or_else(|| bad_value(node, path, "an argument in quotes".to_owned()))
    };
    reader.list("eal_arguments", "a list of arguments, or []", argument, &mut options.eal_arguments)?;
    reader.finish()
}
