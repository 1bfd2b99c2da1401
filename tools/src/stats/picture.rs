//! The overview: everything that matters on one screen, in any size from 80 by 24 on.
//!
//! ```text
//!   VERDICT why                          what to do
//!   rates, journal, port
//!   latency          │ links
//!   tiles            │ feed
//!   sessions         │ instruments
//!   rejects          │ subscribers       (where there is room)
//! ```
//! Goal: the same picture live and printed. Non-goal: keys; a section in full.

use super::health::{Grade, Health, Verdict};
use super::look::{Look, share_permille};
use super::number::{Bytes, Count, Lasted, Share};
use super::sections::Section;
use super::table::{Table, Value};
use crate::cells::DIM;
use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Widget, Wrap};

/// The size that is always enough.
pub const SMALL: (u16, u16) = (80, 24);
/// Lines for the first reason and what to do.
const REASON_ROWS: u16 = 3;
/// From this height on the other reasons have lines too, and there is a fourth pair of panels.
const TALL: u16 = 36;
/// Letters between two panels.
const GAP: u16 = 1;

/// Draws the overview.
pub fn overview(buffer: &mut Buffer, area: Rect, look: &Look, health: &Health) {
    let is_tall = area.height >= TALL;
    let reasons = reason_lines(health, area, is_tall);
    let [top, lines, body] =
        Layout::vertical([Constraint::Length(reasons), Constraint::Length(3), Constraint::Min(0)]).areas(area);
    verdict(buffer, top, look, health);
    Paragraph::new(vec![rates_line(look), journal_line(look), port_line(look)]).render(lines, buffer);
    let tables = [
        (Section::Latency, Section::Links),
        (Section::Tiles, Section::Feed),
        (Section::Sessions, Section::Instruments),
        (Section::Rejects, Section::Subscribers),
    ];
    let pairs = tables.iter().take(if is_tall { 4 } else { 3 });
    let pairs: Vec<[(Section, Table); 2]> =
        pairs.map(|(left, right)| [*left, *right].map(|section| (section, section.table(look)))).collect();
    let heights = share_out(body.height, &pairs);
    let mut y = body.y;
    for ([left, right], height) in pairs.iter().zip(heights) {
        let row = Rect { y, height, ..body }.intersection(body);
        let [at_left, _, at_right] =
            Layout::horizontal([Constraint::Fill(5), Constraint::Length(GAP), Constraint::Fill(3)]).areas(row);
        panel(buffer, at_left, left);
        panel(buffer, at_right, right);
        y += height;
    }
}

/// The overview as lines of text.
#[must_use]
pub fn printed(look: &Look, health: &Health, (width, height): (u16, u16)) -> String {
    let area = Rect::new(0, 0, width, height);
    let mut buffer = Buffer::empty(area);
    overview(&mut buffer, area, look, health);
    let line = |y| (0..width).map(|x| buffer[(x, y)].symbol()).collect::<String>();
    let text: Vec<String> = (0..height).map(|y| line(y).trim_end().to_owned()).collect();
    let end = text.iter().rposition(|line| !line.is_empty()).map_or(0, |last| last + 1);
    text[..end].iter().flat_map(|line| [line.as_str(), "\n"]).collect()
}

/// How a verdict looks.
#[must_use]
pub fn verdict_style(verdict: Verdict) -> Style {
    let bold = |color| Style::new().fg(Color::Black).bg(color).add_modifier(Modifier::BOLD);
    match verdict {
        Verdict::Healthy => bold(Color::Green),
        Verdict::Starting => bold(Color::Cyan),
        Verdict::Degraded => bold(Color::Yellow),
        Verdict::Broken => bold(Color::Red),
        Verdict::Gone => bold(Color::Magenta),
    }
}

fn reason_lines(health: &Health, area: Rect, is_tall: bool) -> u16 {
    match health.reasons.len() {
        0 => 1,
        more if is_tall => REASON_ROWS * u16::try_from(more).unwrap_or(u16::MAX).min(area.height / 12),
        _ => REASON_ROWS,
    }
}

