//! A damaged journal whose end is given up: told beforehand, kept aside, and the appliance goes on from what is left.

use crate::process::Finished;
use crate::recording::{assert_published, flow};
use crate::site::Site;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

fn files(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(dir).expect("a directory").flatten();
    let files = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()));
    let named = files.map(|entry| (entry.file_name().to_string_lossy().into_owned(), entry.path()));
    named.filter(|(name, _)| name != "LOCK").map(|(name, path)| (name, fs::read(path).expect("a file"))).collect()
}

fn cut(site: &Site, behind: u64, more: &[&str]) -> Finished {
    let (journal, behind) = (site.journal(), behind.to_string());
    let mut arguments = vec!["journal", "cut", journal.to_str().expect("text"), "--behind", &behind];
    arguments.extend(more);
    site.pinion(&arguments)
}

#[test]
fn the_end_is_given_up_kept_aside_and_gone_on_from() {
    let site = Site::new().with("snapshot.interval_ms=40");
    let appliance = site.start();
    assert_published(site.replay(&flow(), &[]));
    let refused = cut(&site, 10, &["--yes"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(refused.err.contains("in use by"), "{}", refused.err);
    let lived = appliance.stop();

    // A record in the middle is damaged.
    let mut segments: Vec<PathBuf> = files(&site.journal())
        .into_keys()
        .filter(|name| name.ends_with(".seg"))
        .map(|name| site.journal().join(name))
        .collect();
    segments.sort();
    let mut bytes = fs::read(&segments[0]).expect("a segment");
    bytes[1_000_000] ^= 0x10;
    fs::write(&segments[0], &bytes).expect("the test's own file");
    let verified = site.journal_command("verify");
    let (_, rest) = verified.err.split_once("--behind ").expect("the choices that are left");
    let behind: u64 = rest
        .split(|letter: char| !letter.is_ascii_digit())
        .next()
        .and_then(|text| text.parse().ok())
        .expect("a number");
    assert!(behind > 1_000 && behind < lived.seq, "{behind}");

    let before = files(&site.journal());
    for (number, more) in [(behind + 1, &["--yes"][..]), (behind, &[]), (0, &["--yes"])] {
        let refused = cut(&site, number, more);
        assert_eq!(refused.status.code(), Some(2), "{refused:?}");
        assert_eq!(files(&site.journal()), before, "nothing was changed");
    }
    let asked = cut(&site, behind, &[]);
    assert!(asked.err.contains("whole records, ") && asked.err.contains("of session trader1: "), "{}", asked.err);

    let done = cut(&site, behind, &["--yes"]).expect_success();
    let (_, aside) = done.out.trim_end().split_once("given up is in ").expect("where");
    // Everything is where it was or aside, and the segment itself is as it was there.
    let (kept, aside) = (files(&site.journal()), files(Path::new(aside)));
    for (name, bytes) in &before {
        assert!(kept.get(name) == Some(bytes) || aside.get(name) == Some(bytes), "{name} is lost");
    }
    let verified = site.journal_command("verify").expect_success();
    assert!(
        verified.out.contains(&format!("last seq      {behind}\n")) && verified.out.ends_with("clean\n"),
        "{}",
        verified.out
    );

    let appliance = site.start();
    assert_eq!(appliance.replayed(), behind);
    // The client that stopped there before goes on; another one begins.
    let again = appliance.stop();
    assert!(again.seq >= behind);
    let appliance = site.start();
    assert_eq!(appliance.stop().state_hash, again.state_hash);
}
