//! The fingerprint follows what decides outcomes and nothing else.

use engine::config::Config;
use std::collections::BTreeSet;

fn with(key: &str, value: &str) -> u64 {
    let overrides = [(key.to_owned(), value.to_owned())];
    Config::default().with_overrides(&overrides).unwrap_or_else(|error| panic!("{error}")).fingerprint()
}

#[test]
fn it_is_the_same_on_every_machine() {
    // A change of this number makes every existing journal unreadable: it is meant to be changed with a reason only.
    assert_eq!(format!("{:016x}", Config::default().fingerprint()), "b29059fb440b2063");
}

#[test]
fn every_rule_changes_it() {
    let rules = [
        ("limits.orders", "1048577"),
        ("limits.levels", "262143"),
        ("limits.stops", "262143"),
        ("limits.price_max", "999"),
        ("limits.quantity_max", "5"),
        ("limits.session_orders", "5"),
        ("instrument.0.symbol", "OTHER"),
        ("instrument.1.tick", "0.01"),
        ("instrument.2.tick", "0.01"),
        ("instrument.0.lot", "10"),
        ("instrument.0.price_min", "0.01"),
        ("instrument.0.price_max", "5"),
        ("instrument.0.market_protection", "5"),
        ("member.0.name", "gamma"),
        ("member.0.self_match", "newest"),
        ("member.1.self_match", "newest"),
        ("member.1.self_match", "oldest"),
        ("member.1.self_match", "both"),
        ("member.1.self_match", "decrement"),
        ("session.0.username", "trader9"),
        ("session.1.member", "alpha"),
        // Whether there is a depth stream; with it, an instrument without bounds of its own gets others.
        ("channel.0.depth_lines", "[]"),
    ];
    let mut seen = BTreeSet::from([Config::default().fingerprint()]);
    for (key, value) in rules {
        if key == "member.0.name" {
            // Sessions refer to it, so both change together.
            let pairs = [(key.to_owned(), value.to_owned()), ("session.0.member".to_owned(), value.to_owned())];
            let config = Config::default().with_overrides(&pairs).unwrap_or_else(|error| panic!("{error}"));
            assert!(seen.insert(config.fingerprint()), "{key}");
            continue;
        }
        assert!(seen.insert(with(key, value)), "{key}={value} does not change the fingerprint");
    }
}

#[test]
fn nothing_else_changes_it() {
    let default = Config::default().fingerprint();
    for (key, value) in [
        ("appliance.name", "other"),
        ("topology.cores", "4"),
        ("topology.wait", "spin"),
        ("network.port", "socket"),
        ("network.order_entry", "127.0.0.1:1"),
        ("network.faults", "drop=1%"),
        ("channel.0.name", "other"),
        ("channel.0.tick_lines", "['239.1.1.1:5']"),
        ("channel.0.depth_lines", "['239.1.1.1:5@10.0.0.1']"),
        ("feed.heartbeat_ms", "5"),
        ("journal.dir", "elsewhere"),
        ("journal.durability", "mapped"),
        ("journal.state_hash_interval_commands", "5"),
        ("journal.keep_bytes", "5"),
        ("journal.archive", "none"),
        ("journal.archive_keep_bytes", "5"),
        ("journal.disk_floor_bytes", "5"),
        ("session_rules.timeout_ms", "5000"),
        ("limits.session_store_messages", "131072"),
        ("session.0.key", &"ab".repeat(32)[..]),
        ("session.0.cancel_on_disconnect", "true"),
        // The same bound, spelt out.
        ("limits.stops", "262144"),
        ("instrument.0.price_min", "0.0001"),
        ("instrument.0.price_max", "429496.7295"),
        ("instrument.0.id", "0"),
        ("instrument.0.channel", "main"),
    ] {
        assert_eq!(with(key, value), default, "{key}={value} changes the fingerprint");
    }
}
