//! How many lines of a kind are written each second.
//!
//! Goal: a fault that says the same thousands of times a second leaves room for the other lines and on the disk. Non-goal: telling lines of
//! one kind apart.

use engine::log::Kind;
use std::time::Duration;

const WINDOW: Duration = Duration::from_secs(1);

/// Counts lines by kind.
#[derive(Debug)]
pub(super) struct Limit {
    per_window: u32,
    begun: Duration,
    counts: Vec<u32>,
}

impl Limit {
    /// So many a second; 0: all.
    pub(super) fn new(per_second: u32) -> Self {
        Self { per_window: per_second, begun: Duration::ZERO, counts: vec![0; Kind::ALL.len()] }
    }

    /// Whether a line may be written.
    pub(super) fn admits(&mut self, kind: Kind) -> bool {
        let count = &mut self.counts[kind as usize];
        *count = count.saturating_add(1);
        self.per_window == 0 || *count <= self.per_window
    }

    /// What was left out in the window that has ended by now, if it has.
    pub(super) fn left_out(&mut self, now: Duration) -> Vec<(Kind, u32)> {
        if now < self.begun + WINDOW {
            return Vec::new();
        }
        self.begun = now;
        let over = |(kind, count): (&Kind, &u32)| Some((*kind, count.checked_sub(self.per_window)?));
        let left_out = match self.per_window {
            0 => Vec::new(),
            _ => Kind::ALL.iter().zip(&self.counts).filter_map(over).filter(|(_, count)| *count > 0).collect(),
        };
        self.counts.fill(0);
        left_out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_its_share_and_the_rest_is_counted() {
        let mut limit = Limit::new(3);
        let admitted = |limit: &mut Limit, kind| (0..10).filter(|_| limit.admits(kind)).count();
        assert_eq!(admitted(&mut limit, Kind::Views), 3);
        assert_eq!(admitted(&mut limit, Kind::Feed), 3);
        assert_eq!(limit.left_out(Duration::from_millis(999)), []);
        assert_eq!(limit.left_out(Duration::from_secs(1)), [(Kind::Views, 7), (Kind::Feed, 7)]);
        assert_eq!(admitted(&mut limit, Kind::Views), 3, "a new second");
        let mut all = Limit::new(0);
        assert_eq!(admitted(&mut all, Kind::Views), 10);
        assert_eq!(all.left_out(Duration::from_secs(9)), []);
    }
}
