//! The tiles take their memory once: a counting allocator sees nothing while they work, whatever clients send.
//!
//! The three tiles behind the port, with the appliance's own links and a journal on disk, polled in turn by this thread. Only what
//! happens inside their polls is counted; the clients and the journal's helper are not part of the loop.

#[path = "../../netio/tests/contract/allocations.rs"]
mod allocations;

use std::sync::Arc;

use engine::config::{Config, Line};
use engine::counters::Reader;
use engine::journal::{Genesis, Helper, LocalDisk, Options, Watch, open};
use engine::limits::{
    COMMAND_LINK_SLOTS, DATAGRAM_LINK_SLOTS, MARKET_DATA_LINK_SLOTS, OPERATOR_LINK_SLOTS, PACKET_LINK_SLOTS,
};
use engine::link::{Datagram, FeedEvent, JournalEntry, MARKET_DATA, ORDER_ENTRY, Operation, OperationDone, REREQUEST};
use engine::meter::{MatchingMeter, Meter};
use engine::record;
use engine::recovery;
use engine::tile::{Control, FeedLine, FeedStage, FeedStream, JournalStage, MatchingOutputs, MatchingStage, Stage};
use engine::trace::Live;
use netio::port::{EndpointIndex, PAYLOAD_MAX};
use netio::ring::{Consumer, Producer, channel};
use wire::address::Addr;
use wire::admin::{NewInstrument, OperatorCommand, OperatorName, Outcome, Scope, Verb};
use wire::feed::{ChannelIndex, Stream, StreamKind};
use wire::login::{ClientHello, Cookie, Key, Login, LoginMessage, NO_SESSION, Username};
use wire::mold::{END_OF_SESSION, HEARTBEAT, Header, Packet, PacketBuilder, Request, SessionId};
use wire::ouch::code::{Capacity, ClOrdId, CrossType, Display, OrderSide, SelfMatchCode, TimeInForce, YesNo};
use wire::ouch::options::PostOnly;
use wire::ouch::{AppendageBuffer, CancelOrder, EnterOrder, Inbound, ModifyOrder, OptionValue, ReplaceOrder};
use wire::{MemberId, Nanos, Price, Qty, Seq, SessionIndex, Side, Symbol, UserRefNum};

/// 2026-01-02T03:04:05Z.
const START: Nanos = Nanos(1_767_323_045_000_000_000);
/// How far the clock goes between two turns.
const TURN_NS: u64 = 50_000;
/// How often a thread keeps house.
const HOUSE_NS: u64 = 10_000_000;
const SECOND_NS: u64 = 1_000_000_000;
/// Messages a client sends in one packet.
const MESSAGES_PER_PACKET: u32 = 12;

/// The tiles behind the port, and the other ends of their links.
struct Floor {
    matching: MatchingStage<Live>,
    meter: MatchingMeter,
    /// The counters' file lives as long.
    _counters: Meter,
    journal: JournalStage<Live>,
    feed: FeedStage,
    helper: Helper,
    watch: Watch,
    requests: Producer<Datagram>,
    operations: Producer<Operation>,
    done: Consumer<OperationDone>,
    /// The operator's last number, and how many commands were done and refused.
    number: u64,
    answers: [u64; 2],
    replies: Consumer<Datagram>,
    packets: Consumer<Datagram>,
    now: Nanos,
    /// Calls of the allocator inside polls.
    calls: u64,
    market_packets: u64,
}

