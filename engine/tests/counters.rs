//! Counters in shared memory: what one process writes, another reads by name; and what it makes of files that are none.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use engine::config::Config;
use engine::counters::{CountersError, Plan, Reader, Region, find, path_of, schema};
use tempfile::TempDir;
use wire::Nanos;
use wire::counters::FieldKind;

fn plan() -> Plan {
    Plan::default()
        .with(schema::appliance::GROUP, ["demo"])
        .with(schema::tile::GROUP, ["net", "matching"])
        .with(schema::instrument::GROUP, ["PINION", "", ""])
        .with(schema::stage::GROUP, ["whole"])
}

fn region(path: &Path) -> Arc<Region> {
    Region::create(Some(path), "demo", &plan(), Nanos(77)).expect("the directory takes it")
}

#[test]
fn what_is_written_is_read_by_name() {
    let dir = TempDir::new().expect("a directory");
    let path = dir.path().join("pinion-demo-00000001.counters");
    let region = region(&path);
    let tiles = region.rows(&schema::tile::GROUP);
    tiles[1].set(schema::tile::work, 41);
    let instruments = region.rows(&schema::instrument::GROUP);
    instruments[0].set_signed(schema::instrument::last_price, -5);
    instruments[2].label("LATER");
    instruments[2].set(schema::instrument::trades, 9);
    let whole = region.row(&schema::stage::GROUP, 0);
    for duration_ns in 1..=1_000 {
        whole.add_duration(schema::stage::duration, duration_ns);
    }

    let reader = Reader::open(&path).expect("counters");
    assert!(reader.is_alive());
    assert_eq!((reader.owner().name.as_str(), reader.owner().started), ("demo", Nanos(77)));
    assert_eq!(reader.owner().pid, std::process::id());
    let snapshot = reader.snapshot(Nanos(1));
    assert_eq!(snapshot.row("tile", "matching").and_then(|row| row.get("work")), Some(41));
    assert_eq!(snapshot.row("tile", "net").and_then(|row| row.get("work")), Some(0));
    assert_eq!(snapshot.row("instrument", "PINION").and_then(|row| row.get_signed("last_price")), Some(-5));
    let symbols: Vec<_> = snapshot.rows("instrument").iter().map(|row| row.label.as_str()).collect();
    assert_eq!(symbols, ["PINION", "LATER"], "a row without a label is not in use");
    let histogram = snapshot.rows("stage")[0].histogram("duration").expect("a histogram");
    assert_eq!((histogram.count(), histogram.sum_ns(), histogram.max_ns()), (1_000, 500_500, 1_000));
    let median = histogram.percentile_ns(500_000).expect("not empty");
    assert!((500..=532).contains(&median), "{median}");
    assert_eq!(histogram.since(&histogram).count(), 0);
    assert_eq!(snapshot.row("tile", "matching").and_then(|row| row.get("no such field")), None);

    let found = find(dir.path());
    assert_eq!(found.len(), 1);
    // With the last row, too.
    drop((region, tiles, instruments, whole));
    assert!(!path.exists(), "an orderly end takes the file away");
    assert_eq!(reader.snapshot(Nanos(2)).row("tile", "matching").and_then(|row| row.get("work")), Some(41));
}

#[test]
fn a_reader_never_sees_half_a_number() {
    let dir = TempDir::new().expect("a directory");
    let path = dir.path().join("pinion-demo-00000001.counters");
    let region = region(&path);
    let row = region.row(&schema::appliance::GROUP, 0);
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for turn in 0..200_000_u64 {
                // Both halves are equal, or the number was torn.
                row.set(schema::appliance::seq, (turn & 0xFFFF_FFFF) << 32 | (turn & 0xFFFF_FFFF));
            }
            done.store(true, Ordering::Relaxed);
        });
        let reader = Reader::open(&path).expect("counters");
        while !done.load(Ordering::Relaxed) {
            let seq = reader.snapshot(Nanos(0)).get("appliance", "seq").expect("there");
            assert_eq!(seq >> 32, seq & 0xFFFF_FFFF);
        }
    });
}

