//! Somebody else's decoder reads our multicast: tshark takes every tick packet for well-formed MoldUDP64.

use crate::pcap::PcapFile;
use crate::process::{Process, wait_until};
use crate::recording::{assert_published, flow};
use crate::relay::StopOnDrop;
use crate::site::{Site, Summary};
use nix::sys::signal::Signal;
use std::env;
use std::fs;
use std::net::{SocketAddrV4, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// A tick on the wire.
const TICK_LEN: &str = "26";

/// One packet as tshark reads it.
#[derive(Debug)]
struct Decoded {
    session: String,
    sequence: u64,
    count: u64,
    lengths: Vec<String>,
    complaints: String,
}

fn tshark_is_there() -> bool {
    let is_there = Command::new("tshark").arg("--version").output().is_ok_and(|output| output.status.success());
    if !is_there {
        assert!(env::var_os("CI").is_none(), "expected tshark, found none: run scripts/setup as root");
        eprintln!("skipped: there is no tshark");
    }
    is_there
}

/// Starts a capture of the loopback interface; `None` where that is not permitted.
fn start_capture(site: &Site, line: SocketAddrV4, file: &Path) -> Option<Process> {
    let mut command = Command::new("tshark");
    command.args(["-q", "-n", "-i", "lo", "-B", "32", "-a", "duration:60", "-f"]);
    command.arg(format!("udp dst port {} and dst host {}", line.port(), line.ip())).arg("-w").arg(file);
    let mut tshark = site.spawn(command, "tshark");
    // Heartbeats show that it has really begun.
    let mut ended = false;
    wait_until("the capture to begin", || {
        ended = tshark.has_ended();
        ended || file_len(file) > 1_000
    });
    if ended {
        let reason = tshark.err();
        // Root captures, unless it is in a box that forbids even that; whoever is not root may or may not.
        assert!(env::var_os("CI").is_none() || !is_root(site), "root could not capture: {reason}");
        eprintln!("no capture here, packets are received instead: {}", reason.trim());
        return None;
    }
    Some(tshark)
}

fn is_root(site: &Site) -> bool {
    use std::os::unix::fs::MetadataExt;
    fs::metadata(site.path("")).expect("the test's directory").uid() == 0
}

fn file_len(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |file| file.len())
}

/// Waits until a file has not grown for a while.
fn settle(path: &Path) {
    let (mut len, mut since) = (file_len(path), Instant::now());
    wait_until("the capture to settle", || {
        if file_len(path) != len {
            (len, since) = (file_len(path), Instant::now());
        }
        since.elapsed() > Duration::from_millis(500)
    });
}

/// Replays the recording, stops the appliance, and returns the capture of what it published.
fn captured(site: &Site) -> (PathBuf, Summary) {
    let file = site.path("ticks.pcapng");
    let line = site.ports.tick_line();
    let appliance = site.start();
    let replay = || assert_published(site.replay(&flow(), &["--rate", "40000"]));
    if let Some(tshark) = start_capture(site, line, &file) {
        replay();
        let summary = appliance.stop();
        settle(&file);
        tshark.signal(Signal::SIGINT);
        tshark.wait().expect_success();
        return (file, summary);
    }
    let file = site.path("ticks.pcap");
    let socket = UdpSocket::bind(line).expect("the claimed group's port");
    let interface = *site.ports.order_entry().ip();
    socket.join_multicast_v4(line.ip(), &interface).expect("the loopback interface does multicast");
    socket.set_read_timeout(Some(Duration::from_millis(300))).expect("a socket of ours");
    let stop = AtomicBool::new(false);
    let summary = thread::scope(|threads| {
        threads.spawn(|| {
            let mut pcap = PcapFile::create(&file);
            let mut buffer = [0; 2_048];
            loop {
                match socket.recv(&mut buffer) {
                    Ok(len) => pcap.push(line, &buffer[..len]),
                    Err(_) if stop.load(Ordering::Relaxed) => break,
                    Err(_) => {}
                }
            }
        });
        let _stop = StopOnDrop(&stop);
        replay();
        appliance.stop()
    });
    (file, summary)
}

/// Every packet of the capture in tshark's words.
fn decode(site: &Site, file: &Path, line: SocketAddrV4) -> Vec<Decoded> {
    let mut command = Command::new("tshark");
    command.args(["-n", "-r"]).arg(file).args(["-d", &format!("udp.port=={},moldudp64", line.port())]);
    command.args(["-T", "fields", "-E", "separator=|", "-E", "occurrence=a", "-E", "aggregator=,"]);
    for field in ["session", "sequence", "count", "msglen"] {
        command.args(["-e", &format!("moldudp64.{field}")]);
    }
    command.args(["-e", "_ws.malformed", "-e", "_ws.expert.message"]);
    let decoded = site.spawn(command, "decode").wait().expect_success();
    decoded.out.lines().map(decoded_line).collect()
}

fn decoded_line(line: &str) -> Decoded {
    let fields: Vec<&str> = line.split('|').collect();
    let [session, sequence, count, lengths, malformed, expert] = fields[..] else {
        panic!("expected six fields: {line}")
    };
    let number = |text: &str| text.parse().unwrap_or_else(|_| panic!("expected a number, found '{text}' in: {line}"));
    Decoded {
        session: session.to_owned(),
        sequence: number(sequence),
        count: number(count),
        lengths: lengths.split(',').filter(|length| !length.is_empty()).map(str::to_owned).collect(),
        complaints: format!("{malformed}{expert}"),
    }
}

#[test]
fn tshark_reads_every_tick() {
    if !tshark_is_there() {
        return;
    }
    let site = Site::new().with("feed.heartbeat_ms=20");
    let (file, summary) = captured(&site);
    let packets = decode(&site, &file, site.ports.tick_line());

    let dump = site.journal_command("dump").expect_success().out;
    let session = dump.split("feed_session=").nth(1).and_then(|rest| rest.split_whitespace().next());
    let session = session.expect("the first record names the session of the feed");
    // The venue's, and two letters for the ticks of the first channel.
    let session = format!("{}TA", &session[..8]);
    let mut next = packets.first().expect("packets").sequence;
    // Those before the first one told of the opening of the four instruments.
    assert!(next <= 5, "the capture began too late, at {next}");
    for packet in &packets {
        assert_eq!(packet.session, session, "{packet:?}");
        assert_eq!(packet.sequence, next, "{packet:?}");
        assert_eq!(packet.complaints, "", "{packet:?}");
        assert_eq!(packet.lengths.len() as u64, packet.count, "{packet:?}");
        assert!(packet.lengths.iter().all(|length| length == TICK_LEN), "{packet:?}");
        next += packet.count;
    }
    let published = format!(" {} ticks published", next - 1);
    assert!(summary.text.contains(&published), "expected{published}: {summary:?}");
    assert!(packets.iter().any(|packet| packet.count == 0), "a heartbeat is among them");
    assert!(packets.iter().any(|packet| packet.count > 1), "so is a full packet");
}
