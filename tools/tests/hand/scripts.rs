//! Scripts: what they say, and that a venue which does anything else is caught.

use crate::seats::client;
use crate::venue_port::VenuePort;
use std::time::Duration;
use tools::hand::seat::Seat;
use tools::trade::player::Player;
use tools::trade::script::parse;

fn play(text: &str) -> Result<String, String> {
    let steps = parse(text).map_err(|error| error.to_string())?;
    let mut out = Vec::new();
    let seat = Seat::new(client(), VenuePort::new(None));
    let mut player = Player::log_in(seat, Duration::from_millis(300)).map_err(|error| error.to_string())?;
    player.play(&steps, &mut out).map_err(|error| error.to_string())?;
    player.leave().map_err(|error| error.to_string())?;
    Ok(String::from_utf8(out).expect("text"))
}

const DAY: &str = "\
# what a venue has to do
first: sell 100 PINION @ 10.05
expect accepted 100 @ 10.05 of first
buy 30 PINION @ 10.05 --tif ioc        # trades
expect accepted
expect executed 30 @ 10.05 A of first
expect executed 30 @ 10.05 R
second: replace first 90 @ 10.06
expect replaced 60 @ 10.06 of second
reduce second 80
expect canceled 10 U
cancel first
expect refused
buy 1 PINION @ 10.06 --post-only
expect rejected 0x0105
sell 5 PINION @ 10 --self-match newest --min 5
expect rejected 0x0106
buy 9 PINION @ 10.06 --self-match newest
expect accepted
expect prevented 9 Q
stop: sell 7 PINION @ market --stop 9
expect accepted 7 @ market
modify second short 70
expect modified 40
query
expect next
expect nothing
";

#[test]
fn a_venue_that_does_as_expected_passes() {
    let out = play(DAY).unwrap_or_else(|error| panic!("{error}"));
    assert!(out.contains("> first: sell 100 PINION @ 10.05\n< accepted 1 sell 100 PINION @ 10.05\n"), "{out}");
    assert!(out.contains("> second: replace 1 90 @ 10.06\n"), "{out}");
    assert_eq!(out.lines().filter(|line| line.starts_with('<')).count(), 14, "{out}");
}

/// The certification that is handed out.
#[test]
fn our_venue_is_certified() {
    let text = include_str!("../../../docs/examples/certification.txt");
    let out = play(text).unwrap_or_else(|error| panic!("{error}"));
    // The last line expects that nothing is left.
    let expected = text.matches("\nexpect ").count() - 1;
    assert_eq!(out.lines().filter(|line| line.starts_with('<')).count(), expected, "{out}");
}

/// Each change of one expectation is found, at its line.
#[test]
fn anything_else_is_found() {
    for (right, wrong, said) in [
        (
            "expect accepted 100 @",
            "expect accepted 101 @",
            "line 3: expected accepted 101 @ 10.05 of first, heard accepted 1",
        ),
        ("10.05 A of first", "10.04 A of first", "line 6: expected executed 30 @ 10.04 A of first, heard executed 1"),
        ("10.05 A of first", "10.05 R of first", "line 6: expected executed 30 @ 10.05 R of first"),
        ("expect executed 30 @ 10.05 R", "expect executed 30 @ 10.05 R of first", "line 7: "),
        ("expect canceled 10 U", "expect canceled 10 u", "line 11: expected canceled 10 u, heard canceled 3 10 U"),
        (
            "expect rejected 0x0105",
            "expect rejected 0x0106",
            "line 15: expected rejected 0x0106, heard rejected 4 0x0105",
        ),
        ("expect refused", "expect canceled", "line 13: expected canceled, heard cancel rejected 1"),
        (
            "expect executed 30 @ 10.05 R\n",
            "\n",
            "line 8: expected no more reports before this order, heard executed 2",
        ),
        ("expect next\n", "\n", "expected nothing, heard next number"),
        ("expect nothing", "expect accepted", "expected accepted, heard nothing within 0 s"),
        ("cancel first", "cancel 99", ""),
    ] {
        assert!(DAY.contains(right), "{right}");
        match play(&DAY.replacen(right, wrong, 1)) {
            Ok(_) => assert_eq!(said, "", "'{wrong}' passed"),
            Err(error) => {
                assert!(!said.is_empty() && error.contains(said), "'{wrong}': expected '{said}', found '{error}'")
            }
        }
    }
}

#[test]
fn what_cannot_be_understood_is_refused_before_anything_is_sent() {
    for (text, said) in [
        ("expect", "line 1: expected one of accepted"),
        ("\nexpect filled", "line 2: expected one of accepted"),
        ("expect accepted @", "expected something behind '@'"),
        ("expect accepted ten", "expected a quantity"),
        ("bye", "line 1: expected buy"),
        ("cancel first", "line 1: expected the number of an order, found 'first'"),
        ("a: buy 1 PINION @ 10 --bogus", "--bogus"),
    ] {
        let error = parse(text).expect_err(text).to_string();
        assert!(error.contains(said), "'{text}': expected '{said}', found '{error}'");
    }
}
