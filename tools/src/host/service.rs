//! The part of the systemd unit that depends on the machine and the topology.
//!
//! Goal: the threads that are not pinned start off the tiles' cores, and memory comes from the node of the card. Non-goal: the tiles and the
//! journal's helpers, which go to their cores themselves, whatever the unit says.

use super::needs::Needs;
use netio::cpu::CoreList;
use std::fmt::Write;

/// A drop-in file.
#[must_use]
pub fn drop_in(needs: &Needs) -> String {
    let mut text = String::from(
        "# Made by `pinion host service` for this machine and topology; make it again when one of them changes.\n[Service]\n",
    );
    let mut line = |arguments: std::fmt::Arguments<'_>| {
        writeln!(text, "{arguments}").expect("a String takes all that is written to it");
    };
    if needs.tile_cores.is_empty() {
        line(format_args!("# The topology pins no tile to a core."));
    } else if needs.others.is_empty() {
        line(format_args!("# Tiles have all cores of this machine."));
    } else {
        line(format_args!("# Cores {} belong to tiles.", needs.tiles()));
        line(format_args!("CPUAffinity={}", CoreList::from(needs.others.as_slice())));
    }
    if let Some(node) = needs.node {
        line(format_args!("NUMAPolicy=bind"));
        line(format_args!("NUMAMask={node}"));
    }
    text
}
