//! The trading screen drawn into memory at both sizes: orders of a real venue, its depth as a stream, and every key.

use crate::seats::{Table, client};
use crate::venue_port::VenuePort;
use engine::config::Config;
use feedhandler::handler::{Handler, HandlerOptions, Join, Source};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use tools::hand::instruction::Instruction;
use tools::listen::tape::Tape;
use tools::trade::listed::Listed;
use tools::trade::screen::{Screen, Shown, Wish, draw};
use wire::feed::StreamKind;
use wire::mold::{PacketBuilder, SessionId};
use wire::tick::{Tick, TickKind, TickSide};
use wire::{InstrumentIndex, Nanos, Price, Side, UserRefNum};

const NOW: Nanos = Nanos(1_767_323_045_000_000_000);

/// A person before a screen.
struct Trader {
    table: Table,
    handler: Handler,
    tape: Tape,
    listed: Vec<Listed>,
    screen: Screen,
}

impl Trader {
    fn new() -> Self {
        let mut options = HandlerOptions::new(StreamKind::Tick);
        (options.rerequest, options.snapshot, options.join) = (None, None, Join::At(1));
        Self {
            table: Table::at(client(), VenuePort::new(None)),
            handler: Handler::new(options),
            tape: Tape::new(),
            listed: Listed::all(&Config::default()),
            screen: Screen::new(0),
        }
    }

    /// The depth that the venue published, and a trade, as a stream of ticks.
    fn hear(&mut self, trade: Option<(Price, u32)>) {
        let seen = self.table.seen.lock().expect("nobody panicked");
        let depth = seen.depth.get(InstrumentIndex(0)).expect("traded");
        let tick = |price, quantity, side, kind| Tick {
            timestamp: NOW,
            symbol_id: InstrumentIndex(0),
            price,
            quantity,
            side,
            kind,
        };
        let mut ticks = Vec::new();
        for (side, told) in [(Side::Buy, TickSide::Buy), (Side::Sell, TickSide::Sell)] {
            ticks.extend(depth.levels(side).map(|level| tick(level.price, level.quantity, told, TickKind::Quote)));
        }
        ticks.extend(trade.map(|(price, qty)| tick(price, qty, TickSide::Buy, TickKind::Trade)));
        let mut bytes = [0; 1_400];
        let next = self.handler.next_sequence().max(1);
        let mut packet = PacketBuilder::new(&mut bytes, SessionId(*b"KQ7B2MXADA"), next).expect("room");
        assert!(ticks.iter().all(|tick| packet.push_with(|out| tick.encode(out))));
        let len = packet.finish();
        for line in 0..2 {
            self.handler.on_packet(Source::Line(line), &bytes[..len], NOW, &mut self.tape);
        }
        self.handler.poll(NOW, &mut self.tape);
    }

    fn look<T>(&mut self, see: impl FnOnce(&mut Screen, &Shown<'_>) -> T) -> T {
        let standing = self.table.seat.standing();
        let shown = Shown {
            listed: &self.listed,
            handler: Some(&self.handler),
            tape: &self.tape,
            market: "main ticks",
            orders: self.table.seat.orders(),
            standing: &standing,
            log: &self.table.log,
            now: NOW,
        };
        see(&mut self.screen, &shown)
    }

    fn press(&mut self, code: KeyCode) -> Option<Wish> {
        self.look(|screen, shown| screen.key(KeyEvent::new(code, KeyModifiers::NONE), shown))
    }

    fn keys(&mut self, keys: &str) -> Option<Wish> {
        keys.chars().map(|key| self.press(KeyCode::Char(key))).last().flatten()
    }

    /// Types a line and returns what it comes to.
    fn line(&mut self, text: &str) -> Option<Wish> {
        assert_eq!(self.keys(&format!(":{text}")), None);
        self.press(KeyCode::Enter)
    }

    fn picture(&mut self, width: u16, height: u16) -> Vec<String> {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).expect("a terminal in memory");
        self.look(|screen, shown| terminal.draw(|frame| draw(frame, screen, shown)).map(|_| ())).expect("drawn");
        let buffer = terminal.backend().buffer();
        let row = |y: u16| (0..width).map(|x| buffer[(x, y)].symbol()).collect::<String>().trim_end().to_owned();
        (0..height).map(row).collect()
    }

    fn text(&mut self) -> String {
        self.picture(80, 24).join("\n")
    }
}

/// The words of the first row that has this one.
fn words<'a>(rows: &'a [String], with: &str) -> Vec<&'a str> {
    let row =
        rows.iter().find(|row| row.contains(with)).unwrap_or_else(|| panic!("no '{with}' in\n{}", rows.join("\n")));
    row.split(['│', ' ']).filter(|word| !word.is_empty()).collect()
}

