//! Snapshots over real connections: what they say, and who gets none.

use crate::rebuilt::Rebuilt;
use crate::site::Site;
use crate::storing::{Messages, published, small};
use engine::exchange::Exchange;
use engine::glimpse::{Desk, GlimpseCounts, GlimpseOptions, GlimpseThread, Imager};
use engine::journal::LocalDisk;
use engine::rerequest::Proofs;
use engine::snapshot::{Follower, Prepared};
use netio::clock::Clock;
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddrV4, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use wire::feed::{ChannelIndex, Stream, StreamKind};
use wire::glimpse::Item;
use wire::itch::Message;
use wire::mold::SessionId;
use wire::soup::{self, LoginRequest, Numeric, Packet, SoupPassword, SoupUser};
use wire::tick::{Tick, TickKind};
use wire::{Nanos, Price, Side};

const DEPTH: Stream = Stream::new(ChannelIndex(0), StreamKind::Depth);
const TICKS: Stream = Stream::new(ChannelIndex(0), StreamKind::Tick);
const STALL: Duration = Duration::from_millis(400);

/// A follower that turns by itself, and the server before it.
struct Yard {
    site: Site,
    server: GlimpseThread,
    proofs: Arc<Proofs>,
    stop: Arc<AtomicBool>,
    follower: Option<std::thread::JoinHandle<Follower>>,
    dir: tempfile::TempDir,
}

impl Yard {
    fn new() -> Self {
        Self::with(GlimpseOptions { connections_max: 8, address_connections_max: 8, stall: STALL })
    }

    fn with(options: GlimpseOptions) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let config = small(dir.path());
        let site = Site::open(&config);
        let desk = Arc::new(Desk::new(Duration::ZERO));
        let imager = Box::new(Imager::new(Arc::clone(&desk)));
        let prepared = Prepared::new(&config, Arc::new(LocalDisk)).expect("a directory").with(imager);
        let mut follower = prepared.follow(site.journal.watch.clone()).expect("a journal");
        let stop = Arc::new(AtomicBool::new(false));
        let stopping = Arc::clone(&stop);
        let follower = std::thread::spawn(move || {
            while !stopping.load(Ordering::Acquire) {
                if follower.follow().expect("the same state") == 0 {
                    std::thread::sleep(Duration::from_millis(1));
                }
            }
            follower
        });
        let listener = TcpListener::bind(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let proofs = Arc::new(Proofs::new(60));
        let server = GlimpseThread::spawn(listener, desk, Arc::clone(&proofs), options, Clock::calibrate());
        Self { site, server: server.expect("a thread"), proofs, stop, follower: Some(follower), dir }
    }

    fn connect(&self) -> TcpStream {
        let socket = TcpStream::connect(self.server.address()).expect("a server");
        socket.set_read_timeout(Some(Duration::from_secs(5))).expect("a socket");
        socket
    }

    /// Everything that the server says to a login, until it closes.
    fn log_in(&self, session: SessionId) -> Vec<u8> {
        let mut socket = self.connect();
        let _ = socket.write_all(&login(session));
        // Also a client that goes on to speak gets all of it.
        let _ = socket.write_all(&[0, 1, b'R']);
        let mut bytes = Vec::new();
        match socket.read_to_end(&mut bytes) {
            Ok(_) => bytes,
            // Who is refused may hear of it in this way.
            Err(error) if bytes.is_empty() => {
                assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
                bytes
            }
            Err(error) => panic!("after {} bytes: {error}", bytes.len()),
        }
    }

    /// Waits until the server has counted this.
    fn counted(&self, is_so: impl Fn(&GlimpseCounts) -> bool) {
        let begin = Instant::now();
        while !is_so(&self.server.counts()) {
            assert!(begin.elapsed() < Duration::from_secs(5), "{:?}", self.server.counts());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn session(&self, stream: Stream) -> SessionId {
        stream.session(self.site.harness.venue.exchange().feed_session())
    }

    /// The messages of a stream from where its snapshot ends.
    fn published(&self) -> Messages {
        published(&small(self.dir.path()))
    }
}

impl Drop for Yard {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        if let Some(follower) = self.follower.take() {
            let _ = follower.join();
        }
    }
}

fn login(session: SessionId) -> Vec<u8> {
    let request = LoginRequest {
        username: SoupUser(*b"anyone"),
        password: SoupPassword([b' '; 10]),
        session,
        sequence: Numeric(1),
    };
    let mut bytes = [0; 64];
    let len = Packet::LoginRequest(request).encode(&mut bytes).expect("room");
    bytes[..len].to_vec()
}

/// The packets of a whole conversation.
fn packets(mut bytes: &[u8]) -> Vec<Packet<'_>> {
    let mut packets = Vec::new();
    while let Some((packet, len)) = Packet::take(bytes, 1_000).expect("packets") {
        packets.push(packet);
        bytes = &bytes[len..];
    }
    assert!(bytes.is_empty(), "{} bytes of half a packet", bytes.len());
    packets
}

