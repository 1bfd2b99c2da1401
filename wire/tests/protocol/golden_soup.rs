//! SoupBinTCP packets and the end of a snapshot, against the bytes in docs/protocol.md.

use crate::vectors::{bytes_of, get};
use wire::feed::StreamKind;
use wire::glimpse::{EndOfSnapshot, Item};
use wire::mold::SessionId;
use wire::soup::{
    LoginAccepted, LoginRejected, LoginRequest, Numeric, Packet, RejectCode, SoupPassword, SoupUser, Stream,
};

const SESSION: SessionId = SessionId(*b"KQ7B2MXADA");

#[test]
fn packets() {
    let end = get("end-of-snapshot");
    let (username, password) = (SoupUser(*b"anyone"), SoupPassword(*b"          "));
    for (name, packet) in [
        (
            "soup-login-request",
            Packet::LoginRequest(LoginRequest { username, password, session: SESSION, sequence: Numeric(1) }),
        ),
        ("soup-login-accepted", Packet::LoginAccepted(LoginAccepted { session: SESSION, sequence: Numeric(1) })),
        ("soup-login-rejected", Packet::LoginRejected(LoginRejected { reason: RejectCode::SessionUnavailable })),
        ("soup-sequenced", Packet::Sequenced(&end)),
        ("soup-server-heartbeat", Packet::ServerHeartbeat),
        ("soup-end-of-session", Packet::EndOfSession),
        ("soup-client-heartbeat", Packet::ClientHeartbeat),
        ("soup-logout-request", Packet::LogoutRequest),
        ("soup-debug", Packet::Debug(b"hi")),
        ("soup-unsequenced", Packet::Unsequenced(b"hi")),
    ] {
        let golden = get(name);
        assert_eq!(bytes_of(|out| packet.encode(out)), golden, "{name}");
        let mut stream = Stream::new(64);
        stream.room()[..golden.len()].copy_from_slice(&golden);
        stream.filled(golden.len());
        assert_eq!(stream.next(), Ok(Some(packet)), "{name}");
    }
}

#[test]
fn the_end_of_a_snapshot() {
    let end = Item::End(EndOfSnapshot { sequence: Numeric(1_000_001) });
    assert_eq!(bytes_of(|out| end.encode(out)), get("end-of-snapshot"));
    assert_eq!(Item::decode(StreamKind::Depth, &get("end-of-snapshot")), Ok(end));
}
