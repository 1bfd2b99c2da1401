//! What is drawn and printed.

use crate::made::Made;
use engine::counters::schema::{appliance, instrument, link, reject};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::crossterm::event::{KeyCode, KeyEvent};
use tools::stats::picture::printed;
use tools::stats::screen::Screen;
use tools::stats::sections::Section;
use tools::stats::{Health, Look, json, print};

/// What a terminal of this size would show.
fn shown(screen: &mut Screen, look: &Look, (width, height): (u16, u16)) -> String {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).expect("a terminal in memory");
    let health = Health::of(look);
    terminal.draw(|frame| screen.draw(frame.buffer_mut(), look, &health)).expect("drawn");
    let buffer = terminal.backend().buffer().clone();
    let line = |y| (0..width).map(|x| buffer[(x, y)].symbol()).collect::<String>();
    (0..height).map(|y| line(y).trim_end().to_owned() + "\n").collect()
}

fn press(screen: &mut Screen, key: KeyCode) -> bool {
    screen.key(KeyEvent::from(key))
}

/// A hundred instruments, a reject, a full link.
fn made() -> Made {
    let mut made = Made::with_instruments(100);
    made.region.row(&reject::GROUP, 0).label("0x001D INVALID_PRICE");
    made.run_with(3_000, |made| made.add(&reject::GROUP, 0, reject::count, 1));
    made.set(&link::GROUP, 3, link::depth, 17);
    made
}

#[test]
fn the_overview_has_all_that_matters_at_80_by_24() {
    let mut made = made();
    let look = made.run(100);
    let text = shown(&mut Screen::default(), &look, (80, 24));
    println!("{text}");
    for words in [
        " HEALTHY  pinion 0.1.0, process ",
        "msg/s 1000  reports/s 1800  trades/s 200  market data/s 3000",
        "journal synced  lag 0  waits 0 ns",
        "port socket  in/s 600",
        "whole",
        "p99.9",
        "matching",
        "30.0%",
        "market_data",
        "main.tick",
        "trader1",
        "PINION",
        "q quit",
    ] {
        assert!(text.contains(words), "expected '{words}' in\n{text}");
    }
    assert!(text.lines().next().expect("a line").starts_with(" HEALTHY "), "{text}");
    assert!(text.lines().nth(23).expect("24 lines").contains("q quit"), "{text}");
    // Printed it is the same, without the keys.
    let once = printed(&look, &Health::of(&look), (80, 23));
    let same: Vec<&str> = text.lines().take(23).collect();
    assert_eq!(once.trim_end(), same.join("\n").trim_end());
}

#[test]
fn the_first_line_says_why_it_is_not_healthy_and_what_to_do() {
    let mut made = made();
    made.run(1_000);
    made.set(&appliance::GROUP, 0, appliance::entry_closed, 1);
    made.add(&link::GROUP, 4, link::drops, 3);
    let look = made.run(100);
    for size in [(80, 24), (200, 50)] {
        let text = shown(&mut Screen::default(), &look, size);
        println!("{text}");
        let first = text.lines().next().expect("a line");
        assert!(first.starts_with(" BROKEN  new orders are rejected: the journal's disk"), "{text}");
        let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(flat.contains("Do: make room on the journal's disk"), "{text}");
        match size.0 {
            80 => assert!(flat.contains("(and 1 more)"), "{text}"),
            _ => assert!(flat.contains("degraded: link market_data dropped 3 messages"), "{text}"),
        }
    }
}

#[test]
fn a_large_terminal_is_used() {
    let mut made = made();
    let look = made.run(100);
    let text = shown(&mut Screen::default(), &look, (200, 50));
    println!("{text}");
    for words in ["decode", "INVALID_PRICE", "rerequest", "S0009", "passed/s", "work/s"] {
        assert!(text.contains(words), "expected '{words}' in\n{text}");
    }
    assert!(text.lines().filter(|line| !line.is_empty()).count() > 40, "{text}");
}

