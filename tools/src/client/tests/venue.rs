//! The venue's half of order entry as docs/protocol.md has it, without orders: every message gets one answer, every third one more
//! report that nobody asked for.

use super::{CLIENT, KEY, ORDER_ENTRY, REREQUEST};
use wire::address::Addr;
use wire::login::{Challenge, Cookie, Key, LoginAccepted, LoginMessage, LoginRejectReason, LoginRejected, NO_SESSION};
use wire::mold::{self, Packet, PacketBuilder, PacketKind, Request, SessionId};
use wire::ouch::inbound::Identity;
use wire::ouch::{AccountQuery, AccountQueryResponse, CancelReject, Outbound, SystemEvent, SystemEventCode};
use wire::{TimeOfDay, UserRefNum};

const SECRET: Key = Key([8; 32]);
const HEARTBEAT_NS: u64 = 20_000_000;

pub(super) struct Venue {
    key: Key,
    session: Option<SessionId>,
    logins: u32,
    next_inbound: u64,
    inbound_high: u64,
    asked_ns: u64,
    applied: u64,
    reports: Vec<Vec<u8>>,
    /// Reports below this number were released; what is above can be forgotten by a crash.
    released: usize,
    oldest: u64,
    spoke_ns: u64,
    replies: Vec<(Addr, Vec<u8>)>,
    farewell: bool,
    /// State at the last release, which a crash goes back to.
    durable: (u64, u64, usize),
}

impl Venue {
    pub(super) fn new() -> Self {
        Self {
            key: KEY,
            session: None,
            logins: 0,
            next_inbound: 1,
            inbound_high: 0,
            asked_ns: 0,
            applied: 0,
            reports: Vec::new(),
            released: 0,
            oldest: 1,
            spoke_ns: 0,
            replies: Vec::new(),
            farewell: false,
            durable: (1, 0, 0),
        }
    }

    pub(super) fn applied(&self) -> u64 {
        self.applied
    }

    pub(super) fn reports(&self) -> u64 {
        self.reports.len() as u64
    }

    pub(super) fn set_key(&mut self, key: Key) {
        self.key = key;
    }

    pub(super) fn forget_messages(&mut self) {
        self.next_inbound -= 5;
    }

    pub(super) fn forget_reports(&mut self) {
        self.reports.truncate(self.reports.len() - 5);
        self.released = self.reports.len();
    }

    pub(super) fn invent_messages(&mut self) {
        self.next_inbound += 5;
    }

    pub(super) fn lose_next_report_for_good(&mut self) {
        self.oldest = self.reports.len() as u64 + 2;
        self.reports.push(Vec::new());
        self.released = self.reports.len();
    }

    pub(super) fn end_session(&mut self) {
        self.farewell = true;
    }

    /// Says how many messages were forgotten.
    pub(super) fn crash(&mut self, network: &mut super::Network) -> u64 {
        network.clear();
        let before = self.applied;
        (self.next_inbound, self.applied, self.released) = self.durable;
        self.reports.truncate(self.released);
        self.inbound_high = 0;
        self.replies.clear();
        before - self.applied
    }

    pub(super) fn on_datagram(&mut self, to: Addr, bytes: &[u8]) {
        if to == REREQUEST {
            return self.on_request(Request::decode(bytes).expect("the client sends well-formed requests"));
        }
        let packet = Packet::parse(bytes).expect("the client sends well-formed packets");
        if packet.session() == NO_SESSION {
            return self.on_login(&packet);
        }
        if Some(packet.session()) != self.session {
            return;
        }
        self.inbound_high = self.inbound_high.max(packet.next_sequence());
        if packet.sequence() > self.next_inbound {
            return;
        }
        for (sequence, message) in packet.messages() {
            if sequence == self.next_inbound {
                self.next_inbound += 1;
                self.apply(message);
            }
        }
        if packet.kind() == PacketKind::EndOfSession {
            self.farewell = true;
        }
    }

    fn apply(&mut self, message: &[u8]) {
        self.applied += 1;
        let timestamp = TimeOfDay(self.applied);
        if message.first() == Some(&AccountQuery::TYPE) {
            let next_user_ref = UserRefNum(1);
            self.report(&Outbound::AccountQueryResponse(AccountQueryResponse { timestamp, next_user_ref }));
        } else {
            let user_ref = Identity::of(message).user_ref;
            self.report(&Outbound::CancelReject(CancelReject { timestamp, user_ref }));
        }
        if self.applied.is_multiple_of(3) {
            self.report(&Outbound::SystemEvent(SystemEvent { timestamp, event: SystemEventCode::StartOfDay }));
        }
    }