impl Floor {
    fn new(config: &Config) -> Self {
        let mut venue = recovery::venue(config, Key([0x5E; 32]));
        let options = Options {
            dir: config.journal.dir.clone(),
            fingerprint: 1,
            segment_len: config.journal.segment_bytes,
            durability: config.journal.durability,
        };
        let genesis = engine::command::Action::Genesis { fingerprint: 1, feed_session: SessionId(*b"FEED000001") };
        let mut body = [0; engine::limits::COMMAND_BODY_MAX];
        let (_, len) = record::encode(START, &genesis, &mut body);
        let (request_in, request_out) = channel(DATAGRAM_LINK_SLOTS, Datagram::empty);
        let (reply_in, reply_out) = channel(DATAGRAM_LINK_SLOTS, Datagram::empty);
        let (packet_in, packet_out) = channel(PACKET_LINK_SLOTS, Datagram::empty);
        let (command_in, command_out) = channel(COMMAND_LINK_SLOTS, JournalEntry::empty);
        let (data_in, data_out) = channel(MARKET_DATA_LINK_SLOTS, FeedEvent::empty);
        let (operations, operations_out) = channel(OPERATOR_LINK_SLOTS, Operation::empty);
        let (operators, done) = channel(OPERATOR_LINK_SLOTS, OperationDone::empty);
        let mut outputs = MatchingOutputs { replies: reply_in, commands: command_in, market_data: data_in, operators };
        let genesis = Genesis { time: START, body: &body[..len], draw: 7 };
        let journal = open(&options, Arc::new(LocalDisk), genesis, &mut |entry| {
            let command = record::decode(entry.seq, entry.receive_time, entry.kind, entry.body).expect("a command");
            assert!(engine::venue::Outputs::ready(&mut outputs));
            venue.replay(&command, &mut outputs).map_err(|divergence| divergence.to_string())
        })
        .expect("a journal");
        venue.resume(START);
        let channel = &config.channels[0];
        let line = |line: &Line| FeedLine { endpoint: MARKET_DATA, address: line.group.into() };
        let streams = [(StreamKind::Tick, &channel.tick_lines), (StreamKind::Depth, &channel.depth_lines)];
        let streams = streams.map(|(kind, lines)| {
            let stream = Stream::new(ChannelIndex(0), kind);
            let session = stream.session(venue.exchange().feed_session());
            FeedStream { stream, session, next: 1, lines: lines.iter().map(line).collect() }
        });
        let instruments = venue.exchange().instruments().clone();
        let counters = Meter::create(config).expect("a file").expect("a directory is given");
        let live = counters.live().expect("some commands are followed");
        let matching =
            MatchingStage::new(venue, request_out, outputs, journal.watch.clone(), Arc::new(Control::new(1)));
        let mut matching = matching.with_operations(operations_out).with_trace(live.clone());
        Self {
            meter: matching.meter(&counters),
            _counters: counters,
            feed: FeedStage::new(streams.to_vec(), &instruments, SECOND_NS, data_out, packet_in, journal.watch.clone()),
            journal: JournalStage::new(journal.appender, command_out, journal.watch.clone()).with_trace(live),
            matching,
            helper: journal.helper,
            watch: journal.watch,
            requests: request_in,
            operations,
            done,
            number: 0,
            answers: [0; 2],
            replies: reply_out,
            packets: packet_out,
            now: START,
            calls: 0,
            market_packets: 0,
        }
    }

    fn receive(&mut self, endpoint: EndpointIndex, from: Addr, bytes: &[u8]) {
        assert!(self.requests.acquire(1) > 0, "the tests keep the link short");
        let slot = self.requests.slot_mut(0);
        (slot.time, slot.endpoint, slot.address, slot.len) = (self.now, endpoint, from, bytes.len());
        slot.payload[..bytes.len()].copy_from_slice(bytes);
        self.requests.release(1);
    }

    fn operate(&mut self, verb: Verb) {
        self.number += 1;
        let operator = OperatorName::new("ann").expect("short");
        let command = OperatorCommand { operator, number: self.number, verb };
        self.operations.push(Operation { command, key: None }).expect("the tests keep the link short");
    }

