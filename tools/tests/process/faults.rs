//! A bad network on either side, or on both: the same answer, and each message applied once.

use crate::journal_dump::assert_each_once;
use crate::recording::{assert_published, flow};
use crate::site::{Site, Summary};

/// Replays with faults on the client's port and on the appliance's; "" for none.
fn replay_with(client: &str, venue: &str) -> (Summary, Vec<String>) {
    let site = Site::new().with(format!("network.faults={venue}"));
    let appliance = site.start();
    assert_published(site.replay(&flow(), &["--faults", client]));
    let summary = appliance.stop();
    (summary, site.applied_messages())
}

/// A message without the number of the order that it is about. After a refused replace the client names one order or another, both dead,
/// depending on whether it has heard of the refusal yet.
fn untargeted(message: &str) -> String {
    let target = if message.contains(" CancelOrder ") { "user_ref=" } else { "orig_user_ref=" };
    message.split(' ').filter(|word| !word.starts_with(target)).collect::<Vec<_>>().join(" ")
}

/// The same commands in the same order as on a good network.
#[track_caller]
fn assert_harmless(client: &str, venue: &str) -> Summary {
    let (_, expected) = replay_with("", "");
    assert_each_once(&expected);
    let (summary, applied) = replay_with(client, venue);
    for (found, expected) in applied.iter().zip(&expected) {
        assert_eq!(untargeted(found), untargeted(expected));
    }
    assert_eq!(applied.len(), expected.len());
    for event in ["gaps", "duplicates", "requests_sent", "requests_received", "reports_resent"] {
        assert!(summary.counter(event) > 0, "the faults had no effect on {event}: {summary:?}");
    }
    summary
}

#[test]
fn of_the_client() {
    assert_harmless("drop=1%,duplicate=1%,reorder=1%,seed=1", "");
}

#[test]
fn of_the_venue() {
    assert_harmless("", "drop=1%,duplicate=1%,reorder=1%,seed=2");
}

#[test]
fn of_both() {
    assert_harmless("drop=3%,duplicate=3%,reorder=3%,seed=3", "drop=3%,duplicate=3%,reorder=3%,seed=4");
}
