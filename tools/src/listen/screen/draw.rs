//! What is known, as cells of a terminal.
//!
//! ```text
//!   name, stream, session, next message                                   state
//!   ┌ instrument: bids and asks, best first ┐ ┌ its trades, newest first ┐
//!   │                                       │ ├ notices                  ┤
//!   └───────────────────────────────────────┘ └──────────────────────────┘
//!   ┌ feed: rates, lines, gaps and how they were mended ┐
//!   keys
//! ```

use super::{Screen, Shown};
use crate::cells::{ASK, BAD, BID, Clock, DIM, GOOD, decimals, lasted, with_decimals};
use crate::listen::look::{self, Row};
use crate::listen::tape::{kind_name, line_name, state_name};
use feedhandler::handler::{LineHealth, LineState};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Paragraph, Sparkline};
use wire::{InstrumentIndex, Side};

/// Rows of the panel about the feed: frame, rates, lines, repair, check.
const FEED_ROWS: u16 = 7;
/// Columns of the ladder.
const ORDERS_WIDTH: usize = 5;
const QTY_WIDTH: usize = 7;

/// Draws one picture.
pub fn draw(frame: &mut Frame<'_>, screen: &Screen, shown: &Shown<'_>) {
    let [title, body, feed, keys] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Min(6),
        Constraint::Length(FEED_ROWS),
        Constraint::Length(1),
    ])
    .areas(frame.area());
    draw_title(frame, title, screen, shown);
    let [ladder, right] = Layout::horizontal([Constraint::Percentage(56), Constraint::Percentage(44)]).areas(body);
    let [trades, notices] = Layout::vertical([Constraint::Min(4), Constraint::Length(body.height / 3)]).areas(right);
    let instrument = screen.instrument(shown.handler);
    draw_ladder(frame, ladder, instrument, shown);
    draw_trades(frame, trades, instrument, shown);
    draw_notices(frame, notices, shown);
    draw_feed(frame, feed, shown);
    draw_keys(frame, keys, screen);
}

fn draw_title(frame: &mut Frame<'_>, area: Rect, screen: &Screen, shown: &Shown<'_>) {
    let handler = shown.handler;
    let session = handler.session().map_or_else(|| "none yet".to_owned(), |session| session.to_string());
    let name = format!(" {} {}", shown.places.name, kind_name(handler.options().kind));
    let text = format!("{name}  session {session}  next {}", handler.next_sequence());
    let (state, style) = match handler.stale() {
        _ if screen.is_paused => (" PAUSED ".to_owned(), BAD),
        None if handler.has_ended() => (" ENDED ".to_owned(), GOOD),
        None => (" WHOLE ".to_owned(), GOOD),
        Some(stale) if stale.since.get() == 0 => (format!(" STALE {:?} ", stale.reason), BAD),
        Some(stale) => (format!(" STALE {:?} {} ", stale.reason, lasted(shown.now, stale.since)), BAD),
    };
    let width = u16::try_from(state.len()).unwrap_or(u16::MAX);
    let [left, right] = Layout::horizontal([Constraint::Min(0), Constraint::Length(width)]).areas(area);
    frame.render_widget(Paragraph::new(text).style(Style::new().add_modifier(Modifier::BOLD)), left);
    frame.render_widget(Paragraph::new(state).style(style), right);
}

fn draw_ladder(frame: &mut Frame<'_>, area: Rect, instrument: Option<InstrumentIndex>, shown: &Shown<'_>) {
    let Some(instrument) = instrument else {
        frame.render_widget(Paragraph::new(" nothing heard yet").block(Block::bordered()), area);
        return;
    };
    let handler = shown.handler;
    let traded = look::traded(handler, instrument);
    let last = traded.last.map_or_else(String::new, |price| format!(" last {price}"));
    let status = look::status(handler, instrument).map_or_else(String::new, |status| format!(" {status}"));
    let name = look::name(handler, shown.symbols, instrument);
    let title = format!(" {name}{status}{last} vol {} ", traded.volume);
    let block = Block::bordered().title(title);
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let rows = usize::from(inner.height.saturating_sub(1));
    let [bids, asks] = [Side::Buy, Side::Sell].map(|side| look::levels(handler, instrument, side, rows));
    // Three columns a side: the price has what the others leave.
    let decimals = bids.iter().chain(&asks).map(|row| decimals(row.price)).max().unwrap_or(0);
    let width = usize::from(inner.width / 2).saturating_sub(ORDERS_WIDTH + QTY_WIDTH).max(6);
    let side = |[orders, qty, price]: [String; 3], is_bid: bool| match is_bid {
        true => format!("{orders:>ORDERS_WIDTH$}{qty:>QTY_WIDTH$}{price:>width$}"),
        false => format!("{price:>width$}{qty:>QTY_WIDTH$}{orders:>ORDERS_WIDTH$}"),
    };
    let head = |price: &str| ["ord", "qty", price].map(str::to_owned);
    let mut lines = vec![Line::styled(side(head("bid"), true) + &side(head("ask"), false), DIM)];
    for at in 0..bids.len().max(asks.len()) {
        let cells = |row: Option<&Row>| {
            row.map_or_else(<[String; 3]>::default, |row| {
                let orders = row.orders.map_or_else(String::new, |orders| orders.to_string());
                [orders, row.qty.to_string(), with_decimals(row.price, decimals)]
            })
        };
        lines.push(Line::from(vec![
            Span::styled(side(cells(bids.get(at)), true), BID),
            Span::styled(side(cells(asks.get(at)), false), ASK),
        ]));
    }
    frame.render_widget(Paragraph::new(lines), inner);
}