    /// One turn of every tile, counted, and one of the journal's helper, not counted. Gives the packets to clients to `sink`.
    fn turn(&mut self, sink: &mut impl FnMut(&Datagram)) {
        self.now.0 += TURN_NS;
        let before = allocations::calls();
        let work = [
            self.matching.poll(self.now).map_err(drop),
            self.journal.poll(self.now).map_err(drop),
            self.feed.poll(self.now).map_err(drop),
        ];
        // As a thread does it: often a little, and every 10 ms what is due.
        self.matching.store_more(&mut self.meter);
        if self.now.0.is_multiple_of(HOUSE_NS) {
            self.matching.store(&mut self.meter, false);
        }
        self.calls += allocations::calls() - before;
        assert!(work.iter().all(Result::is_ok), "no tile fails");
        self.helper.turn();
        while self.replies.acquire(1) > 0 {
            sink(self.replies.slot(0));
            self.replies.release(1);
        }
        while self.done.acquire(1) > 0 {
            self.answers[usize::from(matches!(self.done.slot(0).outcome, Outcome::Refused(_)))] += 1;
            self.done.release(1);
        }
        while self.packets.acquire(1) > 0 {
            self.packets.release(1);
            self.market_packets += 1;
        }
    }

    /// Turns until everything sequenced is durable and released.
    fn settle(&mut self, sink: &mut impl FnMut(&Datagram)) {
        for _ in 0..3 {
            self.turn(sink);
        }
        assert_eq!(self.watch.durable_seq(), self.matching.venue().seq(), "a turn of the helper makes all durable");
    }
}

/// One login of the built-in configuration.
#[derive(Clone)]
struct Client {
    username: Username,
    key: Key,
    address: Addr,
    token: SessionId,
    next: u64,
    user_ref: u32,
    reports: u64,
    last_packet: Vec<u8>,
    random: u64,
}

impl Client {
    fn new(config: &Config, session: u8) -> Self {
        let login = &config.sessions[usize::from(session)];
        Self {
            username: Username::new(&login.username).expect("a short name"),
            key: Key(login.key.0),
            address: Addr { ip: 0x7F00_0001, port: 40_000 + u16::from(session) },
            token: NO_SESSION,
            next: 1,
            user_ref: 0,
            reports: 0,
            last_packet: Vec::new(),
            random: 0x9E37_79B9_7F4A_7C15 + u64::from(session),
        }
    }

    /// From hello to session name.
    fn log_in(&mut self, floor: &mut Floor, cancel_on_disconnect: bool) {
        let nonce = [self.below(251).to_le_bytes()[0]; 16];
        self.say(floor, LoginMessage::ClientHello(ClientHello::new(self.username, nonce)));
        let mut cookie = None;
        floor.settle(&mut |datagram| {
            if let Some(LoginMessage::Challenge(challenge)) = login_message(datagram) {
                cookie = Some(challenge.cookie);
            }
        });
        let cookie: Cookie = cookie.expect("a challenge");
        self.say(
            floor,
            LoginMessage::Login(Login::sign(&self.key, self.username, nonce, cookie, cancel_on_disconnect)),
        );
        let mut accepted = None;
        floor.settle(&mut |datagram| {
            if let Some(LoginMessage::LoginAccepted(answer)) = login_message(datagram) {
                accepted = Some(answer);
            }
        });
        let accepted = accepted.expect("a login");
        (self.token, self.next, self.user_ref) =
            (accepted.session, accepted.next_inbound, accepted.last_user_ref.get());
    }

    fn say(&self, floor: &mut Floor, message: LoginMessage) {
        let mut bytes = [0; 200];
        let mut packet = PacketBuilder::new(&mut bytes, NO_SESSION, 0).expect("room");
        assert!(packet.push_with(|out| message.encode(out)));
        let len = packet.finish();
        floor.receive(ORDER_ENTRY, self.address, &bytes[..len]);
    }

    fn header(&self, floor: &mut Floor, endpoint: EndpointIndex, sequence: u64, count: u16) {
        let mut bytes = [0; 20];
        assert!(Header { session: self.token, sequence, count }.encode(&mut bytes).is_some());
        floor.receive(endpoint, self.address, &bytes);
    }

