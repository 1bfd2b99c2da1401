//! Damage of every kind: cut tails, flipped bytes, missing files. Whatever the damage, a record that comes out is the right one.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::Path;

use engine::journal::{Durability, JournalError, Reader};
use wire::Seq;
use wire::journal::SegmentHeader;

use crate::fixture::{
    Line, append_to, assert_lines, copy_dir, forget_mark, lines, open_lines, options, segment_paths, sync_to, walk,
    written,
};

/// Changes bytes of a file for as long as `look` looks. Writes only what differs: rewriting whole files is slow in its thousands.
fn with_damage<T>(path: &Path, whole: &[u8], damage: impl FnOnce(&mut [u8]), look: impl FnOnce() -> T) -> T {
    let mut bytes = whole.to_vec();
    damage(&mut bytes);
    let differs = |(_, (old, new)): &(usize, (&u8, &u8))| old != new;
    let changed: Vec<_> = whole.iter().zip(&bytes).enumerate().filter(differs).map(|(at, _)| at).collect();
    let Some(range) = changed.first().zip(changed.last()).map(|(first, last)| *first..last + 1) else { return look() };
    let file = OpenOptions::new().write(true).open(path).expect("opens");
    file.write_all_at(&bytes[range.clone()], range.start as u64).expect("writes");
    let seen = look();
    file.write_all_at(&whole[range.clone()], range.start as u64).expect("writes");
    seen
}

fn assert_prefix(seen: &[Line], all: &[Line], what: &str) {
    assert!(seen.len() <= all.len() && *seen == all[..seen.len()], "{what}: a wrong record came out");
}

#[test]
fn a_tail_torn_at_any_byte_is_cut_and_the_journal_goes_on() {
    let dir = tempfile::tempdir().expect("a directory");
    let (_, places) = written(dir.path(), 40);
    forget_mark(dir.path());
    let path = segment_paths(dir.path()).pop().expect("a segment");
    let whole = fs::read(&path).expect("reads");
    let from = usize::try_from(places[36].1).expect("small");
    let end = whole.iter().rposition(|byte| *byte != 0).expect("not empty") + 1;
    for cut in from..end {
        // Where nothing but zeros is taken away, the record is still whole.
        let changed = cut + whole[cut..end].iter().position(|byte| *byte != 0).expect("the end is not zero");
        let kept = places.iter().rposition(|(_, offset)| *offset <= changed as u64).expect("the first record");
        let torn = changed as u64 > places[kept].1;
        let zero = |bytes: &mut [u8]| bytes[cut..].fill(0);
        let (seen, outcome) = with_damage(&path, &whole, zero, || walk(dir.path()));
        assert_lines(&seen, kept as u64, &format!("cut at {cut}"));
        assert_eq!(outcome.expect("a torn tail is no reason"), torn, "cut at {cut}");
        if cut % 5 > 0 {
            continue;
        }
        let copy = tempfile::tempdir().expect("a directory");
        with_damage(&path, &whole, zero, || copy_dir(dir.path(), copy.path()));
        let (mut journal, replayed) =
            open_lines(&options(copy.path(), Durability::Mapped)).expect("a torn tail is no reason");
        assert_lines(&replayed, kept as u64, &format!("cut at {cut}"));
        assert_eq!(journal.report.cut.is_some(), torn, "cut at {cut}: {:?}", journal.report);
        append_to(&mut journal, 45);
        drop(journal);
        let (seen, torn) = walk(copy.path());
        assert_lines(&seen, 45, &format!("cut at {cut}"));
        assert!(!torn.expect("whole"), "cut at {cut}: something of the old tail is left");
    }
}

#[test]
fn a_record_whose_length_was_not_stored_yet_is_not_there() {
    let dir = tempfile::tempdir().expect("a directory");
    let (_, places) = written(dir.path(), 20);
    forget_mark(dir.path());
    let path = segment_paths(dir.path()).pop().expect("a segment");
    let whole = fs::read(&path).expect("reads");
    let last = usize::try_from(places[19].1).expect("small");
    let (seen, torn) = with_damage(&path, &whole, |bytes| bytes[last..last + 4].fill(0), || walk(dir.path()));
    assert_lines(&seen, 19, "walked");
    assert!(torn.expect("a torn tail"));
}

