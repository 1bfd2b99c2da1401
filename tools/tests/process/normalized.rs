//! Our own depth channel through `pinion normalize`, over a network that loses the same on every line: the appliance's own re-request server
//! brings it.

use crate::process::wait_until;
use crate::recording::flow;
use crate::site::{PINION, Site};
use feedhandler::normalize::{Date, Day, Normalizer, Symbols, Zone};
use netio::host::{HostPort, PortKind};
use netio::{Endpoint, EndpointIndex, Outgoing, Port};
use nix::sys::signal::Signal;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::process::Command;
use wire::mold::{Packet, PacketKind};
use wire::tick::Tick;

const DATE: &str = "2026-01-02";

/// Hears a line whole.
struct Ear {
    port: HostPort,
    next: u64,
    messages: Vec<Vec<u8>>,
}

impl Ear {
    fn at(group: SocketAddrV4) -> Self {
        let endpoint = Endpoint::multicast(*group.ip(), group.port(), Ipv4Addr::LOCALHOST);
        let port = HostPort::open(&PortKind::Socket.into(), &[endpoint]).expect("multicast on loopback");
        Self { port, next: 1, messages: Vec::new() }
    }

    /// Takes what has come; `pass` sees each packet, too.
    fn hear(&mut self, mut pass: impl FnMut(&[u8])) {
        let Self { port, next, messages } = self;
        let heard = port.receive(256, |received| {
            let packet = Packet::parse(received.payload).expect("our own");
            if packet.kind() == PacketKind::Data {
                assert_eq!(packet.sequence(), *next, "the receive buffer is too small for this test");
                messages.extend(packet.messages().map(|(_, bytes)| bytes.to_vec()));
                *next = 1 + messages.len() as u64;
            }
            pass(received.payload);
        });
        heard.expect("the port works");
    }
}

/// The ticks that messages make.
fn ticks_of(messages: &[Vec<u8>]) -> Vec<Tick> {
    let day = Day::new(Date::parse(DATE).expect("a date"), Zone::parse("utc").expect("a zone"));
    let (mut normalizer, mut ticks) = (Normalizer::itch(day, Symbols::default()), Vec::new());
    messages.iter().for_each(|message| normalizer.message(message, &mut |tick| ticks.push(*tick)));
    ticks
}

#[test]
fn what_is_lost_of_our_own_depth_channel_comes_from_our_own_server() {
    let (site, beyond) = (Site::new(), Site::new());
    let (lossy, to) = (beyond.ports.depth_line(), beyond.ports.tick_line());
    let (mut whole, mut subscriber) = (Ear::at(site.ports.depth_line()), Ear::at(to));
    let appliance = site.start();
    let mut command = Command::new(PINION);
    command.args(["normalize", "--port", "socket", "--json", "--zone", "utc", "--date", DATE]);
    command.args(["--from", &lossy.to_string(), "--to", &to.to_string()]);
    command.args(["--rerequest", &site.ports.subscribers().to_string()]);
    let normalize = site.spawn(command, "normalize");
    wait_until("the normaliser's port", || normalize.err().contains("port: "));

    let local = Endpoint::unicast(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0));
    let mut onward = HostPort::open(&PortKind::Socket.into(), &[local]).expect("loopback");
    let mut packets = 0_u32;
    // Of the packets with messages every fifth goes no further.
    let mut relay = |packet: &[u8]| {
        let has_messages = Packet::parse(packet).expect("our own").kind() == PacketKind::Data;
        packets += u32::from(has_messages);
        if has_messages && packets.is_multiple_of(5) {
            return;
        }
        let sent = onward.send(1, |out| {
            out[..packet.len()].copy_from_slice(packet);
            Some(Outgoing { endpoint: EndpointIndex(0), to: lossy, len: packet.len() })
        });
        assert_eq!(sent.expect("the port works"), 1);
        onward.flush().expect("the port works");
    };
    let mut replay = site.spawn(site.replay_command(&flow(), &["--limit", "3000"]), "replay");
    wait_until("the end of the flow", || {
        whole.hear(&mut relay);
        subscriber.hear(|_| {});
        replay.has_ended()
    });
    replay.wait().expect_success();
    let (mut heard, mut expected) = (0, Vec::new());
    wait_until("every tick", || {
        whole.hear(&mut relay);
        subscriber.hear(|_| {});
        if whole.messages.len() > heard {
            heard = whole.messages.len();
            expected = ticks_of(&whole.messages);
        }
        heard > 2_000 && subscriber.messages.len() == expected.len()
    });
    let ticks = subscriber.messages.iter().map(|bytes| Tick::decode(bytes).expect("a tick"));
    assert!(ticks.eq(expected.iter().copied()), "{} ticks", expected.len());
    normalize.signal(Signal::SIGTERM);
    let finished = normalize.wait().expect_success();
    let count = |name: &str| {
        let (_, rest) = finished.out.split_once(&format!("\"{name}\":")).expect("it is counted");
        rest.split(|symbol: char| !symbol.is_ascii_digit()).next().and_then(|digits| digits.parse::<u64>().ok())
    };
    assert!(count("repaired") > Some(100), "{}", finished.out);
    assert_eq!((count("unanswered"), count("lost")), (Some(0), Some(0)), "{}", finished.out);
    appliance.stop();
}