/// The verdict with its reasons; without any, who it is.
pub(super) fn verdict(buffer: &mut Buffer, area: Rect, look: &Look, health: &Health) {
    let badge = format!(" {} ", health.verdict.name().to_uppercase());
    let badge = Span::styled(badge, verdict_style(health.verdict));
    if health.reasons.is_empty() {
        let owner = &look.owner;
        let up = Lasted(look.now.taken.get().saturating_sub(owner.started.get()));
        let text = format!(" {} {}, process {}, up {up}", owner.name, owner.program, owner.pid);
        Paragraph::new(Line::from(vec![badge, Span::raw(text)])).render(area, buffer);
        return;
    }
    let room = usize::from((area.height / REASON_ROWS).max(1));
    let hidden = health.reasons.len().saturating_sub(room);
    let mut y = area.y;
    for (at, reason) in health.reasons.iter().take(room).enumerate() {
        let begin = match (at, reason.grade) {
            (0, _) => badge.clone(),
            (_, Grade::Note) => Span::raw(" also:".to_owned()),
            (_, grade) => Span::raw(format!(" {}:", grade.name())),
        };
        let more = if at + 1 == room && hidden > 0 { format!(" (and {hidden} more)") } else { String::new() };
        let text = if reason.remedy.is_empty() { String::new() } else { format!(" Do: {}.", reason.remedy) };
        let line = Line::from(vec![
            begin,
            Span::styled(format!(" {}.", reason.what), Style::new().add_modifier(Modifier::BOLD)),
            Span::raw(text),
            Span::raw(more),
        ]);
        let place = Rect { y, height: REASON_ROWS, ..area }.intersection(area);
        Paragraph::new(line).wrap(Wrap { trim: false }).render(place, buffer);
        y += REASON_ROWS;
    }
}

/// Names and values of a line, as many as fit.
fn pairs<'a>(items: impl IntoIterator<Item = (&'a str, String)>) -> Line<'a> {
    let mut spans = Vec::new();
    for (name, value) in items {
        let space = if spans.is_empty() { "" } else { "  " };
        spans.push(Span::styled(format!("{space}{name} "), DIM));
        spans.push(Span::raw(value));
    }
    Line::from(spans)
}

fn or_dash(number: Option<impl ToString>) -> String {
    number.map_or_else(|| "-".to_owned(), |number| number.to_string())
}

fn rates_line(look: &Look) -> Line<'static> {
    let rate = |field| or_dash(look.per_second("appliance", 0, field).map(Count));
    let get = |field| look.get("appliance", field);
    let orders = match (get("orders"), get("orders_max")) {
        (Some(orders), Some(max)) => format!("{} ({})", Count(orders), Share(share_permille(orders, max))),
        (orders, _) => or_dash(orders.map(Count)),
    };
    let mut items: Vec<(&str, String)> =
        [("msg/s", "messages"), ("reports/s", "reports"), ("trades/s", "trades"), ("market data/s", "market_data")]
            .map(|(name, field)| (name, rate(field)))
            .into();
    items.push(("orders", orders));
    items.push(("seq", or_dash(get("seq"))));
    pairs(items)
}

fn journal_line(look: &Look) -> Line<'static> {
    let table = Section::Journal.table(look);
    let Some(row) = table.rows.first() else { return Line::styled("no journal yet", DIM) };
    let cell = |key| table.column(key).map_or_else(String::new, |column| row[column].to_string());
    pairs([
        ("journal", cell("durability")),
        ("lag", cell("lag")),
        ("waits", cell("waiting_ns")),
        ("syncs/s", cell("syncs_per_s")),
        ("p99", cell("sync_p99_ns")),
        ("free", cell("free_bytes")),
        ("written/s", cell("bytes_per_s")),
        ("snapshot", cell("snapshot_seq")),
    ])
}

