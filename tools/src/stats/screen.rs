//! What the live screen shows, and what keys do.
//!
//! Goal: an overview, each section in full, help. Non-goal: the terminal; when a look is taken.

use super::health::Health;
use super::look::Look;
use super::picture::{heading, overview, verdict};
use super::sections::Section;
use super::table::Table;
use ratatui::buffer::Buffer;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Widget, Wrap};

/// Rows that a page key moves by.
const PAGE: usize = 10;

const HELP: &str = "\
tab, shift+tab   the next section, the one before
1 to 9, 0, a     a section: latency, tiles, links, journal, feed, sessions, instruments, rejects, port, gateway, subscribers
esc              back to the overview; there, the end
up, down, page up, page down, home, end
                 move through a section's rows
s, r             sort by the next column; turn the order round
p                pause: the picture stands, counting goes on
q, ctrl+c        the end

The first line is the verdict: HEALTHY; STARTING, it recovers; DEGRADED, it serves and something is wrong; BROKEN, something that all need does not
work; GONE, the process has ended. Behind it stands why, and what to do. busy is the share of its time in which a tile's thread had work; seen, silent and
heard are how long ago; high is the most that ever was in a link; percentiles are of the last 10 s, max since the start.";

/// What is shown.
#[derive(Debug, Default)]
pub struct Screen {
    section: Option<Section>,
    first: usize,
    sorted: Option<usize>,
    upwards: bool,
    helps: bool,
    /// Nothing moves.
    pub is_paused: bool,
}

impl Screen {
    /// The section that is shown in full; `None`: the overview.
    #[must_use]
    pub const fn section(&self) -> Option<Section> {
        self.section
    }

    /// Takes a key. Whether that was all.
    pub fn key(&mut self, key: KeyEvent) -> bool {
        if key.kind == KeyEventKind::Release {
            return false;
        }
        if key.modifiers.contains(KeyModifiers::CONTROL) {
            return key.code == KeyCode::Char('c');
        }
        match key.code {
            KeyCode::Char('q') => return true,
            _ if self.helps => self.helps = false,
            KeyCode::Esc if self.section.is_none() => return true,
            KeyCode::Esc => self.go(None),
            KeyCode::Char('?' | 'h') => self.helps = true,
            KeyCode::Char('p' | ' ') => self.is_paused = !self.is_paused,
            KeyCode::Tab => self.step(1),
            KeyCode::BackTab => self.step(Section::ALL.len()),
            KeyCode::Up => self.first = self.first.saturating_sub(1),
            KeyCode::Down => self.first += 1,
            KeyCode::PageUp => self.first = self.first.saturating_sub(PAGE),
            KeyCode::PageDown => self.first += PAGE,
            KeyCode::Home => self.first = 0,
            KeyCode::End => self.first = usize::MAX,
            KeyCode::Char('s') => self.sorted = Some(self.sorted.map_or(0, |column| column + 1)),
            KeyCode::Char('r') => self.upwards = !self.upwards,
            KeyCode::Char(letter) => {
                if let Some(section) = Section::ALL.into_iter().find(|section| section.key() == letter) {
                    self.go(Some(section));
                }
            }
            _ => {}
        }
        false
    }

    fn go(&mut self, section: Option<Section>) {
        *self = Self { section, is_paused: self.is_paused, ..Self::default() };
    }

    /// Round all sections, and the overview between the last and the first.
    fn step(&mut self, by: usize) {
        let places = Section::ALL.len() + 1;
        let at = self.section.and_then(|shown| Section::ALL.iter().position(|section| *section == shown));
        let next = (at.map_or(0, |at| at + 1) + by) % places;
        self.go(next.checked_sub(1).map(|at| Section::ALL[at]));
    }

