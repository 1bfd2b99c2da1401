//! An administration connection, against the bytes in docs/protocol.md, which another implementation of the MACs has made.

use crate::vectors::{bytes_of, get};
use wire::admin::login::{
    AdminAccepted, AdminChallenge, AdminHello, AdminLogin, AdminRejectReason, AdminRejected, ApplianceName,
    Introduction, Role, VERSION,
};
use wire::admin::sealed::{Seal, Sender, fingerprint, wrap};
use wire::admin::{
    Answer, Asked, End, InstrumentRow, LogRow, MemberName, OperatorCommand, OperatorName, Outcome, Question, Said,
    SessionRow, StatusRow, Subject, Verb,
};
use wire::login::{Key, Username};
use wire::{InstrumentIndex, MemberId, Nanos, Price, Qty, Reserved, Seq, SessionIndex, Symbol};

const KEY: Key = Key([9; 32]);
const TIME: Nanos = Nanos(1_795_320_000_000_000_000);
const DONE: Outcome = Outcome::Done { seq: Seq(88), changed: 1 };

fn introduction() -> Introduction {
    let nonce = |first: u8| std::array::from_fn(|at| first + u8::try_from(at).expect("sixteen"));
    let operator = OperatorName::new("ann").expect("short");
    Introduction { operator, client_nonce: nonce(0), server_nonce: nonce(16) }
}

fn halt() -> OperatorCommand {
    let verb = Verb::Halt { symbol: Symbol::new("ACME").expect("short") };
    OperatorCommand { operator: introduction().operator, number: 9, verb }
}

#[test]
fn login() {
    let known = introduction();
    let Introduction { operator, client_nonce, server_nonce } = known;
    let accepted = AdminAccepted {
        role: Role::Trade,
        last_request: 7,
        heartbeat_ms: 1_000,
        timeout_ms: 10_000,
        appliance: ApplianceName::new("pinion").expect("short"),
        proof: [0; 32],
    };
    for (name, message) in [
        ("admin-hello", AdminLogin::Hello(AdminHello { version: VERSION, operator, client_nonce })),
        ("admin-challenge", AdminLogin::Challenge(AdminChallenge { server_nonce })),
        ("admin-proof", AdminLogin::Proof(known.prove(&KEY))),
        ("admin-accepted", AdminLogin::Accepted(accepted.signed(&KEY, &known))),
        ("admin-rejected", AdminLogin::Rejected(AdminRejected { reason: AdminRejectReason::NotAuthorized })),
    ] {
        assert_eq!(bytes_of(|out| message.encode(out)), get(name), "{name}");
        assert_eq!(AdminLogin::decode(&get(name)), Ok(message), "{name}");
    }
}

#[test]
fn seals() {
    let known = introduction();
    let mut client = Seal::new(&KEY, &known, Sender::Client);
    assert_eq!(bytes_of(|out| client.seal(out, |out| Asked::Command(halt()).encode(out))), get("admin-sealed-command"));
    let secret = Key([0x5A; 32]);
    let verb = Verb::KeyChanged { session: SessionIndex(3), fingerprint: fingerprint(&secret) };
    let asked = Asked::Key(OperatorCommand { number: 10, verb, ..halt() }, wrap(&KEY, &known, client.next(), &secret.0));
    assert_eq!(bytes_of(|out| client.seal(out, |out| asked.encode(out))), get("admin-sealed-key"));
    let mut server = Seal::new(&KEY, &known, Sender::Server);
    let answer = Said::Answer(Answer::new(known.operator, 9, DONE));
    assert_eq!(bytes_of(|out| server.seal(out, |out| answer.encode(out))), get("admin-sealed-answer"));
    let mut opened = Seal::new(&KEY, &known, Sender::Client);
    for (name, asked) in [("admin-sealed-command", Asked::Command(halt())), ("admin-sealed-key", asked)] {
        let bytes = get(name);
        assert_eq!(opened.open(&bytes).map(Asked::decode), Ok(Ok(asked)), "{name}");
    }
}

#[test]
fn rows() {
    let question = Question { subject: Subject::Sessions, count: 0, before: 0 };
    assert_eq!(bytes_of(|out| question.encode(out)), get("admin-question"));
    let session = SessionRow {
        session: SessionIndex(3),
        username: Username::new("trader4").expect("short"),
        member: MemberId(1),
        member_name: MemberName::new("beta").expect("short"),
        flags: SessionRow::ALIVE | SessionRow::LOCKED,
        ip: 0x0A00_0007,
        port: 40_000,
        open_orders: 17,
        next_inbound: 101,
        next_outbound: 222,
        last_seq: Seq(88),
        last_time: TIME,
        fingerprint: 0,
        reserved: Reserved,
    };
    let instrument = InstrumentRow {
        instrument: InstrumentIndex(2),
        symbol: Symbol::new("ACME").expect("short"),
        channel: 0,
        flags: InstrumentRow::HALTED,
        reserved: Reserved,
        bid_price: Price(12_505_000),
        bid_quantity: Qty(300),
        ask_price: Price(12_506_000),
        ask_quantity: Qty(200),
        bid_orders: 4,
        ask_orders: 5,
        tick: 100,
        lot: 1,
        counted: 1,
        reserved_too: Reserved,
    };
    let status = StatusRow {
        appended: Seq(90),
        durable: Seq(89),
        seq: Seq(88),
        time: TIME,
        flags: StatusRow::DRAINING,
        open_orders: 17,
        sessions_alive: 1,
        sessions_locked: 1,
        sessions: 2,
        instruments_halted: 1,
        instruments: 4,
        instruments_free: 64,
        operators: 1,
        reserved: Reserved,
    };
    let log = LogRow { seq: Seq(88), time: TIME, command: halt(), outcome: Some(DONE) };
    let end = End { subject: Subject::Sessions, flags: End::KNOWN, count: 2, seq: Seq(88) };
    for (name, said) in [
        ("admin-session", Said::Session(session)),
        ("admin-instrument", Said::Instrument(instrument)),
        ("admin-status", Said::Status(status)),
        ("admin-log", Said::Log(log)),
        ("admin-end", Said::End(end)),
    ] {
        assert_eq!(bytes_of(|out| said.encode(out)), get(name), "{name}");
        assert_eq!(Said::decode(&get(name)), Ok(said), "{name}");
    }
}
