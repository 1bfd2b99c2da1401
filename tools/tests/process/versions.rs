//! Files of another version of the program: refused by name, or passed over and made again; never taken for something else, never changed
//! where nothing replaces them. One test for each row of "Upgrade and rollback" in docs/operations.md.

use crate::process::wait_until;
use crate::site::{Appliance, PINION, Site};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use tools::version::FORMATS;

/// A journal with some orders in it, its snapshot, messages and views, of an appliance that has stopped.
fn lived() -> Site {
    let site = Site::new();
    let appliance = site.start();
    for price in ["10", "10.5"] {
        let mut send = Command::new(PINION);
        send.args(["send", "--server", &site.ports.order_entry().to_string(), "sell", "100", "PINION", "@", price]);
        site.spawn(send, "send").wait().expect_success();
    }
    appliance.stop();
    site
}

/// The files below the journal's directory whose names end so, the oldest first.
fn files(site: &Site, below: &str, end: &str) -> Vec<PathBuf> {
    let entries =
        fs::read_dir(site.journal().join(below)).expect("the folder").map(|entry| entry.expect("an entry").path());
    let mut files: Vec<_> = entries.filter(|path| path.to_string_lossy().ends_with(end)).collect();
    files.sort();
    assert!(!files.is_empty(), "expected a file {below}/…{end}");
    files
}

/// Puts another version into a header of so many bytes, with the checksum at its end mended.
fn set_version(path: &Path, header_len: usize, version: u32) {
    let mut bytes = fs::read(path).expect("a file of the journal");
    bytes[8..12].copy_from_slice(&version.to_le_bytes());
    let crc = crc32c::crc32c(&bytes[..header_len - 4]);
    bytes[header_len - 4..header_len].copy_from_slice(&crc.to_le_bytes());
    fs::write(path, bytes).expect("the test's own file");
}

/// The version of a format, one older and one newer.
fn others(name: &str) -> [u32; 2] {
    let format = FORMATS.iter().find(|format| format.name == name).expect("a format of this program");
    [format.version - 1, format.version + 1]
}

fn said(appliance: &Appliance, words: &[&str]) {
    wait_until("what it says of the file", || words.iter().all(|word| appliance.err().contains(word)));
}

#[test]
fn a_journal_of_another_version_is_refused_by_every_command_and_left_alone() {
    let site = lived();
    let segment = files(&site, "", ".seg").remove(0);
    let whole = fs::read(&segment).expect("a segment");
    for version in others("journal") {
        set_version(&segment, 64, version);
        let before = fs::read(&segment).expect("a segment");
        let name = format!("in version {version} of the journal's layout");
        site.start_refused(&[]).expect_refusal(&[&name, "nothing was changed", "Start the program that wrote it"]);
        for action in ["verify", "dump"] {
            let refused = site.journal_command(action);
            assert!(!refused.status.success() && refused.err.contains(&name), "{action}: {refused:?}");
        }
        assert_eq!(fs::read(&segment).expect("a segment"), before);
    }
    fs::write(&segment, whole).expect("the test's own file");
    site.start().stop();
}

/// What `pinion doctor` says below `versions`.
fn doctored(site: &Site) -> String {
    let mut command = Command::new(PINION);
    command.arg("doctor").args(site.run_command(&[]).get_args().skip(1));
    let said = site.spawn(command, "doctor").wait().out;
    // A remedy stands below its line.
    let (mut of_versions, mut text) = (false, String::new());
    for line in said.lines() {
        of_versions = if line.starts_with(' ') { of_versions } else { line.starts_with("versions ") };
        if of_versions {
            text += line.trim();
            text += "\n";
        }
    }
    text
}

#[test]
fn a_snapshot_of_another_version_is_passed_over_by_name_and_the_journal_read_instead() {
    let site = lived();
    let first = site.start().stop();
    for version in others("snapshot") {
        for snapshot in files(&site, "", ".snap") {
            set_version(&snapshot, 128, version);
            let told = doctored(&site);
            let named = format!(
                "warning {} is in version {version} of the snapshot's layout, this program reads and writes version {}",
                snapshot.display(),
                wire::snapshot::SNAPSHOT_VERSION
            );
            assert!(told.contains(&named) && told.contains("pinion recover --dry-run"), "{told}");
        }
        let appliance = site.start();
        let found = format!("found {version:#x}");
        said(&appliance, &["snapshot: passed over:", "another version of the snapshot's layout", &found]);
        assert_eq!((appliance.snapshot_seq(), appliance.replayed()), (None, first.seq));
        assert_eq!(appliance.stop().state_hash, first.state_hash);
        assert!(doctored(&site).contains("snapshots have a layout that this program reads"));
    }
    // What nothing replaces is a problem.
    for snapshot in files(&site, "", ".snap") {
        set_version(&snapshot, 128, others("snapshot")[1]);
    }
    fs::remove_file(files(&site, "", ".seg").remove(0)).expect("the test's own file");
    let told = doctored(&site);
    assert!(told.contains("start the program that wrote it") && told.contains("problem /"), "{told}");
}