#[test]
fn no_size_is_too_small_and_none_too_large() {
    let mut made = made();
    let look = made.run(100);
    for size in [(1, 1), (10, 3), (40, 12), (79, 23), (500, 200)] {
        let mut screen = Screen::default();
        for _ in 0..=Section::ALL.len() {
            shown(&mut screen, &look, size);
            press(&mut screen, KeyCode::Tab);
        }
        press(&mut screen, KeyCode::Char('?'));
        shown(&mut screen, &look, size);
    }
}

#[test]
fn every_section_opens_by_its_key_and_by_tab() {
    let mut made = made();
    let look = made.run(100);
    let mut by_tab = Screen::default();
    for section in Section::ALL {
        let mut screen = Screen::default();
        press(&mut screen, KeyCode::Char(section.key()));
        press(&mut by_tab, KeyCode::Tab);
        assert_eq!((screen.section(), by_tab.section()), (Some(section), Some(section)));
        for size in [(80, 24), (200, 50)] {
            let text = shown(&mut screen, &look, size);
            println!("{text}");
            let column = section.table(&look).columns.iter().find(|column| !column.head.is_empty()).expect("one");
            assert!(text.contains(column.head) && text.contains("esc overview"), "{section:?}\n{text}");
        }
    }
    press(&mut by_tab, KeyCode::Tab);
    assert_eq!(by_tab.section(), None);
    press(&mut by_tab, KeyCode::BackTab);
    assert_eq!(by_tab.section(), Some(Section::Subscribers));
    assert!(!press(&mut by_tab, KeyCode::Esc) && by_tab.section().is_none());
    assert!(press(&mut by_tab, KeyCode::Esc), "at the overview it is the end");
}

#[test]
fn rows_are_scrolled_and_sorted() {
    let mut made = made();
    made.set(&instrument::GROUP, 50, instrument::orders, 77);
    let look = made.run(100);
    let mut screen = Screen::default();
    press(&mut screen, KeyCode::Char('7'));
    let first = |screen: &mut Screen| {
        let text = shown(screen, &look, (80, 24));
        let line = text.lines().skip_while(|line| !line.starts_with("symbol")).nth(1).expect("a row").to_owned();
        (line.split(' ').next().expect("a symbol").to_owned(), text)
    };
    let (symbol, text) = first(&mut screen);
    assert!(symbol == "PINION" && text.contains("of 100") && text.contains("1 to "), "{text}");
    press(&mut screen, KeyCode::Down);
    assert_eq!(first(&mut screen).0, "S0001");
    press(&mut screen, KeyCode::End);
    let (_, text) = first(&mut screen);
    assert!(text.contains("to 100 of 100"), "{text}");
    // Beyond the end one key leads back.
    press(&mut screen, KeyCode::Up);
    assert!(first(&mut screen).1.contains("to 99 of 100"));
    press(&mut screen, KeyCode::Home);
    // By symbol, downwards, then upwards; then by orders.
    press(&mut screen, KeyCode::Char('s'));
    assert_eq!(first(&mut screen).0, "S0099");
    press(&mut screen, KeyCode::Char('r'));
    assert_eq!(first(&mut screen).0, "PINION");
    press(&mut screen, KeyCode::Char('r'));
    for _ in 0..9 {
        press(&mut screen, KeyCode::Char('s'));
    }
    let (symbol, text) = first(&mut screen);
    assert!(symbol == "S0050" && text.contains("by orders downwards"), "{text}");
}

#[test]
fn a_pause_and_help_are_seen() {
    let mut made = made();
    let look = made.run(100);
    let mut screen = Screen::default();
    press(&mut screen, KeyCode::Char('p'));
    assert!(screen.is_paused && shown(&mut screen, &look, (80, 24)).contains("PAUSED"));
    press(&mut screen, KeyCode::Char('p'));
    press(&mut screen, KeyCode::Char('?'));
    let text = shown(&mut screen, &look, (80, 24));
    assert!(!screen.is_paused && text.contains("back to the overview") && text.contains("GONE"), "{text}");
    press(&mut screen, KeyCode::Esc);
    assert!(shown(&mut screen, &look, (80, 24)).contains("HEALTHY"));
}

