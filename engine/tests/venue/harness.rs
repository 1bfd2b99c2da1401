//! A venue with time, durability and room in the test's hand, and one client that speaks to it.

use engine::command::Command;
use engine::config::Config;
use engine::depth::DepthEvent;
use engine::gateway::{Endpoint, Replies};
use engine::limits::COMMAND_BODY_MAX;
use engine::market_event::MarketEvent;
use engine::record;
use engine::recovery;
use engine::venue::{Outputs, Progress, Venue};
use wire::address::Addr;
use wire::admin::{OperatorName, Outcome};
use wire::journal::RecordKind;
use wire::login::{self, ClientHello, Key, LoginAccepted, LoginMessage, LoginRejectReason, NO_SESSION, Username};
use wire::mold::{self, Packet, PacketBuilder, SessionId};
use wire::ouch::{
    Appendage, Capacity, ClOrdId, CrossType, Display, EnterOrder, Inbound, OrderSide, Outbound, RejectReason,
    ReplaceOrder, TimeInForce, YesNo,
};
use wire::tick::Tick;
use wire::{Nanos, Price, Qty, Seq, Symbol, UserRefNum};

/// Where the client sits.
pub const CLIENT: Addr = Addr { ip: 0x7F00_0001, port: 40_000 };
/// 2026-01-02T03:04:05Z, so that time of day differs from time.
pub const START: u64 = 1_767_323_045_000_000_000;

/// Everything that left the venue.
#[derive(Default)]
pub struct Outbox {
    pub sent: Vec<(Endpoint, Addr, Vec<u8>)>,
    pub journal: Vec<(Seq, Nanos, RecordKind, Vec<u8>)>,
    pub ticks: Vec<(Seq, Tick)>,
    /// The ticks among the messages of the depth stream.
    pub market_data: Vec<(Seq, MarketEvent)>,
    /// After which commands all streams ended.
    pub ends: Vec<Seq>,
    /// What became of operators' commands: behind which command, whose, which one.
    pub answers: Vec<(Seq, OperatorName, u64, Outcome)>,
    /// How many commands there is room for.
    pub commands_left: usize,
    /// How many datagrams there is room for.
    pub datagrams_left: usize,
}

impl Replies for Outbox {
    fn room(&mut self) -> usize {
        self.datagrams_left
    }

    fn send(&mut self, endpoint: Endpoint, to: Addr, fill: impl FnOnce(&mut [u8]) -> Option<usize>) {
        assert!(self.datagrams_left > 0, "sent without room");
        let mut buffer = vec![0xEE; netio::port::PAYLOAD_MAX];
        if let Some(len) = fill(&mut buffer) {
            buffer.truncate(len);
            self.datagrams_left -= 1;
            self.sent.push((endpoint, to, buffer));
        }
    }
}

impl Outputs for Outbox {
    fn ready(&mut self) -> bool {
        self.commands_left > 0
    }

    fn journal(&mut self, command: &Command<'_>) {
        self.commands_left = self.commands_left.saturating_sub(1);
        let mut body = [0; COMMAND_BODY_MAX];
        let (kind, len) = record::encode(command.time, &command.action, &mut body);
        self.journal.push((command.seq, command.time, kind, body[..len].to_vec()));
    }

    fn tick(&mut self, cause: Seq, tick: &Tick) {
        self.ticks.push((cause, *tick));
        self.market_data.push((cause, MarketEvent::Tick(*tick)));
    }

    fn depth(&mut self, cause: Seq, event: &DepthEvent) {
        self.market_data.push((cause, MarketEvent::Depth(*event)));
    }

    fn market_closed(&mut self, cause: Seq) {
        self.ends.push(cause);
    }

    fn operator_done(&mut self, cause: Seq, operator: OperatorName, number: u64, outcome: Outcome) {
        self.answers.push((cause, operator, number, outcome));
    }
}

pub struct Harness {
    pub config: Config,
    pub venue: Venue,
    pub out: Outbox,
    pub now: Nanos,
    pub durable: Seq,
    /// The client's token, when it is logged in.
    pub token: SessionId,
}

pub fn config() -> Config {
    let pairs = [
        ("limits.orders", "10000"),
        ("limits.session_orders", "10000"),
        ("limits.levels", "10000"),
        ("limits.session_store_messages", "131072"),
        ("journal.state_hash_interval_commands", "8"),
    ];
    overridden(Config::default(), &pairs)
}

