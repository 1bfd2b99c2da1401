//! What streams have brought about.

use engine::book::{BookEvent, BookReject, CancelReason, SelfMatch};

/// How often each kind of outcome came up, so that a stream that tests nothing is noticed.
#[derive(Default)]
pub struct Seen {
    trades: u64,
    levels: u64,
    kept: u64,
    lost: u64,
    elected: u64,
    /// Displayed orders that rested: behind others, and in the place of one of their own.
    rested: [u64; 2],
    refreshed: u64,
    rejects: [u64; REJECTS],
    cancels: [u64; 7],
    modes: [u64; 5],
    /// Why elected orders could not enter.
    refused: [u64; REJECTS],
}

const REJECTS: usize = BookReject::OffTick as usize + 1;

impl Seen {
    pub fn note(&mut self, event: &BookEvent) {
        match event {
            BookEvent::Trade { .. } => self.trades += 1,
            BookEvent::Level { .. } => self.levels += 1,
            BookEvent::Replaced { kept_priority: true, .. } => self.kept += 1,
            BookEvent::Replaced { .. } => self.lost += 1,
            BookEvent::Rejected { reason, .. } => self.rejects[*reason as usize] += 1,
            BookEvent::Canceled { reason, .. } => {
                let place = match *reason {
                    CancelReason::User => 0,
                    CancelReason::Reduced => 1,
                    CancelReason::ImmediateRest => 2,
                    CancelReason::FillOrKill => 3,
                    CancelReason::MinQty => 4,
                    CancelReason::SweepLimit => 5,
                    CancelReason::SelfMatch { mode, .. } => {
                        self.modes[mode as usize] += 1;
                        return;
                    }
                    CancelReason::Refused(reject) => {
                        self.refused[reject as usize] += 1;
                        return;
                    }
                    _ => 6,
                };
                self.cancels[place] += 1;
            }
            BookEvent::Elected { .. } => self.elected += 1,
            BookEvent::Rested { in_place_of, .. } => self.rested[usize::from(in_place_of.is_some())] += 1,
            BookEvent::Refreshed { .. } => self.refreshed += 1,
            BookEvent::Accepted { .. } => {}
        }
    }

    pub fn assert_everything_came_up(&self) {
        assert!(self.trades > 0 && self.levels > 0 && self.kept > 0 && self.lost > 0);
        assert!(self.rejects.iter().all(|&count| count > 0), "rejects by kind: {:?}", self.rejects);
        assert!(self.cancels.iter().all(|&count| count > 0), "cancels by reason: {:?}", self.cancels);
        let allow = SelfMatch::Allow as usize;
        for (mode, &count) in self.modes.iter().enumerate() {
            assert_eq!(count > 0, mode != allow, "self-match cancels by mode: {:?}", self.modes);
        }
        assert!(self.elected > 0 && self.refreshed > 0 && self.rested.iter().all(|&count| count > 0));
        let of_the_elected = [
            BookReject::PostOnlyWouldTrade,
            BookReject::MinQtyNotMet,
            BookReject::LevelsFull,
            BookReject::LevelQuantityOverflow,
            BookReject::OffTick,
        ];
        for (reject, &count) in self.refused.iter().enumerate() {
            let possible = of_the_elected.iter().any(|&known| known as usize == reject);
            assert_eq!(count > 0, possible, "elected orders refused, by kind: {:?}", self.refused);
        }
    }
}