#[test]
fn messages_of_another_version_are_made_again() {
    let site = lived();
    for version in others("messages") {
        for file in files(&site, "feed", ".msg") {
            set_version(&file, 64, version);
        }
        let appliance = site.start();
        let named = format!(
            "is in version {version} of the messages' layout, this program reads and writes version 1, and is made again"
        );
        said(&appliance, &[&named, "the message store is whole again"]);
        appliance.stop();
    }
    // What is damaged is not of another version.
    for file in files(&site, "feed", ".msg") {
        fs::write(file, [7; 4_096]).expect("the test's own file");
    }
    let appliance = site.start();
    said(&appliance, &["does not hold what was published, and is made again", "the message store is whole again"]);
    appliance.stop();
}

#[test]
fn views_of_another_version_are_named_and_made_again() {
    let site = lived();
    let view = || {
        let mut command = Command::new(PINION);
        command.args(["view", "trades", "--set", &format!("journal.dir={}", site.journal().display())]);
        site.spawn(command, "view").wait()
    };
    for version in others("views") {
        for file in files(&site, "views", ".pv") {
            set_version(&file, 64, version);
        }
        let found = format!("views header.version: expected 1, found {version:#x}");
        let refused = view();
        refused.expect_refusal(&[&found]);
        let appliance = site.start();
        said(&appliance, &[&found]);
        appliance.stop();
        view().expect_success();
    }
}

#[test]
fn counters_of_another_version_are_refused_by_name_and_made_anew() {
    let site = lived();
    // Who is killed leaves them.
    site.start().kill();
    let left = || {
        let entries = fs::read_dir(site.path("")).expect("the folder").map(|entry| entry.expect("an entry").path());
        entries.into_iter().find(|path| path.extension().is_some_and(|it| it == "counters")).expect("counters")
    };
    for version in others("counters") {
        set_version(&left(), 256, version);
        let found = format!("counters header.version: expected 1, found {version:#x}");
        let mut stats = Command::new(PINION);
        stats.args(["stats", "--once"]).args(site.run_command(&[]).get_args().skip(1));
        let refused = site.spawn(stats, "stats").wait();
        assert!(!refused.status.success() && refused.err.contains(&found), "{refused:?}");
        assert!(doctored(&site).contains(&found), "{}", doctored(&site));
        site.start().kill();
        assert!(!doctored(&site).contains("counters header"), "{}", doctored(&site));
    }
}

/// What `pinion version --json` says before and after an upgrade is what tells whether a rollback can read what was written meanwhile.
#[test]
fn the_program_tells_its_versions_and_the_manual_has_them() {
    let output = |arguments: &[&str]| {
        let output = Command::new(PINION).args(arguments).output().expect("it runs");
        assert!(output.status.success());
        String::from_utf8(output.stdout).expect("text")
    };
    let json: serde_json::Value = serde_json::from_str(&output(&["version", "--json"])).expect("JSON");
    let (text, manual) = (output(&["--version"]), include_str!("../../../docs/operations.md"));
    assert_eq!(output(&["version"]), text);
    assert_eq!(json["version"], env!("CARGO_PKG_VERSION"));
    assert!(text.starts_with(concat!("pinion ", env!("CARGO_PKG_VERSION"), "\ncommit ")), "{text}");
    assert_eq!(json["formats"].as_object().expect("an object").len(), FORMATS.len());
    for format in FORMATS {
        let (name, version) = (format.name, format.version);
        assert_eq!(json["formats"][name], version);
        assert!(text.contains(&format!("\n{name} {version} (")), "{text}");
        let row = format!("| {name} | {version} |");
        assert!(manual.contains(&row), "docs/operations.md should have a row that begins '{row}'");
    }
}
