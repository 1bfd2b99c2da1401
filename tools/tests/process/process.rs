//! A child process that never outlives its test, with everything it says in files.

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs::{self, File};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// No step of any test takes as long on a machine that works, however busy.
pub const LIMIT: Duration = Duration::from_secs(60);

/// Waits until `done`, and says what was waited for when that takes too long.
pub fn wait_until(what: &str, mut done: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !done() {
        assert!(begin.elapsed() < LIMIT, "expected {what} within {LIMIT:?}");
        std::thread::sleep(Duration::from_micros(200));
    }
}

/// A running child, killed when dropped.
pub struct Process {
    child: Child,
    name: String,
    out: PathBuf,
    err: PathBuf,
}

/// What is left of a child.
#[derive(Debug)]
pub struct Finished {
    /// How it ended.
    pub status: ExitStatus,
    /// What it said on stdout.
    pub out: String,
    /// What it said on stderr.
    pub err: String,
}

impl Process {
    /// Starts `command`; its outputs go to `dir` under `name`.
    pub fn spawn(mut command: Command, dir: &Path, name: &str) -> Self {
        let [out, err] = ["out", "err"].map(|stream| dir.join(format!("{name}.{stream}")));
        let create = |path: &Path| File::create(path).expect("the test's directory can be written");
        command.stdin(Stdio::null()).stdout(create(&out)).stderr(create(&err));
        let child = command.spawn().unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
        Self { child, name: name.to_owned(), out, err }
    }

    /// What it said on stdout so far.
    pub fn out(&self) -> String {
        fs::read_to_string(&self.out).expect("stdout is text")
    }

    /// What it said on stderr so far.
    pub fn err(&self) -> String {
        fs::read_to_string(&self.err).expect("stderr is text")
    }

    /// Its number.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether it has ended.
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("the child is ours").is_some()
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(i32::try_from(self.child.id()).expect("process numbers are positive"));
        kill(pid, signal).unwrap_or_else(|error| panic!("cannot send {signal} to {}: {error}", self.name));
    }

    /// Ends it without warning.
    pub fn kill(mut self) -> Finished {
        self.child.kill().expect("the child is ours");
        let finished = self.wait();
        assert_eq!(finished.status.signal(), Some(Signal::SIGKILL as i32), "it had ended before: {finished:?}");
        finished
    }

    /// Ends it without warning, unless it has ended by itself.
    pub fn end_by_force(mut self) -> Finished {
        self.child.kill().expect("the child is ours");
        self.wait()
    }

    /// Waits for its end.
    pub fn wait(mut self) -> Finished {
        let begin = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("the child is ours") {
                break status;
            }
            assert!(
                begin.elapsed() < LIMIT,
                "expected {} to end within {LIMIT:?}, it runs on\n{}{}",
                self.name,
                self.out(),
                self.err()
            );
            std::thread::sleep(Duration::from_millis(1));
        };
        Finished { status, out: self.out(), err: self.err() }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Finished {
    /// It ended well.
    pub fn expect_success(self) -> Self {
        assert!(self.status.success(), "expected success, found {}\n{}{}", self.status, self.out, self.err);
        self
    }

    /// It ended with exit status 1 and said all of `words` on stderr.
    pub fn expect_refusal(&self, words: &[&str]) {
        assert_eq!(self.status.code(), Some(1), "{self:?}");
        for word in words {
            assert!(self.err.contains(word), "expected '{word}' in: {}", self.err);
        }
    }
}
