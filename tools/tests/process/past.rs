//! Looking back: the books as they stood, an order's life, two journals side by side, a start that is only tried.

use crate::process::Finished;
use crate::recording::{assert_published, flow};
use crate::site::{PINION, Site};
use std::fs;
use std::path::Path;
use std::process::Command;

impl Site {
    /// `pinion ARGUMENTS` with this site's settings.
    pub fn pinion(&self, arguments: &[&str]) -> Finished {
        let run = self.run_command(&[]);
        let mut command = Command::new(PINION);
        command.args(arguments).args(run.get_args().skip(1));
        self.spawn(command, arguments[0]).wait()
    }
}

/// An appliance that has seen the whole flow; its sequence number and state hash at the end.
pub fn lived(interval_ms: u32) -> (Site, u64, String) {
    let site = Site::new().with(format!("snapshot.interval_ms={interval_ms}"));
    let appliance = site.start();
    assert_published(site.replay(&flow(), &[]));
    let summary = appliance.stop();
    (site, summary.seq, summary.state_hash)
}

#[test]
fn books_stand_as_they_stood_with_snapshots_and_without() {
    let (site, last, hash) = lived(20);
    let at = |seq: u64| {
        let seq = seq.to_string();
        let found = site.pinion(&["journal", "book", "--orders", "--at", &seq]).expect_success();
        (found.out, found.err)
    };
    let moments: Vec<u64> = (0..4).map(|part| last - part * last / 5).collect();
    let with: Vec<_> = moments.iter().map(|&seq| at(seq)).collect();
    assert!(with[0].1.contains(&format!("after command {last} ")) && with[0].1.contains(&hash), "{}", with[0].1);
    assert!(with.iter().any(|(_, err)| err.contains("from the snapshot")), "{}", with[0].1);
    for entry in fs::read_dir(site.journal()).expect("a journal").flatten() {
        if entry.path().extension().is_some_and(|end| end == "snap") {
            fs::remove_file(entry.path()).expect("the test's own file");
        }
    }
    for (&seq, (out, err)) in moments.iter().zip(&with) {
        let (out_without, err_without) = at(seq);
        assert!(err_without.contains("from the first record"), "{err_without}");
        assert!(out.contains("bid") && out.contains("ask") && out.contains("open"), "{out}");
        assert_eq!(*out, out_without, "after command {seq}");
        let hash = |text: &str| text.split_once("state hash ").map(|(_, rest)| rest[..16].to_owned());
        assert_eq!(hash(err), hash(&err_without));
    }
    let refused = site.pinion(&["journal", "book", "--at", &(last + 1).to_string()]);
    assert_eq!(refused.status.code(), Some(2), "{refused:?}");
    assert!(refused.err.contains(&format!("ends with command {last}")), "{}", refused.err);
    let refused = site.pinion(&["journal", "book", "--instrument", "NONE"]);
    assert!(refused.err.contains("PINION"), "{}", refused.err);
}

