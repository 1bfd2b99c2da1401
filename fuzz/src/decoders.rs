//! Targets: the decoders of `wire`.
//!
//! Each demands that decoding does not panic, and that what was decoded is written again as the same bytes (or, where
//! reserved bytes are not kept, as bytes that decode to the same).

use wire::admin::login::AdminLogin;
use wire::admin::{Asked, Said};
use wire::itch::Message;
use wire::journal::{self, Body, RecordHeader, RecordKind, SegmentHeader};
use wire::login::LoginMessage;
use wire::mold::{Packet, PacketBuilder, PacketKind, Request, end_of_session, heartbeat};
use wire::ouch::{Appendage, AppendageBuffer, Identity, Inbound, Outbound, RejectReason};
use wire::tick::Tick;

/// The longest input that is tried; longer ones end at once.
pub const INPUT_LEN_MAX: usize = 2_048;

/// Writes with `encode` and demands `bytes`.
fn demand(bytes: &[u8], encode: impl FnOnce(&mut [u8]) -> Option<usize>) {
    let mut out = [0xEE; INPUT_LEN_MAX];
    let len = encode(&mut out);
    assert_eq!(len.map(|len| &out[..len]), Some(bytes), "written bytes differ from those that were read");
}

/// MoldUDP64 packets and requests.
#[must_use]
pub fn mold(data: &[u8]) -> bool {
    if data.len() > INPUT_LEN_MAX {
        return false;
    }
    if let Ok(request) = Request::decode(data) {
        demand(data, |out| request.encode(out));
    }
    let Ok(packet) = Packet::parse(data) else { return false };
    let messages = packet.messages();
    assert_eq!(messages.clone().count(), usize::from(packet.count()));
    assert_eq!(packet.next_sequence(), packet.sequence() + u64::from(packet.count()));
    demand(data, |out| match packet.kind() {
        PacketKind::Heartbeat => heartbeat(out, packet.session(), packet.sequence()),
        PacketKind::EndOfSession => end_of_session(out, packet.session(), packet.sequence()),
        PacketKind::Data => {
            let mut builder = PacketBuilder::new(out, packet.session(), packet.sequence())?;
            messages.clone().all(|(_, message)| builder.push(message)).then(|| builder.finish())
        }
    });
    true
}

/// Ticks.
#[must_use]
pub fn tick(data: &[u8]) -> bool {
    let Ok(tick) = Tick::decode(data) else { return false };
    demand(data, |out| tick.encode(out));
    true
}

/// What travels on an administration connection: login, and what is inside of seals, both ways.
#[must_use]
pub fn admin(data: &[u8]) -> bool {
    let mut again = [0; INPUT_LEN_MAX];
    let mut taken = false;
    if let Ok(login) = AdminLogin::decode(data) {
        demand(data, |out| login.encode(out));
        taken = true;
    }
    // What a verb does not have is not kept.
    if let Ok(asked) = Asked::decode(data) {
        let len = asked.encode(&mut again).expect("room");
        assert_eq!(Asked::decode(&again[..len]), Ok(asked));
        taken = true;
    }
    if let Ok(said) = Said::decode(data) {
        let len = said.encode(&mut again).expect("room");
        assert_eq!(Said::decode(&again[..len]), Ok(said));
        taken = true;
    }
    taken
}

/// OUCH 5.0 inbound messages; also what is answered to those that cannot be read.
#[must_use]
pub fn ouch_inbound(data: &[u8]) -> bool {
    let identity = Identity::of(data);
    match Inbound::decode(data) {
        Ok(message) => {
            demand(data, |out| message.encode(out));
            let named = match message {
                Inbound::EnterOrder(order) => Some(order.user_ref),
                Inbound::ReplaceOrder(replace) => Some(replace.user_ref),
                Inbound::CancelOrder(cancel) => Some(cancel.user_ref),
                Inbound::ModifyOrder(modify) => Some(modify.user_ref),
                Inbound::AccountQuery(_) => None,
            };
            assert!(named.is_none_or(|named| named == identity.user_ref), "a reject would name another order");
            true
        }
        Err(error) => {
            assert_ne!(RejectReason::from_decode_error(&error).describe(), "unknown reason");
            assert!(!error.to_string().is_empty());
            false
        }
    }
}

/// OUCH 5.0 outbound messages.
#[must_use]
pub fn ouch_outbound(data: &[u8]) -> bool {
    let Ok(message) = Outbound::decode(data) else { return false };
    demand(data, |out| message.encode(out));
    true
}

/// OUCH 5.0 option appendages.
#[must_use]
pub fn ouch_options(data: &[u8]) -> bool {
    let Ok(appendage) = Appendage::parse(data) else { return false };
    let mut again = AppendageBuffer::new();
    for option in appendage.iter() {
        assert!(again.push(option), "what was read once fits once");
    }
    assert_eq!(again.view(), appendage);
    assert_eq!(again.view().options(), appendage.options());
    true
}

/// ITCH 5.0 messages.
#[must_use]
pub fn itch(data: &[u8]) -> bool {
    let Ok(message) = Message::decode(data) else { return false };
    demand(data, |out| message.encode(out));
    true
}

/// Login messages.
#[must_use]
pub fn login(data: &[u8]) -> bool {
    let Ok(message) = LoginMessage::decode(data) else { return false };
    let mut out = [0xEE; 128];
    let len = message.encode(&mut out).expect("a login message fits 128 bytes");
    assert_eq!((len, LoginMessage::decode(&out[..len])), (data.len(), Ok(message)));
    true
}

/// Journal records: the first byte picks the kind of body that the rest is read as; the whole is read as a record.
#[must_use]
pub fn journal_record(data: &[u8]) -> bool {
    let seed = journal::seed(0x0102_0304_0506_0708);
    let mut accepted = false;
    if let Some((header, body)) = RecordHeader::verify(seed, data) {
        accepted = true;
        assert_eq!(body.len() + journal::RECORD_HEADER_LEN, usize::try_from(header.length).expect("fits"));
        if let Ok(kind) = RecordKind::try_from(header.kind) {
            let _ = Body::decode(kind, body).map(|body| body.kind());
        }
    }
    let Some((&first, body)) = data.split_first() else { return accepted };
    let Ok(kind) = RecordKind::try_from(u16::from(first % 10)) else { return accepted };
    let Ok(read) = Body::decode(kind, body) else { return accepted };
    let mut out = [0xEE; journal::BODY_LEN_MAX];
    let len = read.encode(&mut out).expect("a body fits");
    assert_eq!((len, Body::decode(kind, &out[..len])), (body.len(), Ok(read)));
    true
}

/// Journal segment headers. The checksum is put right in every second input, or nothing behind it would ever be
/// reached.
#[must_use]
pub fn journal_segment(data: &[u8]) -> bool {
    let mut bytes = data.to_vec();
    if bytes.len() >= journal::SEGMENT_HEADER_LEN && bytes[20].is_multiple_of(2) {
        let crc = journal::checksum(0, &bytes[..60]);
        bytes[60..64].copy_from_slice(&crc.to_le_bytes());
    }
    let Ok(header) = SegmentHeader::decode(&bytes) else { return false };
    assert_eq!(header.encode()[..], bytes[..journal::SEGMENT_HEADER_LEN]);
    true
}
