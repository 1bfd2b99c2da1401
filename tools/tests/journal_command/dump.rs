//! `pinion journal dump`: each record as a line, or as an object.

use crate::written::{TOKEN, pinion, told, write_journal};
use tempfile::TempDir;

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
