//! The built-in default: the commented file and the code say the same, and the file leaves nothing out.

use engine::config::{Config, ConfigError};
use engine::limits::ORDERS_MAX;

#[test]
fn the_file_is_the_default() {
    let parsed = Config::parse(Config::DEFAULT_TEXT, "default.toml").expect("the default is valid");
    assert_eq!(parsed, Config::default());
    assert_eq!(Config::load(None).expect("the default is valid"), Config::default());
    assert_eq!(Config::parse("", "empty").expect("nothing to complain about"), Config::default());
    assert_eq!(parsed.warnings(), Vec::<String>::new());
}

/// The keys that a table knows, as its error message for an unknown one lists them.
fn known_keys(text: &str) -> Vec<String> {
    match Config::parse(text, "probe") {
        Err(ConfigError::UnknownKey { known, .. }) => known.split(", ").map(str::to_owned).collect(),
        other => panic!("expected an unknown key in {text:?}, found {other:?}"),
    }
}

#[test]
fn every_known_key_is_explained() {
    let mut tables = known_keys("zzzzzz = 1");
    assert_eq!(tables.len(), 18, "{tables:?}");
    while let Some(table) = tables.pop() {
        let is_array = ["alert", "channel", "instrument", "member", "session"].contains(&table.as_str());
        let header = if is_array { format!("[[{table}]]") } else { format!("[{table}]") };
        let keys = known_keys(&format!("{header}\nzzzzzz = 1\n"));
        // The table's part of the file, with the comment above an array's first header, where its keys are explained.
        let start = Config::DEFAULT_TEXT.find(&format!("\n{header}\n")).unwrap_or_else(|| panic!("no {header}"));
        let (before, after) = Config::DEFAULT_TEXT.split_at(start);
        let explanation = before.rsplit("\n\n").next().expect("rsplit yields one at least");
        let body = after.trim_start().split("\n\n").next().expect("split yields one at least");
        for key in keys {
            // A table within the table.
            if Config::DEFAULT_TEXT.contains(&format!("\n[{table}.{key}]\n")) {
                tables.push(format!("{table}.{key}"));
                continue;
            }
            let set = [format!("\n{key} = "), format!("\n# {key} = ")].iter().any(|line| body.contains(line));
            let explained = explanation.contains(&format!("\n#   {key} "));
            assert!(if is_array { explained } else { set }, "{header} does not explain '{key}'");
        }
    }
}

#[test]
fn what_the_file_says_of_itself_holds() {
    for line in Config::DEFAULT_TEXT.lines() {
        assert!(line.chars().count() <= 120, "too long: {line}");
    }
    // The bounds that the comments give are the bounds that are checked.
    for (key, lowest, highest) in [
        ("network.receive_buffer_bytes", 4_096, 1_073_741_824),
        ("network.dpdk.memory_mib", 16, 1_048_576),
        ("network.dpdk.vlan", 0, 4_094),
        ("network.xdp.busy_poll_us", 0, 10_000),
        ("network.uring.sqpoll_idle_ms", 1, 60_000),
        ("network.uring.napi_busy_poll_us", 0, 10_000),
        ("feed.multicast_ttl", 0, 255),
        ("feed.heartbeat_ms", 1, 60_000),
        ("journal.segment_bytes", 1_048_576_u64, 4_294_967_296),
        ("journal.state_hash_interval_commands", 0, 1_000_000_000),
        ("journal.keep_bytes", 0, 1_125_899_906_842_624),
        ("journal.archive_keep_bytes", 0, 1_125_899_906_842_624),
        ("journal.disk_floor_bytes", 0, 1_125_899_906_842_624),
        ("log.kind_lines_per_s", 0, 1_000_000),
        ("alerts.every_ms", 10, 10_000),
        ("alerts.exec_timeout_ms", 10, 600_000),
        ("alerts.webhook_timeout_ms", 10, 60_000),
        ("alerts.webhook_attempts", 1, 10),
        ("snapshot.interval_ms", 0, 86_400_000),
        ("snapshot.keep", 2, 100),
        ("snapshot.session_reports", 1, 1_048_576),
        ("views.hours", 1, 744),
        ("views.keep_bytes", 0, 1_125_899_906_842_624),
        ("session_rules.rerequest_us", 50, 1_000_000),
        ("session_rules.challenge_ms", 100, 600_000),
        ("limits.session_store_messages", 131_072, 67_108_864),
        ("limits.levels", 1, u64::from(ORDERS_MAX)),
        ("limits.session_orders", 1, u64::from(ORDERS_MAX)),
        ("limits.quantity_max", 1, 4_294_967_295),
    ] {
        // With as many orders as there can be, nothing else that is counted is bounded by them.
        let roomy = ["limits.orders", "limits.levels", "limits.session_orders", key];
        let set = |value: u64| {
            let value_of = |name: &str| if name == key { value } else { u64::from(ORDERS_MAX) };
            Config::default().with_overrides(&roomy.map(|name| (name.to_owned(), value_of(name).to_string())))
        };
        let name = key.split('.').next_back().expect("a dotted key");
        let line = Config::DEFAULT_TEXT.find(&format!("\n{name} = ")).expect("the key is there");
        assert!(Config::DEFAULT_TEXT[..line].contains(&highest.to_string()), "{key}: {highest} is not in the comment");
        assert!(set(lowest).is_ok(), "{key} = {lowest}: {:?}", set(lowest));
        assert!(set(highest).is_ok(), "{key} = {highest}: {:?}", set(highest));
        assert!(set(highest + 1).is_err(), "{key} = {}", highest + 1);
        assert!(lowest == 0 || set(lowest - 1).is_err(), "{key} = {}", lowest - 1);
    }
}
