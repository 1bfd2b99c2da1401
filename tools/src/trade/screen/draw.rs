//! What is known, as cells of a terminal.
//!
//! ```text
//!   login, instrument, tick, quantity of the keys                 session   feed
//!   how long answers took, messages, reports, gaps
//!   ┌ ladder: ours bid price ask ours ┐ ┌ own orders, the open ones first ┐
//!   └─────────────────────────────────┘ └─────────────────────────────────┘
//!   ┌ last trades ┐ ┌ what was said to the venue, and what it said ┐
//!   └─────────────┘ └──────────────────────────────────────────────┘
//!   what is typed, asked or wrong
//!   keys
//! ```

use super::{Mode, Question, Screen, Shown};
use crate::cells::{ASK, BAD, BID, Clock, DIM, GOOD, decimals, with_decimals};
use crate::client::State;
use crate::hand::own_orders::OwnOrder;
use crate::trade::ladder::Rung;
use crate::trade::log::Tone;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear, Paragraph};
use wire::Side;
use wire::ouch::MARKET_PRICE;

const STRONG: Style = Style::new().add_modifier(Modifier::BOLD);
const CHOSEN: Style = Style::new().add_modifier(Modifier::REVERSED);
/// Columns of the ladder: ours, and a quantity, with a blank before each.
const OWN_WIDTH: usize = 5;
const QTY_WIDTH: usize = 7;
/// From this many columns on there is room for more than the least.
const WIDE: u16 = 120;

/// Draws one picture.
pub fn draw(frame: &mut Frame<'_>, screen: &Screen, shown: &Shown<'_>) {
    let area = frame.area();
    let [title, session, body, below, prompt, keys] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Length(1),
        Constraint::Min(5),
        Constraint::Length(area.height / 3),
        Constraint::Length(1),
        Constraint::Length(1),
    ])
    .areas(area);
    draw_title(frame, title, screen, shown);
    draw_session(frame, session, shown);
    let ladder_width = if area.width < WIDE { 35 } else { 55 };
    let [ladder, orders] = Layout::horizontal([Constraint::Length(ladder_width), Constraint::Min(0)]).areas(body);
    draw_ladder(frame, ladder, screen, shown);
    draw_orders(frame, orders, screen, shown);
    let trades_width = if area.width < WIDE { 29 } else { 55 };
    let [trades, log] = Layout::horizontal([Constraint::Length(trades_width), Constraint::Min(0)]).areas(below);
    draw_trades(frame, trades, screen, shown);
    draw_log(frame, log, shown);
    draw_prompt(frame, prompt, screen, shown);
    let text = " b/s buy/sell at cursor  ↑↓ price  c cancel  r replace  : type  ? help  q quit";
    frame.render_widget(Paragraph::new(text).style(CHOSEN), keys);
    if screen.mode == Mode::Helping {
        draw_help(frame, area);
    }
}

fn draw_title(frame: &mut Frame<'_>, area: Rect, screen: &Screen, shown: &Shown<'_>) {
    let standing = shown.standing;
    let instrument = screen.listed(shown.listed).map_or_else(
        || "no instrument".to_owned(),
        |listed| format!("{}  tick {}  lot {}", listed.symbol, listed.tick, listed.lot),
    );
    let text = format!(" {}  {instrument}  qty {}  {}", standing.user, screen.qty(shown), shown.market);
    let (session, session_style) = match standing.state {
        State::Up => (" UP ", GOOD),
        State::LoggingIn => (" LOGGING IN ", BAD),
        State::Leaving => (" LEAVING ", BAD),
        State::Closed => (" CLOSED ", BAD),
        State::Failed => (" FAILED ", BAD),
    };
    let (feed, feed_style) = match shown.handler.map(feedhandler::handler::Handler::stale) {
        None => (" NO FEED ".to_owned(), BAD),
        Some(None) => (" WHOLE ".to_owned(), GOOD),
        Some(Some(stale)) => (format!(" STALE {:?} ", stale.reason), BAD),
    };
    let widths = [session.len(), feed.len()].map(|width| u16::try_from(width).unwrap_or(u16::MAX));
    let [left, middle, right] =
        Layout::horizontal([Constraint::Min(0), Constraint::Length(widths[0]), Constraint::Length(widths[1])])
            .areas(area);
    frame.render_widget(Paragraph::new(text).style(STRONG), left);
    frame.render_widget(Paragraph::new(session).style(session_style), middle);
    frame.render_widget(Paragraph::new(feed).style(feed_style), right);
}

