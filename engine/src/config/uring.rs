//! `[network.uring]`: how an io_uring port is set up.

use super::error::ConfigError;
use super::reader::Reader;
use netio::uring::UringOptions;
use std::ops::RangeInclusive;

const BUFFERS: RangeInclusive<u16> = 16..=1 << 15;
const SLOTS: RangeInclusive<u16> = 16..=1 << 14;
const SQPOLL_EXPECTED: &str = "\"off\", \"any\" or the number of a core, such as \"3\"";
const IDLE_MS: RangeInclusive<u32> = 1..=60_000;
const BUSY_POLL_US: RangeInclusive<u32> = 0..=10_000;

pub(super) fn read(options: &mut UringOptions, mut reader: Reader<'_>) -> Result<(), ConfigError> {
    reader.power_of_two("receive_buffers", BUFFERS, &mut options.receive_buffers)?;
    reader.power_of_two("send_slots", SLOTS, &mut options.send_slots)?;
    reader.parsed("sqpoll", SQPOLL_EXPECTED, &mut options.sqpoll)?;
    reader.integer("sqpoll_idle_ms", IDLE_MS, &mut options.sqpoll_idle_ms)?;
    reader.integer("napi_busy_poll_us", BUSY_POLL_US, &mut options.napi_busy_poll_us)?;
    reader.boolean("timestamps", &mut options.timestamps)?;
    reader.finish()
}
