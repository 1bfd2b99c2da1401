//! A client that sends whatever comes to its mind.

use engine::config::Config;
use engine::link::{Datagram, ORDER_ENTRY, REREQUEST};
use netio::port::{EndpointIndex, PAYLOAD_MAX};
use wire::address::Addr;
use wire::login::{ClientHello, Cookie, Key, Login, LoginMessage, NO_SESSION, Username};
use wire::mold::{Header, Packet, PacketBuilder, Request, SessionId};
use wire::ouch::code::{Capacity, ClOrdId, CrossType, Display, OrderSide, SelfMatchCode, TimeInForce, YesNo};
use wire::ouch::options::PostOnly;
use wire::ouch::{AppendageBuffer, CancelOrder, EnterOrder, Inbound, ModifyOrder, OptionValue, ReplaceOrder};
use wire::{Price, Qty, Symbol, UserRefNum};

use crate::floor::Floor;

/// Messages a client sends in one packet.
const MESSAGES_PER_PACKET: u32 = 12;

/// One login of the built-in configuration.
#[derive(Clone)]
pub struct Client {
    username: Username,
    key: Key,
    pub address: Addr,
    token: SessionId,
    pub next: u64,
    user_ref: u32,
    pub reports: u64,
    pub last_packet: Vec<u8>,
    random: u64,
}

impl Client {
    pub fn new(config: &Config, session: u8) -> Self {
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

    /// Somebody elsewhere who knows all that it knows.
    pub fn stranger(&self) -> Self {
        Self { address: Addr { ip: 1, port: 1 }, ..self.clone() }
    }

    /// From hello to session name.
    pub fn log_in(&mut self, floor: &mut Floor, cancel_on_disconnect: bool) {
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

    pub fn header(&self, floor: &mut Floor, endpoint: EndpointIndex, sequence: u64, count: u16) {
        let mut bytes = [0; 20];
        assert!(Header { session: self.token, sequence, count }.encode(&mut bytes).is_some());
        floor.receive(endpoint, self.address, &bytes);
    }

    pub fn request(&self, floor: &mut Floor, sequence: u64, count: u16) {
        let mut bytes = [0; 20];
        assert!(Request { session: self.token, sequence, count }.encode(&mut bytes).is_some());
        floor.receive(REREQUEST, self.address, &bytes);
    }

    /// A packet of messages of every kind, some of them refused, numbered `ahead` too high.
    pub fn trade(&mut self, floor: &mut Floor, ahead: u64) {
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
    pub fn count(&mut self, datagram: &Datagram) {
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
