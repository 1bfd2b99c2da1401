//! The grammar of scenario files: what it takes, and that every mistake is told with its line and its reason.

use tools::scenario::parser::parse;
use tools::scenario::script::{Action, Consequence, Entry, EntryKind, Input, Look, Phase, Reduction};
use wire::ouch::{SelfMatchCode, TimeInForce};
use wire::{Price, Side};

fn the_error(text: &str) -> (usize, String) {
    match parse(text) {
        Ok(scripts) => panic!("expected an error in {text:?}, found {scripts:?}"),
        Err((line, reason)) => (line, reason.to_string()),
    }
}

fn the_action(line: &str) -> Action {
    let scripts = parse(&format!("scenario a\n{line}\n")).unwrap_or_else(|(_, reason)| panic!("{line}: {reason}"));
    scripts[0].steps[0].action.clone()
}

fn the_input(line: &str) -> Input {
    match the_action(line) {
        Action::Send { input, .. } => input,
        Action::Look(look) => panic!("expected an input, found {look}"),
    }
}

fn plain(id: &str, side: Side, kind: EntryKind, qty: u64) -> Entry {
    Entry {
        id: id.to_owned(),
        side,
        kind,
        qty,
        time_in_force: TimeInForce::Day,
        display: None,
        hidden: false,
        min_qty: None,
        post_only: false,
        owner: None,
        self_match: None,
    }
}

#[test]
fn a_limit_has_its_defaults_and_every_key() {
    let expected = plain("1", Side::Sell, EntryKind::Limit(Price(105_000)), 30);
    assert_eq!(the_input("limit sell id=1 px=10.5 qty=30"), Input::Enter(expected));
    let expected = Entry {
        time_in_force: TimeInForce::GoodTillCancel,
        display: Some(3),
        hidden: true,
        min_qty: Some(2),
        post_only: true,
        owner: Some("Ann".to_owned()),
        self_match: Some(SelfMatchCode::Decrement),
        ..plain("b-2", Side::Buy, EntryKind::Limit(Price(1)), 30)
    };
    let line =
        "limit buy stp=decrement owner=Ann post_only=1 min_qty=2 hidden=1 display=3 tif=gtc qty=30 px=0.0001 id=b-2";
    assert_eq!(the_input(line), Input::Enter(expected));
}

#[test]
fn every_other_input_is_read() {
    let market = plain("1", Side::Buy, EntryKind::Market, 5);
    let market = Entry { time_in_force: TimeInForce::ImmediateOrCancel, ..market };
    assert_eq!(the_input("market buy id=1 qty=5"), Input::Enter(market));
    let stop = plain("1", Side::Sell, EntryKind::Stop(Price(90_000)), 5);
    let stop = Entry { time_in_force: TimeInForce::ImmediateOrCancel, ..stop };
    assert_eq!(the_input("stop sell id=1 stop=9 qty=5"), Input::Enter(stop));
    let kind = EntryKind::StopLimit { stop: Price(90_000), price: Price(89_000) };
    assert_eq!(the_input("stoplimit sell id=1 stop=9 px=8.9 qty=5"), Input::Enter(plain("1", Side::Sell, kind, 5)));
    let with_everything = Entry {
        time_in_force: TimeInForce::FillOrKill,
        display: Some(2),
        hidden: true,
        min_qty: Some(3),
        post_only: true,
        owner: Some("Ann".to_owned()),
        self_match: Some(SelfMatchCode::CancelBoth),
        ..plain("1", Side::Sell, kind, 5)
    };
    let line =
        "stoplimit sell id=1 stop=9 px=8.9 qty=5 tif=fok display=2 hidden=1 min_qty=3 post_only=1 owner=Ann stp=both";
    assert_eq!(the_input(line), Input::Enter(with_everything));
    let id = || "7".to_owned();
    assert_eq!(the_input("cancel id=7"), Input::Cancel { id: id() });
    assert_eq!(the_input("reduce id=7 by=3"), Input::Reduce { id: id(), to: Reduction::By(3) });
    assert_eq!(the_input("reduce id=7 to=0"), Input::Reduce { id: id(), to: Reduction::To(0) });
    let unchanged = || Input::Replace { id: id(), price: None, qty: None, stop: None };
    assert_eq!(the_input("replace id=7"), unchanged());
    let replace = Input::Replace { id: id(), price: Some(Price(120_000)), qty: None, stop: None };
    assert_eq!(the_input("replace id=7 px=12"), replace);
    assert_eq!(the_input("replace id=7 qty=4"), Input::Replace { id: id(), price: None, qty: Some(4), stop: None });
    let stop = Input::Replace { id: id(), price: None, qty: None, stop: Some(Price(90_000)) };
    assert_eq!(the_input("replace id=7 stop=9"), stop);
    for phase in Phase::ALL {
        assert_eq!(the_input(&format!("phase {}", phase.word())), Input::Phase(phase));
    }
    assert_eq!(the_input("uncross"), Input::Uncross);
}

