//! A real ITCH 5.0 file, in both framings.

use std::collections::HashMap;
use std::io::Read;

use feedhandler::flow::itch_file::ItchFileReader;
use feedhandler::flow::{Format, Recording, RecordingOptions};
use feedhandler::{Action, FlowError, FlowItem, compressed};
use wire::itch::Message;
use wire::{Price, Side, Symbol};

const SHIPPED: &[u8] = include_bytes!("../../../tools/data/ex20101224.TEST_ITCH_50.gz");

fn plain() -> Vec<u8> {
    let mut bytes = Vec::new();
    compressed::plain(SHIPPED).unwrap().read_to_end(&mut bytes).unwrap();
    bytes
}

/// The same messages behind their lengths instead of zeros.
fn with_lengths(zeros: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(zeros.len());
    let mut rest = zeros;
    while let [0, 0, tag, ..] = rest {
        let size = Message::size_of_type(*tag).unwrap();
        bytes.extend(u16::try_from(size).unwrap().to_be_bytes());
        bytes.extend(&rest[2..2 + size]);
        rest = &rest[2 + size..];
    }
    assert!(rest.is_empty());
    bytes
}

#[test]
fn the_shipped_file_is_the_published_one() {
    let Some(path) = crate::shared_data::shared_data("itch50/ex20101224.TEST_ITCH_50.gz") else { return };
    assert!(std::fs::read(path).unwrap() == SHIPPED);
}

#[test]
fn every_message_is_read_and_lost_references_are_survived() {
    let mut recording = Recording::read("shipped", SHIPPED, &RecordingOptions::default()).unwrap();
    assert_eq!(recording.format(), Format::Itch50);
    let mut live: HashMap<u64, (Symbol, Side, Price, u32)> = HashMap::new();
    let mut last: Option<FlowItem> = None;
    let (mut adds, mut executions, mut replaces) = (0, 0, 0);
    for item in recording.by_ref() {
        let item = item.unwrap();
        if let Some(last) = last {
            assert!(last.seq < item.seq && last.time_ns <= item.time_ns);
        }
        last = Some(item);
        match item.action {
            Action::Add { id, instrument, side, price, qty, immediate } => {
                adds += 1;
                assert!(!immediate);
                assert!(live.insert(id, (instrument, side, price, qty.get())).is_none());
            }
            Action::Cancel { id } => assert!(live.remove(&id).is_some()),
            Action::Reduce { id, by } => {
                let left = &mut live.get_mut(&id).unwrap().3;
                assert!(*left > by.get());
                *left -= by.get();
            }
            Action::Replace { old_id, new_id, price, qty } => {
                replaces += 1;
                let (instrument, side, ..) = live.remove(&old_id).unwrap();
                assert!(live.insert(new_id, (instrument, side, price, qty.get())).is_none());
            }
            Action::Execute { id, instrument, side, price, printed, qty } => {
                executions += 1;
                let order = live.get_mut(&id).unwrap();
                assert_eq!((order.0, order.1, order.2), (instrument, side.opposite(), price));
                assert_eq!(printed, price, "the file has no execution at another price");
                assert!(order.3 >= qty.get());
                order.3 -= qty.get();
                if order.3 == 0 {
                    live.remove(&id);
                }
            }
            Action::Modify { .. } => panic!("ITCH has no {item:?}"),
        }
    }
    let Recording::Itch50(reader) = recording else { unreachable!() };
    let counters = reader.counters();
    assert_eq!(counters.messages, 12_012);
    let by_type = b"PADEXUSRHFC".map(|tag| counters.of_type(tag));
    assert_eq!(by_type, [5_000, 4_997, 1_745, 198, 45, 12, 6, 3, 3, 3, 0]);
    assert_eq!((counters.unknown, counters.overruns, counters.duplicates), (117, 0, 0));
    assert_eq!(adds, 5_000);
    assert_eq!(counters.skipped, 5_000 + 6 + 3 + 3);
    assert!(executions > 0 && replaces > 0);
    assert_eq!(reader.live_orders(), live.len());
    let names: Vec<String> = reader.symbols().iter().map(Symbol::to_string).collect();
    assert_eq!(names, ["ALC", "BOB", "CHAR"]);
}

#[test]
fn both_framings_give_the_same() {
    let zeros = plain();
    let lengths = with_lengths(&zeros);
    let read = |bytes: &[u8]| ItchFileReader::new(bytes).map(Result::unwrap).collect::<Vec<_>>();
    assert!(read(&zeros) == read(&lengths));
}

#[test]
fn a_file_cut_short_is_named_with_its_offset() {
    let zeros = plain();
    let lengths = with_lengths(&zeros);
    // The file begins with a message of 12 bytes and one of 39, each behind two bytes.
    for bytes in [zeros, lengths] {
        for cut in [1, 2, 3, 13, 15, 16, 17, 54] {
            let error = ItchFileReader::new(&bytes[..cut]).find_map(Result::err);
            let begin = if cut < 14 { 0 } else { 14 };
            match error {
                Some(FlowError::Message { offset, .. }) => assert_eq!(offset, begin, "{cut}"),
                other => panic!("{cut}: {other:?}"),
            }
        }
        assert!(ItchFileReader::new(&bytes[..55]).all(|item| item.is_ok()));
    }
}

#[test]
fn what_is_no_itch_is_refused_and_an_unknown_type_with_a_length_is_skipped() {
    let error = ItchFileReader::new(&[0, 0, b'?', 1, 2][..]).find_map(Result::err).unwrap().to_string();
    assert_eq!(error, "message 0 at byte 0: expected the type byte of an ITCH 5.0 message, found '?'");
    let error = ItchFileReader::new(&[0, 3, b'S', 1, 2][..]).find_map(Result::err).unwrap().to_string();
    assert_eq!(error, "message 0 at byte 0: expected length 12, found length 3 before type S");
    let mut reader = ItchFileReader::new(&[0, 3, b'?', 1, 2][..]);
    assert!(reader.next().is_none());
    assert_eq!((reader.counters().messages, reader.counters().skipped), (1, 1));
}