fn draw_trades(frame: &mut Frame<'_>, area: Rect, instrument: Option<InstrumentIndex>, shown: &Shown<'_>) {
    let block = Block::bordered().title(" trades ");
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let Some(instrument) = instrument else { return };
    let trades = shown.tape.trades(instrument).take(usize::from(inner.height));
    let lines: Vec<Line<'_>> = trades
        .map(|trade| {
            let (style, side) = match trade.taker_side {
                Some(Side::Buy) => (BID, "B"),
                Some(Side::Sell) => (ASK, "S"),
                None => (Style::new(), " "),
            };
            let text = format!("{} {:>9} {:>7} {side}", Clock(trade.time), trade.price.to_string(), trade.qty);
            Line::styled(text, style)
        })
        .collect();
    frame.render_widget(Paragraph::new(lines), inner);
}

fn draw_notices(frame: &mut Frame<'_>, area: Rect, shown: &Shown<'_>) {
    let block = Block::bordered().title(" notices ");
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let lines: Vec<Line<'_>> = shown.tape.notices().take(usize::from(inner.height)).map(Line::from).collect();
    frame.render_widget(Paragraph::new(lines), inner);
}

fn draw_feed(frame: &mut Frame<'_>, area: Rect, shown: &Shown<'_>) {
    let block = Block::bordered().title(" feed ");
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let (handler, rates) = (shown.handler, shown.rates);
    let counters = handler.counters();
    let [messages, packets, trades, changes] = rates.per_second;
    let mut lines = vec![Line::from(format!(
        "{messages} msg/s  {packets} packets/s  {trades} trades/s  {changes} changes/s  all {} msg",
        counters.messages
    ))];
    for (at, line) in handler.lines().iter().enumerate().take(2) {
        lines.push(line_of(at, line, shown));
    }
    let missing = handler.highest_sequence().saturating_sub(handler.next_sequence());
    lines.push(Line::styled(
        format!(
            "gaps {}  missing now {missing}  repaired {}  asked {}  lost {}  snapshots {}",
            counters.gaps, counters.repaired, counters.requests, counters.lost, counters.snapshots
        ),
        if missing + counters.lost > 0 { Style::new().fg(Color::Yellow) } else { Style::new() },
    ));
    lines.push(Line::from(format!("check: {}", shown.check)));
    // A wide terminal has room for the last minutes beside the numbers.
    let graph = inner.width.saturating_sub(84);
    let [text, spark] = Layout::horizontal([Constraint::Min(0), Constraint::Length(graph)]).areas(inner);
    frame.render_widget(Paragraph::new(lines), text);
    if graph > 10 {
        let kept = rates.history.len().saturating_sub(usize::from(graph));
        let data: Vec<u64> = rates.history.iter().skip(kept).copied().collect();
        frame.render_widget(Sparkline::default().data(data).style(BID), spark);
    }
}

fn line_of<'a>(at: usize, line: &LineHealth, shown: &Shown<'_>) -> Line<'a> {
    let place = shown.places.addresses.lines.get(at).map_or_else(String::new, ToString::to_string);
    let heard = line.heard.map_or_else(|| "never".to_owned(), |heard| format!("{} ago", lasted(shown.now, heard)));
    let style = match line.state {
        LineState::Up => Style::new().fg(Color::Green),
        LineState::Lagging => Style::new().fg(Color::Yellow),
        LineState::Silent => Style::new().fg(Color::Red),
    };
    Line::from(vec![
        Span::raw(format!("line {} {place:<21} ", line_name(at))),
        Span::styled(format!("{:<8}", state_name(line.state)), style),
        Span::raw(format!(" {} packets, lost {}, heard {heard}", line.packets, line.lost)),
    ])
}

fn draw_keys(frame: &mut Frame<'_>, area: Rect, screen: &Screen) {
    let text = match screen.typed() {
        Some(typed) => format!(" symbol: {typed}_   enter: go   esc: back"),
        None => " q quit  p pause  ←→ instrument  / symbol  s stream  c check".to_owned(),
    };
    frame.render_widget(Paragraph::new(text).style(Style::new().add_modifier(Modifier::REVERSED)), area);
}