#[test]
fn looks_are_read_and_print_as_written() {
    for line in [
        "book bids=[10.5:20/1 10.4:7/2] asks=[]",
        "book asks=[11:1]",
        "queue buy 10.5 ids=[1 b 3]",
        "queue sell 9 ids=[]",
        "stops ids=[4 5]",
    ] {
        let Action::Look(look) = the_action(line) else { panic!("{line} is not a look") };
        assert_eq!(look.to_string(), line);
    }
    assert_eq!(the_action("queue buy px=1 ids=[2]"), the_action("queue buy 1 ids=[2]"));
    let Action::Look(Look::Queue { ids, .. }) = the_action("queue buy 1 ids=[ 1, 2,3 ]") else { panic!("not a queue") };
    assert_eq!(ids, ["1", "2", "3"]);
}

#[test]
fn expectations_are_read_and_print_as_written() {
    for line in [
        "trade maker=1 taker=3 px=10.5 qty=30",
        "trade",
        "trade px=10.5",
        "expire id=1 qty=2",
        "cancelled id=1",
        "reject",
        "reject reason=post-only",
        "quiet",
    ] {
        let Action::Send { expected, .. } = the_action(&format!("cancel id=1\n->  {line}")) else {
            panic!("not an input")
        };
        assert_eq!(expected.len(), 1);
        assert_eq!((expected[0].0, expected[0].1.to_string()), (3, line.to_owned()));
    }
}

#[test]
fn expectations_belong_to_the_last_input() {
    let text = "scenario a\ncancel id=1\nuncross\nbook bids=[] asks=[]\n-> quiet\n";
    let scripts = parse(text).expect("a good file");
    let Action::Send { expected, .. } = &scripts[0].steps[1].action else { panic!("not an input") };
    assert_eq!(expected[..], [(5, Consequence::Quiet)]);
}

#[test]
fn comments_blank_lines_and_line_ends_do_not_matter() {
    let text = "\u{feff}# head\r\n\r\nscenario a b # name\r\n  source https://example.org/#x\r\n\ttags x, y,,\r\ntags z\r\n \
                cancel\tid=1 # why\r\n->quiet\r\n";
    let scripts = parse(text).expect("a good file");
    assert_eq!((scripts.len(), scripts[0].line, &scripts[0].name[..]), (1, 3, "a b"));
    assert_eq!(scripts[0].tags, ["x", "y", "z"]);
    assert_eq!((scripts[0].steps.len(), scripts[0].steps[0].line), (1, 7));
    assert_eq!(parse("").expect("an empty file"), []);
}

