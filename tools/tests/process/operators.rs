//! Operators at work on the real program: who may do what, what becomes of it, and what a crash in between leaves.

use crate::process::{Finished, wait_until};
use crate::recording::flow;
use crate::site::{Appliance, PINION, Site};
use netio::Endpoint;
use netio::host::{HostPort, PortKind, PortOptions};
use serde_json::Value;
use std::fs;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::time::Duration;
use tools::admin::client::{AdminClient, AdminError, Credentials};
use tools::admin::desk::OperatorDesk;
use tools::client::ClientConfig;
use tools::client::connection::Connection;
use wire::admin::{OperatorCommand, OperatorName, Outcome, Refusal, Scope, Verb};
use wire::login::{Key, Username};
use wire::{SessionIndex, Symbol};

/// A key of 64 equal digits.
fn key(digit: char) -> String {
    digit.to_string().repeat(64)
}

/// A configuration with an operator of each role beside the settings of the site.
pub fn three_operators(site: &Site) -> Command {
    let file = site.path("operators.toml");
    let mut text = String::new();
    for (role, digit) in [("read", 'a'), ("trade", 'b'), ("operator", 'c')] {
        text += &format!("[[operator]]\nname = \"{role}\"\nkey = \"{}\"\nrole = \"{role}\"\n", key(digit));
        fs::write(site.path(format!("{role}.key")), key(digit)).expect("the test's directory");
    }
    fs::write(&file, text).expect("the test's directory");
    let mut command = site.run_command(&[]);
    command.arg("--config").arg(file);
    command
}

/// `pinion admin` as one of them.
fn admin(site: &Site, role: &str, words: &[&str]) -> Finished {
    let mut command = Command::new(PINION);
    command.args(["admin", "--to", &site.ports.admin().to_string(), "--operator", role, "--yes"]);
    command.arg("--key-file").arg(site.path(format!("{role}.key"))).args(words);
    site.spawn(command, "admin").wait()
}

pub fn credentials(site: &Site, name: &str, digit: char) -> Credentials {
    let operator = OperatorName::new(name).expect("short");
    Credentials { address: site.ports.admin(), operator, key: Key::from_hex(&key(digit)).expect("a key") }
}

/// The operator of the built-in configuration.
fn admin_plainly(site: &Site, words: &[&str]) -> Finished {
    let mut command = Command::new(PINION);
    command.args(["admin", "--to", &site.ports.admin().to_string()]).args(words);
    site.spawn(command, "admin").wait()
}

fn rows(finished: Finished) -> Vec<Value> {
    let finished = finished.expect_success();
    finished.out.lines().map(|line| serde_json::from_str(line).expect("an object a line")).collect()
}

/// How many operators' commands the journal holds.
fn journaled(site: &Site) -> usize {
    let dump = site.journal_command("dump").expect_success().out;
    dump.lines().filter(|line| line.contains(" Operator ")).count()
}

