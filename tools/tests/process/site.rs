//! A directory, ports and settings: what one appliance after the other, and its clients, use during a test.

use crate::ports::Ports;
use crate::process::{Finished, Process, wait_until};
use nix::sys::signal::Signal;
use std::net::SocketAddrV4;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use tempfile::TempDir;

/// The program under test.
pub const PINION: &str = env!("CARGO_BIN_EXE_pinion");

/// Everything goes when it is dropped.
pub struct Site {
    dir: TempDir,
    pub ports: Ports,
    settings: Vec<String>,
    /// Names the outputs of each process.
    processes: AtomicU32,
}

impl Site {
    /// A small appliance on one parking thread, so that many tests can share a machine.
    pub fn new() -> Self {
        let settings = [
            "topology.cores=1",
            "topology.wait=park",
            "journal.durability=mapped",
            "journal.segment_bytes=2097152",
            "limits.orders=65536",
            "limits.levels=65536",
            "limits.session_orders=65536",
            "limits.session_store_messages=131072",
        ];
        Self {
            dir: tempfile::Builder::new().prefix("pinion-").tempdir().expect("a temporary directory"),
            ports: Ports::claim(),
            settings: settings.map(str::to_owned).into(),
            processes: AtomicU32::new(0),
        }
    }

    /// With one more setting, `key=value`; a later one wins.
    pub fn with(mut self, setting: impl Into<String>) -> Self {
        self.settings.push(setting.into());
        self
    }

    /// A file or directory of this site.
    pub fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.dir.path().join(name)
    }

    /// The journal's directory.
    pub fn journal(&self) -> PathBuf {
        self.path("journal")
    }

    /// `pinion run` with the settings, and with more of them.
    pub fn run_command(&self, more: &[&str]) -> Command {
        self.run_command_of(self.settings.iter().map(String::as_str).chain(more.iter().copied()))
    }

    /// `pinion run` with the settings but those whose names begin so.
    pub fn run_command_without(&self, prefix: &str) -> Command {
        self.run_command_of(self.settings.iter().map(String::as_str).filter(|setting| !setting.starts_with(prefix)))
    }

    fn run_command_of<'a>(&self, settings: impl Iterator<Item = &'a str>) -> Command {
        let mut command = Command::new(PINION);
        command.arg("run");
        let ports = &self.ports;
        let own = [
            format!("journal.dir={}", self.journal().display()),
            format!("stats.dir={}", self.dir.path().display()),
            format!("network.order_entry={}", ports.order_entry()),
            format!("network.rerequest={}", ports.rerequest()),
            format!("feed.rerequest={}", ports.subscribers()),
            format!("feed.snapshot={}", ports.subscribers()),
            format!("admin.address={}", ports.admin()),
            format!("channel.0.tick_lines=[\"{}\"]", ports.tick_line()),
            format!("channel.0.depth_lines=[\"{}\"]", ports.depth_line()),
        ];
        let settings = own.into_iter().chain(settings.map(str::to_owned));
        command.args(settings.flat_map(|setting| ["--set".to_owned(), setting]));
        command
    }

    /// Starts a process whose outputs this site keeps.
    pub fn spawn(&self, command: Command, name: &str) -> Process {
        let number = self.processes.fetch_add(1, Ordering::Relaxed);
        Process::spawn(command, self.dir.path(), &format!("{number}-{name}"))
    }

    /// Starts an appliance and waits until it serves.
    pub fn start(&self) -> Appliance {
        self.start_command(self.run_command(&[]))
    }

    /// The same with a command of one's own.
    pub fn start_command(&self, command: Command) -> Appliance {
        let mut process = self.spawn(command, "run");
        wait_until("the appliance to be ready", || {
            assert!(!process.has_ended(), "it ended instead: {}", process.err());
            process.out() == "ready\n"
        });
        Appliance { process }
    }

    /// Starts an appliance that must refuse to.
    pub fn start_refused(&self, more: &[&str]) -> Finished {
        let finished = self.spawn(self.run_command(more), "refused").wait();
        assert_eq!(finished.out, "", "it said that it was ready");
        finished
    }

    /// `pinion replay` of a recording.
    pub fn replay_command(&self, file: &Path, more: &[&str]) -> Command {
        self.replay_command_to(self.ports.order_entry(), self.ports.rerequest(), file, more)
    }

    /// The same by way of other addresses.
    pub fn replay_command_to(
        &self,
        order_entry: SocketAddrV4,
        rerequest: SocketAddrV4,
        file: &Path,
        more: &[&str],
    ) -> Command {
        let mut command = Command::new(PINION);
        command.arg("replay").args(["--server", &order_entry.to_string(), "--rerequest", &rerequest.to_string()]);
        command.args(more).arg(file);
        command
    }

    /// Replays a recording to its end.
    pub fn replay(&self, file: &Path, more: &[&str]) -> Finished {
        self.spawn(self.replay_command(file, more), "replay").wait()
    }

    /// `pinion journal ACTION` on this site's journal.
    pub fn journal_command(&self, action: &str) -> Finished {
        let mut command = Command::new(PINION);
        command.args(["journal", action]).arg(self.journal());
        self.spawn(command, action).wait()
    }
}

