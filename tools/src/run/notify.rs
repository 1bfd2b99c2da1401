//! What `pinion run` tells the service manager that started it: systemd's notification protocol, one datagram a message.
//!
//! Goal: the manager knows when the appliance serves, why it waits, and that every tile still turns; when one stands still, it is not told so,
//! and ends the process. Non-goal: a manager that asks something back; without one all of this does nothing.

use std::env;
use std::ffi::OsStr;
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::{Duration, Instant};

/// The way to the service manager; leads nowhere when there is none.
#[derive(Debug, Default)]
pub struct Notifier {
    to: Option<(UnixDatagram, SocketAddr)>,
}

impl Notifier {
    /// As `NOTIFY_SOCKET` says.
    ///
    /// # Errors
    /// It is set, and names nothing that a datagram can be sent to.
    pub fn from_environment() -> io::Result<Self> {
        match env::var_os("NOTIFY_SOCKET") {
            Some(name) if !name.is_empty() => Self::to(&name),
            _ => Ok(Self::default()),
        }
    }

    /// A path, or `@` and a name without a file.
    fn to(name: &OsStr) -> io::Result<Self> {
        let address = match name.as_bytes() {
            [b'@', name @ ..] => SocketAddr::from_abstract_name(name)?,
            _ => SocketAddr::from_pathname(name)?,
        };
        let socket = UnixDatagram::unbound()?;
        // A manager that does not read must not hold up the appliance.
        socket.set_nonblocking(true)?;
        Ok(Self { to: Some((socket, address)) })
    }

    /// What the appliance is doing, for `systemctl status`.
    pub fn status(&self, text: &str) {
        self.tell(&format!("STATUS={text}"));
    }

    /// It serves.
    pub fn ready(&self, text: &str) {
        self.tell(&format!("READY=1\nSTATUS={text}"));
    }

    /// It was told to stop, and does.
    pub fn stopping(&self) {
        self.tell("STOPPING=1\nSTATUS=finishing what was taken in");
    }

    /// Every tile turns.
    pub fn alive(&self) {
        self.tell("WATCHDOG=1");
    }

    fn tell(&self, message: &str) {
        if let Some((socket, address)) = &self.to {
            // Best effort: a lost sign of life is followed by others, and there is nobody else to tell.
            let _ = socket.send_to_addr(message.as_bytes(), address);
        }
    }
}

/// Decides when a sign of life is due and deserved.
#[derive(Debug)]
pub struct Watchdog {
    /// Between two signs.
    interval: Duration,
    due: Instant,
    /// Of each thread of tiles, at the last sign.
    turns: Vec<u64>,
}

impl Watchdog {
    /// As `WATCHDOG_USEC` and `WATCHDOG_PID` say: four signs in the time after which the manager gives up. `None` where it does not watch.
    #[must_use]
    pub fn from_environment() -> Option<Self> {
        let number = |name: &str| env::var(name).ok()?.parse::<u64>().ok();
        let is_ours = number("WATCHDOG_PID").is_none_or(|pid| pid == u64::from(std::process::id()));
        let patience = number("WATCHDOG_USEC").filter(|patience| is_ours && *patience > 0)?;
        Some(Self::new(Duration::from_micros(patience), Instant::now()))
    }

    fn new(patience: Duration, now: Instant) -> Self {
        Self { interval: patience / 4, due: now, turns: Vec::new() }
    }

    /// Whether to give a sign of life now: its time has come, and since the last one each thread has turned. `turns` is asked for then only.
    pub fn has_life(&mut self, now: Instant, turns: impl FnOnce() -> Vec<u64>) -> bool {
        if now < self.due {
            return false;
        }
        let turns = turns();
        let last = |thread: usize| self.turns.get(thread).copied().unwrap_or(0);
        if turns.iter().enumerate().any(|(thread, turns)| *turns <= last(thread)) {
            return false;
        }
        self.turns = turns;
        self.due = now + self.interval;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_manager_nothing_is_told() {
        Notifier::default().ready("serves");
    }

    #[test]
    fn both_kinds_of_names_are_reached() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("notify");
        let abstract_name = format!("pinion-notify-{}", std::process::id());
        let address = SocketAddr::from_abstract_name(&abstract_name).expect("a short name");
        for (socket, name) in [
            (UnixDatagram::bind(&path), path.display().to_string()),
            (UnixDatagram::bind_addr(&address), format!("@{abstract_name}")),
        ] {
            let socket = socket.expect("a name of its own");
            socket.set_read_timeout(Some(Duration::from_secs(5))).expect("a socket");
            Notifier::to(OsStr::new(&name)).expect("a name").ready("serves");
            let mut buffer = [0; 64];
            let len = socket.recv(&mut buffer).expect("a datagram");
            assert_eq!(&buffer[..len], b"READY=1\nSTATUS=serves", "{name}");
        }
    }

    #[test]
    fn a_manager_that_is_gone_or_deaf_holds_up_nobody() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("notify");
        let deaf = UnixDatagram::bind(&path).expect("a name of its own");
        let notifier = Notifier::to(path.as_os_str()).expect("a name");
        for _ in 0..10_000 {
            notifier.alive();
        }
        drop(deaf);
        notifier.alive();
    }

    #[test]
    fn a_thread_that_stands_still_ends_the_signs_of_life() {
        let begin = Instant::now();
        let at = |ms: u64| begin + Duration::from_millis(ms);
        let mut watchdog = Watchdog::new(Duration::from_millis(400), begin);
        assert!(!watchdog.has_life(at(0), || vec![1, 0]), "one has not begun");
        assert!(watchdog.has_life(at(20), || vec![2, 1]), "as soon as both have");
        assert!(!watchdog.has_life(at(119), || panic!("asked before it was due")));
        assert!(watchdog.has_life(at(120), || vec![9, 2]));
        for ms in [220, 240, 700] {
            assert!(!watchdog.has_life(at(ms), || vec![10 + ms, 2]), "the second stands still");
        }
        assert!(watchdog.has_life(at(720), || vec![800, 3]), "it goes on");
    }
}