fn draw_session(frame: &mut Frame<'_>, area: Rect, shown: &Shown<'_>) {
    let standing = shown.standing;
    let (latency, counters) = (standing.latency, standing.counters);
    let answer = match latency.answers {
        0 => "no answer yet".to_owned(),
        _ => {
            let micros = [latency.last_ns, latency.best_ns, latency.worst_ns].map(|ns| ns / 1_000);
            format!("answer {} µs ({} to {})", micros[0], micros[1], micros[2])
        }
    };
    let feed_gaps = shown.handler.map_or(0, |handler| handler.counters().gaps);
    let text = format!(
        " {answer}  sent {}  report {}  gaps {}  feed gaps {feed_gaps}  unanswered {}  resent {}  logins {}",
        standing.last_number,
        standing.last_sequence,
        counters.gaps,
        standing.unanswered,
        counters.messages_resent,
        counters.logins,
    );
    let style = if counters.gaps + feed_gaps > 0 { Style::new().fg(Color::Yellow) } else { Style::new() };
    frame.render_widget(Paragraph::new(text).style(style), area);
}

fn draw_ladder(frame: &mut Frame<'_>, area: Rect, screen: &Screen, shown: &Shown<'_>) {
    let last = screen.instrument(shown).and_then(|instrument| shown.tape.trades(instrument).next());
    let last = last.map_or_else(String::new, |trade| format!("last {} ", trade.price));
    let name = screen.listed(shown.listed).map_or_else(String::new, |listed| format!("{} ", listed.symbol));
    let status = screen.instrument(shown).zip(shown.handler);
    let status = status.and_then(|(instrument, handler)| crate::listen::look::status(handler, instrument));
    let status = status.map_or_else(String::new, |status| format!("{status} "));
    let block = Block::bordered().title(format!(" {name}{status}{last}"));
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let ladder = screen.ladder(shown);
    let cursor = screen.at(&ladder);
    let rows = ladder.rows(cursor, usize::from(inner.height.saturating_sub(1)));
    if rows.is_empty() {
        let text = " nothing in the book: type an order with :, or `go PRICE`";
        frame.render_widget(Paragraph::new(text).wrap(ratatui::widgets::Wrap { trim: false }), inner);
        return;
    }
    let places = rows.iter().map(|(price, _)| decimals(*price)).max().unwrap_or(0);
    let width = usize::from(inner.width).saturating_sub(2 * (OWN_WIDTH + QTY_WIDTH)).max(6);
    let mut lines =
        vec![Line::styled(row(["own", "bid", "price", "ask", "own"].map(str::to_owned), width).concat(), DIM)];
    for (price, rung) in rows {
        let Rung { bid_qty, own_bid_qty, ask_qty, own_ask_qty } = rung;
        let own = |qty: u64| if qty == 0 { String::new() } else { format!("*{qty}") };
        let count = |qty: u64| if qty == 0 { String::new() } else { qty.to_string() };
        let price_text = with_decimals(price, places);
        let cells = [own(own_bid_qty), count(bid_qty), price_text, count(ask_qty), own(own_ask_qty)];
        let [own_bid, bid, at, ask, own_ask] = row(cells, width);
        let at_style = if cursor == Some(price) { CHOSEN } else { STRONG };
        lines.push(Line::from(vec![
            Span::styled(own_bid, BID.add_modifier(Modifier::BOLD)),
            Span::styled(bid, BID),
            Span::styled(at, at_style),
            Span::styled(ask, ASK),
            Span::styled(own_ask, ASK.add_modifier(Modifier::BOLD)),
        ]));
    }
    frame.render_widget(Paragraph::new(lines), inner);
}

