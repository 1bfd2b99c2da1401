//! How far a recovery is, on stderr: a bar where that is a terminal, a line every few seconds elsewhere.
//!
//! Goal: whoever waits for a start knows how long. A start that takes no time says nothing. Non-goal: what was found; that is told afterwards.

use crate::log::{Kind, tell};
use engine::progress::{Progress, Seen};
use indicatif::{HumanBytes, HumanCount, HumanDuration, ProgressBar, ProgressStyle};
use std::io::{IsTerminal, stderr};
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// A recovery that ends sooner is not worth a word.
const PATIENCE: Duration = Duration::from_millis(500);
/// Between two looks at a terminal.
const LOOK: Duration = Duration::from_millis(100);
/// Between two lines elsewhere.
const LINE: Duration = Duration::from_secs(5);

/// Shows a recovery until it is dropped.
pub struct Recovering {
    progress: Arc<Progress>,
    /// Ends the thread when it goes.
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Recovering {
    /// Begins to show.
    #[must_use]
    pub fn show() -> Self {
        let progress = Arc::new(Progress::default());
        let (stop, stopped) = mpsc::channel();
        let seen = Arc::clone(&progress);
        let shown = move || {
            let ended = |after| stopped.recv_timeout(after) != Err(RecvTimeoutError::Timeout);
            let begin = Instant::now();
            if stderr().is_terminal() {
                if !ended(PATIENCE) {
                    bar(&seen, ended);
                }
            } else {
                while !ended(LINE) {
                    tell(Kind::Recovery, line(&seen.seen(), begin.elapsed()));
                }
            }
        };
        // Without a thread to spare it is not shown.
        let thread = thread::Builder::new().name("progress".to_owned()).spawn(shown).ok();
        Self { progress, stop: Some(stop), thread }
    }

    /// What the recovery is to be told of.
    #[must_use]
    pub fn progress(&self) -> &Progress {
        &self.progress
    }
}

impl Drop for Recovering {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // It only shows; that it panicked is no reason to.
            let _ = thread.join();
        }
    }
}

fn bar(progress: &Progress, ended: impl Fn(Duration) -> bool) {
    let bar = ProgressBar::new(0);
    let style = "recovery {wide_bar} {bytes}/{total_bytes} ({percent}%), {msg} records, {bytes_per_sec}, {eta} left";
    if let Ok(style) = ProgressStyle::with_template(style) {
        bar.set_style(style);
    }
    loop {
        let Seen { records, bytes, bytes_expected } = progress.seen();
        bar.set_length(bytes_expected.max(bytes));
        bar.set_position(bytes);
        bar.set_message(HumanCount(records).to_string());
        if ended(LOOK) {
            break;
        }
    }
    bar.finish_and_clear();
}

/// Where it is, in words.
fn line(seen: &Seen, elapsed: Duration) -> String {
    let Seen { records, bytes, bytes_expected } = *seen;
    if records == 0 {
        return "recovery: reading the snapshot".to_owned();
    }
    let millis = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX).max(1);
    let per_second = |count: u64| (count.saturating_mul(1_000) / millis).max(1);
    let left = Duration::from_secs(bytes_expected.saturating_sub(bytes) / per_second(bytes));
    let share = bytes.saturating_mul(100) / bytes_expected.max(1);
    format!(
        "recovery: {} of {} ({share}%), {records} records, {} records/s, {} left",
        HumanBytes(bytes),
        HumanBytes(bytes_expected),
        per_second(records),
        HumanDuration(left)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_how_far_how_fast_and_how_long() {
        let seen = Seen { records: 2_000_000, bytes: 200 << 20, bytes_expected: 800 << 20 };
        assert_eq!(
            line(&seen, Duration::from_secs(4)),
            "recovery: 200.00 MiB of 800.00 MiB (25%), 2000000 records, 500000 records/s, 12 seconds left"
        );
        assert_eq!(line(&Seen::default(), Duration::ZERO), "recovery: reading the snapshot");
    }

    #[test]
    fn what_is_over_at_once_is_not_waited_for() {
        let begin = Instant::now();
        drop(Recovering::show());
        assert!(begin.elapsed() < PATIENCE);
    }
}
