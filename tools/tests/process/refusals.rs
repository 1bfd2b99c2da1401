//! Keys that no session may have, and what the counters say of operators' commands.

use crate::operators::{credentials, three_operators};
use crate::site::Site;
use engine::counters::find;
use std::fs;
use tools::admin::client::AdminClient;
use wire::admin::sealed::fingerprint;
use wire::admin::{OperatorCommand, OperatorName, Outcome, Refusal, Verb};
use wire::login::Key;
use wire::{Nanos, SessionIndex};

#[test]
fn a_key_that_is_an_operators_or_cannot_be_stored_is_refused_and_what_passed_is_counted() {
    let site = Site::new();
    let appliance = site.start_command(three_operators(&site));
    let known = credentials(&site, "operator", 'c');
    let mut client = AdminClient::connect(&known).expect("it serves");
    let operator = OperatorName::new("operator").expect("short");
    let mut ask = |number, verb, key: Option<&Key>| {
        let asked = OperatorCommand { operator, number, verb };
        client.command(&asked, key).expect("an answer").outcome().expect("an outcome")
    };
    let change = |key: &Key| Verb::KeyChanged { session: SessionIndex(0), fingerprint: fingerprint(key) };
    // Whoever gives its own key away gives away the appliance.
    assert_eq!(ask(1, change(&known.key), Some(&known.key)), Outcome::Refused(Refusal::KEY_IN_USE));
    // Where the folder of the keys should be, there is a file.
    let key = Key([0x3C; 32]);
    fs::write(site.journal().join("keys"), "").expect("the test's directory");
    assert_eq!(ask(2, change(&key), Some(&key)), Outcome::Refused(Refusal::NOT_STORED));
    fs::remove_file(site.journal().join("keys")).expect("the test's directory");
    assert!(matches!(ask(3, change(&key), Some(&key)), Outcome::Done { changed: 1, .. }));
    assert!(matches!(ask(4, Verb::Drain, None), Outcome::Done { changed: 1, .. }));

    // Of four commands two came as far as the matching tile.
    let mut found = find(&site.path(""));
    let reader = found.remove(0).reader.expect("counters");
    crate::process::wait_until("both links to be counted", || {
        let counted = reader.snapshot(Nanos(0));
        ["operations", "outcomes"].iter().all(|link| {
            let row = counted.row("link", link).expect("a row");
            (row.get("passed"), row.get("depth"), row.get("drops")) == (Some(2), Some(0), Some(0))
        })
    });
    appliance.stop();
}
