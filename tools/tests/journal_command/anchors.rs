//! `pinion journal anchor`: what checksums alone cannot show.

use crate::written::{pinion, segment, told, write_journal, write_journal_named};
use std::fs;
use std::path::Path;
use tempfile::TempDir;

/// Where each record of the first segment begins.
fn places(dir: &Path) -> Vec<usize> {
    let mut reader = engine::journal::Reader::open(dir).expect("a journal");
    let mut places = Vec::new();
    while let Some(record) = reader.next().expect("whole") {
        places.push(usize::try_from(record.position.offset).expect("small"));
    }
    places
}

/// Changes a record and mends every checksum behind it, as whoever knows the format can.
fn forge(dir: &Path, seq: u64, change: impl FnOnce(&mut [u8])) {
    use wire::journal::{RecordHeader, SEGMENT_HEADER_LEN, SegmentHeader, encode_record_body, record_span, seed};
    let path = segment(dir);
    let mut bytes = fs::read(&path).expect("a segment");
    let header = SegmentHeader::decode(&bytes).expect("a header");
    let (seed, mut offset, mut chain) = (seed(header.epoch), SEGMENT_HEADER_LEN, header.chain);
    let mut change = Some(change);
    while let Some((record, body)) = RecordHeader::verify(seed, &bytes[offset..]) {
        let mut body = body.to_vec();
        if record.seq.get() == seq {
            change.take().expect("one record has that number")(&mut body);
        }
        let out = &mut bytes[offset..];
        let mended = RecordHeader { previous: chain, ..record };
        (_, chain) = encode_record_body(out, seed, &mended, &body).expect("room");
        offset += record_span(body.len());
    }
    assert!(change.is_none(), "record {seq} was changed");
    fs::write(&path, &bytes).expect("writes");
}

#[test]
fn a_forged_record_with_mended_checksums_is_found_by_an_anchor() {
    let dir = TempDir::new().expect("a folder");
    let records = write_journal(dir.path());
    let aside = TempDir::new().expect("a folder");
    let anchors = aside.path().join("anchors.txt");
    let file = anchors.to_str().expect("text");
    let (code, line, error) = told(&pinion(&["anchor"], dir.path()));
    assert_eq!((code, &error[..]), (Some(0), ""));
    assert!(line.starts_with("pinion-anchor/1 epoch=") && line.contains(&format!(" seq={records} ")), "{line}");
    let (code, ..) = told(&pinion(&["verify", "--write-anchor", file], dir.path()));
    assert_eq!((code, fs::read_to_string(&anchors).expect("written")), (Some(0), line.clone()));
    let (code, out, _) = told(&pinion(&["verify", "--anchor", file], dir.path()));
    assert_eq!(code, Some(0));
    assert!(out.contains(&format!("1 compared, all right, up to record {records}\n")), "{out}");
    let (_, again, _) = told(&pinion(&["anchor", "--since", file], dir.path()));
    assert_eq!(again, line, "nothing has been added since");

    let whole = fs::read(segment(dir.path())).expect("a segment");
    // The price of an order: 10.5 becomes 10.4.
    forge(dir.path(), 3, |body| {
        let at = body.windows(4).position(|four| *four == 105_000_u32.to_be_bytes()).expect("the price");
        body[at..at + 4].copy_from_slice(&104_000_u32.to_be_bytes());
    });
    let (code, out, _) = told(&pinion(&["verify"], dir.path()));
    assert!(code == Some(0) && out.ends_with("clean\n"), "the checksums alone do not show it: {out}");
    let (code, out, error) = told(&pinion(&["verify", "--anchor", file], dir.path()));
    assert_eq!((code, &out[..]), (Some(1), ""));
    assert!(error.contains("records were changed") && error.contains(&format!("record {records}")), "{error}");
    let (code, out, _) = told(&pinion(&["verify", "--json", "--anchor", file], dir.path()));
    assert!(code == Some(1) && out.contains("\"ok\":false"), "{out}");

    // Records behind, cut off without a trace.
    fs::write(segment(dir.path()), &whole).expect("writes");
    fs::remove_file(dir.path().join("durable.mark")).expect("the mark");
    let mut cut = whole.clone();
    cut[places(dir.path()).pop().expect("a record")..].fill(0);
    fs::write(segment(dir.path()), &cut).expect("writes");
    let (code, out, _) = told(&pinion(&["verify"], dir.path()));
    assert!(code == Some(0) && out.contains(&format!("last seq      {}\n", records - 1)), "{out}");
    let (code, _, error) = told(&pinion(&["verify", "--anchor", file], dir.path()));
    assert_eq!(code, Some(1));
    assert!(error.contains(&format!("record {records} was anchored")), "{error}");

    // Another journal in its place.
    let other = TempDir::new().expect("a folder");
    write_journal_named(other.path(), 8);
    let (code, _, error) = told(&pinion(&["verify", "--anchor", file], other.path()));
    assert_eq!(code, Some(1));
    assert!(error.contains("another journal"), "{error}");
    fs::write(&anchors, "pinion-anchor/9\n").expect("writes");
    let (code, ..) = told(&pinion(&["verify", "--anchor", file], dir.path()));
    assert_eq!(code, Some(2));
}
