//! The public consensus flows, read and answered: reports byte for byte, best prices, hashes.

use std::io::Read;

use feedhandler::compressed;
use feedhandler::flow::{Format, Recording, RecordingOptions};
use feedhandler::reports::ReportStream;
use sha2::{Digest, Sha256};
use wire::{Price, Side};

use crate::naive_matcher::NaiveMatcher;
use crate::shared_data::shared_data;

fn text(file: &str) -> Option<String> {
    let mut text = String::new();
    compressed::open(&shared_data(file)?).unwrap().read_to_string(&mut text).unwrap();
    Some(text)
}

fn answered(name: &str) {
    let Some(path) = shared_data(&format!("consensus/{name}.txt.xz")) else { return };
    let recording = Recording::open(&path, &RecordingOptions::default()).unwrap();
    assert_eq!(recording.format(), Format::Consensus);
    let mut best_prices = text(&format!("consensus/{name}.bbo.txt.xz")).unwrap();
    best_prices.push('\n');
    let mut found_prices = String::new();
    let mut matcher = NaiveMatcher::default();
    let mut stream = ReportStream::new(Vec::new());
    let mut lines = 0_u64;
    for item in recording {
        let item = item.unwrap();
        assert_eq!(item.seq, lines);
        lines += 1;
        for report in matcher.apply(item.seq, item.action) {
            stream.push(report).unwrap();
        }
        if lines.is_multiple_of(100) {
            let bid = matcher.best(Side::Buy).map_or(i64::MIN, Price::get);
            let ask = matcher.best(Side::Sell).map_or(i64::MAX, Price::get);
            found_prices.push_str(&format!("{lines} {bid} {ask}\n"));
        }
    }
    assert_eq!(lines, 39_878);
    let written = String::from_utf8(stream.finish().unwrap()).unwrap();
    let expected = text(&format!("consensus/{name}.reports.txt.xz")).unwrap();
    for (number, (found, expected)) in written.split('\n').zip(expected.split('\n')).enumerate() {
        assert_eq!(found, expected, "report line {number}");
    }
    assert!(written == expected, "one stream is longer");
    let compared =
        found_prices.lines().zip(best_prices.lines()).inspect(|(found, expected)| assert_eq!(found, expected));
    assert!(compared.count() > 100);
}

#[test]
fn the_normal_flow_is_answered_as_published() {
    answered("normal_s23_n20000");
}

#[test]
fn the_static_flow_is_answered_as_published() {
    answered("static_s23_n20000");
}

#[test]
fn the_flow_that_ships_has_the_hash_that_ships() {
    let flow: &[u8] = include_bytes!("../../../tools/data/normal_s23_n20000.txt.xz");
    let published = include_str!("../../../tools/data/normal_s23_n20000.reports.sha256");
    let mut matcher = NaiveMatcher::default();
    let mut stream = ReportStream::new(Sha256::new());
    for item in Recording::read("shipped", flow, &RecordingOptions::default()).unwrap() {
        let item = item.unwrap();
        for report in matcher.apply(item.seq, item.action) {
            stream.push(report).unwrap();
        }
    }
    let hash: String = stream.finish().unwrap().finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(Some(hash.as_str()), published.split_whitespace().next());
}

#[test]
fn the_large_flow_is_read_to_its_end() {
    let Some(path) = shared_data("consensus/normal_s23_n1000000.txt.xz") else { return };
    let read = Recording::open(&path, &RecordingOptions::default()).unwrap().map(Result::unwrap);
    // A fifth is enough to see that nothing depends on the small size.
    let last = read.take(400_000).last().unwrap();
    assert_eq!(last.seq, 399_999);
}
