//! The log as whoever keeps it sees it: nothing is lost by rotation, a flood stays bounded, nobody waits.

use engine::config::Config;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tools::log::{Field, Kind, LogThread};

fn config(file: &Path, more: &[(&str, &str)]) -> Config {
    let mut settings = vec![("log.file".to_owned(), file.display().to_string())];
    settings.extend(more.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())));
    Config::load_with(None, &settings).expect("it can be used")
}

fn lines(path: &Path) -> Vec<String> {
    fs::read_to_string(path).expect("a log").lines().map(str::to_owned).collect()
}

#[test]
fn rotation_in_the_middle_of_a_flood_loses_no_line() {
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("pinion.log");
    let reopen = Arc::new(AtomicBool::new(false));
    let config = config(&file, &[("log.kind_lines_per_s", "0")]);
    let thread = LogThread::begin(&config, Arc::clone(&reopen)).expect("a log");
    let log = thread.log();
    let mut moved = Vec::new();
    for number in 0..3_000 {
        log.say(Kind::Views, format!("line {number}."), Vec::new());
        if number % 100 == 99 {
            // So that none finds the queue full: that would be another loss.
            log.flush();
        }
        if number % 1_000 == 500 {
            moved.push(dir.path().join(format!("pinion.log.{number}")));
            fs::rename(&file, moved.last().expect("just put there")).expect("a file to move");
            reopen.store(true, Ordering::Relaxed);
        }
    }
    drop(thread);
    moved.push(file);
    let all: Vec<String> = moved.iter().flat_map(|file| lines(file)).collect();
    let told: Vec<&str> = all.iter().filter_map(|line| line.split_once(" views: ").map(|(_, text)| text)).collect();
    let expected: Vec<String> = (0..3_000).map(|number| format!("line {number}.")).collect();
    let missing: Vec<&String> = expected.iter().filter(|line| !told.contains(&line.as_str())).collect();
    assert!(told == expected, "missing or in another order: {missing:?}");
    assert!(moved.iter().all(|file| lines(file).len() > 100), "each took some");
    assert_eq!(all.iter().filter(|line| line.contains(" log_reopened: ")).count(), 3);
}

#[test]
fn a_flood_is_bounded_and_told() {
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("pinion.log");
    let config = config(&file, &[("log.kind_lines_per_s", "5"), ("log.format", "json")]);
    let thread = LogThread::begin(&config, Arc::default()).expect("a log");
    let log = thread.log();
    let begin = Instant::now();
    let mut said = 0;
    while begin.elapsed() < Duration::from_millis(1_300) {
        for _ in 0..100 {
            log.say(Kind::Feed, "the same again".to_owned(), vec![Field::Number("number", said)]);
            said += 1;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    log.say(Kind::DiskLow, "something else".to_owned(), Vec::new());
    drop(thread);
    let lines: Vec<serde_json::Value> =
        lines(&file).iter().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let of = |kind: &str| lines.iter().filter(|line| line["kind"] == kind).count();
    assert!((5..=15).contains(&of("feed")), "{} lines of {said}", of("feed"));
    assert_eq!(of("disk_low"), 1, "a flood of one kind leaves room for others");
    let left_out = lines.iter().find(|line| line["kind"] == "log" && line["of"] == "feed").expect("told");
    assert!(left_out["lines"].as_u64() > Some(100), "{left_out}");
    assert!(lines[0]["time"].as_str().is_some_and(|time| time.ends_with('Z')), "{}", lines[0]);
}

#[test]
fn who_says_something_does_not_wait_for_a_reader_that_stands_still() {
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("pinion.log");
    nix::unistd::mkfifo(&file, nix::sys::stat::Mode::S_IRWXU).expect("a pipe");
    // Both ends, so that it opens; nobody reads.
    let reader = fs::OpenOptions::new().read(true).write(true).open(&file).expect("a pipe");
    let config = config(&file, &[("log.kind_lines_per_s", "0")]);
    let thread = LogThread::begin(&config, Arc::default()).expect("a log");
    let log = thread.log();
    // On a thread of its own: one that waited would never come back.
    let (say, hear) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for number in 0..5_000 {
            log.say(Kind::Views, format!("{number:0100}"), Vec::new());
        }
        let _ = say.send(());
    });
    // A pipe holds 64 KiB: the writer stands still long before the last of them.
    assert!(hear.recv_timeout(Duration::from_secs(5)).is_ok(), "it waits");
    drop(reader);
    std::mem::forget(thread);
}

#[test]
fn less_important_lines_are_left_out_and_a_file_that_cannot_be_is_refused() {
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("pinion.log");
    let quiet = config(&file, &[("log.level", "warning")]);
    let thread = LogThread::begin(&quiet, Arc::default()).expect("a log");
    thread.log().say(Kind::Port, "info".to_owned(), Vec::new());
    thread.log().say(Kind::Views, "warning".to_owned(), Vec::new());
    drop(thread);
    assert_eq!(lines(&file).len(), 1);
    let nowhere = config(&dir.path().join("no/such/pinion.log"), &[]);
    let error = LogThread::begin(&nowhere, Arc::default()).expect_err("no such folder").to_string();
    assert!(error.contains("no/such/pinion.log"), "{error}");
}