    fn report(&mut self, report: &Outbound<'_>) {
        let mut bytes = vec![0; 118];
        let len = report.encode(&mut bytes).expect("room");
        bytes.truncate(len);
        self.reports.push(bytes);
    }

    fn on_request(&mut self, request: Request) {
        if Some(request.session) != self.session {
            return;
        }
        let first = request.sequence.max(self.oldest);
        let end = (request.sequence + u64::from(request.count)).min(self.released as u64 + 1);
        self.send_reports(first, end);
    }

    fn send_reports(&mut self, first: u64, end: u64) {
        let Some(session) = self.session else { return };
        let mut next = first;
        while next < end {
            let mut bytes = vec![0; 200];
            let mut packet = PacketBuilder::new(&mut bytes, session, next).expect("room");
            while next < end && packet.push(&self.reports[usize::try_from(next).expect("few") - 1]) {
                next += 1;
            }
            let len = packet.finish();
            bytes.truncate(len);
            self.replies.push((ORDER_ENTRY, bytes));
        }
    }

    fn on_login(&mut self, packet: &Packet<'_>) {
        let (_, bytes) = packet.messages().next().expect("one message");
        let reply = match LoginMessage::decode(bytes).expect("well formed") {
            LoginMessage::ClientHello(hello) => {
                let cookie = Cookie::issue(&SECRET, CLIENT, hello.username, &hello.client_nonce, 77);
                LoginMessage::Challenge(Challenge { client_nonce: hello.client_nonce, cookie })
            }
            LoginMessage::Login(login) => {
                assert!(login.cookie.is_genuine(&SECRET, CLIENT, login.username, &login.client_nonce));
                let client_nonce = login.client_nonce;
                if login.is_proved(&self.key) {
                    let mut token = *b"Venue00000";
                    token[5..].copy_from_slice(&client_nonce[11..]);
                    if self.session != Some(SessionId(token)) {
                        self.logins += 1;
                        self.session = Some(SessionId(token));
                        self.inbound_high = 0;
                        self.released = self.reports.len();
                    }
                    let accepted = LoginAccepted {
                        client_nonce,
                        session: SessionId(token),
                        next_inbound: self.next_inbound,
                        next_outbound: self.released as u64 + 1,
                        oldest_outbound: self.oldest,
                        last_user_ref: UserRefNum(0),
                        heartbeat_ms: 20,
                        timeout_ms: 500,
                        proof: [0; 32],
                    };
                    LoginMessage::LoginAccepted(accepted.signed(&self.key))
                } else {
                    LoginMessage::LoginRejected(LoginRejected {
                        client_nonce,
                        reason: LoginRejectReason::NotAuthorized,
                    })
                }
            }
            other => panic!("a client does not send {other:?}"),
        };
        let mut bytes = vec![0; 200];
        let mut builder = PacketBuilder::new(&mut bytes, NO_SESSION, 0).expect("room");
        assert!(builder.push_with(|room| reply.encode(room)));
        let len = builder.finish();
        bytes.truncate(len);
        self.replies.push((ORDER_ENTRY, bytes));
    }

    pub(super) fn take_output(&mut self, now_ns: u64) -> Vec<(Addr, Vec<u8>)> {
        if let Some(session) = self.session {
            let (first, end) = (self.released as u64 + 1, self.reports.len() as u64 + 1);
            self.send_reports(first, end);
            self.released = self.reports.len();
            self.durable = (self.next_inbound, self.applied, self.released);
            let mut header = [0; 20];
            if self.inbound_high > self.next_inbound && now_ns - self.asked_ns > 500_000 {
                self.asked_ns = now_ns;
                let count = u16::try_from(self.inbound_high - self.next_inbound).expect("few");
                let request = Request { session, sequence: self.next_inbound, count };
                request.encode(&mut header).expect("room");
                self.replies.push((REREQUEST, header.to_vec()));
            }
            if core::mem::take(&mut self.farewell) {
                mold::end_of_session(&mut header, session, self.released as u64 + 1).expect("room");
                self.replies.push((ORDER_ENTRY, header.to_vec()));
            } else if now_ns - self.spoke_ns > HEARTBEAT_NS {
                mold::heartbeat(&mut header, session, self.released as u64 + 1).expect("room");
                self.spoke_ns = now_ns;
                self.replies.push((ORDER_ENTRY, header.to_vec()));
            }
        }
        core::mem::take(&mut self.replies)
    }
}
