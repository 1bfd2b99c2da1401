//! A stream in memory: messages as packets, into a handler.

use feedhandler::compressed;
use feedhandler::handler::{FeedListener, Handler, HandlerOptions, Join, Source};
use feedhandler::runner::FeedAddresses;
use netio::clock::Clock;
use std::io::Read;
use std::path::PathBuf;
use tools::listen::places::Places;
use tools::symbols::Symbols;
use wire::Nanos;
use wire::feed::StreamKind;
use wire::itch::Message;
use wire::mold::{PacketBuilder, SessionId};

pub const SESSION: SessionId = SessionId(*b"KQ7B2MXADA");

pub fn places(kind: StreamKind) -> Places {
    let line = |last| std::net::SocketAddrV4::new([239, 26, 41, last].into(), 26_450);
    let addresses = FeedAddresses { lines: vec![line(1), line(2)], ..FeedAddresses::default() };
    Places { name: "main".to_owned(), kind, addresses, symbols: Symbols::default() }
}

/// Nobody to ask, from the first message on.
pub fn handler(kind: StreamKind) -> Handler {
    let mut options = HandlerOptions::new(kind);
    (options.rerequest, options.snapshot, options.join) = (None, None, Join::At(1));
    // The recorded day names orders that it never told.
    options.strict = false;
    Handler::new(options)
}

/// Sends messages from `first` on over both lines.
pub fn send(handler: &mut Handler, first: u64, messages: &[Vec<u8>], now: Nanos, listener: &mut impl FeedListener) {
    let (mut sequence, mut rest) = (first, messages);
    let mut bytes = [0; 1_400];
    while !rest.is_empty() {
        let mut builder = PacketBuilder::new(&mut bytes, SESSION, sequence).expect("room");
        let count = rest.iter().take_while(|message| builder.push(message)).count();
        let len = builder.finish();
        for line in 0..2 {
            handler.on_packet(Source::Line(line), &bytes[..len], now, listener);
        }
        sequence += count as u64;
        rest = &rest[count..];
    }
    handler.poll(now, listener);
}

pub fn now() -> Nanos {
    Nanos(Clock::calibrate().now())
}

/// The first messages of the recorded day of ITCH 5.0; none when the recordings are not there.
pub fn recorded(most: usize) -> Option<Vec<Vec<u8>>> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/itch50/ex20101224.TEST_ITCH_50.gz");
    if !path.exists() {
        assert!(std::env::var_os("CI").is_none(), "the recordings are missing: {}", path.display());
        eprintln!("skipped: no {}", path.display());
        return None;
    }
    let mut bytes = Vec::new();
    compressed::open(&path).expect("readable").read_to_end(&mut bytes).expect("whole");
    let (mut rest, mut messages) = (bytes.as_slice(), Vec::new());
    // The lengths in this file are zeros: the types tell.
    while let Some((_, after)) = rest.split_first_chunk::<2>()
        && messages.len() < most
    {
        let len = Message::size_of_type(after[0]).expect("a known type");
        messages.push(after[..len].to_vec());
        rest = &after[len..];
    }
    Some(messages)
}
