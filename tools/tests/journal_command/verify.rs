//! `pinion journal verify`: whole, torn, damaged, or no journal at all.

use crate::written::{SECOND_AT, flip, pinion, segment, told, write_journal};
use std::fs;
use std::process::Command;
use tempfile::TempDir;

#[test]
fn a_whole_journal_and_its_segment_verify() {
    let dir = TempDir::new().expect("a folder");
    let records = write_journal(dir.path());
    let (code, out, error) = told(&pinion(&["verify"], dir.path()));
    assert_eq!((code, &error[..]), (Some(0), ""));
    assert!(out.contains(&format!("records       {records}\n")) && out.ends_with("clean\n"), "{out}");
    let (code, out, _) = told(&pinion(&["verify", "--json"], dir.path()));
    assert_eq!(code, Some(0));
    assert!(out.contains("\"ok\":true") && out.contains(&format!("\"records\":{records},")), "{out}");
    assert!(out.ends_with("\"torn\":null}\n"), "{out}");
    let (code, out, _) = told(&pinion(&["verify"], &segment(dir.path())));
    assert_eq!(code, Some(0));
    assert!(out.contains(&format!("seq           1 to {records}\n")) && out.ends_with("clean\n"), "{out}");
    let (code, out, _) = told(&pinion(&["verify", "--json"], &segment(dir.path())));
    assert_eq!(code, Some(0));
    assert!(out.contains("\"first_seq\":1,") && out.ends_with("\"torn_at\":null}\n"), "{out}");
}

#[test]
fn damage_is_told_with_its_place() {
    let dir = TempDir::new().expect("a folder");
    write_journal(dir.path());
    flip(dir.path(), SECOND_AT + 33);
    let (code, out, error) = told(&pinion(&["verify"], dir.path()));
    assert_eq!((code, &out[..]), (Some(1), ""));
    assert!(error.contains(&format!("byte {SECOND_AT}")) && error.contains("record 2"), "{error}");
    let (code, out, _) = told(&pinion(&["verify", "--json"], dir.path()));
    assert_eq!(code, Some(1));
    assert!(out.contains("\"ok\":false,\"error\":"), "{out}");
    let (code, _, error) = told(&pinion(&["verify"], &segment(dir.path())));
    assert_eq!(code, Some(1));
    assert!(error.contains(&format!("expected record 2 at byte {SECOND_AT}, found damage")), "{error}");
    let (code, out, error) = told(&pinion(&["dump"], dir.path()));
    assert_eq!(code, Some(1));
    assert_eq!(out.lines().count(), 1, "what lies before the damage is printed: {out}");
    assert!(error.contains("record 2"), "{error}");
}

#[test]
fn every_flipped_byte_of_a_record_is_noticed() {
    let dir = TempDir::new().expect("a folder");
    write_journal(dir.path());
    let path = segment(dir.path());
    for offset in 0..SECOND_AT + 80 {
        flip(dir.path(), offset);
        let code = pinion(&["verify"], &path).status.code();
        flip(dir.path(), offset);
        assert!(matches!(code, Some(1 | 2)), "byte {offset}: {code:?}");
    }
    assert_eq!(pinion(&["verify"], &path).status.code(), Some(0), "all is as it was");
}

#[test]
fn a_torn_tail_is_no_damage() {
    let dir = TempDir::new().expect("a folder");
    let records = write_journal(dir.path());
    fs::remove_file(dir.path().join("durable.mark")).expect("the mark");
    let path = segment(dir.path());
    let bytes = fs::read(&path).expect("a segment");
    let end = bytes.iter().rposition(|&byte| byte != 0).expect("not empty");
    flip(dir.path(), end as u64);
    let (code, out, _) = told(&pinion(&["verify"], dir.path()));
    assert_eq!(code, Some(0));
    assert!(out.contains(&format!("records       {}\n", records - 1)) && out.contains("torn"), "{out}");
    let (code, out, _) = told(&pinion(&["verify"], &path));
    assert_eq!(code, Some(0));
    assert!(out.contains("torn from byte"), "{out}");
    let (code, out, _) = told(&pinion(&["dump"], dir.path()));
    assert_eq!((code, out.lines().count() as u64), (Some(0), records - 1));
}

#[test]
fn what_is_no_journal_is_refused() {
    let dir = TempDir::new().expect("a folder");
    let missing = dir.path().join("missing");
    let file = dir.path().join("note.txt");
    fs::write(&file, "not a journal, although it is long enough to hold the header of a segment, which has 64 bytes")
        .expect("writes");
    for (args, path) in [
        (&["verify"][..], missing.as_path()),
        (&["verify"], dir.path()),
        (&["verify"], &file),
        (&["dump"], &missing),
        (&["dump"], dir.path()),
        (&["dump"], &file),
        (&["dump", "--from", "x"], dir.path()),
        (&["dump", "--kind", "x"], dir.path()),
        (&["check"], dir.path()),
    ] {
        let (code, out, error) = told(&pinion(args, path));
        assert_eq!((code, &out[..]), (Some(2), ""), "{args:?} {}", path.display());
        assert!(!error.is_empty(), "{args:?}");
    }
    let no_path = Command::new(env!("CARGO_BIN_EXE_pinion")).args(["journal", "verify"]).output().expect("starts");
    assert_eq!(no_path.status.code(), Some(2));
}

#[test]
fn the_worst_of_several_paths_counts() {
    let (whole, damaged) = (TempDir::new().expect("a folder"), TempDir::new().expect("a folder"));
    write_journal(whole.path());
    write_journal(damaged.path());
    flip(damaged.path(), SECOND_AT + 33);
    let args = ["verify", whole.path().to_str().expect("text")];
    let (code, out, error) = told(&pinion(&args, damaged.path()));
    assert_eq!(code, Some(1));
    assert!(out.contains("clean") && error.contains("damaged"), "{out}{error}");
}