    fn request(&self, floor: &mut Floor, sequence: u64, count: u16) {
        let mut bytes = [0; 20];
        assert!(Request { session: self.token, sequence, count }.encode(&mut bytes).is_some());
        floor.receive(REREQUEST, self.address, &bytes);
    }

    /// A packet of messages of every kind, some of them refused, numbered `ahead` too high.
    fn trade(&mut self, floor: &mut Floor, ahead: u64) {
        let mut bytes = [0; PAYLOAD_MAX];
        let mut packet = PacketBuilder::new(&mut bytes, self.token, self.next + ahead).expect("room");
        let mut sent = 0;
        for _ in 0..MESSAGES_PER_PACKET {
            sent += u64::from(packet.push_with(|out| self.message(out)));
        }
        let len = packet.finish();
        if ahead == 0 {
            self.next += sent;
        }
        self.last_packet = bytes[..len].to_vec();
        floor.receive(ORDER_ENTRY, self.address, &self.last_packet);
    }

    fn message(&mut self, out: &mut [u8]) -> Option<usize> {
        let kind = self.below(16);
        let older = UserRefNum(self.user_ref.saturating_sub(self.below(40)));
        let (side, price, qty) = (self.side(), Price(i64::from(900 + self.below(200))), Qty(1 + self.below(50)));
        let mut options = AppendageBuffer::new();
        match kind {
            8..10 => return CancelOrder { user_ref: older, qty: Qty(self.below(2) * 5) }.encode(out),
            10 => return ModifyOrder { user_ref: older, side: OrderSide::SellShort, qty }.encode(out),
            11 => return Inbound::AccountQuery(wire::ouch::AccountQuery {}).encode(out),
            12 => {
                out[..5].copy_from_slice(b"O????");
                return Some(5);
            }
            0 => assert!(options.push(OptionValue::StopPrice(Price(i64::from(900 + self.below(200)))))),
            1 => assert!(options.push(OptionValue::PostOnly(PostOnly::Yes))),
            2 => assert!(options.push(OptionValue::MinQty(Qty(3)))),
            3 => assert!(options.push(OptionValue::MaxFloor(Qty(2)))),
            4 => assert!(options.push(OptionValue::SelfMatch(SelfMatchCode::Decrement))),
            _ => {}
        }
        self.user_ref += 1;
        let user_ref = UserRefNum(self.user_ref);
        let time_in_force = [TimeInForce::Day, TimeInForce::ImmediateOrCancel][usize::from(kind == 5)];
        if kind >= 13 {
            return Inbound::ReplaceOrder(ReplaceOrder {
                orig_user_ref: older,
                user_ref,
                qty,
                price,
                time_in_force: TimeInForce::Day,
                display: Display::Visible,
                sweep: YesNo::No,
                cl_ord_id: ClOrdId::BLANK,
                appendage: options.view(),
            })
            .encode(out);
        }
        Inbound::EnterOrder(EnterOrder {
            user_ref,
            side,
            // Kind 6 is refused: there is no quantity 0. Kind 7 is for an instrument that is not listed.
            qty: if kind == 6 { Qty(0) } else { qty },
            symbol: Symbol::new(if kind == 7 { "NOWHERE" } else { "PINION" }).expect("short"),
            price,
            time_in_force,
            display: Display::Visible,
            capacity: Capacity::Agency,
            sweep: YesNo::No,
            cross_type: CrossType::Continuous,
            cl_ord_id: ClOrdId::BLANK,
            appendage: options.view(),
        })
        .encode(out)
    }

    fn side(&mut self) -> OrderSide {
        if self.below(2) == 0 { OrderSide::Buy } else { OrderSide::Sell }
    }

    fn below(&mut self, bound: u32) -> u32 {
        self.random = self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        u32::try_from((self.random >> 33) % u64::from(bound)).expect("below a 32-bit number")
    }

