//! `[network.uring]`: how an io_uring port is set up.

use super::error::ConfigError;
use super::reader::{Reader, bad_value};
use netio::uring::UringOptions;
use std::ops::RangeInclusive;

const BUFFERS: RangeInclusive<u16> = 16..=1 << 15;
const SLOTS: RangeInclusive<u16> = 16..=1 << 14;
const SQPOLL_EXPECTED: &str = "\"off\", \"any\" or the number of a core, such as \"3\"";
const IDLE_MS: RangeInclusive<u32> = 1..=60_000;
const BUSY_POLL_US: RangeInclusive<u32> = 0..=10_000;

pub(super) fn read(options: &mut UringOptions, mut reader: Reader<'_>) -> Result<(), ConfigError> {
    power_of_two(&mut reader, "receive_buffers", BUFFERS, &mut options.receive_buffers)?;
    power_of_two(&mut reader, "send_slots", SLOTS, &mut options.send_slots)?;
    reader.parsed("sqpoll", SQPOLL_EXPECTED, &mut options.sqpoll)?;
    reader.integer("sqpoll_idle_ms", IDLE_MS, &mut options.sqpoll_idle_ms)?;
    reader.integer("napi_busy_poll_us", BUSY_POLL_US, &mut options.napi_busy_poll_us)?;
    reader.boolean("timestamps", &mut options.timestamps)?;
    reader.finish()
}

fn power_of_two(
    reader: &mut Reader<'_>,
    key: &'static str,
    range: RangeInclusive<u16>,
    field: &mut u16,
) -> Result<(), ConfigError> {
    reader.integer(key, range, field)?;
    match reader.get(key) {
        Some(node) if !field.is_power_of_two() => {
            let expected = format!("a power of two; the next is {}", field.next_power_of_two());
            Err(bad_value(node, &reader.path_of(key), expected))
        }
        _ => Ok(()),
    }
}