#[test]
fn an_order_is_followed_through_its_replacements() {
    let (site, ..) = lived(0);
    let dump = site.journal_command("dump");
    let replace = dump.out.lines().find(|line| line.contains("ReplaceOrder")).expect("a replacement in the flow");
    let number = |key: &str| {
        let (_, rest) = replace.split_once(key).expect("a number");
        rest.split_whitespace().next().expect("a number").to_owned()
    };
    let (first, second) = (number("orig_user_ref="), number(" user_ref="));
    let by_first = site.pinion(&["journal", "order", "trader1", &first]).expect_success().out;
    let by_second = site.pinion(&["journal", "order", "trader1", &second]).expect_success().out;
    assert_eq!(by_first, by_second, "both names lead to the one life");
    for words in [
        format!("EnterOrder user_ref={first} "),
        format!("reported user=trader1 Accepted user_ref={first} "),
        format!("Replaced orig_user_ref={first} user_ref={second} "),
    ] {
        assert!(by_first.replace("  ", " ").contains(&words), "expected '{words}' in: {by_first}");
    }
    let json = site.pinion(&["journal", "order", "--json", "trader1", &first]).expect_success().out;
    assert_eq!(json.lines().count(), by_first.lines().count());
    for refused in [["journal", "order", "nobody", "1"], ["journal", "order", "trader1", "4000000000"]] {
        assert_eq!(site.pinion(&refused).status.code(), Some(2));
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a directory");
    for entry in fs::read_dir(from).expect("a journal").flatten() {
        fs::copy(entry.path(), to.join(entry.file_name())).expect("copied");
    }
}

#[test]
fn two_journals_are_held_against_each_other() {
    let (site, last, _) = lived(0);
    let (other, ..) = lived(0);
    let copied = site.path("copy");
    copy(&site.journal(), &copied);
    let diff = |a: &Path, b: &Path, more: &[&str]| {
        let mut command = Command::new(PINION);
        command.args(["journal", "diff"]).args(more).arg(a).arg(b);
        site.spawn(command, "diff").wait()
    };
    let same = diff(&site.journal(), &copied, &[]).expect_success();
    assert!(same.out.contains(&format!("equal up to record {last}, where both end")), "{}", same.out);
    // Another run of the same flow has other times and names.
    let differ = diff(&site.journal(), &other.journal(), &[]);
    assert_eq!(differ.status.code(), Some(1), "{differ:?}");
    assert!(differ.out.contains("differ from record 1 on") && differ.out.contains("\nB: "), "{}", differ.out);
    let ignoring = diff(&site.journal(), &other.journal(), &["--ignore-times"]);
    assert!(ignoring.out.contains("differ from record 2 on"), "the login: {}", ignoring.out);
}

#[test]
fn a_start_can_be_tried_without_starting() {
    let (site, last, hash) = lived(20);
    let before: Vec<_> = fs::read_dir(site.journal()).expect("a journal").flatten().map(|entry| entry.path()).collect();
    let tried = site.pinion(&["recover", "--dry-run"]).expect_success().out;
    for words in [format!("last seq      {last}"), format!("state hash    {hash}"), "would succeed".to_owned()] {
        assert!(tried.contains(&words), "expected '{words}' in: {tried}");
    }
    let after: Vec<_> = fs::read_dir(site.journal()).expect("a journal").flatten().map(|entry| entry.path()).collect();
    assert_eq!(before, after);
    let none = Site::new().pinion(&["recover", "--dry-run"]).expect_success();
    assert!(none.out.contains("none yet"), "{}", none.out);
    let refused = site.with("limits.orders=131072").pinion(&["recover", "--dry-run"]);
    refused.expect_refusal(&["fingerprint"]);
}

/// The same journal under two sets of rules: what they decide differently.
#[test]
fn two_replays_are_held_against_each_other() {
    let (site, last, _) = lived(0);
    let journal = site.journal();
    let journal = journal.to_str().expect("text");
    let same = site.pinion(&["journal", "diff", "--events", journal, journal]).expect_success();
    assert!(
        same.out.contains(&format!("equal up to record {last}, with all that the commands led to")),
        "{}",
        same.out
    );
    // Odd quantities are refused under the other rules.
    let other = site.path("other.toml");
    let text = Command::new(PINION).args(["run", "--print-config"]).output().expect("the program starts").stdout;
    let text = String::from_utf8(text).expect("text");
    fs::write(&other, text.replacen("lot = 1", "lot = 2", 1)).expect("the test's own file");
    let other = other.to_str().expect("text");
    let differ = site.pinion(&["journal", "diff", "--events", "--other-config", other, journal, journal]);
    assert_eq!(differ.status.code(), Some(1), "{differ:?}");
    assert!(
        differ.out.contains("leads to something else") && differ.out.contains("\nB: user=trader1 Rejected"),
        "{differ:?}"
    );
    let json = site.pinion(&["journal", "diff", "--json", "--events", "--other-config", other, journal, journal]);
    assert!(json.out.starts_with("{\"equal\":false,\"equal_up_to\":"), "{}", json.out);
}

/// An order's records, what they led to, and who was met there.
#[test]
fn a_dump_is_narrowed_to_an_order_with_all_that_concerns_it() {
    let (site, ..) = lived(0);
    let journal = site.journal();
    let journal = journal.to_str().expect("text");
    let dump = |more: &[&str]| {
        let arguments: Vec<&str> = ["journal", "dump", journal].into_iter().chain(more.iter().copied()).collect();
        site.pinion(&arguments).expect_success().out
    };
    let trades = dump(&["--events", "--kind", "Trade"]);
    let trade = trades.lines().find(|line| line.contains(" Trade match_number=")).expect("a trade in the flow");
    let word = |key: &str| {
        let (_, rest) = trade.split_once(key).expect("a field");
        rest.split_whitespace().next().expect("a word").to_owned()
    };
    let (maker, taker) = (word("maker="), word("taker="));
    let of_maker = dump(&["--order", &maker, "--events"]);
    let number = maker.split_once(':').expect("an order").1;
    for words in [
        format!("EnterOrder user_ref={number} "),
        format!("Accepted user_ref={number} "),
        format!("maker={maker} "),
        format!("taker={taker} "),
        format!("Executed user_ref={number} "),
        "liquidity=A match_number=".to_owned(),
    ] {
        assert!(of_maker.contains(&words), "expected '{words}' in: {of_maker}");
    }
    // The command of the other side is there, because of what it led to; ticks are nobody's.
    let other = taker.split_once(':').expect("an order").1;
    assert!(of_maker.contains(&format!("user_ref={other} ")) && !of_maker.contains("Quote"), "{of_maker}");
    let records = dump(&["--order", &maker]);
    assert!(records.lines().all(|line| of_maker.contains(line)) && !records.contains(" Trade "), "{records}");
    let json = dump(&["--order", &maker, "--events", "--json"]);
    assert_eq!(json.lines().count(), of_maker.lines().count());
    assert!(json.contains("\"trade\":{\"type\":\"Trade\",\"match_number\":"), "{json}");
    let of_another = dump(&["--instrument", "ALC"]);
    assert!(of_another.lines().count() == 1 && of_another.contains(" Genesis "), "it was only opened: {of_another}");
    let all = dump(&["--instrument", "PINION", "--kind", "SessionMessage"]).lines().count();
    assert!(all > 10_000, "{all} records");
    assert_eq!(dump(&["--session", "trader1"]).lines().count(), dump(&["--session", "0"]).lines().count());
}
