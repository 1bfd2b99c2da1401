//! The live view drawn into memory: at the size of an old terminal and at that of a large one, with a recorded day in it.

use crate::feed::{SESSION, handler, now, places, recorded, send};
use feedhandler::handler::Handler;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use tools::listen::look;
use tools::listen::screen::{Rates, Screen, Shown, Wish, draw};
use tools::listen::tape::Tape;
use tools::symbols::Symbols;
use wire::feed::StreamKind;
use wire::{Nanos, Side};

fn picture(width: u16, height: u16, screen: &Screen, handler: &Handler, tape: &Tape, at: Nanos) -> Vec<String> {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).expect("a terminal in memory");
    let (places, rates) = (places(handler.options().kind), Rates::default());
    let symbols = Symbols::default();
    let shown = Shown { places: &places, handler, symbols: &symbols, tape, rates: &rates, check: "none", now: at };
    terminal.draw(|frame| draw(frame, screen, &shown)).expect("drawn");
    let buffer = terminal.backend().buffer();
    let row = |y: u16| (0..width).map(|x| buffer[(x, y)].symbol()).collect::<String>().trim_end().to_owned();
    (0..height).map(row).collect()
}

fn press(screen: &mut Screen, handler: &Handler, code: KeyCode) -> Option<Wish> {
    screen.key(KeyEvent::new(code, KeyModifiers::NONE), handler, &Symbols::default())
}

/// The recorded day up to some message, and what is on the screen then.
fn day(messages: usize) -> Option<(Handler, Tape, Nanos)> {
    let messages = recorded(messages)?;
    let (mut handler, mut tape, now) = (handler(StreamKind::Depth), Tape::new(), now());
    send(&mut handler, 1, &messages, now, &mut tape);
    assert_eq!(handler.next_sequence(), messages.len() as u64 + 1);
    Some((handler, tape, now))
}

#[test]
fn a_recorded_day_is_on_the_screen_at_both_sizes() {
    let Some((handler, tape, now)) = day(20_000) else { return };
    let mut screen = Screen::default();
    let all = look::instruments(&handler);
    // The instrument that has the most on both sides.
    let depth = |one: wire::InstrumentIndex| {
        [Side::Buy, Side::Sell].map(|side| look::levels(&handler, one, side, 50).len()).into_iter().min().unwrap_or(0)
    };
    let busiest = all.iter().copied().max_by_key(|one| depth(*one)).expect("instruments");
    for _ in all.iter().take_while(|one| **one != busiest) {
        press(&mut screen, &handler, KeyCode::Right);
    }
    assert_eq!(screen.instrument(&handler), Some(busiest));
    let name = look::name(&handler, &Symbols::default(), busiest);
    for (width, height) in [(80, 24), (200, 50)] {
        let rows = picture(width, height, &screen, &handler, &tape, now);
        let text = rows.join("\n");
        assert_eq!(rows.len(), usize::from(height));
        assert!(rows.iter().all(|row| row.chars().count() <= usize::from(width)));
        assert!(rows[0].contains("main depth") && rows[0].contains(&SESSION.to_string()), "{text}");
        assert!(rows[0].ends_with("WHOLE"), "{text}");
        assert!(rows[1].contains(&format!(" {name} ")) && rows[1].contains("trades"), "{text}");
        // Every level that there is room for stands there: quantity, bid, ask, quantity.
        let room = usize::from(height) - 1 - 7 - 1 - 2 - 1;
        let [bids, asks] = [Side::Buy, Side::Sell].map(|side| look::levels(&handler, busiest, side, room));
        assert!(bids.len() > 3 && asks.len() > 3, "{} bids, {} asks", bids.len(), asks.len());
        for (at, (bid, ask)) in bids.iter().zip(&asks).enumerate() {
            // The frames are no numbers.
            let row = rows[3 + at].replace('│', " ");
            let number = |text: &str| text.parse::<wire::Price>().expect("a number").get();
            let count = |count: u64| i64::try_from(count).expect("small") * 10_000;
            let expected = [
                count(bid.orders.expect("told").into()),
                count(bid.qty),
                bid.price.get(),
                ask.price.get(),
                count(ask.qty),
                count(ask.orders.expect("told").into()),
            ];
            // The frame is left of it.
            let found: Vec<i64> = row.split_whitespace().take(6).map(number).collect();
            assert_eq!(found, expected, "level {at} in\n{text}");
        }
        if let Some(trade) = tape.trades(busiest).next() {
            assert!(text.contains(&format!("{} ", trade.price)), "{text}");
        }
        for words in ["line A 239.26.41.1:26450", "line B 239.26.41.2:26450", "up", "gaps 0", "lost 0", "check: none"] {
            assert!(text.contains(words), "expected '{words}' in\n{text}");
        }
        assert!(rows[usize::from(height) - 1].contains("q quit"), "{text}");
    }
}

