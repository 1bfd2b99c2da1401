//! The appliance's own look at itself: a cold thread.
//!
//! It sees everything but two things: that its process stands still or is gone, and what subscribers hear. `pinion watch` sees those.

use super::actions::Actions;
use super::rules::Rules;
use super::sessions::Sessions;
use super::sight::Looker;
use crate::log::tell_with;
use engine::config::{AlertsAct, Config};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Looks until it is dropped.
#[derive(Debug)]
pub struct AlertThread {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl AlertThread {
    /// Begins to look at the appliance of this configuration.
    ///
    /// # Errors
    /// There is no thread to be had.
    pub fn spawn(config: &Config) -> std::io::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let mut looker = Looker::new(config);
        let mut rules = Rules::new(&config.alert_rules);
        let actions = Actions::new(config, config.alerts.acts == AlertsAct::Run)?;
        let every = Duration::from_millis(config.alerts.every_ms.into());
        let looks = move || {
            let mut sessions = Sessions::default();
            while !stopped.load(Ordering::Relaxed) {
                let sight = looker.look();
                if let Some(look) = &sight.look {
                    for (kind, text, fields) in sessions.see(look) {
                        tell_with(kind, text, fields);
                    }
                }
                for change in rules.evaluate(&sight) {
                    Actions::log(&change);
                    actions.act(&change);
                }
                thread::park_timeout(every);
            }
        };
        let thread = thread::Builder::new().name("alerts".to_owned()).spawn(looks)?;
        Ok(Self { stop, thread: Some(thread) })
    }
}

impl Drop for AlertThread {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // It only looks; that it panicked is no reason to.
            let _ = thread.join();
        }
    }
}
