//! One number for everything in the configuration that decides outcomes.
//!
//! Goal: a journal is replayed under the rules it was written under or not at all, on any machine, in any year: the number is
//! the head of a SHA-256 of a text that is spelt out here. Non-goal: what decides no outcome, and so may change between two runs
//! over one journal: placement, addresses, directories, intervals, keys, sizes of stores.

use super::limits::INSTRUMENTS_ADDED;
use super::member::SELF_MATCH_NAMES;
use super::{Config, Session};
use crate::limits::FILLS_PER_COMMAND_MAX;
use crate::rules::{Rules, SelfMatch};
use sha2::{Digest, Sha256};
use std::fmt::Write;

/// The fingerprint of a configuration whose rules are `rules`.
pub(super) fn fingerprint(config: &Config, rules: &Rules) -> u64 {
    let digest = Sha256::digest(canonical_text(config, rules));
    u64::from_be_bytes(digest[..8].try_into().expect("a digest has 32 bytes"))
}

/// The text under the hash, a fact a line. Its first line is raised whenever the meaning of a line changes.
fn canonical_text(config: &Config, rules: &Rules) -> String {
    let mut text = String::from("pinion rules 3\n");
    let mut line = |arguments: std::fmt::Arguments<'_>| {
        text.write_fmt(arguments).expect("a String takes all that is written to it");
        text.push('\n');
    };
    line(format_args!("fills_per_command_max {FILLS_PER_COMMAND_MAX}"));
    line(format_args!("orders_max {}", rules.orders_max));
    line(format_args!("levels_max {}", rules.levels_max));
    line(format_args!("stops_max {}", rules.stops_max));
    // Where it is what it was before there was the key, the text is what it was.
    if config.limits.instruments_added != INSTRUMENTS_ADDED {
        line(format_args!("instruments_added {}", rules.instruments_added));
    }
    for (index, channel) in rules.channels.iter().enumerate() {
        line(format_args!("channel {index} depth {}", channel.depth));
    }
    for one in &rules.instruments {
        let protection = one.market_protection.map_or_else(|| "none".to_owned(), |distance| distance.to_string());
        line(format_args!(
            "instrument {} tick {} lot {} price {} {} quantity_max {} market_protection {protection} channel {}",
            one.symbol, one.tick, one.lot, one.price_min.0, one.price_max.0, one.quantity_max, one.channel.0
        ));
    }
    for (member, rule) in config.members.iter().zip(&rules.members) {
        line(format_args!("member {} self_match {}", member.name, self_match_name(rule.self_match)));
    }
    for (Session { username, .. }, rule) in config.sessions.iter().zip(&rules.sessions) {
        line(format_args!("session {username} member {} open_orders_max {}", rule.member, rule.open_orders_max));
    }
    text
}

fn self_match_name(mode: SelfMatch) -> &'static str {
    SELF_MATCH_NAMES.iter().find(|(_, known)| *known == mode).map_or("unnamed", |(name, _)| name)
}
