//! The machine as its files and a few commands show it, below any root.
//!
//! Goal: a stage reads and writes through this alone, so that a test can make a machine up from a folder. Non-goal: meaning.

use netio::clock::{Discipline, discipline};
use netio::cpu::Layout;
use nix::ifaddrs::getifaddrs;
use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A machine.
#[derive(Clone, Debug)]
pub struct Machine {
    root: PathBuf,
}

impl Machine {
    /// The machine whose files lie below `root`: the one we run on for `/`.
    ///
    /// For any other root nothing is run: what a command would say is in a file `commands/` with the command as its name, `/` written as
    /// `_`, and what was to be run is added to the file `commands.log`. Addresses are in the file `addresses`, `NAME ADDRESS` a line.
    #[must_use]
    pub fn below(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    /// Where a path of the machine really is.
    #[must_use]
    pub fn path(&self, path: &str) -> PathBuf {
        self.root.join(path.trim_start_matches('/'))
    }

    /// What a file says, without white space around it. `None` when it is not there or may not be read.
    #[must_use]
    pub fn read(&self, path: &str) -> Option<String> {
        fs::read_to_string(self.path(path)).ok().map(|text| text.trim().to_owned())
    }

    /// The same as a number.
    #[must_use]
    pub fn number(&self, path: &str) -> Option<u64> {
        self.read(path)?.parse().ok()
    }

    /// What a setting is at: of several choices the one in brackets, else all of it.
    #[must_use]
    pub fn setting(&self, path: &str) -> Option<String> {
        let text = self.read(path)?;
        let chosen =
            text.split_once('[').and_then(|(_, rest)| rest.split_once(']')).map(|(chosen, _)| chosen.to_owned());
        Some(chosen.unwrap_or(text))
    }

    /// Sets a setting, which must exist, as `echo` does.
    ///
    /// # Errors
    /// The kernel's refusal.
    pub fn write(&self, path: &str, value: &str) -> io::Result<()> {
        OpenOptions::new().write(true).truncate(true).open(self.path(path))?.write_all(format!("{value}\n").as_bytes())
    }

    /// The names in a folder, in order; none where there is no such folder.
    #[must_use]
    pub fn names(&self, folder: &str) -> Vec<String> {
        let entries = fs::read_dir(self.path(folder)).into_iter().flatten().flatten();
        let mut names: Vec<String> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
        names.sort_by_key(|name| (name.parse::<u64>().unwrap_or(u64::MAX), name.clone()));
        names
    }

    /// Whether a path is there.
    #[must_use]
    pub fn has(&self, path: &str) -> bool {
        self.path(path).symlink_metadata().is_ok()
    }

    /// The last part of what a link points to.
    #[must_use]
    pub fn link(&self, path: &str) -> Option<String> {
        fs::read_link(self.path(path)).ok()?.file_name()?.to_str().map(str::to_owned)
    }

    /// Runs a command and gives what it says.
    ///
    /// # Errors
    /// It is not there, or failed; then with what it said.
    pub fn run(&self, command: &[String]) -> io::Result<String> {
        let line = command.join(" ");
        if self.root != Path::new("/") {
            let log = OpenOptions::new().create(true).append(true).open(self.path("commands.log"));
            log.and_then(|mut log| writeln!(log, "{line}"))?;
            return fs::read_to_string(self.path("commands").join(line.replace('/', "_")));
        }
        let Some((program, arguments)) = command.split_first() else { return Err(ErrorKind::InvalidInput.into()) };
        let output = Command::new(program).args(arguments).env("LC_ALL", "C").output()?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        Err(io::Error::other(format!("{}: {}", output.status, said.trim().lines().next().unwrap_or("no message"))))
    }

    /// Whether this is the machine we run on.
    #[must_use]
    pub fn is_here(&self) -> bool {
        self.root == Path::new("/")
    }

    /// Whether somebody keeps the clock right. Elsewhere the file `clock` says so: `synchronized MICROSECONDS` or `free MICROSECONDS`.
    #[must_use]
    pub fn clock(&self) -> Option<Discipline> {
        if self.is_here() {
            return discipline().ok();
        }
        let text = self.read("clock")?;
        let (state, error_us) = text.split_once(' ')?;
        Some(Discipline { is_synchronized: state == "synchronized", error_us: error_us.parse().ok()? })
    }

    /// The cores.
    #[must_use]
    pub fn layout(&self) -> Layout {
        Layout::below(&self.root)
    }

    /// The network interface that has an address.
    #[must_use]
    pub fn interface_of(&self, address: Ipv4Addr) -> Option<String> {
        if self.root != Path::new("/") {
            let addresses = self.read("addresses")?;
            let mut lines = addresses.lines().filter_map(|line| line.split_once(' '));
            return lines.find(|(_, of)| of.trim().parse() == Ok(address)).map(|(name, _)| name.to_owned());
        }
        let has = |found: &nix::ifaddrs::InterfaceAddress| {
            found.address.and_then(|found| found.as_sockaddr_in().map(|found| found.ip())) == Some(address)
        };
        getifaddrs().ok()?.find(has).map(|found| found.interface_name)
    }
}
