//! What must hold between values that are each right for themselves.
//!
//! Goal: what the rest of the appliance may rely on, so that it asserts and does not ask again. Non-goal: single values.

use super::error::{ConfigError, Place};
use super::{AlertWhat, Config, DEPTH_PRICE_MAX, Instrument};
use crate::limits::INSTRUMENTS_MAX;
use std::collections::BTreeSet;
use std::net::SocketAddrV4;
use wire::feed::CHANNELS_MAX;

/// Members and sessions are numbered in 16 bits.
pub const MEMBERS_MAX: usize = 65_535;
/// Each session has a store of its own.
pub const SESSIONS_MAX: usize = 4_096;
/// The journal's helper threads.
const HELPERS: usize = 2;
/// Lines A and B.
const LINES_MAX: usize = 2;

/// A rule that is broken: key, expected, found.
struct Breach(String, String, String);

/// Checks all relations.
pub(super) fn check(config: &Config, origin: &str) -> Result<(), ConfigError> {
    [topology, addresses, channels, retention, sessions_clock, limits, instruments, members, sessions, alerts]
        .iter()
        .try_for_each(|rule| {
            rule(config).map_err(|Breach(key, expected, found)| ConfigError::BadValue {
                place: Place::Whole { origin: origin.into() },
                key,
                expected,
                found,
            })
        })
}

fn breach(key: impl Into<String>, expected: impl Into<String>, found: impl Into<String>) -> Result<(), Breach> {
    Err(Breach(key.into(), expected.into(), found.into()))
}

/// The position and name of the first one that stands twice.
fn duplicate<K: Ord>(keys: impl Iterator<Item = K>) -> Option<(usize, K)> {
    let mut seen = BTreeSet::new();
    keys.enumerate().find_map(|(index, key)| {
        if seen.contains(&key) {
            return Some((index, key));
        }
        seen.insert(key);
        None
    })
}

fn counted(key: &str, count: usize, max: usize) -> Result<(), Breach> {
    if (1..=max).contains(&count) {
        return Ok(());
    }
    breach(key, format!("1 to {max} entries"), count.to_string())
}

fn topology(config: &Config) -> Result<(), Breach> {
    let topology = &config.topology;
    let (threads, pins) = (topology.threads.len(), topology.pin.len());
    if pins != 0 && pins != threads {
        let expected = format!("one core for each of the {threads} threads, or [] to leave all unpinned");
        return breach("topology.pin", expected, format!("{pins} cores"));
    }
    if topology.helpers.len() > HELPERS {
        let expected = "one or two cores, journal-sync's and journal-prepare's, or []";
        return breach("topology.helpers", expected, format!("{} cores", topology.helpers.len()));
    }
    match duplicate(topology.pin.iter()) {
        Some((_, core)) => breach("topology.pin", "each core once", format!("core {core} twice")),
        None => Ok(()),
    }
}

fn addresses(config: &Config) -> Result<(), Breach> {
    let network = &config.network;
    let not_unicast = |address: &SocketAddrV4| address.ip().is_multicast() || address.ip().is_broadcast();
    for (key, address) in [("network.order_entry", network.order_entry), ("network.rerequest", network.rerequest)] {
        if not_unicast(&address) {
            return breach(key, "an address of this machine", address.to_string());
        }
    }
    if network.order_entry == network.rerequest && network.order_entry.port() != 0 {
        let expected = "an address other than network.order_entry, for the port tells requests from orders";
        return breach("network.rerequest", expected, network.rerequest.to_string());
    }
    Ok(())
}

fn channels(config: &Config) -> Result<(), Breach> {
    let channels = &config.channels;
    counted("channel", channels.len(), CHANNELS_MAX)?;
    if let Some((index, name)) = duplicate(channels.iter().map(|channel| &channel.name)) {
        return breach(format!("channel[{index}].name"), "each name once", format!("'{name}' twice"));
    }
    let mut groups = BTreeSet::new();
    for (index, channel) in channels.iter().enumerate() {
        for (key, lines) in [("tick_lines", &channel.tick_lines), ("depth_lines", &channel.depth_lines)] {
            let key = format!("channel[{index}].{key}");
            if lines.len() > LINES_MAX {
                return breach(key, format!("at most {LINES_MAX} lines"), lines.len().to_string());
            }
            // Also through two interfaces: whoever joins a group hears all that goes to it.
            if let Some(line) = lines.iter().find(|line| !groups.insert(line.group)) {
                let expected = "each group and port once, over all channels";
                return breach(key, expected, format!("{} twice", line.group));
            }
        }
    }
    Ok(())
}

fn retention(config: &Config) -> Result<(), Breach> {
    let keep_bytes = config.journal.keep_bytes;
    if keep_bytes > 0 && config.snapshot.interval_ms == 0 {
        let expected = "0, for without snapshots (snapshot.interval_ms = 0) a start needs every segment";
        return breach("journal.keep_bytes", expected, keep_bytes.to_string());
    }
    Ok(())
}

fn sessions_clock(config: &Config) -> Result<(), Breach> {
    let rules = &config.session_rules;
    // One lost heartbeat must not kill a session.
    let least = rules.heartbeat_ms.saturating_mul(2);
    if rules.timeout_ms < least {
        let expected = format!("at least {least}, twice session_rules.heartbeat_ms");
        return breach("session_rules.timeout_ms", expected, rules.timeout_ms.to_string());
    }
    Ok(())
}