/// The same with other values.
pub fn overridden(config: Config, pairs: &[(&str, &str)]) -> Config {
    let overrides: Vec<_> = pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    config.with_overrides(&overrides).expect("valid overrides")
}

pub fn venue(config: &Config) -> Venue {
    recovery::venue(config, Key([0x5E; 32]))
}

impl Harness {
    pub fn new() -> Self {
        Self::with(config())
    }

    pub fn with(config: Config) -> Self {
        let mut venue = venue(&config);
        venue.resume(Nanos(START));
        let out = Outbox { commands_left: usize::MAX, datagrams_left: usize::MAX, ..Outbox::default() };
        Self { config, venue, out, now: Nanos(START), durable: Seq(0), token: NO_SESSION }
    }

    /// A harness whose client is logged in, with nothing left in the outbox but the journal.
    pub fn logged_in(cancel_on_disconnect: bool) -> Self {
        let mut harness = Self::new();
        harness.log_in(CLIENT, cancel_on_disconnect).expect("the default session logs in");
        harness
    }

    pub fn key(&self) -> Key {
        self.config.sessions[0].key
    }

    pub fn user() -> Username {
        Username::new("trader1").expect("a short name")
    }

    pub fn receive(&mut self, endpoint: Endpoint, from: Addr, bytes: &[u8]) -> Progress {
        self.venue.on_datagram(self.now, endpoint, from, bytes, &mut self.out)
    }

    /// Makes everything durable and lets the venue act on it.
    pub fn settle(&mut self) {
        self.durable = self.venue.seq();
        self.venue.poll(self.now, self.durable, &mut self.out);
        self.durable = self.venue.seq();
        self.venue.poll(self.now, self.durable, &mut self.out);
    }

    pub fn advance(&mut self, ns: u64) {
        self.now.0 += ns;
    }

    pub fn take_sent(&mut self) -> Vec<(Endpoint, Addr, Vec<u8>)> {
        std::mem::take(&mut self.out.sent)
    }

    /// The reports among what was sent, with their sequence numbers.
    pub fn take_reports(&mut self) -> Vec<(u64, Vec<u8>)> {
        let mut reports = Vec::new();
        for (_, to, bytes) in self.take_sent() {
            assert_eq!(to, CLIENT);
            let packet = Packet::parse(&bytes).expect("the venue sends whole packets");
            assert_eq!(packet.session(), self.token);
            reports.extend(packet.messages().map(|(sequence, message)| (sequence, message.to_vec())));
        }
        reports
    }

    /// A login exchange from hello to answer.
    pub fn log_in(&mut self, from: Addr, cancel_on_disconnect: bool) -> Result<LoginAccepted, LoginRejectReason> {
        let nonce = [(self.now.0 % 251) as u8; 16];
        let cookie = self.challenge(from, nonce);
        let login = login::Login::sign(&self.key(), Self::user(), nonce, cookie, cancel_on_disconnect);
        self.send_login(from, LoginMessage::Login(login));
        self.settle();
        match self.take_answer() {
            LoginMessage::LoginAccepted(accepted) => {
                assert!(accepted.is_proved(&self.key()), "the venue proves itself");
                self.token = accepted.session;
                Ok(accepted)
            }
            LoginMessage::LoginRejected(rejected) => Err(rejected.reason),
            other => panic!("expected an answer to a login, found {other:?}"),
        }
    }

    pub fn challenge(&mut self, from: Addr, nonce: [u8; 16]) -> login::Cookie {
        self.send_login(from, LoginMessage::ClientHello(ClientHello::new(Self::user(), nonce)));
        match self.take_answer() {
            LoginMessage::Challenge(challenge) => {
                assert_eq!(challenge.client_nonce, nonce);
                challenge.cookie
            }
            other => panic!("expected a challenge, found {other:?}"),
        }
    }

    pub fn send_login(&mut self, from: Addr, message: LoginMessage) {
        let mut bytes = [0; 200];
        let mut packet = PacketBuilder::new(&mut bytes, NO_SESSION, 0).expect("room");
        assert!(packet.push_with(|out| message.encode(out)));
        let len = packet.finish();
        let progress = self.receive(Endpoint::OrderEntry, from, &bytes[..len]);
        assert_eq!(progress, Progress::Done);
    }

