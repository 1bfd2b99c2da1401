//! What subscribers ask the real program for: every message of the session, over SIGKILLs and the loss of the store, and the present state.

use crate::process::wait_until;
use crate::site::Site;
use crate::trader::Trader;
use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddrV4, TcpStream, UdpSocket};
use std::time::{Duration, Instant};
use wire::feed::StreamKind;
use wire::glimpse::Item;
use wire::mold::{Packet, PacketKind, Request, SessionId};
use wire::soup::{self, LoginRequest, Numeric, SoupPassword, SoupUser};

/// Logs in to the snapshot server: the stream's session, what the snapshot says, and where the stream goes on.
fn snapshot(site: &Site, kind: StreamKind, session: SessionId) -> (SessionId, Vec<Item>, u64) {
    let mut socket = TcpStream::connect(site.ports.subscribers()).expect("a snapshot server");
    socket.set_read_timeout(Some(Duration::from_secs(20))).expect("a socket");
    let (username, password) = (SoupUser(*b"anyone"), SoupPassword([b' '; 10]));
    let request = LoginRequest { username, password, session, sequence: Numeric(1) };
    let mut bytes = [0; 64];
    let len = soup::Packet::LoginRequest(request).encode(&mut bytes).expect("room");
    socket.write_all(&bytes[..len]).expect("taken");
    let mut said = Vec::new();
    socket.read_to_end(&mut said).expect("an orderly end");
    let (mut rest, mut named, mut items) = (said.as_slice(), None, Vec::new());
    while let Some((packet, len)) = soup::Packet::take(rest, 64).expect("packets") {
        rest = &rest[len..];
        match packet {
            soup::Packet::LoginAccepted(accepted) => named = Some(accepted.session),
            soup::Packet::Sequenced(message) => items.push(Item::decode(kind, message).expect("a message")),
            soup::Packet::EndOfSession | soup::Packet::ServerHeartbeat => {}
            other => panic!("{other:?}"),
        }
    }
    let Some(Item::End(end)) = items.pop() else { panic!("no end of the snapshot in {} bytes", said.len()) };
    (named.expect("a login is accepted first"), items, end.sequence.0)
}

/// Every message of a stream up to but without `end`, asked for again and again until it is there.
fn whole_session(site: &Site, session: SessionId, end: u64) -> Vec<Vec<u8>> {
    let socket = UdpSocket::bind(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0)).expect("a port");
    socket.set_read_timeout(Some(Duration::from_millis(20))).expect("a socket");
    let mut messages: Vec<Vec<u8>> = Vec::new();
    let begin = Instant::now();
    while (messages.len() as u64) + 1 < end {
        let next = messages.len() as u64 + 1;
        assert!(begin.elapsed() < Duration::from_secs(30), "message {next} of {end} does not come");
        let mut bytes = [0; Request::SIZE];
        let count = u16::try_from((end - next).min(1_000)).expect("small");
        Request { session, sequence: next, count }.encode(&mut bytes).expect("room");
        socket.send_to(&bytes, site.ports.subscribers()).expect("sent");
        let mut packet = [0; 2_048];
        while let Ok((len, from)) = socket.recv_from(&mut packet) {
            assert_eq!(from, site.ports.subscribers().into(), "from the port that was asked");
            let packet = Packet::parse(&packet[..len]).expect("a packet");
            assert_eq!(packet.session(), session);
            if packet.kind() != PacketKind::Data {
                break;
            }
            for (seq, message) in packet.messages() {
                if seq == messages.len() as u64 + 1 && seq < end {
                    messages.push(message.to_vec());
                }
            }
            if messages.len() as u64 + 1 >= next + u64::from(count) {
                break;
            }
        }
    }
    messages
}

#[test]
fn the_whole_session_is_there_after_every_kill_and_when_the_store_is_lost() {
    let site = Site::new().with("snapshot.interval_ms=20").with("feed.store_file_bytes=65536");
    let trader = Trader::begin(&site, 15_000);
    let mut known: [(Option<SessionId>, Vec<Vec<u8>>); 2] = Default::default();
    for life in 0..5 {
        if life == 3 {
            fs::remove_dir_all(site.journal().join("feed")).expect("the store is there");
        }
        let appliance = site.start();
        trader.wait_answered(trader.answered() + 700);
        for (kind, (session, known)) in StreamKind::ALL.into_iter().zip(&mut known) {
            // Blank is the first depth stream; the tick stream beside it differs by a letter.
            let (depth, ..) = snapshot(&site, StreamKind::Depth, SessionId::BLANK);
            let mut name = depth;
            name.0[8] = if kind == StreamKind::Tick { b'T' } else { b'D' };
            let (named, items, next) = snapshot(&site, kind, name);
            assert_eq!((named, session.unwrap_or(name)), (name, name), "one session over all lives");
            assert!(!items.is_empty());
            let messages = whole_session(&site, name, next);
            assert!(messages.starts_with(known), "life {life}: {kind:?} is another than it was");
            assert!(messages.len() > known.len(), "life {life}: {kind:?} goes on");
            (*session, *known) = (Some(name), messages);
        }
        appliance.kill();
    }
    let appliance = site.start();
    trader.wait_answered(trader.answered() + 10);
    trader.end(&site, || drop(appliance.stop()));
    wait_until("files of the store", || fs::read_dir(site.journal().join("feed")).is_ok_and(|files| files.count() > 4));
}

#[test]
fn where_nobody_may_ask_nobody_is_answered() {
    let site = Site::new().with("feed.rerequest=").with("feed.snapshot=");
    let appliance = site.start();
    assert!(TcpStream::connect(site.ports.subscribers()).is_err());
    assert!(UdpSocket::bind(site.ports.subscribers()).is_ok(), "the port is free");
    assert!(!site.journal().join("feed").exists(), "and nothing is stored");
    appliance.stop();
}

#[test]
fn an_address_that_is_taken_is_told_by_its_key() {
    let site = Site::new();
    let taken = std::net::TcpListener::bind(site.ports.subscribers()).expect("free");
    let refused = site.start_refused(&[]);
    assert!(refused.err.contains("feed.snapshot"), "{}", refused.err);
    drop(taken);
    let _taken = UdpSocket::bind(site.ports.subscribers()).expect("free");
    let refused = site.start_refused(&[]);
    assert!(refused.err.contains("feed.rerequest"), "{}", refused.err);
}