fn limits(config: &Config) -> Result<(), Breach> {
    let limits = &config.limits;
    if limits.session_orders > limits.orders {
        let expected = format!("at most limits.orders, {}", limits.orders);
        return breach("limits.session_orders", expected, limits.session_orders.to_string());
    }
    if limits.levels > limits.orders {
        let expected = format!("at most limits.orders, {}, for a level holds an order at least", limits.orders);
        return breach("limits.levels", expected, limits.levels.to_string());
    }
    if limits.stops() > limits.orders {
        let expected = format!("at most limits.orders, {}, for an order that waits is one", limits.orders);
        return breach("limits.stops", expected, limits.stops().to_string());
    }
    Ok(())
}

fn instruments(config: &Config) -> Result<(), Breach> {
    let instruments = &config.instruments;
    counted("instrument", instruments.len(), INSTRUMENTS_MAX)?;
    if let Some((index, symbol)) = duplicate(instruments.iter().map(|instrument| instrument.symbol)) {
        return breach(format!("instrument[{index}].symbol"), "each symbol once", format!("'{symbol}' twice"));
    }
    instruments.iter().enumerate().try_for_each(|(index, instrument)| one_instrument(config, index, instrument))
}

fn one_instrument(config: &Config, index: usize, instrument: &Instrument) -> Result<(), Breach> {
    let key = |name: &str| format!("instrument[{index}].{name}");
    if let Some(id) = instrument.id
        && usize::try_from(id) != Ok(index)
    {
        return breach(key("id"), format!("{index}, its position, which is its symbol_id"), id.to_string());
    }
    let tick = instrument.tick;
    for (name, price) in [("price_min", instrument.price_min), ("price_max", instrument.price_max)] {
        if let Some(price) = price.filter(|price| price.0 % tick.0 != 0) {
            return breach(key(name), format!("a multiple of the tick, {tick}"), price.to_string());
        }
    }
    if let Some(distance) = instrument.market_protection.filter(|distance| distance.0 % tick.0 != 0) {
        return breach(key("market_protection"), format!("a multiple of the tick, {tick}"), distance.to_string());
    }
    let Some(channel) = config.channel_position(instrument) else {
        let names: Vec<&str> = config.channels.iter().map(|channel| channel.name.as_str()).collect();
        let found = instrument.channel.as_deref().unwrap_or_default();
        return breach(
            key("channel"),
            format!("the name of a [[channel]] ({})", names.join(", ")),
            format!("'{found}'"),
        );
    };
    let (lowest, highest) = config.price_bounds(instrument);
    if highest > config.limits.price_max {
        return breach(
            key("price_max"),
            format!("at most limits.price_max, {}", config.limits.price_max),
            highest.to_string(),
        );
    }
    if config.channel_has_depth(channel) && highest > DEPTH_PRICE_MAX {
        let name = &config.channels[usize::from(channel.0)].name;
        let expected = format!(
            "at most {DEPTH_PRICE_MAX}, for the depth of channel '{name}' cannot say more; or publish it on a channel without depth_lines"
        );
        return breach(key("price_max"), expected, highest.to_string());
    }
    if lowest > highest {
        return breach(key("price_min"), format!("at most the highest price, {highest}"), lowest.to_string());
    }
    if instrument.lot > config.limits.quantity_max.0 {
        let expected = format!("at most limits.quantity_max, {}", config.limits.quantity_max);
        return breach(key("lot"), expected, instrument.lot.to_string());
    }
    Ok(())
}

fn members(config: &Config) -> Result<(), Breach> {
    counted("member", config.members.len(), MEMBERS_MAX)?;
    match duplicate(config.members.iter().map(|member| &member.name)) {
        Some((index, name)) => breach(format!("member[{index}].name"), "each name once", format!("'{name}' twice")),
        None => Ok(()),
    }
}

fn sessions(config: &Config) -> Result<(), Breach> {
    let sessions = &config.sessions;
    counted("session", sessions.len(), SESSIONS_MAX)?;
    if let Some((index, name)) = duplicate(sessions.iter().map(|session| &session.username)) {
        return breach(format!("session[{index}].username"), "each username once", format!("'{name}' twice"));
    }
    sessions.iter().enumerate().try_for_each(|(index, session)| match config.member_position(&session.member) {
        Some(_) => Ok(()),
        None => {
            let names: Vec<&str> = config.members.iter().take(8).map(|member| member.name.as_str()).collect();
            let expected = format!(
                "the name of a [[member]] ({}); a configuration with members of its own needs sessions of its own",
                names.join(", ")
            );
            breach(format!("session[{index}].member"), expected, format!("'{}'", session.member))
        }
    })
}

fn alerts(config: &Config) -> Result<(), Breach> {
    if let Some((index, name)) = duplicate(config.alert_rules.iter().map(|rule| &rule.name)) {
        return breach(format!("alert[{index}].name"), "each name once", format!("'{name}' twice"));
    }
    for (index, rule) in config.alert_rules.iter().enumerate() {
        if let Some(key) = rule.what.limit_key().filter(|_| rule.limit == 0) {
            let expected = format!("{key}, for what = \"{}\" needs it", rule.what.name());
            return breach(format!("alert[{index}]"), expected, "no such key");
        }
        let of_session = matches!(rule.what, AlertWhat::SessionLost | AlertWhat::RateAbove) && !rule.of.is_empty();
        if of_session && !config.sessions.iter().any(|session| session.username == rule.of) {
            return breach(format!("alert[{index}].of"), "the username of a session", format!("'{}'", rule.of));
        }
    }
    Ok(())
}
