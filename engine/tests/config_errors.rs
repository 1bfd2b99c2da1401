//! What a mistake in a configuration is answered with.

use engine::config::Config;

/// The message that refuses `text`.
fn refusal(text: &str) -> String {
    match Config::parse(text, "pinion.toml") {
        Err(error) => error.to_string(),
        Ok(_) => panic!("accepted: {text}"),
    }
}

/// Checks that the message holds all of `parts`.
fn refused(text: &str, parts: &[&str]) {
    let message = refusal(text);
    for part in parts {
        assert!(message.contains(part), "{text:?}\n  expected in the message: {part}\n  the message: {message}");
    }
}

#[test]
fn an_unknown_key_is_told_with_its_line_and_the_nearest() {
    refused(
        "[journal]\ndir = \"j\"\ndurabilty = \"mapped\"\n",
        &["pinion.toml:3:", "unknown key 'journal.durabilty'", "did you mean 'journal.durability'?", "segment_bytes"],
    );
    refused("[netwrok]\n", &["pinion.toml:1:", "'netwrok'", "did you mean 'network'?", "the top level", "topology"]);
    refused("[topology]\nPin = [1]\n", &["'topology.Pin'", "did you mean 'topology.pin'?"]);
    refused("[feed]\nheart-beat_ms = 5\n", &["did you mean 'feed.heartbeat_ms'?"]);
    refused("[limits]\nxyzzy = 5\n", &["'limits.xyzzy'", "known in [limits]", "quantity_max"]);
    assert!(!refusal("[limits]\nxyzzy = 5\n").contains("did you mean"));
}

#[test]
fn an_unknown_key_in_an_array_of_tables_is_told_with_its_position() {
    refused(
        "[[instrument]]\nsymbol = \"A\"\n\n[[instrument]]\nsymbol = \"B\"\ntik = \"1\"\n",
        &["pinion.toml:6:", "'instrument[1].tik'", "did you mean 'instrument[1].tick'?"],
    );
    refused("[[session]]\nuser = \"a\"\n", &["did you mean 'session[0].username'?"]);
    refused("[[member]]\nself_match = \"both\"\n", &["member[0].name", "found no such key"]);
    refused(
        "[member]\nname = \"a\"\n",
        &["member: expected an array of tables, each begun by [[member]], found a table"],
    );
}

#[test]
fn a_wrong_type_is_told_with_expected_and_found() {
    refused("[appliance]\nname = 5\n", &["pinion.toml:2: appliance.name:", "expected 1 to 16", "the integer 5"]);
    refused("[journal]\nsegment_bytes = \"1\"\n", &["journal.segment_bytes", "a whole number", "the string \"1\""]);
    refused("[[session]]\ncancel_on_disconnect = 1\n", &["session[0].cancel_on_disconnect", "true or false"]);
    refused("[[instrument]]\nsymbol = \"A\"\ntick = 0.01\n", &["instrument[0].tick", "in quotes", "the float 0.01"]);
    refused("topology = 4\n", &["topology: expected a table, found the integer 4"]);
    refused("[topology]\npin = 4\n", &["topology.pin: expected a list of core numbers"]);
    refused("[topology]\npin = [1, \"2\"]\n", &["topology.pin[1]", "found the string \"2\""]);
    refused(
        "[[channel]]\nname = \"a\"\ntick_lines = [1979-05-27]\n",
        &["channel[0].tick_lines[0]", "found the date 1979-05-27"],
    );
    refused("[limits]\norders = 99999999999999999999999999999999999999999999\n", &["which is too large"]);
}

#[test]
fn what_is_not_toml_is_told_with_its_line() {
    refused("[journal]\n\ndir = \n", &["pinion.toml:3:", "expected TOML"]);
    refused("[journal]\n[journal]\n", &["pinion.toml:2:"]);
}

