//! `pinion version`: which program this is, and which files it reads and writes.
//!
//! Goal: before an upgrade, and after a refusal, one line for each format says whether two versions of the program understand each other.
//! Non-goal: what travels; peers say that themselves when they log in.

use clap::Args;
use std::fmt::Write;
use std::sync::LazyLock;
use wire::counters::COUNTERS_VERSION;
use wire::journal::SEGMENT_VERSION;
use wire::messages::MESSAGES_VERSION;
use wire::snapshot::SNAPSHOT_VERSION;
use wire::views::VIEWS_VERSION;

/// Print the version, the commit that it was built from, and the versions of the files that it reads and writes
#[derive(Args, Clone, Debug)]
#[command(after_help = "\
Examples:
  pinion version
  pinion version --json > /var/tmp/pinion-before.json      to compare with, after an upgrade

A file of another version is refused by name, or made again where the journal has what was in it: see 'Upgrade and rollback' in operations.md.")]
pub struct VersionArgs {
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// A kind of file that another process, or the next one, reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Format {
    /// Its name.
    pub name: &'static str,
    /// Which files have it, below the journal's directory unless it says another place.
    pub files: &'static str,
    /// What stands in their headers.
    pub version: u32,
}

/// Every one.
pub const FORMATS: [Format; 5] = [
    Format { name: "journal", files: "journal-*.seg, archive/*.seg.zst", version: SEGMENT_VERSION },
    Format { name: "snapshot", files: "snapshot-*.snap", version: SNAPSHOT_VERSION },
    Format { name: "messages", files: "feed/*", version: MESSAGES_VERSION },
    Format { name: "views", files: "views/*.pv", version: VIEWS_VERSION },
    Format { name: "counters", files: "pinion-*.counters in stats.dir", version: COUNTERS_VERSION },
];

const PACKAGE: &str = env!("CARGO_PKG_VERSION");

/// Where it was built from. Only who makes a release says so (`scripts/package` does): the build that asked git would have to be made anew
/// after every commit.
const COMMIT: &str = match option_env!("PINION_COMMIT") {
    Some(commit) => commit,
    None => "not recorded",
};

/// For `--version`.
#[must_use]
pub fn long() -> &'static str {
    static LONG: LazyLock<String> = LazyLock::new(|| {
        let mut text = format!("{PACKAGE}\ncommit {COMMIT}\n");
        for Format { name, version, files } in FORMATS {
            writeln!(text, "{name} {version} ({files})").expect("a String takes all that is written to it");
        }
        text.truncate(text.trim_end().len());
        text
    });
    &LONG
}

/// Prints it.
pub fn execute(args: &VersionArgs) {
    if !args.json {
        println!("pinion {}", long());
        return;
    }
    let formats: Vec<String> = FORMATS.iter().map(|format| format!("\"{}\":{}", format.name, format.version)).collect();
    println!("{{\"version\":\"{PACKAGE}\",\"commit\":\"{COMMIT}\",\"formats\":{{{}}}}}", formats.join(","));
}