#[test]
fn a_gap_and_a_silent_line_are_seen() {
    let Some(messages) = recorded(2_000) else { return };
    let (mut handler, mut tape, now) = (handler(StreamKind::Depth), Tape::new(), now());
    let screen = Screen::default();
    let rows = picture(80, 24, &screen, &handler, &tape, now);
    assert!(rows[0].contains("STALE Waiting"), "{}", rows.join("\n"));
    assert!(rows.join("\n").contains("nothing heard yet"));
    send(&mut handler, 1, &messages[..1_000], now, &mut tape);
    // Some are missing, and nobody is asked: they are given up a moment later.
    send(&mut handler, 1_011, &messages[1_010..1_500], now, &mut tape);
    let rows = picture(80, 24, &screen, &handler, &tape, now);
    let text = rows.join("\n");
    assert!(rows[0].contains("STALE Gap") && text.contains("missing now 500"), "{text}");
    assert!(text.contains("gap: messages 1001 to 1010"), "{text}");
    let later = Nanos(now.get() + 5_000_000_000);
    handler.poll(later, &mut tape);
    let rows = picture(80, 24, &screen, &handler, &tape, later);
    let text = rows.join("\n");
    assert!(rows[0].contains("STALE") && rows[0].contains("5.0 s"), "{text}");
    assert!(text.contains("lost 10") && text.contains("silent") && text.contains("heard 5.0 s ago"), "{text}");
}

#[test]
fn keys_choose_pause_and_end() {
    let Some((handler, tape, now)) = day(5_000) else { return };
    let all = look::instruments(&handler);
    let mut screen = Screen::default();
    assert_eq!(screen.instrument(&handler), all.first().copied());
    assert_eq!(press(&mut screen, &handler, KeyCode::Down), None);
    assert_eq!(screen.instrument(&handler), all.get(1).copied());
    press(&mut screen, &handler, KeyCode::Left);
    press(&mut screen, &handler, KeyCode::Left);
    assert_eq!(screen.instrument(&handler), all.last().copied(), "before the first comes the last");
    let wanted = look::name(&handler, &Symbols::default(), all[1]);
    press(&mut screen, &handler, KeyCode::Char('/'));
    for letter in wanted.to_lowercase().chars() {
        assert_eq!(press(&mut screen, &handler, KeyCode::Char(letter)), None, "a letter, and no command");
    }
    assert!(picture(80, 24, &screen, &handler, &tape, now)[23].contains(&format!("symbol: {wanted}_")));
    press(&mut screen, &handler, KeyCode::Enter);
    assert_eq!(screen.instrument(&handler), Some(all[1]));
    press(&mut screen, &handler, KeyCode::Char('p'));
    assert!(picture(80, 24, &screen, &handler, &tape, now)[0].contains("PAUSED"));
    assert_eq!(press(&mut screen, &handler, KeyCode::Char('s')), Some(Wish::Stream(StreamKind::Tick)));
    assert_eq!(press(&mut screen, &handler, KeyCode::Char('c')), Some(Wish::Check));
    assert_eq!(press(&mut screen, &handler, KeyCode::Char('q')), Some(Wish::Quit));
    let control = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
    assert_eq!(screen.key(control, &handler, &Symbols::default()), Some(Wish::Quit));
}

/// However small the terminal, drawing is only worse.
#[test]
fn no_size_is_too_small() {
    let Some((handler, tape, now)) = day(3_000) else { return };
    for (width, height) in [(1, 1), (2, 3), (10, 8), (40, 12), (79, 23), (400, 3), (3, 200)] {
        picture(width, height, &Screen::default(), &handler, &tape, now);
    }
}