#[test]
fn a_value_out_of_range_is_told_with_the_range() {
    refused(
        "[limits]\norders = 0\n",
        &["limits.orders: expected a whole number from 1 to 16777215", "found the integer 0"],
    );
    for key in ["orders", "levels", "stops", "session_orders"] {
        let expected =
            format!("limits.{key}: expected a whole number from 1 to 16777215 (for more, share the instruments out");
        refused(&format!("[limits]\n{key} = 16777216\n"), &[&expected, "found the integer 16777216"]);
    }
    refused("[feed]\nmulticast_ttl = -1\n", &["from 0 to 255", "found the integer -1"]);
    let channel = |keys: &str| format!("[[channel]]\nname = \"a\"\n{keys}\n");
    refused(&channel("tick_lines = [\"10.0.0.1:5\"]"), &["channel[0].tick_lines[0]", "a multicast group"]);
    refused(&channel("depth_lines = [\"239.1.1.1:5@lo\"]"), &["channel[0].depth_lines[0]", "that one's address"]);
    refused(&channel("depth_lines = [\"239.1.1.1:5@239.1.1.1\"]"), &["channel[0].depth_lines[0]"]);
    refused("[[channel]]\ntick_lines = []\n", &["channel[0].name", "found no such key"]);
    refused("[journal]\nsegment_bytes = 1048577\n", &["a multiple of 4096"]);
    refused("[journal]\narchive = \"gzip\"\n", &["journal.archive", "\"none\"", "\"zstd\""]);
    refused(
        "[journal]\nkeep_bytes = 1\n[snapshot]\ninterval_ms = 0\n",
        &["journal.keep_bytes", "a start needs every segment"],
    );
    refused("[limits]\nsession_store_messages = 131073\n", &["a power of two; the next is 262144"]);
    refused("[network]\norder_entry = \"localhost:1\"\n", &["an IPv4 address and port"]);
    refused("[network]\nfaults = \"drop=much\"\n", &["network.faults", "drop=1%", "\"drop=much\""]);
    refused("[[instrument]]\nsymbol = \"TOOLONGNAME\"\n", &["1 to 8 printable ASCII"]);
    refused("[[instrument]]\nsymbol = \"A\"\ntick = \"0\"\n", &["above 0"]);
    refused("[[instrument]]\nsymbol = \"A\"\ntick = \"0.00001\"\n", &["at most 4 decimals"]);
}

#[test]
fn what_comes_later_is_refused_plainly() {
    refused("[network.uring]\nsend_slots = 100\n", &["network.uring.send_slots", "a power of two; the next is 128"]);
    refused(
        "[network.uring]\nsqpoll = \"on\"\n",
        &["network.uring.sqpoll", "\"off\", \"any\" or the number of a core"],
    );
    refused("[network.uring]\nsend_slot = 128\n", &["did you mean 'network.uring.send_slots'?"]);
    refused("[network]\nport = \"pcap\"\n", &["one of \"auto\", \"dpdk\", \"xdp\", \"uring\", \"socket\""]);
    refused("[journal]\ndurability = \"replicated\"\n", &["no standby yet", "\"synced\" or \"mapped\""]);
}

#[test]
fn a_placement_has_every_tile_once() {
    refused("[topology]\nthreads = [[\"net\", \"feed\"], [\"journal\"]]\n", &["every tile once", "found no matching"]);
    refused("[topology]\nthreads = [[\"net\", \"net\"]]\n", &["'net' is placed twice"]);
    refused("[topology]\nthreads = [[\"nett\"]]\n", &["net, matching, journal, feed", "\"nett\""]);
    refused("[topology]\nthreads = [[]]\n", &["a list of threads"]);
    refused("[topology]\ncores = 3\n", &["1, 2 or 4"]);
    refused("[topology]\ncores = 1\nthreads = [[\"net\"]]\n", &["either topology.cores or topology.threads"]);
    refused("[topology]\ncores = 4\npin = [0, 1]\n", &["one core for each of the 4 threads", "found 2 cores"]);
    refused("[topology]\ncores = 2\npin = [1, 1]\n", &["each core once", "core 1 twice"]);
}