    /// Counts the reports that are for this client.
    fn count(&mut self, datagram: &Datagram) {
        if datagram.address == self.address
            && let Ok(packet) = Packet::parse(datagram.bytes())
            && packet.session() == self.token
        {
            self.reports += packet.messages().count() as u64;
        }
    }
}

fn login_message(datagram: &Datagram) -> Option<LoginMessage> {
    let (_, message) = Packet::parse(datagram.bytes()).ok()?.messages().next()?;
    LoginMessage::decode(message).ok()
}

fn config(dir: &std::path::Path) -> Config {
    let pairs = [
        ("limits.orders", "2000"),
        ("limits.session_orders", "1500"),
        ("limits.levels", "1000"),
        ("limits.session_store_messages", "131072"),
        ("journal.state_hash_interval_commands", "64"),
        ("journal.segment_bytes", "1048576"),
        ("journal.dir", dir.to_str().expect("a path in UTF-8")),
        ("stats.dir", dir.parent().and_then(|dir| dir.to_str()).expect("a path in UTF-8")),
    ];
    let overrides: Vec<_> = pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    Config::default().with_overrides(&overrides).expect("valid overrides")
}

/// What an operator asks for in a round: everything but what ends a login or the day, some of it refused.
fn asked(round: u64) -> [Verb; 2] {
    let pinion = Symbol::new("PINION").expect("short");
    let added = |number: u64| NewInstrument {
        symbol: Symbol::new(&format!("N{number}")).expect("short"),
        tick: 1,
        lot: 1,
        price_min: Price(1),
        price_max: Price(1_000),
        quantity_max: Qty(1_000),
        market_protection: None,
        channel: ChannelIndex(0),
    };
    let (own, member) = (Scope::Session(SessionIndex(0)), Scope::Member(MemberId(1)));
    match round / 8 % 7 {
        0 => [Verb::Lock { scope: own }, Verb::Unlock { scope: own }],
        1 => [Verb::Halt { symbol: pinion }, Verb::Halt { symbol: pinion }],
        2 => [Verb::Resume { symbol: pinion }, Verb::AddInstrument(added(round))],
        3 => [Verb::Drain, Verb::Unlock { scope: Scope::Venue }],
        4 => [Verb::Reopen, Verb::KeyChanged { session: SessionIndex(1), fingerprint: round }],
        5 => [
            Verb::CancelOrders { scope: Scope::Venue, symbol: Some(pinion), side: Some(Side::Buy) },
            Verb::CancelOrders { scope: member, symbol: None, side: None },
        ],
        _ => [Verb::Halt { symbol: Symbol::new("NOWHERE").expect("short") }, Verb::Resume { symbol: pinion }],
    }
}

