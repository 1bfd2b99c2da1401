//! Framing, ticks, login and journal, written out field by field, against the bytes in docs/protocol.md.

use crate::vectors::{bytes_of, get};
use wire::admin::OperatorBody;
use wire::journal::body::FLAG_CANCEL_ON_DISCONNECT;
use wire::journal::{
    self, Body, CancelSlice, Elect, EntryGate, Genesis, LoginBody, Logout, MarketClose, OperatorSlice, RecordHeader,
    RecordKind, SegmentHeader, SequenceSkip, SessionDeath, SessionMessage, StateHash,
};
use wire::login::{
    Challenge, ClientHello, Cookie, Key, Login, LoginAccepted, LoginMessage, LoginRejectReason, LoginRejected, Nonce,
    Username,
};
use wire::mold::{self, Packet, PacketBuilder, PacketKind, Request, SessionId};
use wire::tick::{Tick, TickKind, TickSide};
use wire::{Addr, InstrumentIndex, Nanos, Price, Reserved, Seq, SessionIndex, UserRefNum};

const SESSION: SessionId = SessionId(*b"0AbCdEfGhI");
const STAMP: u64 = 1_700_000_000_123_456_789;
const NONCE: Nonce = [0xA0, 0xA1, 0xA2, 0xA3, 0xA4, 0xA5, 0xA6, 0xA7, 0xA8, 0xA9, 0xAA, 0xAB, 0xAC, 0xAD, 0xAE, 0xAF];
const CLIENT: Addr = Addr::new(0x7F00_0001, 40_000);

fn key() -> Key {
    Key(core::array::from_fn(|at| u8::try_from(at).expect("32 bytes")))
}

fn user() -> Username {
    Username::new("trader1").expect("fits")
}

#[test]
fn framing() {
    let mut bytes = [0xEE; 128];
    let mut builder = PacketBuilder::new(&mut bytes, SESSION, 7).expect("room");
    assert!(builder.push(&get("account-query")) && builder.push(&[b'X', 0, 0, 0, 1, 0, 0, 0, 0]));
    let len = builder.finish();
    assert_eq!(bytes[..len], get("packet-of-two-messages"));
    let golden = get("packet-of-two-messages");
    let packet = Packet::parse(&golden).expect("well formed");
    assert_eq!((packet.sequence(), packet.next_sequence(), packet.messages().count()), (7, 9, 2));

    assert_eq!(bytes_of(|out| mold::heartbeat(out, SESSION, 9)), get("heartbeat"));
    assert_eq!(bytes_of(|out| mold::end_of_session(out, SESSION, 9)), get("end-of-session"));
    assert_eq!(Packet::parse(&get("end-of-session")).map(|packet| packet.kind()), Ok(PacketKind::EndOfSession));
    let request = Request { session: SESSION, sequence: 7, count: 2 };
    assert_eq!(bytes_of(|out| request.encode(out)), get("request"));
    assert_eq!(Request::decode(&get("request")), Ok(request));
}

#[test]
fn ticks() {
    let quote = Tick {
        timestamp: Nanos(STAMP),
        symbol_id: InstrumentIndex(3),
        price: Price(12_500_000),
        quantity: 300,
        side: TickSide::Buy,
        kind: TickKind::Quote,
    };
    let trade = Tick { price: Price(7_512_345_000), quantity: 5, side: TickSide::Sell, kind: TickKind::Trade, ..quote };
    let status =
        Tick { price: Price(0), quantity: u32::from(b'T'), side: TickSide::None, kind: TickKind::Status, ..quote };
    for (name, tick) in [("tick-quote", quote), ("tick-trade", trade), ("tick-status", status)] {
        assert_eq!(bytes_of(|out| tick.encode(out)), get(name), "{name}");
        assert_eq!(Tick::decode(&get(name)), Ok(tick), "{name}");
    }
    assert_eq!((status.status(), quote.status()), (Some(b'T'), None));
}

