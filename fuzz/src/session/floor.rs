//! A small venue, its journal and its clients' memory, and what must hold at all times.
//!
//! - Nothing panics, and nothing is sent or journaled without room.
//! - A report, once released, is the same bytes whenever it is sent again, after a crash too: what the journal has not made durable is
//!   not released.
//! - Reports of a session are numbered without holes, and all of them that the venue still holds can be had again.
//! - Replay of the journal gives the same state hash and the same ticks; the book is consistent, and the ticks tell its depth.
//! - What comes from an address that has not logged in is not believed, and no order number is taken twice.
//! - What was blocked for want of room goes on when there is room.
//! - No order that has reached its stop price is left behind, and none that waits is there to be seen.

use super::Reached;
use super::outbox::Outbox;
use super::site::{STORE_MESSAGES, SYMBOLS, USERS, address, key, username, venue};
use engine::gateway::Endpoint;
use engine::record;
use engine::session::Session;
use engine::venue::{Progress, Venue};
use feedhandler::DepthBook;
use std::collections::{BTreeMap, VecDeque};
use wire::address::Addr;
use wire::journal::RecordKind;
use wire::login::{ClientHello, Key, Login, LoginMessage, NO_SESSION};
use wire::mold::{Packet, PacketBuilder, PacketKind, Request, SessionId};
use wire::ouch::Outbound;
use wire::{InstrumentIndex, Nanos, Seq, SessionIndex, Side};

/// 2026-01-02T03:04:05Z.
const START_NS: u64 = 1_767_323_045_000_000_000;
/// Rounds of making room after which everything that was blocked must have gone on.
const ROUNDS_MAX: usize = 200;

/// The venue and everything around it.
pub struct Floor {
    venue: Venue,
    out: Outbox,
    now: Nanos,
    durable: Seq,
    /// Datagrams that wait in the link, as they do before a matching tile that is blocked.
    waiting: VecDeque<(Endpoint, Addr, Vec<u8>)>,
    /// The reports that each user was sent, by number.
    seen: [BTreeMap<u64, Vec<u8>>; USERS],
    challenges: Vec<Cookie>,
    answers: usize,
    reached: Reached,
}

type Cookie = (Addr, wire::login::Challenge);

impl Floor {
    /// An empty venue.
    pub fn new() -> Self {
        let mut venue = venue(0);
        venue.resume(Nanos(START_NS));
        let mut out = Outbox::default();
        out.widen();
        Self {
            venue,
            out,
            now: Nanos(START_NS),
            durable: Seq(0),
            waiting: VecDeque::new(),
            seen: [const { BTreeMap::new() }; USERS],
            challenges: Vec::new(),
            answers: 0,
            reached: Reached::new(),
        }
    }

    /// A user's session.
    pub fn session(&self, user: usize) -> &Session {
        &self.venue.exchange().sessions()[user]
    }

    /// The name of a user's session, in force or not.
    pub fn token(&self, user: usize) -> SessionId {
        self.session(user).login().map_or(SessionId(*b"00000000zz"), |login| login.token)
    }

    /// Lets time pass.
    pub const fn advance(&mut self, ns: u64) {
        self.now.0 += ns;
    }

    /// Bounds the room for commands and datagrams until the next [`sync`](Self::sync).
    pub const fn narrow(&mut self, commands: usize, datagrams: usize) {
        self.out.commands_left = commands;
        self.out.datagrams_left = datagrams;
    }

    /// A datagram arrives.
    pub fn receive(&mut self, endpoint: Endpoint, from: Addr, bytes: &[u8]) {
        self.waiting.push_back((endpoint, from, bytes.to_vec()));
        self.work();
    }

    /// A datagram arrives from an address that has never logged in: whatever it holds, nothing is taken from it.
    pub fn receive_from_stranger(&mut self, endpoint: Endpoint, from: Addr, bytes: &[u8]) {
        let idle = self.waiting.is_empty();
        let taken = self.taken();
        self.receive(endpoint, from, bytes);
        assert!(!idle || taken == self.taken(), "a stranger was believed");
    }

    /// How many commands came from clients' packets.
    fn taken(&self) -> usize {
        use RecordKind::{Login, Logout, SequenceSkip, SessionMessage};
        let is_clients = |kind| matches!(kind, SessionMessage | Logout | SequenceSkip | Login);
        self.out.journal.iter().filter(|(_, _, kind, _)| is_clients(*kind)).count()
    }

    /// All but the newest `behind` commands become durable, and the links are emptied.
    pub fn sync(&mut self, behind: u64) {
        self.durable = self.durable.max(Seq(self.venue.seq().get().saturating_sub(behind)));
        self.out.widen();
        self.work();
    }

