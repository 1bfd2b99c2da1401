//! The example configurations: each can be used as it stands once its keys are there, and none but the laptop's has a key that everyone knows.

use crate::process::Finished;
use crate::site::{PINION, Site};
use engine::config::Config;
use engine::footprint;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where the packaged ones expect their keys.
const KEYS: &str = "/etc/pinion/keys";

fn packaging() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../packaging")
}

/// An example, in a folder of the test's own with a key for each login.
fn example(site: &Site, name: &str) -> PathBuf {
    let text = fs::read_to_string(packaging().join("examples").join(name)).expect("it is shipped");
    let keys = site.path("keys");
    fs::create_dir_all(&keys).expect("the test's own folder");
    for (number, login) in
        text.lines().filter_map(|line| line.strip_prefix(&format!("key_file = \"{KEYS}/"))).enumerate()
    {
        key_file(&keys.join(login.trim_end_matches('"')), &format!("{:064x}\n", number + 1), 0o640);
    }
    let path = site.path(name);
    fs::write(&path, text.replace(KEYS, keys.to_str().expect("a plain path"))).expect("the test's own file");
    path
}

fn key_file(path: &Path, text: &str, mode: u32) {
    fs::write(path, text).expect("the test's own file");
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("the test's own file");
}

#[test]
fn each_is_valid_and_warns_of_nothing() {
    let site = Site::new();
    let names = ["lab.toml", "laptop.toml", "production.toml"];
    let folder = fs::read_dir(packaging().join("examples")).expect("they are shipped");
    let mut found: Vec<_> = folder.map(|entry| entry.expect("an entry").file_name()).collect();
    found.sort();
    assert_eq!(found, names);
    for name in names {
        let config = Config::load(Some(&example(&site, name))).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(config.warnings(), Vec::<String>::new(), "{name}");
        let is_local = config.network.order_entry.ip().is_loopback();
        for session in &config.sessions {
            assert_eq!(session.has_development_key(), is_local, "{name}: {}", session.username);
        }
        assert_eq!(is_local, name == "laptop.toml");
    }
}

#[test]
fn the_production_example_is_placed_as_the_shipped_topology() {
    let site = Site::new();
    let own = Config::load(Some(&example(&site, "production.toml"))).expect("valid").topology;
    let eight = packaging().join("../topologies/8-cores.toml");
    let eight = Config::load_placed(None, Some(&eight), &[]).expect("valid").topology;
    assert_eq!(own, eight);
    let packaged = packaging().join("topology.toml");
    let packaged = Config::load_placed(None, Some(&packaged), &[]).expect("valid").topology;
    let laptop = Config::load(Some(&example(&site, "laptop.toml"))).expect("valid").topology;
    assert_eq!(packaged, laptop, "the package puts its topology over the laptop's configuration");
}

/// The manual says what each takes.
#[test]
fn the_capacity_table_is_what_is_computed() {
    let site = Site::new();
    let manual = include_str!("../../../docs/operations.md");
    for name in ["laptop.toml", "lab.toml", "production.toml"] {
        let config = Config::load(Some(&example(&site, name))).expect("valid");
        let bytes: u64 = footprint::parts(&config).iter().map(|part| part.bytes).sum();
        let (orders, sessions, mib) = (config.limits.orders, config.sessions.len(), bytes.div_ceil(1 << 20));
        let row = format!("| `{name}` | {} | {sessions} | {} MiB |", grouped(u64::from(orders)), grouped(mib));
        assert!(manual.contains(&row), "docs/operations.md should have the row: {row}");
    }
}

/// 1,048,576.
fn grouped(number: u64) -> String {
    if number < 1_000 { number.to_string() } else { format!("{},{:03}", grouped(number / 1_000), number % 1_000) }
}

/// What `pinion recover` says of a configuration of which one login has this key file.
fn checked(site: &Site, key: &str) -> Finished {
    let path = site.path("one.toml");
    let text = format!("[[session]]\nusername = \"a\"\nmember = \"alpha\"\n{key}\n");
    fs::write(&path, text).expect("the test's own file");
    let mut command = Command::new(PINION);
    command.args(["recover", "--dry-run", "--config"]).arg(path);
    command.arg("--set").arg(format!("journal.dir={}", site.journal().display()));
    site.spawn(command, "recover").wait()
}

#[test]
fn a_key_file_that_others_may_read_or_that_has_no_key_is_refused() {
    let site = Site::new();
    let path = site.path("key");
    let named = format!("key_file = \"{}\"", path.display());
    let place = path.display().to_string();
    checked(&site, &named).expect_refusal(&["one.toml:4", "session[0].key_file", &place, "No such file"]);
    for (mode, word) in [(0o644, "mode 644"), (0o604, "mode 604"), (0o660, "mode 660"), (0o620, "mode 620")] {
        key_file(&path, &"5a".repeat(32), mode);
        checked(&site, &named).expect_refusal(&["session[0].key_file", &place, word, "chmod 640"]);
    }
    for mode in [0o640, 0o600, 0o400] {
        key_file(&path, &format!("{}\n", "5a".repeat(32)), mode);
        checked(&site, &named).expect_success();
        fs::remove_file(&path).expect("the test's own file");
    }
    key_file(&path, "secret", 0o600);
    let refused = checked(&site, &named);
    refused.expect_refusal(&["64 hexadecimal digits", "6 characters"]);
    assert!(!refused.err.contains("secret"), "{}", refused.err);
    key_file(&path, &"00".repeat(32), 0o600);
    checked(&site, &named).expect_refusal(&["session[0].key", "other than zeros"]);
    let both = format!("key = \"{}\"\n{named}", "5a".repeat(32));
    checked(&site, &both).expect_refusal(&["one.toml:5", "one of key and key_file"]);
    checked(&site, "").expect_refusal(&["session[0].key", "no such key", "key_file"]);
}
