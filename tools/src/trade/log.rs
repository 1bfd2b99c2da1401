//! What was said to the venue and what it said, the last of it.

use crate::hand::told;
use std::collections::VecDeque;
use wire::TimeOfDay;
use wire::ouch::Outbound;

/// Lines that are kept.
const KEPT: usize = 500;

/// What a line is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// We said it.
    Said,
    /// The venue reports.
    Report,
    /// The venue reports a trade.
    Trade,
    /// The venue says no.
    Refusal,
    /// Something about the session or the screen itself.
    Note,
}

/// A line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// When, where that is told.
    pub time: Option<TimeOfDay>,
    /// What it is about.
    pub tone: Tone,
    /// What it says.
    pub text: String,
}

/// The newest first.
#[derive(Clone, Debug, Default)]
pub struct Log {
    entries: VecDeque<Entry>,
}

impl Log {
    /// The lines, the newest first.
    pub fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter()
    }

    /// Adds a line of ours.
    pub fn note(&mut self, time: Option<TimeOfDay>, tone: Tone, text: String) {
        self.entries.push_front(Entry { time, tone, text });
        self.entries.truncate(KEPT);
    }

    /// Adds a report.
    pub fn report(&mut self, report: &Outbound<'_>) {
        let tone = match report {
            Outbound::Executed(_) => Tone::Trade,
            _ if told::is_refusal(report) => Tone::Refusal,
            _ => Tone::Report,
        };
        self.note(Some(told::time_of(report)), tone, told::short(report));
    }
}
