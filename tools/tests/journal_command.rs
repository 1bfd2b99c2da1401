//! `pinion journal` as a program: a whole journal, a torn one, a damaged one, and what is no journal.

use engine::journal::{Durability, Genesis, LocalDisk, Options, open};
use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;
use tempfile::TempDir;
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
const SECOND_AT: u64 = 64 + 64;
const TOKEN: &[u8; 10] = b"TOPSECRET1";

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
fn write_journal(dir: &Path) -> u64 {
    write_journal_named(dir, 7)
}

fn write_journal_named(dir: &Path, draw: u32) -> u64 {
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

fn segment(dir: &Path) -> PathBuf {
    let mut segments: Vec<PathBuf> =
        fs::read_dir(dir).expect("a folder").map(|entry| entry.expect("an entry").path()).collect();
    segments.retain(|path| path.extension().is_some_and(|extension| extension == "seg"));
    segments.sort();
    segments.remove(0)
}

/// Changes one byte of the first segment.
fn flip(dir: &Path, offset: u64) {
    let file = OpenOptions::new().read(true).write(true).open(segment(dir)).expect("a segment");
    let mut byte = [0];
    file.read_exact_at(&mut byte, offset).expect("inside the file");
    file.write_all_at(&[byte[0] ^ 0x55], offset).expect("writable");
}

fn pinion(args: &[&str], path: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_pinion")).arg("journal").args(args).arg(path).output().expect("the program starts")
}

fn told(output: &Output) -> (Option<i32>, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("text");
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn a_whole_journal_and_its_segment_verify() {
    let dir = TempDir::new().expect("a folder");
    let records = write_journal(dir.path());
    let (code, out, error) = told(&pinion(&["verify"], dir.path()));
    assert_eq!((code, &error[..]), (Some(0), ""));
    assert!(out.contains(&format!("records       {records}\n")) && out.ends_with("clean\n"), "{out}");
    let (code, out, _) = told(&pinion(&["verify", "--json"], dir.path()));
    assert_eq!(code, Some(0));
    assert!(out.contains("\"ok\":true") && out.contains(&format!("\"records\":{records},")), "{out}");
    assert!(out.ends_with("\"torn\":null}\n"), "{out}");
    let (code, out, _) = told(&pinion(&["verify"], &segment(dir.path())));
    assert_eq!(code, Some(0));
    assert!(out.contains(&format!("seq           1 to {records}\n")) && out.ends_with("clean\n"), "{out}");
    let (code, out, _) = told(&pinion(&["verify", "--json"], &segment(dir.path())));
    assert_eq!(code, Some(0));
    assert!(out.contains("\"first_seq\":1,") && out.ends_with("\"torn_at\":null}\n"), "{out}");
}

#[test]
fn damage_is_told_with_its_place() {
    let dir = TempDir::new().expect("a folder");
    write_journal(dir.path());
    flip(dir.path(), SECOND_AT + 33);
    let (code, out, error) = told(&pinion(&["verify"], dir.path()));
    assert_eq!((code, &out[..]), (Some(1), ""));
    assert!(error.contains(&format!("byte {SECOND_AT}")) && error.contains("record 2"), "{error}");
    let (code, out, _) = told(&pinion(&["verify", "--json"], dir.path()));
    assert_eq!(code, Some(1));
    assert!(out.contains("\"ok\":false,\"error\":"), "{out}");
    let (code, _, error) = told(&pinion(&["verify"], &segment(dir.path())));
    assert_eq!(code, Some(1));
    assert!(error.contains(&format!("expected record 2 at byte {SECOND_AT}, found damage")), "{error}");
    let (code, out, error) = told(&pinion(&["dump"], dir.path()));
    assert_eq!(code, Some(1));
    assert_eq!(out.lines().count(), 1, "what lies before the damage is printed: {out}");
    assert!(error.contains("record 2"), "{error}");
}

#[test]
fn every_flipped_byte_of_a_record_is_noticed() {
    let dir = TempDir::new().expect("a folder");
    write_journal(dir.path());
    let path = segment(dir.path());
    for offset in 0..SECOND_AT + 80 {
        flip(dir.path(), offset);
        let code = pinion(&["verify"], &path).status.code();
        flip(dir.path(), offset);
        assert!(matches!(code, Some(1 | 2)), "byte {offset}: {code:?}");
    }
    assert_eq!(pinion(&["verify"], &path).status.code(), Some(0), "all is as it was");
}

#[test]
fn a_torn_tail_is_no_damage() {
    let dir = TempDir::new().expect("a folder");
    let records = write_journal(dir.path());
    fs::remove_file(dir.path().join("durable.mark")).expect("the mark");
    let path = segment(dir.path());
    let bytes = fs::read(&path).expect("a segment");
    let end = bytes.iter().rposition(|&byte| byte != 0).expect("not empty");
    flip(dir.path(), end as u64);
    let (code, out, _) = told(&pinion(&["verify"], dir.path()));
    assert_eq!(code, Some(0));
    assert!(out.contains(&format!("records       {}\n", records - 1)) && out.contains("torn"), "{out}");
    let (code, out, _) = told(&pinion(&["verify"], &path));
    assert_eq!(code, Some(0));
    assert!(out.contains("torn from byte"), "{out}");
    let (code, out, _) = told(&pinion(&["dump"], dir.path()));
    assert_eq!((code, out.lines().count() as u64), (Some(0), records - 1));
}

#[test]
fn what_is_no_journal_is_refused() {
    let dir = TempDir::new().expect("a folder");
    let missing = dir.path().join("missing");
    let file = dir.path().join("note.txt");
    fs::write(&file, "not a journal, although it is long enough to hold the header of a segment, which has 64 bytes")
        .expect("writes");
    for (args, path) in [
        (&["verify"][..], missing.as_path()),
        (&["verify"], dir.path()),
        (&["verify"], &file),
        (&["dump"], &missing),
        (&["dump"], dir.path()),
        (&["dump"], &file),
        (&["dump", "--from", "x"], dir.path()),
        (&["dump", "--kind", "x"], dir.path()),
        (&["check"], dir.path()),
    ] {
        let (code, out, error) = told(&pinion(args, path));
        assert_eq!((code, &out[..]), (Some(2), ""), "{args:?} {}", path.display());
        assert!(!error.is_empty(), "{args:?}");
    }
    let no_path = Command::new(env!("CARGO_BIN_EXE_pinion")).args(["journal", "verify"]).output().expect("starts");
    assert_eq!(no_path.status.code(), Some(2));
}

#[test]
fn the_worst_of_several_paths_counts() {
    let (whole, damaged) = (TempDir::new().expect("a folder"), TempDir::new().expect("a folder"));
    write_journal(whole.path());
    write_journal(damaged.path());
    flip(damaged.path(), SECOND_AT + 33);
    let args = ["verify", whole.path().to_str().expect("text")];
    let (code, out, error) = told(&pinion(&args, damaged.path()));
    assert_eq!(code, Some(1));
    assert!(out.contains("clean") && error.contains("damaged"), "{out}{error}");
}

#[test]
fn a_dump_takes_what_is_asked_for() {
    let dir = TempDir::new().expect("a folder");
    let records = write_journal(dir.path());
    let lines = |args: &[&str]| {
        let (code, out, error) = told(&pinion(args, dir.path()));
        assert_eq!((code, &error[..]), (Some(0), ""), "{args:?}");
        out.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    let all = lines(&["dump"]);
    assert_eq!(all.len() as u64, records);
    assert!(all[0].starts_with("1 5 0:64 Genesis "), "{}", all[0]);
    assert!(all[2].ends_with("display=Visible cl_ord_id=\"say \\\"hi\\\"\" options=050300000002"), "{}", all[2]);
    assert!(all[8].contains(" malformed user_ref=0 error=") && all[8].ends_with("bytes=3f2221"), "{}", all[8]);
    assert!(all[2].contains("EnterOrder user_ref=7 side=Sell qty=5 symbol=PINION price=10.5"), "{}", all[2]);
    assert_eq!(lines(&["dump", "--from", "3", "--to", "5"]), all[2..5]);
    assert_eq!(lines(&["dump", "--to", "1"]), all[..1]);
    let of_session: Vec<String> =
        all.iter().filter(|line| line.contains("session=3 ") || line.ends_with("session=3")).cloned().collect();
    assert_eq!(of_session.len(), 9);
    assert_eq!(lines(&["dump", "--session", "3"]), of_session);
    assert_eq!(lines(&["dump", "--session", "4", "--from", "11"]).len(), 2);
    assert!(lines(&["dump", "--session", "9"]).is_empty());
    assert_eq!(lines(&["dump", "--kind", "login", "--kind", "CancelOrder"]), [all[1].clone(), all[5].clone()]);
    // Received 100 ns after one another, too early for the numbers of times.
    assert_eq!(
        lines(&["dump", "--from", "1970-01-01T00:00:00.0000005Z", "--to", "1970-01-01T00:00:00.000000699Z"]),
        all[4..6]
    );
}

#[test]
fn a_dump_as_json() {
    let dir = TempDir::new().expect("a folder");
    write_journal(dir.path());
    let (code, out, _) = told(&pinion(&["dump", "--json"], dir.path()));
    assert_eq!(code, Some(0));
    let lines: Vec<&str> = out.lines().collect();
    let head = |seq: u64, kind: &str| format!("{{\"seq\":{seq},\"receive_time_ns\":{},", seq * 100) + kind;
    assert_eq!(
        lines[0],
        "{\"seq\":1,\"receive_time_ns\":5,\"segment\":0,\"offset\":64,\"kind\":\"Genesis\",\"fingerprint\":\"00000000000000f1\",\
         \"created_ns\":5,\"feed_session\":\"PINION0001\"}"
    );
    assert!(
        lines[1].starts_with(&head(2, "\"segment\":0,\"offset\":128,\"kind\":\"Login\",\"session\":3,")),
        "{}",
        lines[1]
    );
    for (line, tail) in [
        (
            2,
            "\"session\":3,\"client_seq\":1,\"message\":{\"type\":\"EnterOrder\",\"user_ref\":7,\"side\":\"Sell\",\
             \"qty\":5,\"symbol\":\"PINION\",\"price\":\"10.5\",\"tif\":\"Day\",\"display\":\"Visible\",\
             \"cl_ord_id\":\"say \\\"hi\\\"\",\"options\":\"050300000002\"}}",
        ),
        (
            4,
            "\"qty\":6,\"price\":\"12.5\",\"tif\":\"GoodTillCancel\",\"display\":\"Hidden\",\"cl_ord_id\":\"\",\"options\":\"\"}}",
        ),
        (5, "\"message\":{\"type\":\"CancelOrder\",\"user_ref\":8,\"qty\":1}}"),
        (6, "\"message\":{\"type\":\"ModifyOrder\",\"user_ref\":8,\"side\":\"SellShort\",\"qty\":1}}"),
        (7, "\"message\":{\"type\":\"AccountQuery\"}}"),
        (8, "\"bytes\":\"3f2221\"}}"),
        (9, "\"kind\":\"SequenceSkip\",\"session\":4,\"next_inbound\":44}"),
        (10, "\"kind\":\"SessionDeath\",\"session\":4}"),
        (11, "\"kind\":\"CancelSlice\",\"session\":4}"),
        (12, "\"kind\":\"Logout\",\"session\":3}"),
        (13, "\"kind\":\"StateHash\",\"hash\":\"000000000000abcd\"}"),
        (14, "\"kind\":\"Elect\"}"),
    ] {
        assert!(lines[line].ends_with(tail), "{}", lines[line]);
    }
    assert!(lines[3].contains("\"price\":\"market\""), "{}", lines[3]);
    assert!(lines[8].contains("\"message\":{\"type\":null,\"user_ref\":0,\"error\":"), "{}", lines[8]);
    let token = std::str::from_utf8(TOKEN).expect("text");
    assert!(!out.contains(token), "whoever may read a dump need not be able to speak for the session");
}

/// Where each record of the first segment begins.
fn places(dir: &Path) -> Vec<usize> {
    let mut reader = engine::journal::Reader::open(dir).expect("a journal");
    let mut places = Vec::new();
    while let Some(record) = reader.next().expect("whole") {
        places.push(usize::try_from(record.position.offset).expect("small"));
    }
    places
}

/// Changes a record and mends every checksum behind it, as whoever knows the format can.
fn forge(dir: &Path, seq: u64, change: impl FnOnce(&mut [u8])) {
    use wire::journal::{RecordHeader, SEGMENT_HEADER_LEN, SegmentHeader, encode_record_body, record_span, seed};
    let path = segment(dir);
    let mut bytes = fs::read(&path).expect("a segment");
    let header = SegmentHeader::decode(&bytes).expect("a header");
    let (seed, mut offset, mut chain) = (seed(header.epoch), SEGMENT_HEADER_LEN, header.chain);
    let mut change = Some(change);
    while let Some((record, body)) = RecordHeader::verify(seed, &bytes[offset..]) {
        let mut body = body.to_vec();
        if record.seq.get() == seq {
            change.take().expect("one record has that number")(&mut body);
        }
        let out = &mut bytes[offset..];
        let mended = RecordHeader { previous: chain, ..record };
        (_, chain) = encode_record_body(out, seed, &mended, &body).expect("room");
        offset += record_span(body.len());
    }
    assert!(change.is_none(), "record {seq} was changed");
    fs::write(&path, &bytes).expect("writes");
}

#[test]
fn a_forged_record_with_mended_checksums_is_found_by_an_anchor() {
    let dir = TempDir::new().expect("a folder");
    let records = write_journal(dir.path());
    let aside = TempDir::new().expect("a folder");
    let anchors = aside.path().join("anchors.txt");
    let file = anchors.to_str().expect("text");
    let (code, line, error) = told(&pinion(&["anchor"], dir.path()));
    assert_eq!((code, &error[..]), (Some(0), ""));
    assert!(line.starts_with("pinion-anchor/1 epoch=") && line.contains(&format!(" seq={records} ")), "{line}");
    let (code, ..) = told(&pinion(&["verify", "--write-anchor", file], dir.path()));
    assert_eq!((code, fs::read_to_string(&anchors).expect("written")), (Some(0), line.clone()));
    let (code, out, _) = told(&pinion(&["verify", "--anchor", file], dir.path()));
    assert_eq!(code, Some(0));
    assert!(out.contains(&format!("1 compared, all right, up to record {records}\n")), "{out}");
    let (_, again, _) = told(&pinion(&["anchor", "--since", file], dir.path()));
    assert_eq!(again, line, "nothing has been added since");

    let whole = fs::read(segment(dir.path())).expect("a segment");
    // The price of an order: 10.5 becomes 10.4.
    forge(dir.path(), 3, |body| {
        let at = body.windows(4).position(|four| *four == 105_000_u32.to_be_bytes()).expect("the price");
        body[at..at + 4].copy_from_slice(&104_000_u32.to_be_bytes());
    });
    let (code, out, _) = told(&pinion(&["verify"], dir.path()));
    assert!(code == Some(0) && out.ends_with("clean\n"), "the checksums alone do not show it: {out}");
    let (code, out, error) = told(&pinion(&["verify", "--anchor", file], dir.path()));
    assert_eq!((code, &out[..]), (Some(1), ""));
    assert!(error.contains("records were changed") && error.contains(&format!("record {records}")), "{error}");
    let (code, out, _) = told(&pinion(&["verify", "--json", "--anchor", file], dir.path()));
    assert!(code == Some(1) && out.contains("\"ok\":false"), "{out}");

    // Records behind, cut off without a trace.
    fs::write(segment(dir.path()), &whole).expect("writes");
    fs::remove_file(dir.path().join("durable.mark")).expect("the mark");
    let mut cut = whole.clone();
    cut[places(dir.path()).pop().expect("a record")..].fill(0);
    fs::write(segment(dir.path()), &cut).expect("writes");
    let (code, out, _) = told(&pinion(&["verify"], dir.path()));
    assert!(code == Some(0) && out.contains(&format!("last seq      {}\n", records - 1)), "{out}");
    let (code, _, error) = told(&pinion(&["verify", "--anchor", file], dir.path()));
    assert_eq!(code, Some(1));
    assert!(error.contains(&format!("record {records} was anchored")), "{error}");

    // Another journal in its place.
    let other = TempDir::new().expect("a folder");
    write_journal_named(other.path(), 8);
    let (code, _, error) = told(&pinion(&["verify", "--anchor", file], other.path()));
    assert_eq!(code, Some(1));
    assert!(error.contains("another journal"), "{error}");
    fs::write(&anchors, "pinion-anchor/9\n").expect("writes");
    let (code, ..) = told(&pinion(&["verify", "--anchor", file], dir.path()));
    assert_eq!(code, Some(2));
}