#[test]
fn a_flipped_byte_gives_a_prefix_or_a_refusal_and_never_a_wrong_record() {
    let dir = tempfile::tempdir().expect("a directory");
    let last = 260;
    let (_, places) = written(dir.path(), last);
    forget_mark(dir.path());
    let all = lines(last);
    let paths = segment_paths(dir.path());
    let (mut refused, mut cut, mut unharmed) = (0, 0, 0);
    for (at, path) in paths.iter().enumerate() {
        let whole = fs::read(path).expect("reads");
        let Some(end) = whole.iter().rposition(|byte| *byte != 0) else { continue };
        let regions = [0..700.min(whole.len()), end.saturating_sub(700)..(end + 80).min(whole.len())];
        for offset in regions.into_iter().flatten() {
            for mask in [0x01, 0xFF] {
                let what = format!("segment {at} byte {offset} mask {mask:#x}");
                let (seen, outcome) = with_damage(path, &whole, |bytes| bytes[offset] ^= mask, || walk(dir.path()));
                assert_prefix(&seen, &all, &what);
                match outcome {
                    Err(JournalError::Corrupt { .. }) => refused += 1,
                    Err(error) => panic!("{what}: {error}"),
                    Ok(_) if seen.len() == all.len() => unharmed += 1,
                    Ok(_) => {
                        cut += 1;
                        // Only the very last record may pass for a torn tail; all others have a whole one after them.
                        assert_eq!(seen.len() as u64, last - 1, "{what}");
                        assert_eq!(at as u64, places[places.len() - 1].0, "{what}");
                    }
                }
            }
        }
    }
    assert!(refused > 1_000 && cut > 30 && unharmed > 0, "{refused} {cut} {unharmed}");
}

#[test]
fn what_was_known_durable_may_not_be_cut() {
    let dir = tempfile::tempdir().expect("a directory");
    let (_, places) = written(dir.path(), 20);
    // Opening again raises the mark to the last record.
    drop(open_lines(&options(dir.path(), Durability::Synced)).expect("opens"));
    let path = segment_paths(dir.path()).pop().expect("a segment");
    let whole = fs::read(&path).expect("reads");
    let last = usize::try_from(places[19].1).expect("small");
    for damage in [last..last + 4, last + 24..last + 25, last..whole.len()] {
        let what = format!("{damage:?}");
        let hurt = |bytes: &mut [u8]| bytes[damage].fill(0);
        with_damage(&path, &whole, hurt, || {
            let before = fs::read(&path).expect("reads");
            let error = open_lines(&options(dir.path(), Durability::Synced)).map(|_| ()).expect_err(&what);
            assert!(matches!(&error, JournalError::Corrupt { seq, .. } if seq.get() == 20), "{what}: {error}");
            assert!(error.to_string().contains("known to have been durable"), "{error}");
            assert_eq!(fs::read(&path).expect("reads"), before, "a refused journal is left as it is");
        });
    }
}

#[test]
fn a_damaged_record_in_the_middle_is_named_with_file_offset_and_seq() {
    let dir = tempfile::tempdir().expect("a directory");
    let (_, places) = written(dir.path(), 260);
    let paths = segment_paths(dir.path());
    let (segment, offset) = places[100];
    let path = &paths[usize::try_from(segment).expect("small")];
    let whole = fs::read(path).expect("reads");
    let at = usize::try_from(offset).expect("small") + 20;
    let (seen, outcome) = with_damage(path, &whole, |bytes| bytes[at] ^= 1, || walk(dir.path()));
    assert_lines(&seen, 100, "walked");
    let error = outcome.expect_err("damaged");
    let JournalError::Corrupt { path: named, offset: found, seq, .. } = &error else { panic!("{error}") };
    assert_eq!((named, *found, seq.get()), (path, offset, 101));
    assert!(error.to_string().contains("Restore the file from a copy"), "{error}");
}

/// What a loss of power may leave: a record lost, and later ones, also of the next segment, on the disk.
#[test]
fn records_behind_a_lost_one_are_cut_unless_one_says_that_it_had_been_released() {
    for (synced, lost, whole) in [(60, 61, true), (60, 100, true), (60, 60, false), (60, 3, false)] {
        let what = format!("{synced} synced, {lost} lost");
        let dir = tempfile::tempdir().expect("a directory");
        let options = options(dir.path(), Durability::Synced);
        let (mut journal, _) = open_lines(&options).expect("opens");
        append_to(&mut journal, synced);
        journal.helper.turn();
        append_to(&mut journal, synced + 1);
        // Two segments lie ready, so none has to be made, which would take a sync with it.
        append_to(&mut journal, 240);
        let durable = journal.watch.durable_seq();
        assert_eq!(durable, Seq(synced), "{what}");
        // The end comes when all of it is written and before anybody is told so: the mark is as it was.
        sync_to(&mut journal, 240);
        drop(journal);
        forget_mark(dir.path());
        let mut reader = Reader::open(dir.path()).expect("reads");
        let mut place = None;
        while let Some(record) = reader.next().expect("whole") {
            if record.seq == Seq(lost) {
                place = Some(record.position);
            }
        }
        let place = place.expect("there");
        let path = &segment_paths(dir.path())[usize::try_from(place.segment).expect("small")];
        OpenOptions::new().write(true).open(path).expect("opens").write_all_at(&[0; 8], place.offset).expect("writes");
        let (seen, outcome) = walk(dir.path());
        assert_lines(&seen, lost - 1, &what);
        if whole {
            assert!(outcome.expect("no acknowledged record is lost"), "{what}");
            let (mut journal, replayed) = open_lines(&options).expect("opens");
            assert_lines(&replayed, lost - 1, &what);
            let cut = journal.report.cut.clone().expect("cut");
            assert_eq!((&cut.path, cut.offset, cut.records), (path, place.offset, 240 - lost), "{what}: {cut}");
            assert!(cut.to_string().contains("whole records behind it"), "{cut}");
            sync_to(&mut journal, 300);
            drop(journal);
            assert_lines(&walk(dir.path()).0, 300, "gone on");
        } else {
            let error = outcome.expect_err("acknowledged").to_string();
            assert!(error.contains("when everything up to 60 had been released"), "{what}: {error}");
        }
    }
}