fn port_line(look: &Look) -> Line<'static> {
    let Some(row) = look.rows("port").first() else { return Line::styled("no port yet", DIM) };
    let rate = |field| look.per_second("port", 0, field);
    let sum = |fields: &[&str]| fields.iter().filter_map(|field| row.get(field)).fold(0, u64::saturating_add);
    let rejects: u64 =
        (0..look.rows("reject").len()).filter_map(|index| look.per_second("reject", index, "count")).sum();
    pairs([
        ("port", row.label.clone()),
        ("in/s", or_dash(rate("rx_datagrams").map(Count))),
        ("out/s", or_dash(rate("tx_datagrams").map(Count))),
        ("lost", Count(sum(&["rx_missed", "rx_no_buffer", "rx_errors"])).to_string()),
        ("unsent", Count(sum(&["tx_errors"])).to_string()),
        ("rejects/s", Count(rejects).to_string()),
        ("out", or_dash(rate("tx_bytes").map(|bytes| format!("{}/s", Bytes(bytes))))),
    ])
}

/// How many lines each pair of panels gets: what all need, or else the ones above a fair part, and those below what is left.
fn share_out(height: u16, pairs: &[[(Section, Table); 2]]) -> Vec<u16> {
    let wanted = |pair: &[(Section, Table); 2]| {
        let rows = pair.iter().map(|(_, table)| table.rows.len()).max().unwrap_or(0);
        u16::try_from(rows.max(1) + 1).unwrap_or(u16::MAX)
    };
    // At 24 lines: five stages and links, four tiles, and sessions have the rest.
    let least = |at: usize| [6_u16, 5, 4, 3].get(at).copied().unwrap_or(3);
    let mut heights: Vec<u16> = pairs.iter().enumerate().map(|(at, pair)| wanted(pair).min(least(at))).collect();
    let mut left = height.saturating_sub(heights.iter().sum());
    for (pair, height) in pairs.iter().zip(&mut heights) {
        let more = wanted(pair).saturating_sub(*height).min(left);
        // The last ones may be long; they do not starve those behind, and not those above.
        *height += more;
        left -= more;
    }
    // A line of space between them, where there is one.
    for height in &mut heights {
        if left > 0 {
            *height += 1;
            left -= 1;
        }
    }
    heights
}

fn panel(buffer: &mut Buffer, area: Rect, (section, table): &(Section, Table)) {
    let rows = usize::from(area.height.saturating_sub(1));
    let shown = if *section == Section::Latency { slowest(table, rows) } else { table.clone() };
    let mut columns: Vec<usize> = section.main_columns().iter().filter_map(|key| table.column(key)).collect();
    // Where there is room, the others too.
    columns.extend(
        (0..table.columns.len()).filter(|column| !section.main_columns().contains(&table.columns[*column].key)),
    );
    let mut lines = shown.lines(&columns, usize::from(area.width), 0..rows).into_iter();
    let head = lines.next().unwrap_or_default();
    // More rows than fit are said in the heading, where there is room for it.
    let hidden = table.rows.len().saturating_sub(rows);
    let more = match (hidden, table.note) {
        (0, note) => note.to_owned(),
        (hidden, _) => format!("+{hidden}: {}", section.key()),
    };
    let fits = head.chars().count() + 1 + more.chars().count() <= usize::from(area.width);
    let head = if fits && !more.is_empty() { format!("{head} {more}") } else { head };
    let head = Line::styled(format!("{head:<width$}", width = usize::from(area.width)), heading());
    let mut text = vec![head];
    if table.rows.is_empty() && rows > 0 {
        text.push(Line::styled("none", DIM));
    }
    text.extend(lines.map(Line::from));
    Paragraph::new(text).render(area, buffer);
}

/// How headings look.
pub(super) fn heading() -> Style {
    Style::new().add_modifier(Modifier::UNDERLINED).add_modifier(Modifier::BOLD)
}

/// The whole way and the stages that take longest, in their order.
fn slowest(table: &Table, rows: usize) -> Table {
    let (Some(column), true) = (table.column("p50_ns"), table.rows.len() > rows) else { return table.clone() };
    let mut kept: Vec<usize> = (0..table.rows.len()).collect();
    let weight = |at: &usize| match &table.rows[*at][column] {
        _ if *at == 0 => u64::MAX,
        Value::Duration(ns) => *ns,
        _ => 0,
    };
    kept.sort_by_key(|at| std::cmp::Reverse(weight(at)));
    kept.truncate(rows);
    kept.sort_unstable();
    Table { rows: kept.into_iter().map(|at| table.rows[at].clone()).collect(), ..table.clone() }
}
