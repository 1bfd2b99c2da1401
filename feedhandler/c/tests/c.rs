//! The header by a C and a C++ compiler, and the example, compiled and run: what it prints is what the handler says.

#[path = "../../tests/feed/packets.rs"]
#[allow(dead_code)]
mod packets;
#[path = "../../tests/feed/venue_model.rs"]
#[allow(dead_code)]
mod venue_model;

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use feedhandler::book::LevelChange;
use feedhandler::handler::{FeedListener, Handler, HandlerOptions, Join, Source};
use feedhandler::{BookListener, Books};
use wire::feed::StreamKind;
use wire::{Nanos, Side};

use packets::{SESSION, end, packet};
use venue_model::Venue;

const HEADER_DIR: &str = env!("OUT_DIR");

fn example() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/examples/follow.c")
}

/// A compiler, unless the machine has none. The library itself needs none.
fn compiler(name: &str) -> Option<Command> {
    let there = Command::new(name).arg("--version").output().is_ok_and(|output| output.status.success());
    if !there {
        assert!(std::env::var_os("CI").is_none(), "CI must have {name}");
        eprintln!("absent: {name}; this test has nothing to compile with and passes without a check");
        return None;
    }
    Some(Command::new(name))
}

fn run(command: &mut Command) {
    let output = command.output().expect("runs");
    assert!(output.status.success(), "{command:?}\n{}", String::from_utf8_lossy(&output.stderr));
}

/// The header alone, by this compiler, with every warning an error.
fn compiles(name: &str, arguments: &[&str], suffix: &str) {
    let Some(mut cc) = compiler(name) else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let source = folder.path().join(format!("header.{suffix}"));
    std::fs::write(
        &source,
        "#include \"pinion_feed.h\"\n#include \"pinion_feed.h\"\n\
         unsigned long f(void) { PinionOptions o = pinion_options(PINION_TICKS); return o.window + sizeof(PinionLevel); }\n",
    )
    .expect("written");
    let object = folder.path().join("header.o");
    run(cc
        .args(arguments)
        .args(["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-I", HEADER_DIR, "-c"])
        .arg(&source)
        .arg("-o")
        .arg(&object));
}

#[test]
fn c_compiles_the_header() {
    compiles("cc", &["-std=c99"], "c");
}

#[test]
fn cpp_compiles_the_header() {
    compiles("c++", &["-std=c++11"], "cc");
}

/// Hears what the example prints.
#[derive(Default)]
struct Ear(String, u64);

impl BookListener for Ear {
    fn level(&mut self, change: LevelChange) {
        let LevelChange { locate, side, price, total, orders, .. } = change;
        let side = char::from(side.byte());
        writeln!(self.0, "{locate} {side} {} {total} in {orders}", price.0).expect("a string");
        self.1 += 1;
    }
}

impl FeedListener for Ear {}

/// What the example has to print for these packets.
fn expected(packets: &[Vec<u8>]) -> String {
    let options = HandlerOptions {
        join: Join::FirstPacket,
        rerequest: None,
        snapshot: None,
        strict: false,
        ..HandlerOptions::new(StreamKind::Depth)
    };
    let (mut handler, mut ear, mut now) = (Handler::new(options), Ear::default(), 1);
    for bytes in packets {
        now += 1_000_000;
        handler.on_packet(Source::Line(0), bytes, Nanos(now), &mut ear);
        handler.poll(Nanos(now), &mut ear);
    }
    let Ear(mut text, changes) = ear;
    let books: &Books = handler.books().expect("a depth stream");
    for side in [Side::Buy, Side::Sell] {
        if let Some(level) = books.best(1, side) {
            writeln!(text, "best {} {} {}", char::from(side.byte()), level.price.0, level.total).expect("a string");
        }
    }
    let (messages, next) = (handler.counters().messages, handler.next_sequence());
    writeln!(text, "{messages} messages, {changes} changes, next {next}").expect("a string");
    text
}