/// Each command by each role: what a role does not permit is refused, and leaves no trace in the journal.
#[test]
fn a_role_may_do_what_it_may_and_nothing_else() {
    const COMMANDS: [(&str, &str); 19] = [
        ("read", "status"),
        ("read", "session list"),
        ("read", "instrument list"),
        ("read", "log"),
        ("trade", "session disconnect trader1"),
        ("trade", "cancel --session trader1"),
        ("trade", "cancel --member alpha --side buy"),
        ("trade", "cancel --symbol PINION --side sell"),
        ("trade", "cancel --all"),
        ("trade", "instrument halt PINION"),
        ("trade", "instrument resume PINION"),
        ("trade", "kill --session trader1"),
        ("trade", "reset --session trader1"),
        ("trade", "kill --member beta"),
        ("operator", "kill --venue"),
        ("operator", "reset --venue"),
        ("operator", "drain"),
        ("operator", "session key trader2"),
        ("operator", "close"),
    ];
    let site = Site::new();
    let appliance = site.start_command(three_operators(&site));
    let rank = |role: &str| ["read", "trade", "operator"].iter().position(|known| *known == role).expect("a role");
    let mut permitted = 0;
    for role in ["read", "trade", "operator"] {
        for (needed, words) in COMMANDS {
            let done = admin(&site, role, &words.split(' ').collect::<Vec<_>>());
            if rank(role) >= rank(needed) {
                assert!(done.status.success(), "{role}: {words}: {done:?}");
                permitted += usize::from(needed != "read");
            } else {
                assert_eq!(done.status.code(), Some(1), "{role}: {words}: {done:?}");
                assert!(done.err.contains("this operator's role does not permit it"), "{role}: {words}: {}", done.err);
            }
        }
    }
    assert_eq!(permitted, 10 + 15);
    assert_eq!(journaled(&site), permitted, "what is refused is not sequenced");
    let (err, _) = appliance.stop_saying();
    assert!(err.contains("admin: read: end the market day for good: refused: this operator's role"), "{err}");
    assert!(err.contains("not_permitted 20"), "{err}");
}

#[test]
fn what_operators_do_is_told_and_logged() {
    let site = Site::new();
    let appliance = site.start();
    assert_eq!(admin_plainly(&site, &["instrument", "halt", "PINION"]).expect_success().out, "PINION halted, seq 2\n");
    let again = rows(admin_plainly(&site, &["instrument", "halt", "PINION", "--json"]));
    assert_eq!((again[0]["outcome"].as_str(), again[0]["changed"].as_u64()), (Some("done"), Some(0)));
    let listed = rows(admin_plainly(&site, &["instrument", "list", "--json"]));
    assert_eq!((listed[0]["symbol"].as_str(), listed[0]["state"].as_str()), (Some("PINION"), Some("halted")));
    admin_plainly(&site, &["instrument", "add", "NEW", "--tick", "0.01"]).expect_success();
    assert!(admin_plainly(&site, &["instrument", "list"]).expect_success().out.contains("\nNEW "));
    let twice = admin_plainly(&site, &["instrument", "add", "NEW", "--tick", "0.01"]);
    twice.expect_refusal(&["there is an instrument of that name already"]);

    // Nobody is asked where nobody is, and what hurts does not happen then.
    for words in [&["kill", "--venue"][..], &["cancel", "--all"], &["close"], &["session", "key", "trader1"]] {
        let refused = admin_plainly(&site, words);
        assert_eq!(refused.status.code(), Some(2), "{refused:?}");
        assert!(refused.err.contains("--yes") && refused.err.contains("nothing was done"), "{}", refused.err);
    }
    assert_eq!(admin_plainly(&site, &["kill", "--session", "nobody", "--yes"]).status.code(), Some(2));
    assert_eq!(admin_plainly(&site, &["cancel"]).status.code(), Some(2));
    let killed = admin_plainly(&site, &["kill", "--member", "alpha", "--yes"]).expect_success().out;
    assert_eq!(killed, "0 orders canceled, member alpha locked, seq 6\n");

    let log = admin_plainly(&site, &["log", "--json"]);
    let log = rows(log);
    assert_eq!(log.len(), 5);
    assert_eq!(log[4]["operator"].as_str(), Some("operator"));
    assert_eq!(log[4]["outcome"].as_str(), Some("0 orders canceled, member alpha locked, seq 6"));
    assert_eq!(log[3]["outcome"].as_str(), Some("refused: there is an instrument of that name already (0x0005)"));
    let (err, _) = appliance.stop_saying();
    assert!(err.contains("admin: operator: halt PINION: PINION halted, seq 2"), "{err}");

    // The same after a restart, and from the journal alone.
    let appliance = site.start();
    assert_eq!(rows(admin_plainly(&site, &["log", "--json"])), log);
    appliance.stop();
    let mut local = Command::new(PINION);
    let file = site.path("same.toml");
    let limits = "[limits]\norders = 65536\nlevels = 65536\nsession_orders = 65536\n";
    fs::write(&file, limits).expect("the test's directory");
    local.args(["admin", "log", "--json", "--config"]).arg(file).arg("--journal").arg(site.journal());
    assert_eq!(rows(site.spawn(local, "local").wait()), log);
}