/// What a snapshot says, and where the stream goes on.
fn items(kind: StreamKind, session: SessionId, bytes: &[u8]) -> (Vec<Item>, u64) {
    let mut packets = packets(bytes);
    packets.retain(|packet| *packet != Packet::ServerHeartbeat);
    let expected = Packet::LoginAccepted(soup::LoginAccepted { session, sequence: Numeric(1) });
    assert_eq!(packets.first(), Some(&expected));
    assert_eq!(packets.pop(), Some(Packet::EndOfSession));
    let mut items: Vec<Item> = packets[1..]
        .iter()
        .map(|packet| match packet {
            Packet::Sequenced(message) => Item::decode(kind, message).expect("a message of a snapshot"),
            other => panic!("{other:?}"),
        })
        .collect();
    let Some(Item::End(end)) = items.pop() else { panic!("no end of the snapshot") };
    (items, end.sequence.0)
}

/// Levels by instrument, side and price.
type Levels = BTreeMap<(u32, Side, Price), u32>;

fn levels_of(exchange: &Exchange) -> Levels {
    let mut levels = Levels::new();
    for (instrument, _) in exchange.instruments().iter() {
        for side in [Side::Buy, Side::Sell] {
            for level in exchange.book().levels(instrument, side) {
                levels.insert((instrument.0, side, level.price), level.qty);
            }
        }
    }
    levels
}

fn apply(levels: &mut Levels, tick: &Tick) {
    let (TickKind::Quote, Some(side)) = (tick.kind, tick.side.side()) else { return };
    let key = (tick.symbol_id.0, side, tick.price);
    match tick.quantity {
        0 => drop(levels.remove(&key)),
        quantity => drop(levels.insert(key, quantity)),
    }
}

#[test]
fn a_snapshot_and_what_follows_it_is_the_book_at_any_moment() {
    let mut yard = Yard::new();
    for round in 0..12 {
        // While orders flow: the image is of some moment before the login's answer.
        yard.site.trade(60 + 20 * round);
        let bytes = yard.log_in(yard.session(TICKS));
        yard.site.trade(40);
        let (items, next) = items(StreamKind::Tick, yard.session(TICKS), &bytes);
        let all = yard.published();
        let ticks: Vec<Tick> = all[&TICKS].iter().map(|bytes| Tick::decode(bytes).expect("a tick")).collect();
        assert!(next > 1 && next as usize <= ticks.len() + 1);
        let mut levels = Levels::new();
        let mut quotes = 0;
        for item in &items {
            if let Item::Tick(tick) = item {
                quotes += usize::from(tick.kind == TickKind::Quote);
                apply(&mut levels, tick);
            }
        }
        // As it was when the image was made: what all ticks before it come to.
        let mut before = Levels::new();
        ticks[..next as usize - 1].iter().for_each(|tick| apply(&mut before, tick));
        assert_eq!((&levels, quotes), (&before, before.len()), "round {round}");
        // And with what follows, the book as it is.
        ticks[next as usize - 1..].iter().for_each(|tick| apply(&mut levels, tick));
        assert_eq!(levels, levels_of(yard.site.harness.venue.exchange()), "round {round}");
    }
    yard.counted(|counts| counts.served == 12);
}

