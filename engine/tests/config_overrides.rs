//! Overrides from the command line, files over the default, and what is resolved from them.

use engine::config::{Config, PortKind};
use engine::journal::Durability;
use engine::rules::SelfMatch;
use engine::tile::{TileKind, Wait};
use std::io::Write;
use wire::{MemberId, Price, Symbol};

fn with(overrides: &[(&str, &str)]) -> Result<Config, String> {
    let overrides: Vec<_> = overrides.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    Config::default().with_overrides(&overrides).map_err(|error| error.to_string())
}

#[test]
fn values_are_toml_or_bare_strings() {
    let config = with(&[
        ("journal.durability", "mapped"),
        ("journal.dir", "\"a b\""),
        ("network.order_entry", "127.0.0.1:0"),
        ("network.port", "socket"),
        ("appliance.name", "7"),
        ("topology.wait", "park"),
        ("topology.cores", "1"),
        ("topology.pin", "[3]"),
        ("limits.orders", "2_000_000"),
        ("channel.0.tick_lines", "['239.1.1.1:5', '239.1.1.2:5']"),
        ("session.1.cancel_on_disconnect", "true"),
        ("instrument.3.tick", "0.05"),
        ("member.0.self_match", "decrement"),
    ])
    .expect("all are valid");
    assert_eq!(config.journal.durability, Durability::Mapped);
    assert_eq!(config.journal.dir.to_str(), Some("a b"));
    assert_eq!(config.network.order_entry.port(), 0);
    assert_eq!(config.network.port.kind, PortKind::Socket);
    assert_eq!(config.appliance.name, "7");
    assert_eq!(config.topology.wait, Wait::Park);
    assert_eq!(config.topology.threads.len(), 1);
    assert_eq!(config.topology.pin, [3]);
    assert_eq!(config.limits.orders, 2_000_000);
    assert_eq!(config.channels[0].tick_lines.len(), 2);
    assert!(config.sessions[1].cancel_on_disconnect && !config.sessions[0].cancel_on_disconnect);
    assert_eq!(config.instruments[3].tick, Price(500));
    assert_eq!(config.members[0].self_match, SelfMatch::Decrement);
}

#[test]
fn the_last_one_wins_and_relations_are_checked_at_the_end() {
    let config = with(&[("limits.orders", "10"), ("limits.orders", "300000"), ("limits.session_orders", "5")]);
    assert_eq!(config.expect("valid in the end").limits.orders, 300_000);
    let refused = with(&[("limits.orders", "10"), ("limits.session_orders", "5")]);
    assert!(refused.is_err_and(|message| message.contains("limits.levels")));
}

#[test]
fn mistakes_name_the_argument() {
    for (key, value, parts) in [
        ("journal.durabilty", "mapped", ["--set journal.durabilty=mapped", "did you mean 'journal.durability'?"]),
        ("jurnal.dir", "x", ["--set jurnal.dir=x", "did you mean 'journal'?"]),
        ("journal.segment_bytes", "big", ["--set journal.segment_bytes=big", "a whole number"]),
        ("instrument.9.tick", "0.01", ["instrument", "one of its 4 entries"]),
        ("instrument.0.tik", "0.01", ["'instrument[0].tik'", "'instrument[0].tick'"]),
        ("journal..dir", "x", ["journal..dir", "a dotted key"]),
        ("journal.dir.x", "x", ["--set journal.dir.x=x", "found a table"]),
    ] {
        let message = with(&[(key, value)]).expect_err(key);
        for part in parts {
            assert!(message.contains(part), "{key}={value}\n  expected: {part}\n  the message: {message}");
        }
    }
}

#[test]
fn overrides_lie_over_the_file() {
    let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
    let text = "[topology]\nthreads = [[\"feed\", \"matching\"], [\"net\", \"journal\"]]\n[limits]\norders = 10\n\
                [[member]]\nname = \"m\"\n[[session]]\nusername = \"u\"\nmember = \"m\"\nkey = \"";
    writeln!(file, "{text}{}\"", "Ab".repeat(32)).expect("a temporary file takes a few bytes");
    // The file alone contradicts itself; the override mends it.
    assert!(Config::load(Some(file.path())).is_err());
    let mend = [("limits.levels".to_owned(), "10".to_owned()), ("limits.session_orders".to_owned(), "10".to_owned())];
    let config = Config::load_with(Some(file.path()), &mend).expect("mended");
    use TileKind::{Feed, Journal, Matching, Net};
    assert_eq!(config.topology.threads, [[Matching, Feed], [Net, Journal]], "data-flow order within a thread");
    assert_eq!(config.members.len(), 1, "arrays of the file replace those of the default");
    assert_eq!(config.sessions[0].key.0, [0xAB; 32]);
    assert_eq!(config.instruments.len(), 4, "what the file does not name stays");
}

#[test]
fn rules_are_resolved() {
    let text = "[limits]\nprice_max = \"100\"\nquantity_max = 77\nsession_orders = 9\n\
                [[instrument]]\nsymbol = \"A\"\ntick = \"0.03\"\n\
                [[instrument]]\nsymbol = \"B\"\nid = 1\nprice_min = \"-5\"\nprice_max = \"5\"\nmarket_protection = \"0.5\"\n";
    let rules = Config::parse(text, "t").expect("valid").rules();
    let [a, b] = &rules.instruments[..] else { panic!("two instruments") };
    assert_eq!((a.tick, a.lot, a.price_min, a.price_max), (300, 1, Price(300), Price(999_900)), "whole ticks only");
    assert_eq!((b.price_min, b.price_max, b.market_protection), (Price(-50_000), Price(50_000), Some(5_000)));
    assert_eq!((a.symbol.name(), b.symbol), ("A", Symbol(*b"B       ")));
    assert_eq!(a.quantity_max.0, 77);
    assert_eq!(rules.sessions.iter().map(|session| session.member).collect::<Vec<_>>(), [MemberId(0), MemberId(1)]);
    assert!(rules.sessions.iter().all(|session| session.open_orders_max == 9));
}

#[test]
fn what_is_hardly_meant_is_warned_of() {
    let open = with(&[("network.order_entry", "0.0.0.0:26400")]).expect("allowed").warnings();
    assert_eq!(open.len(), 2, "a warning for each development key: {open:?}");
    assert!(open[0].contains("'trader1'") && open[0].contains("0.0.0.0:26400"), "{open:?}");
    let own = [("network.order_entry", "0.0.0.0:26400"), ("session.0.key", &"ab".repeat(32)[..])];
    assert_eq!(with(&own).expect("allowed").warnings().len(), 1);
    let faults = with(&[("network.faults", "drop=1%")]).expect("allowed").warnings();
    assert!(faults[0].contains("harmed on purpose"), "{faults:?}");
}