#[test]
fn a_journal_of_another_version_is_refused_by_name_and_left_alone() {
    let dir = tempfile::tempdir().expect("a directory");
    written(dir.path(), 20);
    forget_mark(dir.path());
    let path = segment_paths(dir.path()).remove(0);
    let mut bytes = fs::read(&path).expect("reads");
    for version in [1, 3] {
        bytes[8] = version;
        let crc = crc32c::crc32c(&bytes[..60]);
        bytes[60..64].copy_from_slice(&crc.to_le_bytes());
        // Records that this program cannot read: it must not take the journal for an empty one.
        bytes[64..].fill(0xEE);
        fs::write(&path, &bytes).expect("writes");
        let error = open_lines(&options(dir.path(), Durability::Synced)).map(|_| ()).expect_err("another version");
        assert!(matches!(error, JournalError::Version { found, .. } if found == u32::from(version)), "{error}");
        assert!(error.to_string().contains(&format!("in version {version} of the journal's layout")), "{error}");
        assert_eq!(fs::read(&path).expect("reads"), bytes, "left as it is");
    }
}

#[test]
fn a_record_in_another_place_or_twice_is_not_taken() {
    let dir = tempfile::tempdir().expect("a directory");
    let (_, places) = written(dir.path(), 30);
    forget_mark(dir.path());
    let path = segment_paths(dir.path()).remove(0);
    let whole = fs::read(&path).expect("reads");
    let place = |index: usize| usize::try_from(places[index].1).expect("small");
    let end = whole.iter().rposition(|byte| *byte != 0).expect("not empty").next_multiple_of(8);
    // The last record once more behind itself: whole, but not the next one.
    let twice = |bytes: &mut [u8]| bytes.copy_within(place(29)..end, end);
    let (seen, outcome) = with_damage(&path, &whole, twice, || walk(dir.path()));
    assert_lines(&seen, 30, "walked");
    assert!(outcome.expect("nothing later follows"), "the copy counts as a torn tail");
    // A record taken out, with the following ones moved up.
    let removed = |bytes: &mut [u8]| bytes.copy_within(place(11).., place(10));
    let (seen, outcome) = with_damage(&path, &whole, removed, || walk(dir.path()));
    assert_lines(&seen, 10, "walked");
    assert!(matches!(outcome, Err(JournalError::Corrupt { .. })));
}

#[test]
fn missing_swapped_cut_and_foreign_files_are_refused() {
    let dir = tempfile::tempdir().expect("a directory");
    written(dir.path(), 700);
    let all = lines(700);
    let fresh = || {
        let copy = tempfile::tempdir().expect("a directory");
        copy_dir(dir.path(), copy.path());
        let paths = segment_paths(copy.path());
        (copy, paths)
    };
    let count = segment_paths(dir.path()).len();
    assert!(count >= 4);
    for missing in 0..count - 2 {
        let (copy, paths) = fresh();
        fs::remove_file(&paths[missing]).expect("removes");
        let (_, outcome) = walk(copy.path());
        assert!(matches!(outcome, Err(JournalError::MissingSegment { .. })), "{missing}: {outcome:?}");
    }
    let (copy, paths) = fresh();
    let (one, two) = (fs::read(&paths[1]).expect("reads"), fs::read(&paths[2]).expect("reads"));
    fs::write(&paths[1], two).and_then(|()| fs::write(&paths[2], one)).expect("swaps");
    let (seen, outcome) = walk(copy.path());
    assert_prefix(&seen, &all, "swapped");
    assert!(matches!(outcome, Err(JournalError::Corrupt { .. })), "{outcome:?}");

    let (copy, paths) = fresh();
    let bytes = fs::read(&paths[1]).expect("reads");
    fs::write(&paths[1], &bytes[..bytes.len() / 2]).expect("cuts");
    let (seen, outcome) = walk(copy.path());
    assert_prefix(&seen, &all, "cut in half");
    assert!(matches!(outcome, Err(JournalError::Corrupt { .. })), "{outcome:?}");

    let (copy, _) = fresh();
    let other = tempfile::tempdir().expect("a directory");
    written(other.path(), 3);
    let foreign = segment_paths(other.path()).remove(0);
    fs::copy(&foreign, copy.path().join(foreign.file_name().expect("a name"))).expect("copies");
    assert!(matches!(walk(copy.path()).1, Err(JournalError::ForeignSegment { .. })));

    let (copy, paths) = fresh();
    drop(open_lines(&options(copy.path(), Durability::Synced)).expect("opens"));
    for path in paths {
        if path.exists() {
            fs::remove_file(&path).expect("removes");
        }
    }
    for path in segment_paths(copy.path()) {
        fs::remove_file(&path).expect("removes");
    }
    let error = open_lines(&options(copy.path(), Durability::Synced)).map(|_| ()).expect_err("all segments are gone");
    assert!(matches!(error, JournalError::MissingSegment { .. }), "{error}");
}

