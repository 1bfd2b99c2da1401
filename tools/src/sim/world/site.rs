//! The configuration of a simulated venue.

use std::fmt::Write as _;
use std::path::Path;

use super::super::plan::Plan;
use engine::config::{Archive, Config, ConfigError};

/// Lines of the tick channel.
pub const LINES: [&str; 2] = ["239.26.40.1:26440", "239.26.40.2:26440"];
/// The same of the depth stream.
const DEPTH_LINES: [&str; 2] = ["239.26.41.1:26450", "239.26.41.2:26450"];

/// Less room than this on the disk keeps new orders out.
pub const FLOOR_BYTES: u64 = 1 << 20;

/// What the plan says, as a configuration. `other` changes a rule that decides outcomes.
///
/// # Errors
/// The plan asks for something that cannot be.
pub fn config(plan: &Plan, dir: &Path, other: bool) -> Result<Config, ConfigError> {
    let own = if other { "newest" } else { "allow" };
    let Plan { heartbeat_ms, timeout_ms, orders_max, hash_interval, .. } = plan;
    let mut text = format!(
        "[network]\norder_entry = \"10.0.0.1:26400\"\nrerequest = \"10.0.0.1:26401\"\n\
         [feed]\nheartbeat_ms = {heartbeat_ms}\n\
         [journal]\nstate_hash_interval_commands = {hash_interval}\n\
         [session_rules]\nheartbeat_ms = {heartbeat_ms}\ntimeout_ms = {timeout_ms}\nrerequest_us = 1000\nchallenge_ms = 5000\n\
         [limits]\norders = {orders_max}\nlevels = {orders_max}\nsession_orders = {orders_max}\nsession_store_messages = 131072\n\
         [snapshot]\ninterval_ms = {}\nkeep = {}\nsession_reports = 65536\n",
        u32::from(plan.snapshot_steps > 0),
        plan.snapshot_keep,
    );
    // Writing to a string does not fail.
    let [a, b] = DEPTH_LINES;
    let [c, d] = LINES;
    let _ = write!(
        text,
        "[[channel]]\nname = \"main\"\ntick_lines = [\"{c}\", \"{d}\"]\ndepth_lines = [\"{a}\", \"{b}\"]\n"
    );
    for number in 0..plan.instruments {
        let _ = write!(text, "[[instrument]]\nsymbol = \"S{number}\"\ntick = \"0.01\"\nlot = 1\n");
    }
    let _ = write!(
        text,
        "[[member]]\nname = \"a\"\nself_match = \"{own}\"\n[[member]]\nname = \"b\"\nself_match = \"oldest\"\n"
    );
    for number in 0..plan.traders {
        let member = if number % 2 == 0 { "a" } else { "b" };
        let key = format!("{:02x}", number + 1).repeat(32);
        let _ = write!(text, "[[session]]\nusername = \"t{number}\"\nmember = \"{member}\"\nkey = \"{key}\"\n");
    }
    let mut config = Config::parse(&text, "the simulation")?;
    config.journal.dir = dir.to_owned();
    config.journal.durability = plan.durability;
    // Less than a configuration may ask for, so that a short run rotates often.
    config.journal.segment_bytes = plan.segment_bytes;
    config.journal.keep_bytes = plan.keep_segments * plan.segment_bytes;
    config.journal.archive = if plan.archives { Archive::Zstd } else { Archive::None };
    config.journal.disk_floor_bytes = FLOOR_BYTES;
    Ok(config)
}