/// Orders that show everything: someone else's would stand in the same levels.
fn day() -> Trader {
    let mut trader = Trader::new();
    for order in [
        "sell 300 PINION @ 10.07",
        "sell 100 PINION @ 10.06 --tif gtc",
        "buy 40 PINION @ 10.06 --tif ioc",
        "buy 200 PINION @ 10.05",
        "buy 50 PINION @ 10.05 --hidden",
        "buy 7 PINION @ 12 --stop 11",
        "buy 1 ALC @ 5",
        "buy 5 PINION @ 10.06 --post-only",
    ] {
        trader.table.give(order);
    }
    trader.hear(Some((Price(100_600), 40)));
    trader
}

#[test]
fn the_screen_has_it_all_at_both_sizes() {
    let mut trader = day();
    for (width, height) in [(80, 24), (200, 50)] {
        let rows = trader.picture(width, height);
        let text = rows.join("\n");
        assert_eq!(rows.len(), usize::from(height));
        for words in ["trader1", "PINION", "tick 0.0001", "qty 1", "main ticks"] {
            assert!(rows[0].contains(words), "expected '{words}' in\n{text}");
        }
        assert!(rows[0].ends_with("UP  WHOLE"), "{text}");
        assert!(rows[1].contains("µs") && rows[1].contains("gaps 0  feed gaps 0"), "{text}");
        assert!(rows[1].contains("sent 16"), "{text}");
        // The ladder: the highest price first, ours marked, the hidden quantity ours alone.
        let at = |price: &str| rows.iter().position(|row| row.starts_with('│') && row.contains(price)).expect("a row");
        assert!(at("10.07 ") < at("10.06 ") && at("10.06 ") < at("10.05 "), "{text}");
        assert_eq!(words(&rows[at("10.07 ")..], "10.07")[..3], ["10.07", "300", "*300"], "{text}");
        assert_eq!(words(&rows[at("10.06 ")..], "10.06")[..3], ["10.06", "60", "*60"], "{text}");
        assert_eq!(words(&rows[at("10.05 ")..], "10.05")[..3], ["*250", "200", "10.05"], "{text}");
        // Own orders: what is open, done, and where it stands.
        assert!(text.contains("own orders: 6 open"), "{text}");
        let order = |with: &str| words(&rows, with).join(" ");
        assert!(order(" 40 ").contains("2 S PINION 60 40 10.06 live"), "{text}");
        assert!(order("waiting").contains("6 B PINION 7 0 12 waiting"), "{text}");
        assert!(order("B ALC").contains("7 B ALC 1 0 5 live"), "{text}");
        assert!(text.contains("rejected 8 0x0105"), "{text}");
        let trade = words(&rows, "03:04:05").join(" ");
        assert!(trade.starts_with("03:04:05 10.06 40 B"), "{trade}");
        assert!(rows[usize::from(height) - 1].contains("? help") && rows[usize::from(height) - 1].contains("q quit"));
    }
    let wide = trader.picture(200, 50).join("\n");
    assert!(wide.contains("stop 11") && wide.contains("hidden") && wide.contains("gtc"), "{wide}");
    assert!(wide.contains("rejected 8 0x0105 venue: post only, and would trade"), "{wide}");
}

#[test]
fn keys_trade_at_the_cursor_and_work_on_the_chosen_order() {
    let mut trader = day();
    // The cursor begins at the best bid.
    let buy = trader.press(KeyCode::Char('b'));
    assert_eq!(buy, Some(Wish::Give("buy 1 PINION @ 10.05".parse().expect("an order"))));
    trader.press(KeyCode::Up);
    trader.keys("++");
    let sell = trader.press(KeyCode::Char('s'));
    assert_eq!(sell, Some(Wish::Give("sell 3 PINION @ 10.0501".parse().expect("an order"))));
    trader.press(KeyCode::PageUp);
    trader.press(KeyCode::PageUp);
    assert_eq!(trader.line("qty 500"), None);
    let sell = trader.press(KeyCode::Char('s'));
    assert_eq!(sell, Some(Wish::Give("sell 500 PINION @ 10.07".parse().expect("an order"))));
    trader.press(KeyCode::PageDown);
    trader.press(KeyCode::Down);
    let buy = trader.press(KeyCode::Char('b'));
    assert_eq!(buy, Some(Wish::Give("buy 500 PINION @ 10.0599".parse().expect("an order"))));
    assert_eq!(trader.line("go 11"), None);
    let buy = trader.press(KeyCode::Char('b'));
    assert_eq!(buy, Some(Wish::Give("buy 500 PINION @ 11".parse().expect("an order"))));
    trader.press(KeyCode::Home);
    let buy = trader.press(KeyCode::Char('b'));
    assert_eq!(buy, Some(Wish::Give("buy 500 PINION @ 10.05".parse().expect("an order"))));
    // The newest open order is chosen until another is.
    let cancel = |order| Some(Wish::Give(Instruction::Cancel { order: UserRefNum(order) }));
    assert_eq!(trader.press(KeyCode::Char('c')), cancel(7));
    trader.keys("kkk");
    assert_eq!(trader.press(KeyCode::Char('c')), cancel(4));
    trader.keys("jjjj");
    assert_eq!(trader.press(KeyCode::Char('c')), cancel(1), "behind the last comes the first");
    trader.keys("j");
    trader.keys("r");
    assert!(trader.text().contains(":replace 2 100 @ 10.06_"), "{}", trader.text());
    let Some(Wish::Give(replace)) = trader.press(KeyCode::Enter) else { panic!("expected a replace") };
    trader.table.give(&replace.to_string());
    // What was not said has stayed.
    let order = trader.table.seat.orders().get(UserRefNum(9)).expect("replaced");
    assert_eq!((order.leaves_qty.get(), order.cum_qty.get()), (60, 40));
    assert_eq!(order.terms.time_in_force, Some(wire::ouch::TimeInForce::GoodTillCancel));
    assert_eq!(trader.press(KeyCode::Right), Some(Wish::Instrument));
    assert!(trader.picture(80, 24)[0].contains(" ALC "));
    assert_eq!(trader.line("symbol ch"), Some(Wish::Instrument));
    assert!(trader.picture(80, 24)[0].contains(" CHAR "));
    assert_eq!(trader.press(KeyCode::Char('b')), None);
    assert!(trader.text().contains("no price to trade at"), "{}", trader.text());
}

