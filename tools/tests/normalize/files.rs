//! Into files and text: every tick, whole.

use std::collections::BTreeMap;
use std::fs;

use feedhandler::capture::CaptureReader;
use netio::pcap::PcapFile;
use wire::iex::deep::BuyLevel;
use wire::iex::transport::{PROTOCOL_DEEP, VERSION};
use wire::iex::{SegmentBuilder, SegmentHeader};
use wire::mold::{Packet, PacketKind};
use wire::tick::Tick;
use wire::{Nanos, Price, Qty, Symbol};

use crate::{SAMPLE, expected, number, run};

#[test]
fn a_file_of_bare_ticks_and_the_summary() {
    let dir = tempfile::tempdir().expect("a folder");
    let to = dir.path().join("sample.ticks");
    let to = to.to_str().expect("text");
    let finished = run(dir.path(), "ticks", &["normalize", "--from", SAMPLE, "--to", to, "--json"]);
    assert!(finished.status.success(), "{finished:?}");
    let bytes = fs::read(to).expect("written");
    let ticks: Vec<Tick> = bytes.chunks(Tick::SIZE).map(|tick| Tick::decode(tick).expect("a tick")).collect();
    assert!(ticks == expected());
    let json = finished.out.trim();
    assert_eq!((number(json, "normalise", "messages"), number(json, "normalise", "unknown_orders")), (12_012, 117));
    assert_eq!(number(json, "output", "ticks"), u64::try_from(ticks.len()).expect("few"));
    for stage in ["receive", "normalise", "distribute"] {
        let stages = json.split_once("\"stages\":").expect("they are there").1;
        assert_eq!(number(stages, stage, "count"), 12_012, "{stage}");
        assert!(number(stages, stage, "latency_ns_max") >= number(stages, stage, "latency_ns_p50"), "{stage}");
    }
    assert!(json.ends_with(r#"{"symbol_id":2,"symbol":"CHAR"}]}"#), "{json}");
    // Nothing of it was left open.
    assert_eq!(json.matches('{').count(), json.matches('}').count());
}

#[test]
fn a_capture_of_packets_is_numbered_from_1_and_ends() {
    let dir = tempfile::tempdir().expect("a folder");
    let to = dir.path().join("sample.pcap");
    let args = ["normalize", "--from", SAMPLE, "--to", to.to_str().expect("text"), "--session", "SAMPLE"];
    let finished = run(dir.path(), "pcap", &args);
    assert!(finished.status.success(), "{finished:?}");
    let expected = expected();
    let mut reader = CaptureReader::open(&to).expect("a capture");
    let (mut next, mut ticks, mut ended) = (1, Vec::new(), false);
    while let Some(datagram) = reader.next_datagram().expect("a whole file") {
        assert!(!ended, "nothing comes behind the end");
        let packet = Packet::parse(datagram.payload).expect("well formed");
        assert_eq!((packet.session().as_str(), packet.sequence()), ("SAMPLE", next));
        next = packet.next_sequence();
        ticks.extend(packet.messages().map(|(_, bytes)| Tick::decode(bytes).expect("a tick")));
        ended = packet.kind() == PacketKind::EndOfSession;
        assert_eq!(
            datagram.time,
            ticks.iter().map(|tick: &Tick| tick.timestamp).max(),
            "captured when its newest tick was made"
        );
    }
    assert!(ended && ticks == expected);

    // A capture of ticks is no venue's feed: its messages are not known, and counted.
    let args = ["normalize", "--from", to.to_str().expect("text"), "--to", "-", "--json"];
    let finished = run(dir.path(), "again", &args);
    let json = finished.err.lines().find(|line| line.starts_with('{')).expect("a summary");
    assert_eq!(number(json, "normalise", "unknown_types"), number(json, "normalise", "messages"), "{json}");
}

/// A made-up hour of IEX DEEP in a capture: the protocol is told from the packets, and no date is needed.
#[test]
fn a_capture_of_another_venue_is_recognised() {
    let dir = tempfile::tempdir().expect("a folder");
    let from = dir.path().join("deep.pcap");
    let [here, group] = ["10.0.0.1:1", "233.215.21.4:10378"].map(|address| address.parse().expect("an address"));
    let mut file = PcapFile::create(&from).expect("room");
    file.push(1, here, group, b"neither").expect("room");
    let (symbol, timestamp) = (Symbol(*b"ZIEXT   "), Nanos(1_548_858_600_000_000_123));
    let (mut sequence, mut stream_offset) = (1, 0);
    for size in [9_700, 0] {
        let header = SegmentHeader {
            version: VERSION,
            reserved: 0,
            protocol: PROTOCOL_DEEP,
            channel: 1,
            session: 7,
            payload_len: 0,
            count: 0,
            stream_offset,
            sequence,
            send_time: Nanos(0),
        };
        let (mut bytes, mut message) = ([0; 128], [0; 80]);
        let mut segment = SegmentBuilder::new(&mut bytes, header).expect("room");
        let level = BuyLevel { flags: 1, timestamp, symbol, size: Qty(size), price: Price(990_500) };
        let len = level.encode(&mut message).expect("room");
        assert!(segment.push(&message[..len]));
        let len = segment.finish();
        file.push(timestamp.get(), here, group, &bytes[..len]).expect("room");
        // What goes elsewhere is no part of the stream.
        file.push(timestamp.get(), here, here, &bytes[..len]).expect("room");
        sequence += 1;
        stream_offset += 32;
    }
    file.flush().expect("room");
    let from = from.to_str().expect("text");
    let args = ["normalize", "--from", from, "--to", "-", "--only", "233.215.21.4:10378"];
    let finished = run(dir.path(), "deep", &args);
    assert!(finished.status.success(), "{finished:?}");
    let expected = "# symbol_id 0 is ZIEXT\n\
        1 1548858600000000123 0 Q B 99.05 9700\n\
        2 1548858600000000123 0 Q B 99.05 0\n";
    assert_eq!(finished.out, expected);
    for says in ["5 frames, 5 datagrams, 2 elsewhere", "3 datagrams, 1 malformed", "2 messages, 2 ticks"] {
        assert!(finished.err.contains(says), "{says}: {}", finished.err);
    }
}

#[test]
fn text_names_each_symbol_before_its_first_tick() {
    let dir = tempfile::tempdir().expect("a folder");
    let names = dir.path().join("names");
    fs::write(&names, "# ours\n7 BOB\n").expect("room");
    let names_text = names.to_str().expect("text");
    let args = ["normalize", "--from", SAMPLE, "--to", "-", "--symbols", names_text, "--limit", "2000"];
    let finished = run(dir.path(), "text", &args);
    assert!(finished.status.success(), "{finished:?}");
    let mut named = BTreeMap::new();
    for line in finished.out.lines() {
        if let Some(name) = line.strip_prefix("# symbol_id ") {
            let (number, name) = name.split_once(" is ").expect("a number and a name");
            assert!(named.insert(number.to_owned(), name.to_owned()).is_none());
        } else {
            let number = line.split(' ').nth(2).expect("a symbol_id");
            assert!(named.contains_key(number), "{line}");
        }
    }
    let expected =
        [("7", "BOB"), ("8", "ALC"), ("9", "CHAR")].map(|(number, name)| (number.to_owned(), name.to_owned()));
    assert_eq!(named, BTreeMap::from(expected));
    assert_eq!(fs::read_to_string(&names).expect("kept"), "# symbol_id name\n7 BOB\n8 ALC\n9 CHAR\n");
    assert!(finished.err.contains("date: 2010-12-24"), "{}", finished.err);
}

#[test]
fn what_cannot_be_read_is_said_with_a_remedy() {
    let dir = tempfile::tempdir().expect("a folder");
    let flow = dir.path().join("flow.txt");
    fs::write(&flow, "N 527 B 33355 98\n").expect("room");
    let nameless = dir.path().join("a_day");
    fs::write(&nameless, [0, 12, b'S', 0, 0, 0, 10, 0, 0, 0, 0, 0, 1, b'O', 0, 25, b'H', 0, 1]).expect("room");
    let (flow, nameless) = (flow.to_str().expect("text"), nameless.to_str().expect("text"));
    for (args, says) in [
        (vec!["--from", flow, "--to", "-"], "pinion replay"),
        (vec!["--from", nameless, "--to", "-"], "--date"),
        (vec!["--from", nameless, "--to", "-", "--date", "2020-01-02"], "message 1 at byte 14"),
        (vec!["--from", "no/such/file", "--to", "-"], "no/such/file"),
        (vec!["--from", "10.0.0.1:5", "--to", "-"], "multicast"),
        (vec!["--from", flow, "--from", nameless, "--to", "-"], "2 files"),
        (vec!["--from", SAMPLE, "--to", "a", "--to", "b"], "2 files"),
        (vec!["--from", SAMPLE, "--to", "no/such/folder/x"], "no/such/folder/x"),
    ] {
        let finished = run(dir.path(), "refused", &[&["normalize"], args.as_slice()].concat());
        assert_eq!(finished.status.code(), Some(1), "{args:?}: {finished:?}");
        assert!(finished.err.contains(says), "{args:?}: {}", finished.err);
    }
    let finished = run(dir.path(), "usage", &["normalize", "--from", SAMPLE, "--to", "-", "--pace", "fast"]);
    assert_eq!(finished.status.code(), Some(2), "{finished:?}");
}