#[test]
fn mistakes_are_told_with_line_and_reason() {
    for (line, part) in [
        ("limt buy id=1 px=1 qty=1", "unknown keyword 'limt'; did you mean 'limit'?"),
        ("trade maker=1", "unknown keyword 'trade'; did you mean '->'?"),
        ("LIMIT buy id=1 px=1 qty=1", "unknown keyword 'LIMIT'"),
        ("limit buy id=1 price=1 qty=1", "'limit' has no key 'price'"),
        ("limit buy id=1 px=1 qyt=1", "'limit' has no key 'qyt'; did you mean 'qty'?"),
        ("limit buy id=1 px=1 qty=1 stop=2", "'limit' has no key 'stop'"),
        ("market buy id=1 px=1 qty=1", "'market' has no key 'px'"),
        ("stop buy id=1 stop=1 qty=1 tif=ioc", "'stop' has no key 'tif'"),
        ("limit buy px=1 qty=1", "'limit' needs id="),
        ("limit buy id=1 qty=1", "'limit' needs px="),
        ("limit buy id=1 px=1", "'limit' needs qty="),
        ("stoplimit buy id=1 px=1 qty=1", "'stoplimit' needs stop="),
        ("stoplimit buy id=1 stop=1 qty=1", "'stoplimit' needs px="),
        ("limit id=1 px=1 qty=1", "'limit' must be followed by buy or sell"),
        ("limit long id=1 px=1 qty=1", "expected buy or sell, found 'long'"),
        ("limit buy 1 id=1 px=1 qty=1", "'limit' does not take '1'"),
        ("limit buy id=1 id=2 px=1 qty=1", "'limit' has id= twice"),
        ("limit buy id= px=1 qty=1", "id of 'limit': expected a value"),
        ("limit buy id=1 px=1.23456 qty=1", "px of 'limit': expected a decimal price with at most 4 decimals"),
        ("limit buy id=1 px=abc qty=1", "found 'abc'"),
        ("limit buy id=1 px=1 qty=1.5", "qty of 'limit': expected a whole number"),
        ("limit buy id=1 px=1 qty=-1", "found '-1'"),
        ("limit buy id=1 px=1 qty=99999999999999999999", "qty of 'limit': expected a whole number"),
        ("limit buy id=1 px=1 qty=1 tif=gtd", "tif of 'limit': expected day, gtc, ioc or fok, found 'gtd'"),
        ("limit buy id=1 px=1 qty=1 hidden=yes", "hidden of 'limit': expected 1 or 0"),
        ("limit buy id=1 px=1 qty=1 stp=all", "stp of 'limit': expected newest, oldest, both or decrement"),
        ("reduce id=1", "'reduce' needs by= or to="),
        ("reduce id=1 by=1 to=1", "'reduce' takes by= or to=, not both"),
        ("reduce by=1", "'reduce' needs id="),
        ("cancel", "'cancel' needs id="),
        ("phase", "'phase' must be followed by continuous"),
        ("phase lunch", "found 'lunch'"),
        ("uncross now", "'uncross' does not take 'now'"),
        ("book", "'book' needs bids= and asks="),
        ("book bids=[10:1/1", "'[' without ']'"),
        ("book bids=10:1/1 asks=[]", "expected levels in brackets"),
        ("book bids=[10/1] asks=[]", "expected levels in brackets"),
        ("book bids=[x:1/1] asks=[]", "expected levels in brackets"),
        ("queue buy ids=[1]", "'queue' must be followed by a decimal price"),
        ("queue buy 10", "'queue' needs ids="),
        ("queue 10 ids=[1]", "expected buy or sell, found '10'"),
        ("stops", "'stops' needs ids="),
        ("-> trade", "an expectation before any input of scenario a"),
        ("cancel id=1\n->", "'->' must be followed by trade"),
        ("cancel id=1\n-> canceled id=1", "unknown keyword '-> canceled'; did you mean 'cancelled'?"),
        ("cancel id=1\n-> quiet id=1", "'quiet' has no key 'id'"),
        ("cancel id=1\n-> trade qty=1 times=0", "expected a whole number from 1 to 32768, found '0'"),
        ("cancel id=1\n-> expire px=1", "'expire' has no key 'px'"),
        ("scenario", "'scenario' must be followed by its name"),
    ] {
        let text = format!("# first\nscenario a\n{line}\n");
        let (at, reason) = the_error(&text);
        assert_eq!(at, 2 + line.lines().count(), "{line}: {reason}");
        assert!(reason.contains(part), "{line}: expected '{part}' in '{reason}'");
    }
}

#[test]
fn nothing_stands_before_the_first_scenario() {
    for line in ["cancel id=1", "source x", "tags a", "-> quiet", "book bids=[] asks=[]"] {
        let (at, reason) = the_error(&format!("\n{line}\nscenario a\n"));
        assert_eq!(at, 2);
        assert!(reason.contains("before any 'scenario NAME'"), "{reason}");
    }
}