#[test]
fn json_has_whole_numbers_and_names_that_stay() {
    let mut made = made();
    let look = made.run(1_000);
    let read = |all| -> serde_json::Value {
        serde_json::from_str(&json::line(&look, &Health::of(&look), all)).expect("one object")
    };
    let object = read(false);
    let keys: Vec<&str> = object.as_object().expect("an object").keys().map(String::as_str).collect();
    let known = "appliance feed gateway instruments journal latency links port reasons rejects sessions subscribers taken_ns tiles verdict";
    assert_eq!(keys.join(" "), known);
    assert_eq!(object["verdict"], "healthy");
    assert_eq!(
        (&object["appliance"]["messages_per_s"], &object["appliance"]["process"]),
        (&1_000.into(), &"runs".into())
    );
    assert_eq!(object["latency"][0]["stage"], "whole");
    assert!(object["latency"][0]["p99_ns"].as_u64().is_some_and(|ns| (20_000..22_000).contains(&ns)), "{object}");
    assert_eq!((&object["tiles"][1]["tile"], &object["tiles"][1]["busy_permille"]), (&"matching".into(), &300.into()));
    assert_eq!((&object["tiles"][0]["core"], &object["tiles"][1]["core"]), (&2.into(), &serde_json::Value::Null));
    assert_eq!((&object["links"][3]["link"], &object["links"][3]["depth"]), (&"commands".into(), &17.into()));
    assert_eq!((&object["sessions"][0]["session"], &object["sessions"][0]["state"]), (&"trader1".into(), &"up".into()));
    assert_eq!(object["sessions"].as_array().map(Vec::len), Some(2), "rows that are not in use are not there");
    let first = &object["instruments"][0];
    assert_eq!(
        (&first["symbol"], &first["last_price"], &first["bid_price"]),
        (&"PINION".into(), &"100.05".into(), &"-0.25".into())
    );
    assert_eq!(
        (&object["instruments"][1]["last_price"], object["instruments"].as_array().map(Vec::len)),
        (&serde_json::Value::Null, Some(10))
    );
    assert_eq!((&object["journal"]["durability"], &object["journal"]["failed"]), (&"synced".into(), &false.into()));
    assert_eq!(object["rejects"][0]["code"], "0x001D INVALID_PRICE");
    let all = read(true);
    assert_eq!(all["instruments"].as_array().map(Vec::len), Some(100));
    assert_eq!(
        (&all["counters"]["tile"]["net"]["thread"], &all["counters"]["instrument"]["PINION"]["bid_price"]),
        (&0.into(), &(-2_500).into())
    );
    assert!(all["counters"]["stage"]["whole"]["duration"]["count"].as_u64() > Some(30), "{all}");
    // What is wrong is an object of its own.
    made.set(&appliance::GROUP, 0, appliance::phase, 4);
    let look = made.run(100);
    let object: serde_json::Value =
        serde_json::from_str(&json::line(&look, &Health::of(&look), false)).expect("one object");
    assert_eq!((&object["verdict"], &object["reasons"][0]["rule"]), (&"broken".into(), &"failed".into()));
}

#[test]
fn everything_is_printed_by_its_name() {
    let mut made = made();
    let look = made.run(1_000);
    let text = print::all(&look, &Health::of(&look));
    for words in [
        "healthy: pinion 0.1.0, process ",
        "\nlatency, last 10 s\n",
        "\nS0099 ",
        "link[commands].slots 1024",
        "instrument[PINION].bid_price -2500",
        "stage[whole].duration 40 p50 ",
    ] {
        assert!(text.contains(words), "expected '{words}' in\n{text}");
    }
    // Every field of every group that has rows.
    for group in engine::counters::schema::GROUPS {
        for field in group.fields {
            let is_there = text.lines().any(|line| {
                line.starts_with(&format!("{}[", group.name)) && line.contains(&format!("].{} ", field.name))
            });
            assert!(is_there, "{}.{}", group.name, field.name);
        }
    }
}