#[test]
fn values_that_contradict_each_other_are_told() {
    refused("[network]\nrerequest = \"127.0.0.1:26400\"\n", &["network.rerequest", "other than network.order_entry"]);
    refused("[network]\norder_entry = \"239.1.1.1:26400\"\n", &["an address of this machine"]);
    let channel = |name: &str, ticks: &str, depth: &str| {
        format!("[[channel]]\nname = \"{name}\"\ntick_lines = [{ticks}]\ndepth_lines = [{depth}]\n")
    };
    let group = "\"239.1.1.1:5\"";
    refused(&channel("a", &format!("{group}, {group}"), ""), &["channel[0].tick_lines", "each group and port once"]);
    let through_another = "\"239.1.1.1:5@10.0.0.1\"";
    refused(&channel("a", group, through_another), &["channel[0].depth_lines", "each group and port once"]);
    refused(&(channel("a", "", "") + &channel("b", group, group)), &["channel[1].depth_lines", "239.1.1.1:5 twice"]);
    let three = "\"239.1.1.1:5\", \"239.1.1.1:6\", \"239.1.1.1:7\"";
    refused(&channel("a", three, ""), &["channel[0].tick_lines", "at most 2 lines", "found 3"]);
    refused(&(channel("a", "", "") + &channel("a", "", "")), &["channel[1].name", "each name once"]);
    let many: String = (0..17).map(|number| channel(&format!("c{number}"), "", "")).collect();
    refused(&many, &["channel: expected 1 to 16 entries", "found 17"]);
    refused("channel = []\n", &["channel: expected 1 to 16 entries", "found 0"]);
    refused(
        "[[instrument]]\nsymbol = \"A\"\nchannel = \"main\"\n[[instrument]]\nsymbol = \"B\"\nchannel = \"mian\"\n",
        &["instrument[1].channel", "the name of a [[channel]] (main)", "found 'mian'"],
    );
    refused("[session_rules]\ntimeout_ms = 1999\n", &["at least 2000, twice session_rules.heartbeat_ms"]);
    refused("[limits]\norders = 1000\nlevels = 100\n", &["limits.session_orders", "at most limits.orders, 1000"]);
    refused("[limits]\norders = 1000\nsession_orders = 9\n", &["limits.levels", "at most limits.orders, 1000"]);
    let instrument = |keys: &str| format!("[[instrument]]\nsymbol = \"A\"\n{keys}\n");
    refused(&instrument("id = 1"), &["instrument[0].id: expected 0", "found 1"]);
    refused(&instrument("tick = \"0.05\"\nprice_min = \"0.01\""), &["price_min", "a multiple of the tick, 0.05"]);
    refused(&instrument("price_min = \"5\"\nprice_max = \"4\""), &["price_min: expected at most the highest price, 4"]);
    refused(&instrument("price_max = \"2000000000\""), &["at most limits.price_max, 1000000000"]);
    refused(&instrument("lot = 2000000000"), &["at most limits.quantity_max"]);
    refused(&instrument("[[instrument]]\nsymbol = \"A\""), &["instrument[1].symbol", "'A' twice"]);
    refused("[[member]]\nname = \"x\"\n[[member]]\nname = \"x\"\n", &["member[1].name", "'x' twice"]);
    refused("[[member]]\nname = \"x\"\n", &["session[0].member", "(x)", "found 'alpha'"]);
    let key = "5".repeat(64);
    let session = format!("[[session]]\nusername = \"a\"\nmember = \"alpha\"\nkey = \"{key}\"\n");
    refused(&session.repeat(2), &["session[1].username", "'a' twice"]);
}

#[test]
fn a_key_is_never_repeated_in_a_message() {
    let secret = "5ec7e7".repeat(3);
    let text = format!("[[session]]\nusername = \"a\"\nmember = \"alpha\"\nkey = \"{secret}\"\n");
    refused(&text, &["session[0].key", "64 hexadecimal digits", "18 characters"]);
    assert!(!refusal(&text).contains("5ec7e7"));
    let error = Config::default().with_overrides(&[("session.0.key".to_owned(), secret)]).expect_err("too short");
    assert!(!error.to_string().contains("5ec7e7"), "{error}");
    assert!(!format!("{:?}", Config::default()).contains("112, 105, 110"), "keys do not print");
}

#[test]
fn a_missing_file_is_told_with_its_path() {
    let error = Config::load(Some(std::path::Path::new("no/such/pinion.toml"))).expect_err("there is no such file");
    assert!(error.to_string().contains("no/such/pinion.toml"), "{error}");
}

/// What the depth stream cannot say may not be traded where there is one.
#[test]
fn a_price_that_depth_cannot_say_is_refused_with_the_remedy() {
    let instrument = "[[instrument]]\nsymbol = \"A\"\ntick = \"0.0001\"\n";
    let dear = format!("{instrument}price_max = \"429496.7296\"\n");
    refused(
        &dear,
        &["instrument[0].price_max", "at most 429496.7295", "a channel without depth_lines", "found 429496.7296"],
    );
    let ticks_alone = "[[channel]]\nname = \"a\"\ntick_lines = [\"239.1.1.1:5\"]\n";
    let config = Config::parse(&format!("{ticks_alone}{dear}"), "pinion.toml").expect("ticks can say it");
    assert_eq!(config.rules().instruments[0].price_max.to_string(), "429496.7296");
    // Without a bound of its own it gets one that depth can say.
    let config = Config::parse(instrument, "pinion.toml").expect("nothing to complain about");
    assert_eq!(config.rules().instruments[0].price_max.to_string(), "429496.7295");
    let config = Config::parse(&format!("{ticks_alone}{instrument}"), "pinion.toml").expect("the same");
    assert_eq!(config.rules().instruments[0].price_max, config.limits.price_max);
}