#[test]
fn no_tile_allocates_whatever_clients_send() {
    let dir = tempfile::tempdir().expect("a directory");
    let config = config(&dir.path().join("journal"));
    let before = allocations::calls();
    let mut floor = Floor::new(&config);
    assert!(allocations::calls() > before, "the counter counts");
    let mut clients = [Client::new(&config, 0), Client::new(&config, 1)];
    for life in 0..4_u64 {
        for client in &mut clients {
            client.log_in(&mut floor, life % 2 == 0);
        }
        for round in 0..200_u64 {
            if round % 8 == 7 {
                asked(life * 200 + round).into_iter().for_each(|verb| floor.operate(verb));
            }
            for client in &mut clients {
                client.trade(&mut floor, 0);
                match round % 8 {
                    // A heartbeat, a gap, reports asked for again, a skip, rubbish, a stranger with the token, a packet once more.
                    0 => client.header(&mut floor, ORDER_ENTRY, client.next, HEARTBEAT),
                    1 => client.trade(&mut floor, 7),
                    2 => client.request(&mut floor, 1 + round, 50),
                    3 => client.header(&mut floor, REREQUEST, client.next + 2, HEARTBEAT),
                    4 => floor.receive(ORDER_ENTRY, Addr { ip: 1, port: 1 }, b"no packet"),
                    5 => Client { address: Addr { ip: 1, port: 1 }, ..client.clone() }.trade(&mut floor, 0),
                    6 => floor.receive(ORDER_ENTRY, client.address, &client.last_packet),
                    _ => {}
                }
                if round % 8 == 3 {
                    client.next += 2;
                }
                if round % 8 == 1 {
                    // The messages that were numbered too high come in their place now, under numbers of their own.
                    client.trade(&mut floor, 0);
                }
            }
            floor.turn(&mut |datagram| clients.iter_mut().for_each(|client| client.count(datagram)));
        }
        floor.settle(&mut |datagram| clients.iter_mut().for_each(|client| client.count(datagram)));
        if life == 2 {
            clients[0].header(&mut floor, ORDER_ENTRY, clients[0].next, END_OF_SESSION);
        }
        // Long enough for heartbeats; in the first life so long that both clients count as dead.
        for _ in 0..if life == 0 { 12 } else { 3 } {
            floor.now.0 += SECOND_NS;
            floor.settle(&mut |_| {});
        }
    }
    assert_eq!(floor.calls, 0, "allocations and releases in the loop");

    assert!(floor.answers[0] > 150 && floor.answers[1] > 5, "done and refused: {:?}", floor.answers);
    floor.matching.store(&mut floor.meter, true);
    let venue = floor.matching.venue();
    let path = engine::counters::path_of(&config).expect("a directory is given");
    let counted = Reader::open(&path).expect("counters").snapshot(floor.now);
    let (exchange, get) = (venue.exchange(), |group, field| counted.get(group, field).expect("the schema has it"));
    let sum = |group, field| -> u64 { counted.rows(group).iter().filter_map(|row| row.get(field)).sum() };
    assert_eq!(get("appliance", "seq"), venue.seq().0);
    assert_eq!(get("appliance", "trades"), exchange.numbers().match_number.get() - 1);
    assert_eq!(sum("instrument", "trades"), get("appliance", "trades"));
    assert_eq!(sum("instrument", "orders"), exchange.book().order_count() as u64);
    assert_eq!(sum("session", "open_orders"), sum("instrument", "orders"));
    assert_eq!(sum("session", "reports"), get("appliance", "reports"));
    assert_eq!(sum("session", "messages"), get("appliance", "messages"));
    assert_eq!(sum("session", "logins"), 8);
    assert_eq!(sum("session", "gaps"), venue.gateway().counters().gaps);
    assert_eq!(sum("reject", "count"), sum("session", "rejects"));
    let codes: Vec<&str> = counted.rows("reject").iter().map(|row| row.label.as_str()).collect();
    for code in ["0x0013 INVALID_QUANTITY", "0x0017 INVALID_SYMBOL", "0x0100 MALFORMED", "CANCEL_REJECT"] {
        assert!(codes.contains(&code), "{code} is not among {codes:?}");
    }
    let best = exchange.book().best(wire::InstrumentIndex(0), wire::Side::Buy).unwrap_or_default();
    assert_eq!(counted.row("instrument", "PINION").and_then(|row| row.get_signed("bid_price")), Some(best.0.0));

    let counters = venue.gateway().counters();
    assert!(venue.seq() > Seq(15_000), "{} commands", venue.seq());
    assert_eq!((counters.logins, counters.deaths, counters.logouts), (8, 2, 1), "{counters:?}");
    for (name, count) in counters.iter().filter(|(name, _)| !["logins_refused", "replies_dropped"].contains(name)) {
        assert!(count > 0, "nothing was counted as {name}: {counters:?}");
    }
    let numbers = venue.exchange().numbers();
    assert!(numbers.match_number.get() > 800 && numbers.order_ref.get() > 3_500, "{numbers:?}");
    assert!(clients.iter().all(|client| client.reports > 6_000) && floor.market_packets > 500);
}
