//! Arbitrary bytes: decoding never panics, and what decodes is written again byte by byte.

use crate::vectors::all;
use proptest::prelude::*;
use wire::admin::login::AdminLogin;
use wire::admin::{self, Asked, Said};
use wire::feed::StreamKind;
use wire::glimpse::Item;
use wire::itch::Message;
use wire::journal::{Body, RecordHeader, RecordKind, SegmentHeader};
use wire::login::LoginMessage;
use wire::mold::{Packet, PacketBuilder, PacketKind, Request, end_of_session, heartbeat};
use wire::ouch::{Identity, Inbound, Outbound};
use wire::soup;
use wire::tick::Tick;

/// What an administration seal is around: a number before it, a MAC behind it.
fn unsealed(bytes: &[u8]) -> Option<&[u8]> {
    bytes.get(8..bytes.len().checked_sub(32)?)
}

/// Takes bytes for everything that they might be; what they are must survive being written.
fn take_for_everything(bytes: &[u8]) {
    let mut out = [0xEE; 2_048];
    if let Ok(packet) = Packet::parse(bytes) {
        let len = match packet.kind() {
            PacketKind::Data => {
                let mut builder = PacketBuilder::new(&mut out, packet.session(), packet.sequence()).expect("room");
                for (_, message) in packet.messages() {
                    assert!(builder.push(message), "as long as the packet");
                }
                builder.finish()
            }
            PacketKind::Heartbeat => heartbeat(&mut out, packet.session(), packet.sequence()).expect("room"),
            PacketKind::EndOfSession => end_of_session(&mut out, packet.session(), packet.sequence()).expect("room"),
        };
        assert_eq!(out[..len], *bytes);
    }
    if let Ok(request) = Request::decode(bytes) {
        let len = request.encode(&mut out).expect("room");
        assert_eq!(out[..len], *bytes);
    }
    if let Ok(message) = Inbound::decode(bytes) {
        let len = message.encode(&mut out).expect("room");
        assert_eq!(out[..len], *bytes);
    }
    if let Ok(message) = Outbound::decode(bytes) {
        let len = message.encode(&mut out).expect("room");
        assert_eq!(out[..len], *bytes);
    }
    if let Ok(message) = Message::decode(bytes) {
        let len = message.encode(&mut out).expect("room");
        assert_eq!(out[..len], *bytes);
    }
    if let Ok(tick) = Tick::decode(bytes) {
        let len = tick.encode(&mut out).expect("room");
        assert_eq!(out[..len], *bytes);
    }
    // A number may be padded otherwise than it is written, so these are compared as what they say.
    if let Ok(packet) = soup::Packet::decode(bytes) {
        let len = packet.encode(&mut out).expect("room");
        assert_eq!((len, soup::Packet::decode(&out[soup::LENGTH_LEN..len])), (2 + bytes.len(), Ok(packet)));
    }
    // Reserved bytes are ignored, and written as zeros.
    if let Ok(message) = AdminLogin::decode(bytes) {
        let len = message.encode(&mut out).expect("room");
        assert_eq!((len, AdminLogin::decode(&out[..len])), (bytes.len(), Ok(message)));
    }
    for bytes in [Some(bytes), unsealed(bytes)].into_iter().flatten() {
        if let Ok(message) = Asked::decode(bytes) {
            let len = message.encode(&mut out).expect("room");
            assert_eq!((len, Asked::decode(&out[..len])), (bytes.len(), Ok(message)));
        }
        if let Ok(message) = Said::decode(bytes) {
            let len = message.encode(&mut out).expect("room");
            assert_eq!((len, Said::decode(&out[..len])), (bytes.len(), Ok(message)));
        }
    }
    for kind in StreamKind::ALL {
        if let Ok(item) = Item::decode(kind, bytes) {
            let len = item.encode(&mut out).expect("room");
            assert_eq!((len, Item::decode(kind, &out[..len])), (bytes.len(), Ok(item)));
        }
    }
    // Reserved bytes are not kept, so these are compared as what they say.
    if let Ok(message) = LoginMessage::decode(bytes) {
        let len = message.encode(&mut out).expect("room");
        assert_eq!((len, LoginMessage::decode(&out[..len])), (bytes.len(), Ok(message)));
    }
    for kind in RecordKind::ALL {
        if let Ok(body) = Body::decode(*kind, bytes) {
            let len = body.encode(&mut out).expect("room");
            assert_eq!((len, Body::decode(*kind, &out[..len])), (bytes.len(), Ok(body)));
        }
    }
    if let Ok(header) = SegmentHeader::decode(bytes) {
        assert_eq!(header.encode()[..], bytes[..64]);
    }
    let _ = (RecordHeader::verify(0, bytes), Identity::of(bytes));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes_do_no_harm(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        take_for_everything(&bytes);
    }

    #[test]
    fn damaged_messages_do_no_harm(
        at in any::<prop::sample::Index>(),
        damage in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        cut in prop::option::of(any::<prop::sample::Index>()),
        tail in proptest::collection::vec(any::<u8>(), 0..4),
    ) {
        let vectors: Vec<_> = VECTORS.with(Clone::clone);
        let mut bytes = vectors[at.index(vectors.len())].clone();
        for (at, value) in damage {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        bytes.extend(tail);
        take_for_everything(&bytes);
    }
}

thread_local! {
    static VECTORS: Vec<Vec<u8>> = all().into_values().collect();
}

#[test]
fn every_vector_is_something() {
    for (name, bytes) in all() {
        take_for_everything(&bytes);
        let known = Packet::parse(&bytes).is_ok()
            || Request::decode(&bytes).is_ok()
            || Inbound::decode(&bytes).is_ok()
            || Outbound::decode(&bytes).is_ok()
            || Message::decode(&bytes).is_ok()
            || Tick::decode(&bytes).is_ok()
            || LoginMessage::decode(&bytes).is_ok()
            || AdminLogin::decode(&bytes).is_ok()
            || [Some(&*bytes), unsealed(&bytes)]
                .into_iter()
                .flatten()
                .any(|bytes| Asked::decode(bytes).is_ok() || Said::decode(bytes).is_ok())
            || admin::Request::decode(&bytes).is_ok()
            || admin::Answer::decode(&bytes).is_ok()
            || bytes.get(soup::LENGTH_LEN..).is_some_and(|bytes| soup::Packet::decode(bytes).is_ok())
            || Item::decode(StreamKind::Depth, &bytes).is_ok()
            || RecordKind::ALL.iter().any(|kind| Body::decode(*kind, &bytes).is_ok())
            || RecordHeader::view(&bytes).is_some();
        assert!(known, "{name}");
    }
}