#[test]
fn only_an_operators_key_opens_the_administration_session() {
    let site = Site::new();
    let appliance = site.start();
    let config = engine::config::Config::default();
    let (member, operator) = (config.sessions[0].key, config.operators[0].key);
    for (name, key) in [("operator", member), ("trader1", member), ("operator", Key([7; 32])), ("nobody", operator)] {
        let operator = OperatorName::new(name).expect("short");
        let refused = AdminClient::connect(&Credentials { address: site.ports.admin(), operator, key });
        assert!(matches!(refused, Err(AdminError::Rejected { .. })), "{name}: {refused:?}");
    }
    // And an operator's key opens no other.
    let hex: String = operator.0.iter().map(|byte| format!("{byte:02x}")).collect();
    site.replay(&flow(), &["--key", &hex]).expect_refusal(&["login refused", "key"]);
    let (err, summary) = appliance.stop_saying();
    assert_eq!(summary.counter("logins"), 0, "{summary:?}");
    assert!(err.contains("logins_refused 4"), "{err}");
}

/// What was asked for before a crash is done once, whether it had its place by then or not.
#[test]
fn a_command_is_done_once_over_a_crash() {
    let site = Site::new().with("journal.durability=synced");
    let appliance = site.start();
    let credentials = Credentials { key: engine::config::Config::default().operators[0].key, ..credentials(&site, "operator", 'a') };
    let verb = Verb::Halt { symbol: Symbol::new("PINION").expect("short") };
    let command = |number, verb| OperatorCommand { operator: credentials.operator, number, verb };
    let answer = |command: &OperatorCommand| {
        let mut client = AdminClient::connect(&credentials).expect("it serves");
        client.command(command, None).expect("an answer").outcome().expect("an outcome")
    };
    // It has its place, and nobody hears of it.
    let mut first = AdminClient::connect(&credentials).expect("it serves");
    let halt = command(1_000, verb);
    first.send(&halt).expect("a connection");
    let mut desk = OperatorDesk::open(credentials.clone(), Duration::from_secs(30)).expect("it serves");
    wait_until("the command", || !desk.log(0).expect("rows").0.is_empty());
    appliance.kill();
    drop(first);
    let appliance = site.start();
    let Outcome::Done { seq, changed: 1 } = answer(&halt) else { panic!("expected that it was done, once") };
    assert_eq!(answer(&halt), Outcome::Done { seq, changed: 1 });
    assert_eq!(answer(&command(999, verb)), Outcome::Refused(Refusal::NUMBER_PASSED));
    // The same number again for something else is not answered as if that were done.
    assert_eq!(answer(&command(1_000, Verb::Drain)), Outcome::Refused(Refusal::NUMBER_PASSED));

    // Its place is not there when the process ends, stopped as it is: who asks again has it done then.
    let mut second = AdminClient::connect(&credentials).expect("it serves");
    appliance.freeze();
    let drain = command(2_000, Verb::Drain);
    second.send(&drain).expect("a connection");
    appliance.kill();
    let appliance = site.start();
    assert_eq!(second.accepted().last_request, 1_000);
    let Outcome::Done { changed: 1, .. } = answer(&drain) else { panic!("expected that it was done now") };
    let summary = appliance.stop();
    assert_eq!(journaled(&site), 2, "each once");
    let appliance = site.start();
    let again = appliance.stop();
    assert_eq!((again.seq, again.state_hash), (summary.seq, summary.state_hash));
}

