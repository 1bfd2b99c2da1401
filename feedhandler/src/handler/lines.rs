//! How each line does.
//!
//! Goal: an operator sees which line fails before both do. Non-goal: which message came from where (the first wins).

use wire::Nanos;

/// What can be said of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineState {
    /// Packets come.
    Up,
    /// Packets come, long after those of another line.
    Lagging,
    /// No packets come.
    Silent,
}

/// One line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineHealth {
    /// How it does.
    pub state: LineState,
    /// When its last packet came.
    pub heard: Option<Nanos>,
    /// Packets of the session.
    pub packets: u64,
    /// Messages that this line brought first.
    pub first: u64,
    /// Messages that this line skipped.
    pub lost: u64,
    /// Packets that are no MoldUDP64 packets.
    pub malformed: u64,
    next: u64,
    behind_since: Option<Nanos>,
}

impl LineHealth {
    const NEW: Self = Self {
        state: LineState::Silent,
        heard: None,
        packets: 0,
        first: 0,
        lost: 0,
        malformed: 0,
        next: 0,
        behind_since: None,
    };

    /// One more than the last sequence number of this line.
    #[must_use]
    pub const fn next_sequence(&self) -> u64 {
        self.next
    }
}

/// All lines of a stream.
#[derive(Clone, Debug)]
pub struct Lines {
    lines: Vec<LineHealth>,
}

impl Lines {
    pub fn new(count: usize) -> Self {
        Self { lines: vec![LineHealth::NEW; count] }
    }

    pub fn all(&self) -> &[LineHealth] {
        &self.lines
    }

    pub fn get_mut(&mut self, line: usize) -> Option<&mut LineHealth> {
        self.lines.get_mut(line)
    }

    /// A packet of the session came: messages `from` up to `to`, of which nobody has told further than `highest`.
    pub fn heard(&mut self, line: usize, from: u64, to: u64, highest: u64, now: Nanos) {
        let Some(line) = self.lines.get_mut(line) else { return };
        line.packets += 1;
        line.heard = Some(now);
        if line.next > 0 {
            line.lost = line.lost.saturating_add(from.saturating_sub(line.next));
        }
        line.next = line.next.max(to);
        if line.next >= highest {
            line.behind_since = None;
        } else {
            line.behind_since.get_or_insert(now);
        }
    }

    /// Numbers begin anew.
    pub fn renumber(&mut self) {
        for line in &mut self.lines {
            (line.next, line.behind_since) = (0, None);
        }
    }

    /// Looks at all lines and tells those that are in another state now.
    pub fn look(&mut self, now: Nanos, silence_ns: u64, lag_ns: u64, mut changed: impl FnMut(usize, LineState)) {
        for (index, line) in self.lines.iter_mut().enumerate() {
            let silent = line.heard.is_none_or(|heard| now.since(heard) > silence_ns);
            let lagging = line.behind_since.is_some_and(|since| now.since(since) > lag_ns);
            let state = match (silent, lagging) {
                (true, _) => LineState::Silent,
                (false, true) => LineState::Lagging,
                (false, false) => LineState::Up,
            };
            if state != line.state {
                line.state = state;
                changed(index, state);
            }
        }
    }
}
