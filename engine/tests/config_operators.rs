//! Who may administer, as a configuration says it.

use engine::config::Config;
use wire::admin::login::Role;

fn refused(text: &str, words: &[&str]) {
    let error = Config::parse(text, "pinion.toml").expect_err(text).to_string();
    for word in words {
        assert!(error.contains(word), "expected '{word}' in: {error}");
    }
}

fn operator(name: &str, digit: char) -> String {
    format!("[[operator]]\nname = \"{name}\"\nkey = \"{}\"\nrole = \"trade\"\n", digit.to_string().repeat(64))
}

#[test]
fn operators_are_read_and_none_is_allowed() {
    let config = Config::parse(&(operator("ann", '1') + &operator("bob", '2')), "pinion.toml").expect("two operators");
    let all: Vec<_> = config.operators.iter().map(|one| (one.name.as_str(), one.role)).collect();
    assert_eq!(all, [("ann", Role::Trade), ("bob", Role::Trade)]);
    let none = Config::parse("operator = []\n[admin]\naddress = \"\"\n", "pinion.toml").expect("nobody");
    assert!(none.operators.is_empty() && none.admin.address.is_none());
}

#[test]
fn what_cannot_be_is_refused() {
    refused(&(operator("ann", '1') + &operator("ann", '2')), &["operator[1].name", "'ann' twice"]);
    refused("[[operator]]\nname = \"ann\"\nrole = \"read\"\n", &["operator[0].key", "no such key"]);
    refused(&operator("ann", '1').replace("trade", "root"), &["operator[0].role", "\"read\", \"trade\", \"operator\""]);
    refused("[admin]\ntimeout_ms = 1500\n", &["admin.timeout_ms", "twice admin.heartbeat_ms"]);
    let many: String = (0..65).map(|number| operator(&format!("op{number}"), '3')).collect();
    refused(&many, &["operator", "at most 64 entries"]);
    let secret = "5ec7e7".repeat(3);
    refused(&format!("[[operator]]\nname = \"a\"\nkey = \"{secret}\"\nrole = \"read\"\n"), &["18 characters"]);
}

/// Whoever has a member's key must not be one who administers.
#[test]
fn no_key_is_a_sessions_and_an_operators() {
    let member = "70696e696f6e2d646576656c6f706d656e742d6b65792d2d2d74726164657231";
    let text = format!("[[operator]]\nname = \"ann\"\nkey = \"{member}\"\nrole = \"read\"\n");
    refused(&text, &["operator[0].key", "no [[session]] has"]);
    assert!(!Config::parse(&text, "pinion.toml").expect_err("the same key").to_string().contains(member));
}

#[test]
fn a_development_key_that_others_reach_is_warned_about() {
    let warnings = |text: &str| Config::parse(text, "pinion.toml").expect("a configuration").warnings().join(" ");
    assert_eq!(warnings(""), "");
    assert!(warnings("[admin]\naddress = \"0.0.0.0:26470\"\n").contains("operator 'operator' has a development key"));
    assert_eq!(warnings(&(operator("ann", '1') + "[admin]\naddress = \"0.0.0.0:26470\"\n")), "");
}