#[test]
fn login() {
    let cookie = Cookie::issue(&Key([0x5A; 32]), CLIENT, user(), &NONCE, STAMP);
    let accepted = LoginAccepted {
        client_nonce: NONCE,
        session: SESSION,
        next_inbound: 1,
        next_outbound: 1,
        oldest_outbound: 1,
        last_user_ref: UserRefNum(0),
        heartbeat_ms: 1_000,
        timeout_ms: 10_000,
        proof: [0; 32],
    };
    let messages = [
        ("client-hello", LoginMessage::ClientHello(ClientHello::new(user(), NONCE))),
        ("challenge", LoginMessage::Challenge(Challenge { client_nonce: NONCE, cookie })),
        ("login", LoginMessage::Login(Login::sign(&key(), user(), NONCE, cookie, true))),
        ("login-accepted", LoginMessage::LoginAccepted(accepted.signed(&key()))),
        (
            "login-rejected",
            LoginMessage::LoginRejected(LoginRejected {
                client_nonce: NONCE,
                reason: LoginRejectReason::NotAuthorized,
            }),
        ),
    ];
    for (name, message) in messages {
        assert_eq!(bytes_of(|out| message.encode(out)), get(name), "{name}");
        assert_eq!(LoginMessage::decode(&get(name)), Ok(message), "{name}");
    }
}

#[test]
fn journal_headers() {
    let epoch = 0x0102_0304_0506_0708;
    let header = SegmentHeader {
        epoch,
        index: 0,
        first_seq: Seq(1),
        segment_len: 67_108_864,
        fingerprint: 0xFEED_FACE_CAFE_BEEF,
        chain: 0,
    };
    assert_eq!(header.encode()[..], get("segment-header")[..]);
    assert_eq!(SegmentHeader::decode(&get("segment-header")), Ok(header));

    let golden = get("record-session-message");
    let (header, body) = RecordHeader::verify(journal::seed(epoch), &golden).expect("valid");
    assert_eq!((header.previous, header.seq, header.receive_time), (0x1122_3344, Seq(42), Nanos(STAMP)));
    assert_eq!((header.pending, header.released()), (3, Seq(38)));
    let kind = RecordKind::try_from(header.kind).expect("known");
    let message = SessionMessage { session: SessionIndex(1), client_seq: 7, bytes: &get("cancel-order") };
    assert_eq!(Body::decode(kind, body), Ok(Body::SessionMessage(message)));

    let mut out = vec![0; journal::record_span(body.len())];
    let (length, crc) = journal::encode_record_body(&mut out, journal::seed(epoch), &header, body).expect("room");
    assert_eq!((length, crc), (header.length, header.crc));
    out[..4].copy_from_slice(&length.to_le_bytes());
    assert_eq!(out, golden);
}

#[test]
fn journal_bodies() {
    let session = SessionIndex(1);
    let bodies = [
        (
            "body-genesis",
            Body::Genesis(Genesis {
                fingerprint: 0xFEED_FACE_CAFE_BEEF,
                created: Nanos(STAMP),
                feed_session: SessionId(*b"PINION0001"),
                reserved: Reserved,
            }),
        ),
        (
            "body-login",
            Body::Login(LoginBody {
                session,
                flags: FLAG_CANCEL_ON_DISCONNECT,
                token: SESSION,
                address: CLIENT,
                reserved: Reserved,
                cookie_stamp: STAMP,
                client_nonce: NONCE,
            }),
        ),
        ("body-session-death", Body::SessionDeath(SessionDeath { session })),
        ("body-sequence-skip", Body::SequenceSkip(SequenceSkip { session, reserved: Reserved, next_inbound: 8 })),
        ("body-cancel-slice", Body::CancelSlice(CancelSlice { session })),
        ("body-state-hash", Body::StateHash(StateHash { hash: 0x0123_4567_89AB_CDEF })),
        ("body-logout", Body::Logout(Logout { session })),
        ("body-elect", Body::Elect(Elect { reserved: Reserved })),
        ("body-market-close", Body::MarketClose(MarketClose { reserved: Reserved })),
        ("body-operator", Body::Operator(OperatorBody::from(&crate::golden_admin::operator_command()))),
        ("body-operator-slice", Body::OperatorSlice(OperatorSlice { reserved: Reserved })),
        ("body-entry-gate", Body::EntryGate(EntryGate { closed: 1, reserved: Reserved })),
    ];
    for (name, body) in bodies {
        assert_eq!(bytes_of(|out| body.encode(out)), get(name), "{name}");
        assert_eq!(Body::decode(body.kind(), &get(name)), Ok(body), "{name}");
    }
}
