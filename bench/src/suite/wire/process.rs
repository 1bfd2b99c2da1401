//! A process of the far side, as the near side sees it.
//!
//! Goal: it serves when it is started, stands still when others are measured, and is gone when this is dropped. Non-goal: what it does;
//! see [`super::far`].

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::network::Network;
use crate::error::BenchError;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// The hidden subcommand, and what a process says when it serves.
pub const SUBCOMMAND: &str = "wire-far";
pub const READY: &str = "ready";
/// How long a process may take to end in order.
const END_MAX: Duration = Duration::from_secs(10);

/// A process of the far side, asleep unless it was woken.
#[derive(Debug)]
pub struct Peer {
    name: String,
    child: Child,
    log: PathBuf,
}

impl Peer {
    /// Starts this program's hidden subcommand on the far side and waits until it serves, then lets it sleep.
    ///
    /// # Errors
    /// It ends instead.
    pub fn start(network: &Network, name: &str, arguments: &[String], scratch: &Path) -> Result<Self, BenchError> {
        let program = std::env::current_exe().map_err(BenchError::io("find this program"))?;
        let log = scratch.join(format!("{}.log", name.replace(' ', "-")));
        let written = File::create(&log).map_err(BenchError::io("create a file for what the far side says"))?;
        let mut command = Command::new(program);
        // A group of its own: what a terminal says to this program is not for it.
        command.process_group(0);
        command.arg(SUBCOMMAND).args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(written);
        // A process belongs to the namespace of the thread that starts it.
        let child = network.on_far(|| command.spawn()).map_err(BenchError::io("start a process"))?;
        let mut peer = Self { name: name.to_owned(), child, log };
        let mut line = String::new();
        let out = peer.child.stdout.take().map(|out| BufReader::new(out).read_line(&mut line));
        if !matches!(out, Some(Ok(_))) || line.trim_end() != READY {
            return Err(peer.ended());
        }
        peer.sleep()?;
        Ok(peer)
    }

    /// Lets it run.
    ///
    /// # Errors
    /// It has ended.
    pub fn wake(&mut self) -> Result<(), BenchError> {
        self.signal(Signal::SIGCONT)
    }

    /// Lets it stand still, so that it disturbs nobody.
    ///
    /// # Errors
    /// It has ended.
    pub fn sleep(&mut self) -> Result<(), BenchError> {
        self.signal(Signal::SIGSTOP)
    }

    /// Ends it in order, awake. Returns what it said.
    ///
    /// # Errors
    /// It does not end, or fails.
    pub fn end(mut self) -> Result<String, BenchError> {
        self.wake()?;
        self.signal(Signal::SIGTERM)?;
        let deadline = Instant::now() + END_MAX;
        while Instant::now() < deadline {
            if let Ok(Some(status)) = self.child.try_wait() {
                return if status.success() { Ok(self.said()) } else { Err(self.ended()) };
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        Err(self.ended())
    }

    /// For signals from another thread.
    #[must_use]
    pub fn pid(&self) -> Option<Pid> {
        i32::try_from(self.child.id()).ok().map(Pid::from_raw)
    }

    fn signal(&mut self, signal: Signal) -> Result<(), BenchError> {
        // A process that was waited for has given its number back.
        let runs = matches!(self.child.try_wait(), Ok(None));
        match self.pid().filter(|_| runs).map(|pid| kill(pid, signal)) {
            Some(Ok(())) => Ok(()),
            _ => Err(self.ended()),
        }
    }

    fn said(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    fn ended(&self) -> BenchError {
        BenchError::Peer { name: self.name.clone(), said: self.said().trim().replace('\n', "; ") }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // It also works on a process that stands still; one that has ended is only waited for.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