/// The tool itself does not give up when the appliance dies under it.
#[test]
fn a_lost_connection_is_made_again() {
    let site = Site::new();
    let appliance = site.start();
    appliance.freeze();
    let mut command = Command::new(PINION);
    command.args(["admin", "--to", &site.ports.admin().to_string(), "status"]);
    // Frozen before it can answer the login: that is told.
    let early = site.spawn(command, "early");
    appliance.kill();
    early.wait().expect_refusal(&[&site.ports.admin().to_string()]);

    let appliance = site.start();
    let credentials = Credentials { key: engine::config::Config::default().operators[0].key, ..credentials(&site, "operator", 'a') };
    let mut desk = OperatorDesk::open(credentials, Duration::from_secs(30)).expect("it serves");
    appliance.freeze();
    let giving = std::thread::spawn(move || desk.give(Verb::Drain, None).map(|given| given.outcome));
    std::thread::sleep(Duration::from_millis(50));
    appliance.kill();
    let appliance = site.start();
    assert!(matches!(giving.join().expect("no panic"), Ok(Outcome::Done { changed: 1, .. })));
    appliance.stop();
    assert_eq!(journaled(&site), 1);
}

/// The kill switch while the session floods: its orders go, and nothing of it enters any more.
#[test]
fn a_runaway_session_is_stopped_while_it_floods() {
    let site = Site::new();
    let appliance = site.start();
    let flood = site.spawn(site.replay_command(&flow(), &["--rate", "10000"]), "flood");
    let session = || rows(admin_plainly(&site, &["session", "list", "--json"])).swap_remove(0);
    let number = |name: &str| session()[name].as_u64().expect("a number");
    wait_until("orders", || number("orders") > 500);
    let killed = rows(admin_plainly(&site, &["kill", "--session", "trader1", "--yes", "--json"])).swap_remove(0);
    assert!(killed["changed"].as_u64() > Some(100), "{killed}");
    let (before, mut floods) = (number("next_in"), 0);
    for _ in 0..20 {
        let now = session();
        assert_eq!((now["orders"].as_u64(), now["state"].as_str()), (Some(0), Some("locked,in")), "{now}");
        floods = now["next_in"].as_u64().expect("a number") - before;
    }
    assert!(floods > 0, "it did not flood any more");
    let text = admin_plainly(&site, &["reset", "--session", "trader1"]).expect_success().out;
    assert!(text.starts_with("session trader1 unlocked, seq "), "{text}");
    wait_until("new orders", || number("orders") > 0 || number("next_in") > 39_878);
    drop(flood);
    let first = appliance.stop();
    let appliance = site.start();
    let second = appliance.stop();
    assert_eq!((first.seq, first.state_hash), (second.seq, second.state_hash));
}

/// Whether trader1 is let in with this key.
fn logs_in(site: &Site, key: &str) -> bool {
    let (user, key) = (Username::new("trader1").expect("short"), Key::from_hex(key).expect("a key"));
    let config = ClientConfig::new(user, key, site.ports.order_entry().into(), site.ports.rerequest().into());
    let options = PortOptions { kind: PortKind::Socket, ..PortOptions::default() };
    let endpoint = Endpoint::unicast(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0));
    let mut connection = Connection::new(config, HostPort::open(&options, &[endpoint]).expect("a socket"));
    match connection.log_in(|_, _| {}) {
        Ok(()) => connection.log_out(|_, _| {}).is_ok(),
        Err(error) => {
            assert!(error.to_string().contains("refused"), "{error}");
            false
        }
    }
}