    /// Draws one picture.
    pub fn draw(&mut self, buffer: &mut Buffer, look: &Look, health: &Health) {
        let [body, keys] = Layout::vertical([Constraint::Min(0), Constraint::Length(1)]).areas(buffer.area);
        match self.section {
            _ if self.helps => Paragraph::new(HELP).wrap(Wrap { trim: false }).render(body, buffer),
            None => overview(buffer, body, look, health),
            Some(section) => self.draw_section(buffer, body, section, look, health),
        }
        let keys_text = match (self.section, self.helps) {
            (_, true) => " any key: back",
            (None, _) => " q quit  tab/1-9 section  p pause  ? help",
            (Some(_), _) => " q quit  esc overview  tab/1-9 section  ↑↓ move  s sort  r turn  p pause  ? help",
        };
        let paused = if self.is_paused { " PAUSED " } else { "" };
        let line = Line::from(vec![Span::raw(paused), Span::raw(keys_text)]);
        Paragraph::new(line).style(Style::new().add_modifier(Modifier::REVERSED)).render(keys, buffer);
    }

    fn draw_section(&mut self, buffer: &mut Buffer, area: Rect, section: Section, look: &Look, health: &Health) {
        let reasons = if health.reasons.is_empty() { 1 } else { 3 };
        let [top, tabs, body] =
            Layout::vertical([Constraint::Length(reasons), Constraint::Length(2), Constraint::Min(0)]).areas(area);
        verdict(buffer, top, look, health);
        let tab = |one: Section| {
            let style = if one == section { Style::new().add_modifier(Modifier::REVERSED) } else { Style::new() };
            [Span::styled(format!("{} {}", one.key(), one.name()), style), Span::raw("  ")]
        };
        let names = Line::from(Section::ALL.into_iter().flat_map(tab).collect::<Vec<_>>());
        Paragraph::new(names).wrap(Wrap { trim: true }).render(tabs, buffer);
        let mut table = section.table(look);
        let lines = if section.is_single() { self.pairs(&table, body) } else { self.rows(&mut table, body) };
        Paragraph::new(lines).render(body, buffer);
    }

    /// One row, its columns below each other and, where there is room, beside each other.
    fn pairs(&mut self, table: &Table, area: Rect) -> Vec<Line<'static>> {
        let Some(row) = table.rows.first() else { return vec![Line::from("nothing yet")] };
        let cells = table.columns.iter().zip(row);
        let cells: Vec<String> =
            cells.map(|(column, value)| format!("{:<26}{value:<12}", column.head, value = value.to_string())).collect();
        let height = usize::from(area.height).max(1);
        let columns = (usize::from(area.width) / 40).max(1);
        let each = cells.len().div_ceil(columns);
        self.first = self.first.min(each.saturating_sub(height));
        let line = |at: usize| {
            let of_line = (0..columns).filter_map(|column| cells.get(column * each + at).filter(|_| at < each));
            Line::from(of_line.map(|cell| format!("{cell}  ")).collect::<String>())
        };
        (self.first..each).take(height).map(line).collect()
    }

    fn rows(&mut self, table: &mut Table, area: Rect) -> Vec<Line<'static>> {
        if let Some(sorted) = self.sorted {
            let column = sorted % table.columns.len();
            self.sorted = Some(column);
            table.sort_down(column);
        }
        if self.upwards {
            table.rows.reverse();
        }
        let rows = usize::from(area.height.saturating_sub(2));
        self.first = self.first.min(table.rows.len().saturating_sub(rows));
        let columns: Vec<usize> = (0..table.columns.len()).collect();
        let last = (self.first + rows).min(table.rows.len());
        let mut lines = table.lines(&columns, usize::from(area.width), self.first..last).into_iter();
        let head = lines.next().unwrap_or_default();
        let mut text = vec![Line::styled(head, heading())];
        text.extend(lines.map(Line::from));
        let by = self.sorted.map_or_else(String::new, |column| {
            let order = if self.upwards { "upwards" } else { "downwards" };
            format!(", by {} {order}", table.columns[column].key)
        });
        let note = if table.note.is_empty() { String::new() } else { format!(", {}", table.note) };
        let shown = if table.rows.is_empty() {
            "none".to_owned()
        } else {
            format!("{} to {last} of {}", self.first + 1, table.rows.len())
        };
        text.push(Line::styled(format!("{shown}{by}{note}"), crate::cells::DIM));
        text
    }
}