/// The cells of a row, each in its width, apart from each other also when they are wider.
fn row([own_bid, bid, price, ask, own_ask]: [String; 5], width: usize) -> [String; 5] {
    const QTY: usize = QTY_WIDTH - 1;
    const OWN: usize = OWN_WIDTH - 1;
    let at = width - 1;
    [
        format!(" {own_bid:>OWN$}"),
        format!(" {bid:>QTY$}"),
        format!(" {price:>at$}"),
        format!(" {ask:>QTY$}"),
        format!(" {own_ask:>OWN$}"),
    ]
}

fn draw_orders(frame: &mut Frame<'_>, area: Rect, screen: &Screen, shown: &Shown<'_>) {
    let open: Vec<&OwnOrder> = shown.orders.open().collect();
    let title = match shown.orders.strangers() {
        0 => format!(" own orders: {} open ", open.len()),
        strangers => format!(" own orders: {} open; {strangers} reports about older ones ", open.len()),
    };
    let block = Block::bordered().title(title);
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let room = usize::from(inner.height.saturating_sub(1));
    let selected = screen.selected(shown.orders).map(|order| order.user_ref);
    let at = open.iter().position(|order| Some(order.user_ref) == selected).unwrap_or(0);
    let first = at.saturating_sub(room / 2).min(open.len().saturating_sub(room));
    let finished = shown.orders.iter().rev().filter(|order| !order.is_open());
    let wide = area.width >= WIDE / 2;
    let head = ["ref", "what", "open", "done", "price", "state"].map(str::to_owned);
    let mut lines = vec![Line::styled(columns(head, wide), DIM)];
    for order in open.iter().copied().skip(first).chain(finished).take(room) {
        let style = match order.side.side() {
            _ if !order.is_open() => DIM,
            _ if Some(order.user_ref) == selected => CHOSEN,
            Side::Buy => BID,
            Side::Sell => ASK,
        };
        lines.push(Line::styled(of_order(order, wide), style));
    }
    frame.render_widget(Paragraph::new(lines), inner);
}

/// The cells of an order, as wide as there is room.
fn columns([order, what, open, done, price, state]: [String; 6], wide: bool) -> String {
    let [order_width, what_width, qty_width, price_width] = if wide { [7, 10, 9, 12] } else { [4, 8, 5, 7] };
    format!(
        "{order:>order_width$} {what:<what_width$} {open:>qty_width$} {done:>qty_width$} {price:>price_width$} {state}"
    )
}

fn of_order(order: &OwnOrder, wide: bool) -> String {
    let side = char::from(match order.side.side() {
        Side::Buy => b'B',
        Side::Sell => b'S',
    });
    let price = if order.price == MARKET_PRICE { "market".to_owned() } else { order.price.to_string() };
    let terms = order.terms;
    let (open, done) = (order.leaves_qty.to_string(), order.cum_qty.to_string());
    let what = format!("{side} {}", order.symbol);
    let mut text = columns([order.user_ref.to_string(), what, open, done, price, order.stand.to_string()], wide);
    // Where there is room, what is special about it.
    if let Some(stop) = terms.stop {
        text.push_str(&format!("  stop {stop}"));
    }
    if let Some(tif) = terms.time_in_force.filter(|tif| *tif != wire::ouch::TimeInForce::Day) {
        text.push_str(&format!("  {}", crate::hand::words::word_of(crate::hand::words::TIMES_IN_FORCE, tif)));
    }
    if terms.display == Some(wire::ouch::Display::Hidden) {
        text.push_str("  hidden");
    }
    if let Some(slice) = terms.slice {
        text.push_str(&format!("  display {slice}"));
    }
    text
}