/// A session's key: the old one is no longer taken, at once, after a crash, and when the new one is lost.
#[test]
fn a_session_gets_another_key_for_good() {
    const OLD: &str = "70696e696f6e2d646576656c6f706d656e742d6b65792d2d2d74726164657231";
    let site = Site::new();
    let appliance = site.start();
    let out = site.path("new.key");
    let path = out.to_str().expect("a plain path");
    assert!(logs_in(&site, OLD));
    admin_plainly(&site, &["session", "key", "trader1", "--yes", "--out", path]).expect_success();
    let new = fs::read_to_string(&out).expect("the key").trim().to_owned();
    let stored: Vec<_> = fs::read_dir(site.journal().join("keys")).expect("a folder").collect();
    assert_eq!(stored.len(), 1);
    let stored = stored[0].as_ref().expect("a file").path();
    for file in [&out, &stored] {
        assert_eq!(fs::metadata(file).expect("a file").permissions().mode() & 0o777, 0o600, "{}", file.display());
    }
    assert!(!logs_in(&site, OLD) && logs_in(&site, &new));
    assert!(!site.journal_command("dump").expect_success().out.contains(&new));
    appliance.kill();
    let appliance = site.start();
    assert!(!logs_in(&site, OLD) && logs_in(&site, &new));
    appliance.stop();
    // Without the file nobody gets in, and the start says so.
    fs::remove_file(&stored).expect("ours");
    let appliance = site.start();
    assert!(appliance.err().contains("session 'trader1' cannot log in"), "{}", appliance.err());
    assert!(!logs_in(&site, OLD) && !logs_in(&site, &new));
    admin_plainly(&site, &["session", "key", "trader1", "--yes"]).expect_success();
    appliance.stop();
}

/// A lock and a drain stand over a crash.
#[test]
fn what_operators_set_outlives_a_crash() {
    let site = Site::new().with("snapshot.interval_ms=20");
    let check = |appliance: &Appliance| {
        let status = rows(admin_plainly(&site, &["status", "--json"])).swap_remove(0);
        let is = |name: &str| status[name].as_bool().expect("a truth");
        assert!(is("draining") && is("locked") && !is("market_closed"), "{status} {}", appliance.err());
        let beta = rows(admin_plainly(&site, &["session", "list", "--json"])).swap_remove(1);
        assert_eq!(beta["state"].as_str(), Some("member-locked,out"));
    };
    let mut appliance = site.start();
    for words in [&["drain"][..], &["kill", "--venue", "--yes"], &["kill", "--member", "beta", "--yes"]] {
        admin_plainly(&site, words).expect_success();
    }
    check(&appliance);
    for _ in 0..2 {
        appliance.kill();
        appliance = site.start();
        check(&appliance);
    }
    for words in [&["reopen"][..], &["reset", "--venue"], &["reset", "--member", "beta"]] {
        admin_plainly(&site, words).expect_success();
    }
    appliance.stop();
}

/// A command of a member's index that is not there, sent by a client of one's own.
#[test]
fn what_is_not_there_is_refused_by_name() {
    let site = Site::new();
    let appliance = site.start_command(three_operators(&site));
    let mut client = AdminClient::connect(&credentials(&site, "operator", 'c')).expect("it serves");
    let operator = OperatorName::new("operator").expect("short");
    let nobody = SessionIndex(999);
    for (number, verb, refusal) in [
        (1, Verb::Lock { scope: Scope::Session(nobody) }, Refusal::UNKNOWN_SESSION),
        (2, Verb::Halt { symbol: Symbol::new("NONE").expect("short") }, Refusal::UNKNOWN_SYMBOL),
        (3, Verb::KeyChanged { session: SessionIndex(0), fingerprint: 1 }, Refusal::MALFORMED),
    ] {
        let answer = client.command(&OperatorCommand { operator, number, verb }, None).expect("an answer");
        assert_eq!(answer.outcome(), Ok(Outcome::Refused(refusal)), "{verb:?}");
    }
    // In the name of another.
    let other = OperatorName::new("trade").expect("short");
    let answer = client.command(&OperatorCommand { operator: other, number: 9, verb: Verb::Drain }, None);
    assert_eq!(answer.expect("an answer").outcome(), Ok(Outcome::Refused(Refusal::NOT_PERMITTED)));
    appliance.stop();
}