#[test]
fn a_depth_snapshot_has_every_displayed_order_in_the_order_of_its_queue() {
    let mut yard = Yard::new();
    yard.site.trade(600);
    // Blank is the first depth stream. What is traded before the login is in it, when it is durable.
    let mut expected_next = 0;
    let mut conversation = Vec::new();
    for _ in 0..100 {
        conversation = yard.log_in(SessionId::BLANK);
        let (_, next) = items(StreamKind::Depth, yard.session(DEPTH), &conversation);
        expected_next = yard.site.harness.venue.exchange().numbers().next(DEPTH);
        if next == expected_next {
            break;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    let (items, next) = items(StreamKind::Depth, yard.session(DEPTH), &conversation);
    assert_eq!(next, expected_next);
    let exchange = yard.site.harness.venue.exchange();
    let instruments = exchange.instruments().len();
    let letters: String = items
        .iter()
        .map(|item| if let Item::Itch(Message::SystemEvent(stage)) = item { char::from(stage.event) } else { ' ' })
        .collect();
    assert_eq!(letters.trim_end(), "OSQ");
    let kinds: Vec<u8> = items
        .iter()
        .map(|item| {
            let mut bytes = [0; 64];
            item.encode(&mut bytes).expect("room");
            bytes[0]
        })
        .collect();
    let begin: Vec<u8> = b"SSS".iter().copied().chain(vec![b'R'; instruments]).chain(vec![b'H'; instruments]).collect();
    assert_eq!(kinds[..begin.len()], begin);
    let mut adds = items[begin.len()..].iter();
    for (instrument, terms) in exchange.instruments().iter() {
        for side in [Side::Buy, Side::Sell] {
            for level in exchange.book().levels(instrument, side) {
                for order in exchange.book().orders(instrument, side, level.price).filter(|order| order.shown.0 > 0) {
                    let Some(Item::Itch(Message::AddOrder(add))) = adds.next() else { panic!("an order is missing") };
                    assert_eq!(Some(add.stock_locate), wire::feed::locate(instrument));
                    assert_eq!(
                        (add.order_ref, add.side, add.qty, add.symbol, Price::from(add.price)),
                        (order.order_ref, side, order.shown, terms.symbol, level.price)
                    );
                }
            }
        }
    }
    assert_eq!(adds.next(), None);
    assert!(items.len() > begin.len() + 20, "there are orders");
}

#[test]
fn a_depth_snapshot_and_what_follows_it_is_the_book_queue_by_queue_at_any_moment() {
    let mut yard = Yard::new();
    let mut was_behind = false;
    for round in 0..12 {
        yard.site.trade(80 + 20 * round);
        let bytes = yard.log_in(yard.session(DEPTH));
        yard.site.trade(40);
        let (items, next) = items(StreamKind::Depth, yard.session(DEPTH), &bytes);
        let all = &yard.published()[&DEPTH];
        was_behind |= (next as usize) <= all.len();
        let mut rebuilt = Rebuilt::default();
        for item in &items {
            let mut bytes = [0; 64];
            let len = item.encode(&mut bytes).expect("room");
            rebuilt.take(&bytes[..len]);
        }
        all[next as usize - 1..].iter().for_each(|message| rebuilt.take(message));
        let exchange = yard.site.harness.venue.exchange();
        let mut levels = 0;
        for (instrument, _) in exchange.instruments().iter() {
            let locate = wire::feed::locate(instrument).expect("it has depth");
            for side in [Side::Buy, Side::Sell] {
                for level in exchange.book().levels(instrument, side) {
                    let orders = exchange.book().orders(instrument, side, level.price);
                    let queue: Vec<_> = orders
                        .filter(|order| order.shown.0 > 0)
                        .map(|order| (order.order_ref, order.shown.0))
                        .collect();
                    let price = u32::try_from(level.price.0).expect("it has depth");
                    assert_eq!(rebuilt.queue(locate, side, price), queue, "round {round}");
                    levels += 1;
                }
            }
        }
        assert_eq!(rebuilt.level_count(), levels, "round {round}");
    }
    assert!(was_behind, "something followed");
}

#[test]
fn a_login_proves_the_address_and_other_sessions_are_rejected() {
    let mut yard = Yard::new();
    yard.site.trade(20);
    let here = u32::from(Ipv4Addr::LOCALHOST);
    let now = Nanos(Clock::calibrate().now());
    assert!(!yard.proofs.is_proved(here, now));
    drop(yard.connect());
    let mut socket = yard.connect();
    socket.write_all(&[0, 1, b'R']).expect("taken");
    assert_eq!(socket.read(&mut [0; 9]).unwrap_or(0), 0, "no login, no word");
    assert!(!yard.proofs.is_proved(here, now), "to connect is not to log in");
    for session in [SessionId(*b"OTHERVENTA"), SessionId(*b"xxxxxxxxxx")] {
        assert_eq!(packets(&yard.log_in(session)).len(), 1);
    }
    assert!(yard.proofs.is_proved(here, now));
    yard.counted(|counts| (counts.rejected, counts.garbage) == (2, 1));
}

#[test]
fn who_is_silent_or_talks_rubbish_is_dropped_and_others_are_served() {
    let mut yard = Yard::with(GlimpseOptions { connections_max: 4, address_connections_max: 4, stall: STALL });
    yard.site.trade(20);
    let silent = yard.connect();
    let mut rubbish = yard.connect();
    rubbish.write_all(b"GET / HTTP/1.0\r\n\r\n").expect("taken");
    let mut half = yard.connect();
    half.write_all(&login(SessionId::BLANK)[..20]).expect("taken");
    assert!(!yard.log_in(SessionId::BLANK).is_empty(), "a fourth is served beside them");
    let begin = Instant::now();
    for mut socket in [silent, rubbish, half] {
        let mut bytes = Vec::new();
        // Closed, in one way or another.
        let _ = socket.read_to_end(&mut bytes);
        assert!(bytes.is_empty());
    }
    assert!(begin.elapsed() < Duration::from_secs(4), "they are not kept");
    yard.counted(|counts| (counts.slow, counts.garbage) == (2, 1));
}

#[test]
fn there_are_no_more_connections_than_there_may_be() {
    let yard = Yard::with(GlimpseOptions { connections_max: 8, address_connections_max: 2, stall: STALL });
    let mut held: Vec<_> = (0..2).map(|_| yard.connect()).collect();
    std::thread::sleep(Duration::from_millis(50));
    let mut third = yard.connect();
    assert_eq!(third.read(&mut [0; 9]).unwrap_or(0), 0, "closed without a word");
    assert_eq!(yard.server.counts().refused, 1);
    held.clear();
    let begin = Instant::now();
    while yard.log_in(SessionId::BLANK).is_empty() {
        assert!(begin.elapsed() < Duration::from_secs(4), "there is room again");
    }
}
