//! The end of the process at any moment: what was acknowledged is there when the journal is opened again.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use engine::journal::{AppendError, Durability};
use wire::journal::RecordKind;
use wire::{Nanos, Seq};

use crate::fixture::{append_next, assert_lines, copy_dir, line, open_lines, options, walk};

const CHILD_DIR: &str = "PINION_TEST_JOURNAL_DIR";
const CHILD_DURABILITY: &str = "PINION_TEST_JOURNAL_DURABILITY";

/// The other half of the test below: appends until killed, and says what is durable. Does nothing in an ordinary run.
#[test]
fn child_appends_until_killed() {
    let Some(dir) = std::env::var_os(CHILD_DIR).map(PathBuf::from) else { return };
    let durability = std::env::var(CHILD_DURABILITY).expect("set").parse().expect("known");
    let (journal, _) = open_lines(&options(&dir, durability)).expect("opens");
    let (mut appender, watch) = (journal.appender, journal.watch);
    let _threads = journal.helper.spawn().expect("threads");
    let mut out = std::io::stdout();
    let mut told = Seq(0);
    loop {
        let (seq, time, _, body) = line(appender.next_seq().get());
        match appender.append(Seq(seq), Nanos(time), RecordKind::SessionMessage, &body) {
            Ok(_) => {}
            Err(AppendError::WouldBlock) => std::thread::yield_now(),
            Err(error) => panic!("{error}"),
        }
        let durable = watch.durable_seq();
        if durable > told {
            told = durable;
            // The parent is gone when this fails.
            if writeln!(out, "durable {durable}").and_then(|()| out.flush()).is_err() || seq > 200_000 {
                return;
            }
        }
    }
}

#[test]
fn kill_9_loses_nothing_acknowledged() {
    for (durability, lines_before_kill) in [(Durability::Synced, 40), (Durability::Mapped, 1_500)] {
        let dir = tempfile::tempdir().expect("a directory");
        for round in 0..3 {
            let mut child = Command::new(std::env::current_exe().expect("this test"))
                .args(["--exact", "kill::child_appends_until_killed", "--nocapture", "--test-threads=1"])
                .env(CHILD_DIR, dir.path())
                .env(CHILD_DURABILITY, durability.to_string())
                .stdout(Stdio::piped())
                .stderr(Stdio::null())
                .spawn()
                .expect("a child");
            let mut reader = BufReader::new(child.stdout.take().expect("piped"));
            let mut acknowledged = 0;
            let mut note = |text: &str| {
                if let Some(seq) = text.trim().strip_prefix("durable ").and_then(|seq| seq.parse::<u64>().ok()) {
                    acknowledged = seq;
                    return true;
                }
                false
            };
            let mut heard = 0;
            let mut text = String::new();
            while heard < lines_before_kill + round * 7 {
                text.clear();
                assert!(reader.read_line(&mut text).expect("reads") > 0, "the child ended by itself");
                heard += u32::from(note(&text));
            }
            child.kill().expect("kills");
            child.wait().expect("waits");
            // What it had said before it died counts too, except for a line that was cut off.
            for text in reader.split(b'\n').map_while(Result::ok) {
                let whole = String::from_utf8_lossy(&text).into_owned();
                if whole.starts_with("durable ") {
                    note(&whole);
                }
            }
            let (journal, replayed) = open_lines(&options(dir.path(), durability)).expect("opens after kill -9");
            let last = journal.report.last_seq.get();
            assert!(
                last >= acknowledged && acknowledged > 0,
                "{durability}: {acknowledged} acknowledged, {last} found"
            );
            assert_lines(&replayed, last, "opened again");
        }
    }
}

#[test]
fn a_copy_taken_at_any_moment_holds_all_that_may_be_told() {
    for durability in [Durability::Mapped, Durability::Synced] {
        copies_hold_all_that_may_be_told(durability);
    }
}

fn copies_hold_all_that_may_be_told(durability: Durability) {
    let dir = tempfile::tempdir().expect("a directory");
    let (mut journal, _) = open_lines(&options(dir.path(), durability)).expect("opens");
    for step in 0..60_u64 {
        for _ in 0..step % 23 {
            append_next(&mut journal);
        }
        if step % 4 == 0 {
            journal.helper.turn();
        }
        let copy = tempfile::tempdir().expect("a directory");
        copy_dir(dir.path(), copy.path());
        let durable = journal.watch.durable_seq().get();
        let (mut reopened, replayed) = open_lines(&options(copy.path(), durability)).expect("opens");
        assert_lines(&replayed, durable, &format!("{durability}, step {step}"));
        append_next(&mut reopened);
        reopened.helper.turn();
        drop(reopened);
        assert_lines(&walk(copy.path()).0, durable + 1, &format!("{durability}, step {step}"));
    }
}
