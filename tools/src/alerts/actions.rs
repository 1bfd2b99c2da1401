//! What a change sets off: a line in the log, a program, a post.
//!
//! Goal: the evaluator goes on at once; programs run one after another, and so do posts; what piles up is left out and told. Non-goal: keeping
//! what was not delivered over a restart.

use super::exec::run_program;
use super::rules::{Change, ChangeState};
use super::webhook::{PostError, post};
use crate::json::Text;
use crate::log::{Field, Kind, tell, tell_with};
use engine::config::Config;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// Changes that may wait for a program, and as many for a post.
const QUEUE: usize = 64;
/// How long an end waits for what has begun.
const PATIENCE: Duration = Duration::from_secs(1);
/// Between two looks whether all is to end.
const LOOK: Duration = Duration::from_millis(20);

/// Tells whom the rules name.
#[derive(Debug)]
pub struct Actions {
    workers: Vec<Worker>,
    stop: Arc<AtomicBool>,
}

#[derive(Debug)]
struct Worker {
    what: &'static str,
    wants: fn(&Change) -> bool,
    to: Option<SyncSender<Change>>,
    thread: JoinHandle<()>,
}

impl Actions {
    /// Threads for what the rules ask for; none where `acts` is false.
    ///
    /// # Errors
    /// There is no thread to be had.
    pub fn new(config: &Config, acts: bool) -> std::io::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let mut workers = Vec::new();
        let exec_timeout = Duration::from_millis(config.alerts.exec_timeout_ms.into());
        if acts && config.alert_rules.iter().any(|rule| !rule.exec.is_empty()) {
            let run = move |changes: Receiver<Change>| {
                for change in changes {
                    if let Err(error) = run_program(&change, exec_timeout) {
                        trouble(&change, &error);
                    }
                }
            };
            workers.push(Worker::spawn("alert-exec", |change| !change.rule.exec.is_empty(), run)?);
        }
        if acts && config.alert_rules.iter().any(|rule| rule.webhook.is_some()) {
            let poster = Poster {
                timeout: Duration::from_millis(config.alerts.webhook_timeout_ms.into()),
                attempts: config.alerts.webhook_attempts,
                appliance: config.appliance.name.clone(),
                stop: Arc::clone(&stop),
            };
            let run = move |changes: Receiver<Change>| changes.into_iter().for_each(|change| poster.deliver(&change));
            workers.push(Worker::spawn("alert-webhook", |change| change.rule.webhook.is_some(), run)?);
        }
        Ok(Self { workers, stop })
    }

    /// Writes a change to the log of this process.
    pub fn log(change: &Change) {
        let kind = match change.state {
            ChangeState::Firing => Kind::AlertFiring,
            ChangeState::Resolved => Kind::AlertResolved,
        };
        let fields = vec![
            Field::Text("alert", change.rule.name.clone()),
            Field::Text("state", change.state.name().to_owned()),
            Field::Text("of", change.of.clone()),
            Field::Number("value", change.value),
        ];
        tell_with(kind, line(change), fields);
    }

    /// Sets off what the rule asks for. Never waits.
    pub fn act(&self, change: &Change) {
        for worker in self.workers.iter().filter(|worker| (worker.wants)(change)) {
            let taken = worker.to.as_ref().is_some_and(|to| to.try_send(change.clone()).is_ok());
            if !taken {
                trouble(change, &format!("{} has {QUEUE} more to do: left out", worker.what));
            }
        }
    }
}

impl Drop for Actions {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        for worker in &mut self.workers {
            drop(worker.to.take());
        }
        let begin = Instant::now();
        // What takes longer than that ends with the process.
        while begin.elapsed() < PATIENCE && self.workers.iter().any(|worker| !worker.thread.is_finished()) {
            thread::sleep(LOOK);
        }
    }
}

impl Worker {
    fn spawn(
        what: &'static str,
        wants: fn(&Change) -> bool,
        run: impl FnOnce(Receiver<Change>) + Send + 'static,
    ) -> std::io::Result<Self> {
        let (to, from) = sync_channel(QUEUE);
        let thread = thread::Builder::new().name(what.to_owned()).spawn(move || run(from))?;
        Ok(Self { what, wants, to: Some(to), thread })
    }
}

struct Poster {
    timeout: Duration,
    attempts: u8,
    appliance: String,
    stop: Arc<AtomicBool>,
}

impl Poster {
    fn deliver(&self, change: &Change) {
        let Some(url) = &change.rule.webhook else { return };
        let body = body(change, &self.appliance);
        let mut last = String::new();
        for attempt in 1..=self.attempts {
            match post(url, &body, self.timeout) {
                Ok(()) => return,
                Err(PostError::Final(error)) => return trouble(change, &error),
                Err(PostError::Passing(error)) => last = error,
            }
            if attempt < self.attempts && !self.pause(Duration::from_secs(attempt.into())) {
                break;
            }
        }
        trouble(change, &format!("{last}; given up"));
    }

    /// Waits; `false` when all is to end meanwhile.
    fn pause(&self, pause: Duration) -> bool {
        let begin = Instant::now();
        while begin.elapsed() < pause && !self.stop.load(Ordering::Relaxed) {
            thread::sleep(LOOK);
        }
        !self.stop.load(Ordering::Relaxed)
    }
}

fn trouble(change: &Change, what: &str) {
    tell(Kind::AlertTrouble, format!("alert {}: {}: {what}", change.rule.name, change.state.name()));
}

/// A change as a line.
#[must_use]
pub fn line(change: &Change) -> String {
    let still = if change.is_repeat { "still " } else { "" };
    format!("alert {}: {still}{}: {}", change.rule.name, change.state.name(), change.text)
}

/// A change as a JSON object.
#[must_use]
pub fn body(change: &Change, appliance: &str) -> String {
    let Change { rule, of, state, is_repeat, value, text } = change;
    format!(
        "{{\"alert\":{},\"state\":\"{}\",\"repeat\":{is_repeat},\"what\":\"{}\",\"of\":{},\"value\":{value},\"text\":{},\"appliance\":{}}}",
        Text(&rule.name),
        state.name(),
        rule.what.name(),
        Text(of),
        Text(text),
        Text(appliance)
    )
}
