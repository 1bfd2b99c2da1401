//! A real terminal without a person before it: tmux runs a command line in a window of a given size; a test presses keys and reads what
//! stands there.
//!
//! Goal: what a live screen really draws, and whether it gives the terminal back, for every subcommand that has one. A test binary takes
//! it in with `#[path = "../terminal/screen.rs"] mod terminal;`. Non-goal: colours.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::thread;
use std::time::{Duration, Instant};

/// No picture takes as long on a machine that works, however busy.
const LIMIT: Duration = Duration::from_secs(60);

/// A terminal that a program draws on. Dropped, tmux ends, and the program must.
pub struct Screen {
    dir: PathBuf,
}

impl Screen {
    /// Runs a command line in a window of this size; the server's socket lies in `dir`, which is nobody else's. `None` where there is no tmux.
    pub fn run(dir: &Path, (width, height): (u16, u16), line: &str) -> Option<Self> {
        if Command::new("tmux").arg("-V").output().is_err() {
            assert!(env::var_os("CI").is_none(), "expected tmux, found none: run scripts/setup as root");
            eprintln!("skipped: no tmux");
            return None;
        }
        fs::create_dir_all(dir).expect("a directory of the test");
        let screen = Self { dir: dir.to_owned() };
        let (width, height) = (width.to_string(), height.to_string());
        let arguments = ["-f", "/dev/null", "new-session", "-d", "-x", &width, "-y", &height, line];
        let started = screen.tmux(&arguments);
        assert!(started.status.success(), "{started:?}");
        Some(screen)
    }

    fn tmux(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new("tmux");
        // A server of its own, whose socket goes with the directory.
        command.arg("-S").arg(self.dir.join("tmux")).args(arguments).env_remove("TMUX").env("SHELL", "/bin/sh");
        command.output().expect("tmux is there")
    }

    /// What is on it.
    pub fn text(&self) -> String {
        String::from_utf8(self.tmux(&["capture-pane", "-p"]).stdout).expect("text")
    }

    /// Presses one key, by tmux's name of it: `q`, `Enter`, `Up`, `PageDown`.
    pub fn press(&self, key: &str) {
        assert!(self.tmux(&["send-keys", key]).status.success());
    }

    /// Types a text as it stands, and Enter behind it.
    pub fn enter(&self, text: &str) {
        assert!(self.tmux(&["send-keys", "-l", text]).status.success());
        self.press("Enter");
    }

    /// Whether a program has taken the whole screen.
    pub fn is_taken(&self) -> bool {
        self.tmux(&["display-message", "-p", "#{alternate_on}"]).stdout.starts_with(b"1")
    }

    /// The number of the process that runs in it: the command's shell.
    pub fn shell(&self) -> u32 {
        let shell = self.tmux(&["display-message", "-p", "#{pane_pid}"]).stdout;
        String::from_utf8(shell).expect("text").trim().parse().expect("a number")
    }

    /// The number of the shell's child.
    pub fn child(&self) -> u32 {
        let shell = self.shell();
        let children = format!("/proc/{shell}/task/{shell}/children");
        fs::read_to_string(children).expect("the shell runs").trim().parse().expect("one child")
    }

    /// Waits until what is on it will do, and returns it.
    #[track_caller]
    pub fn wait(&self, what: &str, done: impl Fn(&str) -> bool) -> String {
        let begin = Instant::now();
        loop {
            let text = self.text();
            if done(&text) {
                return text;
            }
            assert!(begin.elapsed() < LIMIT, "expected {what} on the screen within {LIMIT:?}, found\n{text}");
            thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Screen {
    /// Takes the terminal away. A program that still runs must end by that alone.
    fn drop(&mut self) {
        let shell = String::from_utf8_lossy(&self.tmux(&["display-message", "-p", "#{pane_pid}"]).stdout).into_owned();
        let children = |pid: &str| fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
        let programs = format!("{} {}", shell.trim(), children(shell.trim()));
        let _ = self.tmux(&["kill-server"]);
        let begin = Instant::now();
        let alive =
            |pid: &&str| fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z"));
        while let Some(left) = programs.split_whitespace().find(alive) {
            if begin.elapsed() > LIMIT {
                let _ = Command::new("kill").args(["-9", left]).status();
                assert!(thread::panicking(), "process {left} has outlived its terminal");
                return;
            }
            thread::sleep(Duration::from_millis(5));
        }
    }
}

/// A command as one types it, and behind it how it ended and whether the terminal echoes again; then the window stays for a minute.
pub fn line_of(command: &Command) -> String {
    let after = "echo \"ended with $?\"; stty -a | grep -q ' echo ' && echo 'it echoes'; sleep 60";
    format!("{}; {after}", typed(command))
}

/// A command as one types it. Nothing in it needs quoting but brackets and quotes.
fn typed(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| format!("'{}'", word.to_str().expect("text"))).collect::<Vec<_>>().join(" ")
}