#[test]
fn a_crash_while_a_segment_is_begun_or_prepared_leaves_no_trace() {
    let dir = tempfile::tempdir().expect("a directory");
    let options = options(dir.path(), Durability::Mapped);
    let (mut journal, _) = open_lines(&options).expect("opens");
    append_to(&mut journal, 20);
    journal.helper.turn();
    journal.helper.turn();
    drop(journal);
    forget_mark(dir.path());
    let paths = segment_paths(dir.path());
    assert!(paths.len() >= 2, "a prepared segment lies there");
    // Half a header, as a crash inside `begin` may leave it, in the segment that was prepared.
    let mut bytes = fs::read(&paths[1]).expect("reads");
    bytes[40..64].fill(0xEE);
    fs::write(&paths[1], &bytes).expect("writes");
    fs::write(dir.path().join("journal-0000000000000001-00000009.seg.preparing"), b"half").expect("writes");
    let (mut journal, replayed) = open_lines(&options).expect("opens");
    assert_lines(&replayed, 20, "opened again");
    assert!(!journal.report.removed.is_empty());
    sync_to(&mut journal, 400);
    drop(journal);
    assert_lines(&walk(dir.path()).0, 400, "gone on");
    assert!(
        fs::read_dir(dir.path())
            .expect("lists")
            .all(|entry| { !entry.expect("an entry").path().to_string_lossy().ends_with(".preparing") })
    );
}

#[test]
fn a_crash_between_the_beginning_of_a_segment_and_its_first_record_is_gone_on_from() {
    let dir = tempfile::tempdir().expect("a directory");
    let options = options(dir.path(), Durability::Synced);
    let (mut journal, _) = open_lines(&options).expect("opens");
    append_to(&mut journal, 20);
    while journal.helper.turn() {}
    drop(journal);
    let mut reader = Reader::open(dir.path()).expect("reads");
    while reader.next().expect("whole").is_some() {}
    let chain = reader.end().expect("an end").chain;
    let path = &segment_paths(dir.path())[1];
    let bytes = fs::read(path).expect("reads");
    let header = SegmentHeader::decode(&bytes).expect("prepared");
    let begun = SegmentHeader { first_seq: Seq(21), chain, ..header };
    let file = OpenOptions::new().write(true).open(path).expect("opens");
    file.write_all_at(&begun.encode(), 0).expect("writes");
    let (mut journal, replayed) = open_lines(&options).expect("opens");
    assert_lines(&replayed, 20, "opened again");
    sync_to(&mut journal, 30);
    sync_to(&mut journal, 31);
    drop(journal);
    assert_lines(&walk(dir.path()).0, 31, "gone on");
    // With another chain it is not a continuation, and there are records in it, the last of which says that the others were released.
    let wrong = SegmentHeader { chain: chain ^ 1, ..begun };
    file.write_all_at(&wrong.encode(), 0).expect("writes");
    assert!(matches!(walk(dir.path()).1, Err(JournalError::Corrupt { offset: 0, .. })));
}

#[test]
fn a_crash_before_the_first_record_begins_anew() {
    let dir = tempfile::tempdir().expect("a directory");
    let options = options(dir.path(), Durability::Synced);
    drop(open_lines(&options).expect("opens"));
    forget_mark(dir.path());
    let path = segment_paths(dir.path()).remove(0);
    let mut bytes = fs::read(&path).expect("reads");
    bytes[64..68].fill(0);
    fs::write(&path, &bytes).expect("writes");
    let (journal, replayed) = open_lines(&options).expect("opens");
    assert!(journal.report.created);
    assert_lines(&replayed, 1, "begun anew");
    assert!(!path.exists());
}
