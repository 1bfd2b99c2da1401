//! The depth stream in other people's hands: their decoders rebuild from it the very books that `pinion journal book` shows.

use crate::full_flow::recording;
use crate::process::{Finished, Process};
use crate::recording::flow;
use crate::site::Site;
use netio::lab::excuse;
use std::fs;
use std::path::Path;
use std::process::Command;

/// What scripts/setup has taken from PyPI.
const PYTHON: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/python/bin/python3");
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/interop/depth_book.py");

/// An appliance that has taken a flow and was stopped, with a capture of all that it sent.
struct Taken {
    site: Site,
}

impl Taken {
    fn new(site: Site, flow: &Path, more: &[&str]) -> Self {
        let mut command = site.run_command(&[]);
        command.arg("--pcap").arg(site.path("sent.pcap"));
        let appliance = site.start_command(command);
        site.replay(flow, more).expect_success();
        appliance.stop();
        let book = site.pinion(&["journal", "book", "--orders", "--json"]).expect_success();
        fs::write(site.path("book.jsonl"), book.out).expect("the test's directory can be written");
        Self { site }
    }

    /// Compares by a decoder; `None` where it is not installed.
    fn compare(&self, decoder: &str) -> Option<Finished> {
        if !Path::new(PYTHON).exists() {
            excuse("decoders from PyPI", &"run scripts/setup");
            return None;
        }
        let mut command = Command::new(PYTHON);
        command.arg(SCRIPT).arg(decoder).arg(self.site.path("sent.pcap"));
        command.arg(self.site.ports.depth_line().to_string()).arg(self.site.path("book.jsonl"));
        Some(Process::spawn(command, &self.site.path(""), decoder).wait())
    }

    fn assert_equal(&self, decoder: &str) {
        let Some(finished) = self.compare(decoder) else { return };
        let finished = finished.expect_success();
        assert!(finished.out.ends_with(" 0 levels differ\n"), "{}{}", finished.out, finished.err);
        eprintln!("{}", finished.out.trim_end());
    }
}

#[test]
fn itchfeed_and_meatpy_rebuild_the_books() {
    // Before its end, where the flow empties the book.
    let taken = Taken::new(Site::new(), &flow(), &["--limit", "25000"]);
    taken.assert_equal("itchfeed");
    taken.assert_equal("meatpy");

    // A comparison that cannot fail would say nothing.
    let book = taken.site.path("book.jsonl");
    let text = fs::read_to_string(&book).expect("it was written");
    let at = text.find("\"shown\":").expect("an order") + "\"shown\":".len();
    fs::write(&book, format!("{}9{}", &text[..at], &text[at..])).expect("the test's directory can be written");
    let Some(finished) = taken.compare("itchfeed") else { return };
    assert_eq!(finished.status.code(), Some(1), "{finished:?}");
    assert!(finished.out.ends_with(" 1 levels differ\n"), "{}", finished.out);
}

/// All messages of the day but the last tenth, in which everything is canceled.
#[test]
#[ignore = "two million messages, and a decoder in Python"]
fn itchfeed_rebuilds_the_books_of_the_whole_day() {
    let Some((day, _)) = recording() else { return };
    let limits = ["limits.orders=1048576", "limits.levels=262144", "limits.session_orders=1048576"];
    let site = limits.into_iter().fold(Site::new().with("journal.segment_bytes=67108864"), Site::with);
    Taken::new(site, &day, &["--limit", "1800000"]).assert_equal("itchfeed");
}