/// A serving appliance.
pub struct Appliance {
    process: Process,
}

/// What an appliance says when it has been stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// The last command.
    pub seq: u64,
    /// Of the state after it.
    pub state_hash: String,
    /// Its line, whole.
    pub text: String,
}

impl Appliance {
    /// Its number.
    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// What it has said on stderr so far.
    pub fn err(&self) -> String {
        self.process.err()
    }

    /// SIGTERM, all that it said, and its last line.
    pub fn stop_saying(self) -> (String, Summary) {
        self.process.signal(Signal::SIGTERM);
        let err = self.process.wait().expect_success().err;
        let summary = Summary::of(&err);
        (err, summary)
    }

    /// SIGTERM, and what it said then.
    pub fn stop(self) -> Summary {
        self.stop_by(Signal::SIGTERM)
    }

    /// A signal that stops in order, and what it said then.
    pub fn stop_by(self, signal: Signal) -> Summary {
        self.process.signal(signal);
        Summary::of(&self.process.wait().expect_success().err)
    }

    /// SIGSTOP: it does nothing from then on.
    pub fn freeze(&self) {
        self.process.signal(Signal::SIGSTOP);
    }

    /// SIGKILL.
    pub fn kill(self) {
        self.process.kill();
    }

    /// SIGKILL, unless it has just ended by itself. Returns what it said on stderr.
    pub fn end_by_force(self) -> String {
        self.process.end_by_force().err
    }

    /// Its end by itself, which is no success, and what it said.
    pub fn ended(self) -> Finished {
        self.process.wait()
    }

    /// The last command that it knew at its start.
    pub fn replayed(&self) -> u64 {
        let err = self.process.err();
        number_before(&err, "; orders at").unwrap_or_else(|| panic!("expected 'up to seq N; orders at' in: {err}"))
    }

    /// How many records it read for that, behind the snapshot that it began from.
    pub fn replayed_records(&self) -> u64 {
        let err = self.process.err();
        number_before(&err, " records replayed").unwrap_or_else(|| panic!("expected 'N records replayed' in: {err}"))
    }

    /// The last command that the snapshot holds from which it began.
    pub fn snapshot_seq(&self) -> Option<u64> {
        let err = self.process.err();
        let (_, rest) = err.split_once("the state after seq ")?;
        rest.split_whitespace().next()?.parse().ok()
    }

    /// What it said that its tables stand on: all, on reserved huge pages, on transparent ones, on small ones, MiB.
    pub fn memory_mib(&self) -> [u64; 4] {
        let err = self.process.err();
        let words = [" MiB in large tables", " on reserved huge pages", " on transparent ones", " on small pages"];
        words.map(|words| number_before(&err, words).unwrap_or_else(|| panic!("expected 'N{words}' in: {err}")))
    }

    /// Whether it still runs.
    pub fn is_alive(&mut self) -> bool {
        !self.process.has_ended()
    }
}

impl Summary {
    fn of(err: &str) -> Self {
        let text = err.lines().find(|line| line.starts_with("stopped at seq "));
        let text = text.unwrap_or_else(|| panic!("expected a line 'stopped at seq …', found: {err}")).to_owned();
        let mut words = text.split([' ', ',']).filter(|word| !word.is_empty()).skip(3);
        let seq = words.next().and_then(|word| word.parse().ok()).expect("a sequence number");
        let state_hash = words.nth(2).expect("a state hash").to_owned();
        Self { seq, state_hash, text }
    }

    /// One of its counters; those that are not named are 0.
    pub fn counter(&self, name: &str) -> u64 {
        let counters = self.text.split_once("; ").map_or("", |(_, counters)| counters);
        counters
            .split(", ")
            .find_map(|counter| counter.strip_prefix(name)?.strip_prefix(' ')?.parse().ok())
            .unwrap_or(0)
    }
}

fn number_before(text: &str, words: &str) -> Option<u64> {
    text.split_once(words)?.0.rsplit(|letter: char| !letter.is_ascii_digit()).next()?.parse().ok()
}