#[test]
fn what_is_no_file_of_counters_is_refused_by_name() {
    let dir = TempDir::new().expect("a directory");
    let path = dir.path().join("pinion-demo-00000001.counters");
    let region = region(&path);
    let good = fs::read(&path).expect("made");
    let mut cases =
        vec![(Vec::new(), "header"), (vec![0; 4096], "magic"), (good[..good.len() - 4096].to_vec(), "bytes")];
    let mut version = good.clone();
    version[8] = 9;
    cases.push((version, "version"));
    for (bytes, expected) in cases {
        let bad = dir.path().join("bad.counters");
        fs::write(&bad, &bytes).expect("written");
        let error = Reader::open(&bad).expect_err(expected);
        assert!(matches!(error, CountersError::Format { .. }), "{error}");
        assert!(error.to_string().contains(expected), "{error} should name {expected}");
    }
    // Descriptions are not covered by the checksum: whatever stands there, it is refused or read within the file.
    for at in (256..2_048).step_by(7) {
        for value in [0x00, 0x7F, 0xFF] {
            let mut bytes = good.clone();
            bytes[at] = value;
            let bad = dir.path().join("bad.counters");
            fs::write(&bad, &bytes).expect("written");
            if let Ok(reader) = Reader::open(&bad) {
                let _ = reader.snapshot(Nanos(0));
            }
        }
    }
    drop(region);
    assert!(matches!(Reader::open(&path), Err(CountersError::Open { .. })));
}

#[test]
fn each_journal_has_counters_of_its_own() {
    let dir = TempDir::new().expect("a directory");
    let with_journal = |name: &str| {
        let mut config = Config::default();
        config.journal.dir = dir.path().join(name);
        config
    };
    let (one, two) = (path_of(&with_journal("one")), path_of(&with_journal("two")));
    assert_ne!(one, two);
    fs::create_dir(dir.path().join("one")).expect("made");
    assert_eq!(path_of(&with_journal("one")), one, "the same before and after the directory is made");
    // Nor does it matter by which way it is named.
    fs::create_dir(dir.path().join("disk")).expect("made");
    symlink(dir.path().join("disk"), dir.path().join("link")).expect("a link");
    let (linked, real) = (path_of(&with_journal("link/new/journal")), path_of(&with_journal("disk/new/journal")));
    assert_eq!(linked, real, "before the directory is made");
    assert_eq!(path_of(&with_journal("link/./new//journal/")), real);
    fs::create_dir_all(dir.path().join("link/new/journal")).expect("made");
    assert_eq!(
        (path_of(&with_journal("link/new/journal")), path_of(&with_journal("disk/new/journal"))),
        (linked, real)
    );
    let mut nowhere = with_journal("one");
    nowhere.stats.dir = None;
    assert_eq!(path_of(&nowhere), None);
}

/// The manual's page on the groups, as the schema says it.
fn page() -> String {
    let kind = |kind| match kind {
        FieldKind::Counter => "counter",
        FieldKind::Gauge => "gauge",
        FieldKind::Time => "time",
        FieldKind::Histogram => "histogram",
    };
    let mut page = String::new();
    for group in schema::GROUPS {
        page += &format!("**`{}`**:{}\n\n| field | kind | says |\n|---|---|---|\n", group.name, group.doc);
        for field in group.fields {
            page += &format!("| `{}` | {} |{} |\n", field.name, kind(field.kind), field.doc);
        }
        page += "\n";
    }
    page
}

#[test]
fn the_manual_lists_every_group_and_field() {
    let manual = include_str!("../../docs/operations.md");
    let page = page();
    assert!(manual.contains(&page), "docs/operations.md should have, word for word:\n\n{page}");
}