    pub fn take_answer(&mut self) -> LoginMessage {
        let sent = self.take_sent();
        let [(Endpoint::OrderEntry, _, bytes)] = &sent[..] else { panic!("expected one answer, found {sent:?}") };
        let packet = Packet::parse(bytes).expect("a whole packet");
        assert_eq!((packet.session(), packet.sequence(), packet.count()), (NO_SESSION, 0, 1));
        let (_, message) = packet.messages().next().expect("one message");
        LoginMessage::decode(message).expect("a login message")
    }

    /// A packet of the client's messages, the first one numbered `sequence`.
    pub fn packet(&self, sequence: u64, messages: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = vec![0; netio::port::PAYLOAD_MAX];
        let mut packet = PacketBuilder::new(&mut bytes, self.token, sequence).expect("room");
        for message in messages {
            assert!(packet.push(message));
        }
        let len = packet.finish();
        bytes.truncate(len);
        bytes
    }

    pub fn send(&mut self, sequence: u64, messages: &[Vec<u8>]) -> Progress {
        let packet = self.packet(sequence, messages);
        self.receive(Endpoint::OrderEntry, CLIENT, &packet)
    }

    pub fn send_header(&mut self, endpoint: Endpoint, sequence: u64, count: u16) -> Progress {
        let mut bytes = [0; mold::HEADER_LEN];
        let header = mold::Header { session: self.token, sequence, count };
        assert_eq!(header.encode(&mut bytes), Some(mold::HEADER_LEN));
        self.receive(endpoint, CLIENT, &bytes)
    }

    /// A fresh venue that has replayed this one's journal.
    pub fn replayed(&self) -> Venue {
        let mut venue = venue(&self.config);
        let mut outputs = Outbox::default();
        for (seq, time, kind, body) in &self.out.journal {
            let command = record::decode(*seq, *time, *kind, body).expect("a journaled command");
            venue.replay(&command, &mut outputs).expect("the same state");
        }
        assert_eq!(outputs.ticks, self.out.ticks, "replay derives the same ticks");
        venue
    }
}

/// A day order of the first instrument.
pub fn order(user_ref: u32, side: OrderSide, price: i64, qty: u32) -> Vec<u8> {
    enter(user_ref, side, price, qty, TimeInForce::Day, Appendage::EMPTY)
}

pub fn enter(
    user_ref: u32,
    side: OrderSide,
    price: i64,
    qty: u32,
    time_in_force: TimeInForce,
    appendage: Appendage<'_>,
) -> Vec<u8> {
    encode(&Inbound::EnterOrder(EnterOrder {
        user_ref: UserRefNum(user_ref),
        side,
        qty: Qty(qty),
        symbol: Symbol::new("PINION").expect("a short name"),
        price: Price(price),
        time_in_force,
        display: Display::Visible,
        capacity: Capacity::Agency,
        sweep: YesNo::No,
        cross_type: CrossType::Continuous,
        cl_ord_id: ClOrdId::new("client text").expect("short"),
        appendage,
    }))
}

/// A replacement by a day order, all of it displayed, without a text.
pub fn replacement(orig: u32, user_ref: u32, price: i64, qty: u32) -> ReplaceOrder<'static> {
    ReplaceOrder {
        orig_user_ref: UserRefNum(orig),
        user_ref: UserRefNum(user_ref),
        qty: Qty(qty),
        price: Price(price),
        time_in_force: TimeInForce::Day,
        display: Display::Visible,
        sweep: YesNo::No,
        cl_ord_id: ClOrdId::BLANK,
        appendage: Appendage::EMPTY,
    }
}

pub fn encode(message: &Inbound<'_>) -> Vec<u8> {
    let mut bytes = vec![0; wire::ouch::INBOUND_LEN_MAX];
    let len = message.encode(&mut bytes).expect("room");
    bytes.truncate(len);
    bytes
}

/// The type bytes of reports, in order.
pub fn kinds(reports: &[(u64, Vec<u8>)]) -> String {
    reports.iter().map(|(_, message)| char::from(message[0])).collect()
}

pub fn decode(report: &(u64, Vec<u8>)) -> Outbound<'_> {
    Outbound::decode(&report.1).expect("the venue writes whole messages")
}

/// Why a message was rejected.
pub fn reason(report: &(u64, Vec<u8>)) -> RejectReason {
    match decode(report) {
        Outbound::Rejected(rejected) => rejected.reason,
        other => panic!("expected a refusal, found {other:?}"),
    }
}