/// Compiles the example, hands it packets and returns what it printed.
fn printed(packets: &[Vec<u8>]) -> Option<(String, String)> {
    let mut cc = compiler("cc")?;
    // Where cargo has put the library for this test.
    let libraries = std::env::current_exe().expect("a test").parent().expect("a folder").to_owned();
    let folder = tempfile::tempdir().expect("a folder");
    let program = folder.path().join("follow");
    run(cc
        .args(["-std=c99", "-Wall", "-Wextra", "-Werror", "-I", HEADER_DIR])
        .arg(example())
        .arg("-L")
        .arg(&libraries)
        .arg("-lpinion_feed")
        .arg(format!("-Wl,-rpath,{}", libraries.display()))
        .arg("-o")
        .arg(&program));
    let mut child = Command::new(&program)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("runs");
    let mut input = child.stdin.take().expect("piped");
    let bytes: Vec<u8> = packets
        .iter()
        .flat_map(|packet| {
            u16::try_from(packet.len()).expect("a datagram").to_be_bytes().into_iter().chain(packet.clone())
        })
        .collect();
    let writer = std::thread::spawn(move || input.write_all(&bytes));
    let output = child.wait_with_output().expect("ends");
    writer.join().expect("no panic").expect("it reads everything");
    assert!(output.status.success());
    let text = |bytes| String::from_utf8(bytes).expect("text");
    Some((text(output.stdout), text(output.stderr)))
}

#[test]
fn the_c_example_prints_what_the_handler_says() {
    let mut venue = Venue::new(StreamKind::Depth, 21);
    for _ in 0..2_000 {
        venue.act();
    }
    let mut packets: Vec<Vec<u8>> = (1_u64..)
        .step_by(7)
        .zip(venue.log.chunks(7))
        .map(|(sequence, messages)| packet(SESSION, sequence, messages.iter().map(Vec::as_slice)))
        .collect();
    packets.swap(20, 21);
    packets.push(end(SESSION, venue.next()));
    let Some((out, err)) = printed(&packets) else { return };
    assert!(out == expected(&packets), "{}", &out[out.len() - 200..]);
    assert!(out.contains("2000 messages, "));
    let stale_once = "fresh\nstale for reason 7 since 21000001 ns\nfresh\n";
    assert_eq!(err, stale_once);
}

#[test]
fn the_c_example_reads_captures_of_a_real_feed() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/captures/itch50");
    let Ok(entries) = std::fs::read_dir(&folder) else {
        assert!(std::env::var_os("CI").is_none(), "CI must have shared/data/captures beside the project");
        eprintln!("absent: shared/data/captures; this test has nothing to read and passes without a check");
        return;
    };
    let mut files = 0;
    for entry in entries {
        let path = entry.expect("readable").path();
        let packets = datagrams(&std::fs::read(&path).expect("readable"));
        if packets.is_empty() {
            continue;
        }
        let Some((out, _)) = printed(&packets) else { return };
        assert_eq!(out, expected(&packets), "{}", path.display());
        assert!(!out.starts_with("0 messages"), "{}: {out}", path.display());
        files += 1;
        if files == 4 {
            break;
        }
    }
    assert!(files > 0, "no capture in {}", folder.display());
}

/// The UDP payloads of a pcap file, past VLAN tags.
fn datagrams(file: &[u8]) -> Vec<Vec<u8>> {
    let little = matches!(file.first(), Some(0xD4 | 0x4D));
    let word = |bytes: &[u8]| {
        let word: [u8; 4] = bytes[..4].try_into().expect("four");
        if little { u32::from_le_bytes(word) } else { u32::from_be_bytes(word) }
    };
    let mut packets = Vec::new();
    let mut rest = file.get(24..).unwrap_or(&[]);
    while rest.len() >= 16 {
        let len = word(&rest[8..]) as usize;
        let Some(frame) = rest.get(16..16 + len) else { break };
        rest = &rest[16 + len..];
        let mut at = 12;
        while frame.get(at..at + 2) == Some(&[0x81, 0x00]) {
            at += 4;
        }
        if frame.get(at..at + 2) != Some(&[0x08, 0x00]) || frame.get(at + 11) != Some(&17) {
            continue;
        }
        let udp = at + 2 + 4 * usize::from(frame[at + 2] & 15);
        let Some(length) = frame.get(udp + 4..udp + 6) else { continue };
        let end = udp + usize::from(u16::from_be_bytes([length[0], length[1]]));
        packets.extend(frame.get(udp + 8..end).map(<[u8]>::to_vec));
    }
    packets
}