    /// A turn of the matching tile.
    pub fn work(&mut self) {
        while let Some((endpoint, from, bytes)) = self.waiting.pop_front() {
            if self.venue.on_datagram(self.now, endpoint, from, &bytes, &mut self.out) == Progress::Blocked {
                let has_room = self.venue.gateway().has_room();
                self.tell(if has_room { "blocked_by_link" } else { "blocked_by_store" }, 1);
                self.waiting.push_front((endpoint, from, bytes));
                break;
            }
            // Before the next datagram changes who is logged in.
            self.look_at_sent();
        }
        self.look_at_sent();
        self.venue.poll(self.now, self.durable, &mut self.out);
        self.look_at_sent();
    }

    fn look_at_sent(&mut self) {
        for (endpoint, to, bytes) in std::mem::take(&mut self.out.sent) {
            self.look_at(endpoint, to, &bytes);
        }
    }

    /// A login from hello to answer, as far as the room allows.
    pub fn log_in(&mut self, user: usize, cancel_on_disconnect: bool) {
        // A later login needs a later challenge.
        self.now.0 += 1;
        self.hello(user, 0);
        self.log_in_by_challenge(user, 0, &key(user), cancel_on_disconnect);
        self.sync(0);
    }

    /// Asks for a challenge.
    pub fn hello(&mut self, user: usize, host: u8) {
        let nonce = [self.challenges.len().to_le_bytes()[0]; 16];
        let hello = LoginMessage::ClientHello(ClientHello::new(username(user), nonce));
        self.say(address(user, host), hello);
    }

    /// Logs in by the last challenge that came to an address; with another key than the user's it must be refused.
    pub fn log_in_by_challenge(&mut self, user: usize, host: u8, key: &Key, cancel_on_disconnect: bool) {
        let from = address(user, host);
        let Some((_, challenge)) = self.challenges.iter().rev().find(|(to, _)| *to == from) else { return };
        let (nonce, cookie) = (challenge.client_nonce, challenge.cookie);
        let login = Login::sign(key, username(user), nonce, cookie, cancel_on_disconnect);
        self.say(from, LoginMessage::Login(login));
    }

    fn say(&mut self, from: Addr, message: LoginMessage) {
        let mut bytes = [0; 200];
        let mut packet = PacketBuilder::new(&mut bytes, NO_SESSION, 0).expect("room");
        assert!(packet.push_with(|out| message.encode(out)));
        let len = packet.finish();
        self.receive(Endpoint::OrderEntry, from, &bytes[..len]);
    }

    /// The process dies and comes back: what was not durable is forgotten, what was on its way is gone.
    pub fn crash(&mut self) {
        let durable = self.durable;
        self.tell("crashes", 1);
        self.tell("commands_forgotten", self.venue.seq().get() - durable.get());
        self.tell_counters();
        let hash = (durable == self.venue.seq()).then(|| self.venue.exchange().state_hash());
        let mut again = Outbox::default();
        again.widen();
        let mut venue = venue(1);
        self.out.journal.retain(|(seq, ..)| *seq <= durable);
        self.out.ticks.retain(|(cause, _)| *cause <= durable);
        for (seq, time, kind, body) in &self.out.journal {
            let command = record::decode(*seq, *time, *kind, body).expect("a journaled command");
            venue.replay(&command, &mut again).expect("the same state");
        }
        assert!(again.sent.is_empty() && again.journal.is_empty(), "replay sends nothing");
        assert!(again.ticks == self.out.ticks, "replay derives the same ticks");
        assert!(hash.is_none_or(|hash| hash == venue.exchange().state_hash()), "replay comes to the same state");
        venue.exchange().book().audit().expect("a consistent book");
        self.tell("cascades_cut_by_crash", u64::from(venue.exchange().has_elected()));
        venue.resume(self.now);
        self.venue = venue;
        self.waiting.clear();
        self.out.widen();
        for user in 0..USERS {
            let next = self.session(user).next_outbound();
            let last = self.seen[user].last_key_value().map_or(0, |(last, _)| *last);
            assert!(last < next, "report {last} was released before its cause was durable");
        }
    }

    fn tell(&mut self, what: &'static str, count: u64) {
        *self.reached.entry(what).or_default() += count;
    }

    /// The gateway's counters end with its life.
    fn tell_counters(&mut self) {
        let counters = *self.venue.gateway().counters();
        counters.iter().for_each(|(name, count)| self.tell(name, count));
    }