fn draw_trades(frame: &mut Frame<'_>, area: Rect, screen: &Screen, shown: &Shown<'_>) {
    let block = Block::bordered().title(" trades ");
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let Some(instrument) = screen.instrument(shown) else { return };
    let trades = shown.tape.trades(instrument).take(usize::from(inner.height));
    let lines: Vec<Line<'_>> = trades
        .map(|trade| {
            let (style, side) = match trade.taker_side {
                Some(Side::Buy) => (BID, "B"),
                Some(Side::Sell) => (ASK, "S"),
                None => (Style::new(), " "),
            };
            Line::styled(
                format!("{} {:>9} {:>6} {side}", seconds(trade.time), trade.price.to_string(), trade.qty),
                style,
            )
        })
        .collect();
    frame.render_widget(Paragraph::new(lines), inner);
}

/// A time of day in seconds: milliseconds would leave no room for words.
fn seconds(time: wire::TimeOfDay) -> String {
    let mut text = Clock(time).to_string();
    text.truncate("00:00:00".len());
    text
}

fn draw_log(frame: &mut Frame<'_>, area: Rect, shown: &Shown<'_>) {
    let block = Block::bordered().title(" reports ");
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let entries = shown.log.iter().take(usize::from(inner.height));
    let lines: Vec<Line<'_>> = entries
        .map(|entry| {
            let style = match entry.tone {
                Tone::Said => DIM,
                Tone::Report => Style::new(),
                Tone::Trade => STRONG,
                Tone::Refusal => Style::new().fg(Color::Yellow).add_modifier(Modifier::BOLD),
                Tone::Note => Style::new().fg(Color::Cyan),
            };
            let time = entry.time.map_or_else(|| " ".repeat(8), seconds);
            let mark = if entry.tone == Tone::Said { '>' } else { ' ' };
            Line::styled(format!("{time}{mark}{}", entry.text), style)
        })
        .collect();
    frame.render_widget(Paragraph::new(lines), inner);
}

fn draw_prompt(frame: &mut Frame<'_>, area: Rect, screen: &Screen, shown: &Shown<'_>) {
    let open = shown.orders.open().count();
    let (text, style) = match &screen.mode {
        Mode::Typing(text) => (format!(" :{text}_"), Style::new()),
        Mode::Asking(Question::Quit) => {
            (format!(" {open} open. Quit: y leaves them in the book, c cancels them; other keys stay"), BAD)
        }
        Mode::Asking(Question::CancelAll) => (format!(" Cancel {open} open orders? y cancels them"), BAD),
        Mode::Watching | Mode::Helping if !screen.notice.is_empty() => (format!(" {}", screen.notice), BAD),
        Mode::Watching | Mode::Helping => (String::new(), Style::new()),
    };
    frame.render_widget(Paragraph::new(text).style(style), area);
}

const HELP: &str = "\
 ↑ ↓  cursor by a tick       PgUp PgDn  to the next level    Home  to the market
 b s  buy, sell at cursor    + -        quantity by a lot
 j k  choose an open order   c  cancel it    r  replace it   C  cancel all
 n p  another instrument     /  by name      :  type a line  q  quit

 Lines: qty N   go PRICE   symbol NAME   cancel all   quit
 buy|sell|short|exempt QTY SYMBOL @ PRICE|market
   --tif day|gtc|ioc|fok  --post-only  --hidden  --display QTY  --min QTY
   --stop PRICE  --self-match newest|oldest|both|decrement|allow  --tag TEXT
 cancel REF   query   modify REF sell|short|exempt QTY
 reduce REF QTY          so that QTY at most ever executes; keeps its place
 replace REF QTY @ PRICE the same; what is not said stays, so does the price
   --re-enter            anew at the back, QTY is what is open then";

fn draw_help(frame: &mut Frame<'_>, area: Rect) {
    let lines: Vec<Line<'_>> = HELP.lines().map(Line::from).collect();
    let height = u16::try_from(lines.len() + 2).unwrap_or(u16::MAX).min(area.height);
    let area = Rect { height, ..area };
    frame.render_widget(Clear, area);
    frame.render_widget(Paragraph::new(lines).block(Block::bordered().title(" help: any key goes back ")), area);
}
