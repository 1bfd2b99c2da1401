//! A journal with a record of every kind, written by the engine's own appender, and what a test does to its bytes.

use engine::journal::{Durability, Genesis, LocalDisk, Options, open};
use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;
use wire::address::Addr;
use wire::journal::{
    Body, CancelSlice, Elect, LoginBody, Logout, SequenceSkip, SessionDeath, SessionMessage, StateHash,
};
use wire::mold::SessionId;
use wire::ouch::{
    AccountQuery, AppendageBuffer, CancelOrder, Capacity, ClOrdId, CrossType, Display, EnterOrder, Inbound,
    MARKET_PRICE, ModifyOrder, OptionValue, OrderSide, ReplaceOrder, TimeInForce, YesNo,
};
use wire::{Nanos, Price, Qty, Reserved, SessionIndex, Symbol, UserRefNum};

const SEGMENT_LEN: u64 = 16 << 10;
/// Where the second record begins: after the header of the segment and the genesis.
pub const SECOND_AT: u64 = 64 + 64;
pub const TOKEN: &[u8; 10] = b"TOPSECRET1";

fn encoded(message: &Inbound<'_>) -> Vec<u8> {
    let mut bytes = [0; 128];
    let len = message.encode(&mut bytes).expect("room");
    bytes[..len].to_vec()
}

/// One client message of each kind, and one that is none.
fn messages() -> Vec<Vec<u8>> {
    let mut options = AppendageBuffer::new();
    assert!(options.push(OptionValue::MinQty(Qty(2))));
    let enter = |price, appendage| {
        encoded(&Inbound::EnterOrder(EnterOrder {
            user_ref: UserRefNum(7),
            side: OrderSide::Sell,
            qty: Qty(5),
            symbol: Symbol::new("PINION").expect("a name"),
            price,
            time_in_force: TimeInForce::Day,
            display: Display::Visible,
            capacity: Capacity::Agency,
            sweep: YesNo::No,
            cross_type: CrossType::Continuous,
            cl_ord_id: ClOrdId::new("say \"hi\"").expect("short text"),
            appendage,
        }))
    };
    let replace = encoded(&Inbound::ReplaceOrder(ReplaceOrder {
        orig_user_ref: UserRefNum(7),
        user_ref: UserRefNum(8),
        qty: Qty(6),
        price: Price(125_000),
        time_in_force: TimeInForce::GoodTillCancel,
        display: Display::Hidden,
        sweep: YesNo::No,
        cl_ord_id: ClOrdId::BLANK,
        appendage: wire::ouch::Appendage::EMPTY,
    }));
    vec![
        enter(Price(105_000), options.view()),
        enter(MARKET_PRICE, wire::ouch::Appendage::EMPTY),
        replace,
        encoded(&Inbound::CancelOrder(CancelOrder { user_ref: UserRefNum(8), qty: Qty(1) })),
        encoded(&Inbound::ModifyOrder(ModifyOrder {
            user_ref: UserRefNum(8),
            side: OrderSide::SellShort,
            qty: Qty(1),
        })),
        encoded(&Inbound::AccountQuery(AccountQuery {})),
        b"?\"!".to_vec(),
    ]
}

/// A journal with a record of every kind; session 3 sends the messages. Returns how many records.
pub fn write_journal(dir: &Path) -> u64 {
    write_journal_named(dir, 7)
}

pub fn write_journal_named(dir: &Path, draw: u32) -> u64 {
    let mut body = [0; 256];
    let feed_session = SessionId(*b"PINION0001");
    let genesis = wire::journal::Genesis { fingerprint: 0xF1, created: Nanos(5), feed_session, reserved: Reserved };
    let len = Body::Genesis(genesis).encode(&mut body).expect("room");
    let genesis = Genesis { time: Nanos(5), body: &body[..len], draw };
    let durability = Durability::Synced;
    let options = Options { dir: dir.to_owned(), fingerprint: 0xF1, segment_len: SEGMENT_LEN, durability };
    let mut journal = open(&options, Arc::new(LocalDisk), genesis, &mut |_| Ok(())).expect("opens");
    let (session, other) = (SessionIndex(3), SessionIndex(4));
    let login = LoginBody {
        session,
        flags: 1,
        token: SessionId(*TOKEN),
        address: Addr { ip: 0x7F00_0001, port: 4_000 },
        reserved: Reserved,
        cookie_stamp: 9,
        client_nonce: [7; 16],
    };
    let messages = messages();
    let mut bodies = vec![Body::Login(login)];
    for (client_seq, bytes) in (1..).zip(&messages) {
        bodies.push(Body::SessionMessage(SessionMessage { session, client_seq, bytes }));
    }
    bodies.push(Body::SequenceSkip(SequenceSkip { session: other, reserved: Reserved, next_inbound: 44 }));
    bodies.push(Body::SessionDeath(SessionDeath { session: other }));
    bodies.push(Body::CancelSlice(CancelSlice { session: other }));
    bodies.push(Body::Logout(Logout { session }));
    bodies.push(Body::StateHash(StateHash { hash: 0xABCD }));
    bodies.push(Body::Elect(Elect { reserved: Reserved }));
    for item in &bodies {
        let len = item.encode(&mut body).expect("room");
        let seq = journal.appender.next_seq();
        journal.appender.append(seq, Nanos(seq.get() * 100), item.kind(), &body[..len]).expect("room");
        // Released one by one, so that each record says so of those before it.
        journal.helper.turn();
    }
    1 + bodies.len() as u64
}

pub fn segment(dir: &Path) -> PathBuf {
    let mut segments: Vec<PathBuf> =
        fs::read_dir(dir).expect("a folder").map(|entry| entry.expect("an entry").path()).collect();
    segments.retain(|path| path.extension().is_some_and(|extension| extension == "seg"));
    segments.sort();
    segments.remove(0)
}

/// Changes one byte of the first segment.
pub fn flip(dir: &Path, offset: u64) {
    let file = OpenOptions::new().read(true).write(true).open(segment(dir)).expect("a segment");
    let mut byte = [0];
    file.read_exact_at(&mut byte, offset).expect("inside the file");
    file.write_all_at(&[byte[0] ^ 0x55], offset).expect("writable");
}

pub fn pinion(args: &[&str], path: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_pinion")).arg("journal").args(args).arg(path).output().expect("the program starts")
}

pub fn told(output: &Output) -> (Option<i32>, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("text");
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}