    /// What a client makes of a datagram.
    fn look_at(&mut self, endpoint: Endpoint, to: Addr, bytes: &[u8]) {
        if endpoint == Endpoint::Rerequest {
            let request = Request::decode(bytes).expect("a whole request");
            let user = self.user_of(request.session, to);
            assert!(request.count > 0 && request.sequence <= self.session(user).next_inbound());
            return;
        }
        let packet = Packet::parse(bytes).expect("a whole packet");
        if packet.session() == NO_SESSION {
            let (_, message) = packet.messages().next().expect("an answer");
            match LoginMessage::decode(message).expect("a login message") {
                LoginMessage::Challenge(challenge) => self.challenges.push((to, challenge)),
                LoginMessage::LoginAccepted(accepted) => {
                    let user = self.user_of(accepted.session, to);
                    assert!(accepted.is_proved(&key(user)), "the venue proves itself");
                    self.answers += 1;
                }
                LoginMessage::LoginRejected(_) => {}
                other => panic!("the venue says {other:?}"),
            }
            return;
        }
        let user = self.user_of(packet.session(), to);
        let next = self.session(user).next_outbound();
        assert!(packet.next_sequence() <= next || packet.kind() != PacketKind::Data, "a report that was never made");
        if packet.kind() != PacketKind::Data {
            let last = self.seen[user].last_key_value().map_or(0, |(last, _)| *last);
            assert!(
                (last + 1..=next).contains(&packet.sequence()),
                "report {last}, then next is {}",
                packet.sequence()
            );
        }
        for (sequence, message) in packet.messages() {
            Outbound::decode(message).expect("a whole report");
            let seen = self.seen[user].entry(sequence).or_insert_with(|| message.to_vec());
            assert!(*seen == message, "report {sequence} was another before");
        }
    }

    /// The user to whom a session's packets go, and to nobody else.
    fn user_of(&self, token: SessionId, to: Addr) -> usize {
        let is_it = |user: &usize| self.session(*user).login().is_some_and(|it| (it.token, it.address) == (token, to));
        (0..USERS).find(is_it).expect("packets go to the address of the login that they name")
    }

    /// Everything comes to its end; what only the end can tell is demanded. Says what was reached on the way.
    pub fn end(mut self) -> Reached {
        let mut rounds = 0;
        while rounds < 2 || !self.waiting.is_empty() {
            rounds += 1;
            assert!(rounds < ROUNDS_MAX, "what was blocked does not go on");
            self.sync(0);
        }
        self.tell("reports_seen", self.seen.iter().map(|seen| seen.len() as u64).sum());
        self.tell("trades", self.venue.exchange().numbers().match_number.get() - 1);
        self.tell("orders", self.venue.exchange().numbers().order_ref.get() - 1);
        self.tell("messages_ignored", self.venue.exchange().ignored());
        let elections = self.out.journal.iter().filter(|(_, _, kind, _)| *kind == RecordKind::Elect).count();
        self.tell("elections", elections as u64);
        assert!(!self.venue.exchange().has_elected(), "an elected order is left behind");
        self.crash();
        for user in 0..USERS {
            self.collects(user);
            self.uses_each_number_once(user);
        }
        self.shows_depth();
        self.reached
    }

    /// A user logs in and asks for all that is held for it: it is all there.
    fn collects(&mut self, user: usize) {
        let answers = self.answers;
        self.log_in(user, false);
        assert!(self.answers > answers, "a client that proves itself gets in");
        let session = SessionIndex(u16::try_from(user).expect("few"));
        let oldest = self.venue.gateway().oldest_outbound(session);
        let mut wanted = oldest;
        for _ in 0..STORE_MESSAGES {
            let missing =
                (wanted..self.session(user).next_outbound()).find(|number| !self.seen[user].contains_key(number));
            let Some(missing) = missing else { return };
            assert!(missing > wanted || wanted == oldest, "report {missing} cannot be had");
            wanted = missing;
            let mut bytes = [0; 20];
            let request = Request { session: self.token(user), sequence: missing, count: u16::MAX - 1 };
            assert!(request.encode(&mut bytes).is_some());
            self.receive(Endpoint::Rerequest, address(user, 0), &bytes);
            assert!(self.seen[user].contains_key(&missing), "report {missing} is held and was not sent again");
        }
        panic!("the answers to requests are not bounded below");
    }

    /// `UserRefNum`s of orders only rise: none is taken twice.
    fn uses_each_number_once(&self, user: usize) {
        let mut last = 0;
        for message in self.seen[user].values() {
            let order = match Outbound::decode(message).expect("a whole report") {
                Outbound::Accepted(accepted) => accepted.user_ref.get(),
                Outbound::Replaced(replaced) => replaced.user_ref.get(),
                _ => continue,
            };
            assert!(order > last, "order {order} came after {last}");
            last = order;
        }
    }

    /// The ticks tell the book's depth.
    fn shows_depth(&self) {
        let mut depth = DepthBook::new();
        for (sequence, (_, tick)) in (1..).zip(&self.out.ticks) {
            depth.apply(sequence, tick);
        }
        depth.settle();
        let book = self.venue.exchange().book();
        book.audit().expect("a consistent book");
        for instrument in (0..).map(InstrumentIndex).take(SYMBOLS.len()) {
            for side in [Side::Buy, Side::Sell] {
                let told: Vec<_> = depth.get(instrument).into_iter().flat_map(|depth| depth.levels(side)).collect();
                let told = told.iter().map(|level| (level.price, level.quantity));
                assert!(told.eq(book.levels(instrument, side).map(|level| (level.price, level.qty))), "depth by ticks");
            }
        }
    }
}