#[test]
fn what_cannot_be_undone_is_asked() {
    let mut trader = day();
    assert_eq!(trader.press(KeyCode::Char('q')), None);
    assert!(trader.text().contains("6 open. Quit: y leaves them in the book, c cancels them"), "{}", trader.text());
    assert_eq!(trader.press(KeyCode::Char('x')), None);
    assert!(!trader.text().contains("Quit:"));
    trader.press(KeyCode::Char('q'));
    assert_eq!(trader.press(KeyCode::Char('y')), Some(Wish::Quit));
    let control = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
    assert_eq!(trader.look(|screen, shown| screen.key(control, shown)), None, "it asks, too");
    assert_eq!(trader.press(KeyCode::Char('c')), Some(Wish::CancelAllAndQuit));
    assert_eq!(trader.press(KeyCode::Char('C')), None);
    assert!(trader.text().contains("Cancel 6 open orders?"));
    assert_eq!(trader.press(KeyCode::Char('n')), None);
    assert_eq!(trader.line("cancel all"), None);
    assert_eq!(trader.press(KeyCode::Char('y')), Some(Wish::CancelAll));
    for order in [1, 2, 4, 5, 6, 7] {
        trader.table.give(&format!("cancel {order}"));
    }
    assert_eq!(trader.press(KeyCode::Char('q')), Some(Wish::Quit), "nothing to ask");
}

#[test]
fn lines_are_typed_corrected_and_recalled() {
    let mut trader = day();
    let wish = trader.line("buy 100 PINION @ 9.5 --tif ioc --min 10");
    assert_eq!(wish, Some(Wish::Give("buy 100 PINION @ 9.5 --tif ioc --min 10".parse().expect("an order"))));
    assert_eq!(trader.line("bye 100"), None);
    assert!(trader.text().contains("expected buy, sell"), "{}", trader.text());
    trader.press(KeyCode::Char(':'));
    trader.press(KeyCode::Up);
    trader.press(KeyCode::Up);
    assert!(trader.text().contains(":buy 100 PINION @ 9.5 --tif ioc --min 10_"), "{}", trader.text());
    trader.press(KeyCode::Backspace);
    trader.press(KeyCode::Char('5'));
    let wish = trader.press(KeyCode::Enter);
    assert_eq!(wish, Some(Wish::Give("buy 100 PINION @ 9.5 --tif ioc --min 15".parse().expect("an order"))));
    trader.press(KeyCode::Char(':'));
    trader.keys("q");
    assert_eq!(trader.press(KeyCode::Esc), None, "nothing is said, and nothing ends");
    trader.press(KeyCode::Char('?'));
    let help = trader.text();
    assert!(help.contains("any key goes back") && help.contains("--self-match"), "{help}");
    assert_eq!(trader.press(KeyCode::Char('q')), None);
    assert!(!trader.text().contains("any key goes back"));
}

/// However small the terminal, drawing is only worse.
#[test]
fn no_size_is_too_small() {
    let mut trader = day();
    for (width, height) in [(1, 1), (2, 3), (10, 8), (36, 12), (79, 23), (400, 3), (3, 200)] {
        trader.picture(width, height);
        trader.press(KeyCode::Char('?'));
        trader.picture(width, height);
        trader.press(KeyCode::Esc);
    }
}
