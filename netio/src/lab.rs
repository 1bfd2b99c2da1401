//! A network of one's own: two namespaces joined by a veth pair, for tests, for the demonstration and for measurements.
//!
//! Goal: packets go through two network stacks and a link that carry nothing else, and nothing is left behind whatever
//! happens: the namespaces have no names and live as long as somebody holds them (this value, a thread or a process that
//! stands in them, a socket that was made there), and the link lives as long as they do. Non-goal: changing anything that
//! others see; more than two hosts.
//!
//! ```text
//!   near namespace: near0 10.26.40.1/24 ══ veth ══ far0 10.26.40.2/24 :far namespace
//! ```

mod offload;

use std::fmt;
use std::fs::File;
use std::io;
use std::net::Ipv4Addr;
use std::os::fd::AsRawFd;
use std::process::Command;
use std::thread;

use nix::sched::{CloneFlags, setns, unshare};
use nix::unistd::geteuid;

/// The two namespaces. See the module.
#[derive(Debug)]
pub struct Lab {
    near: File,
    far: File,
}

/// One of the two hosts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// By custom, where the client or the test stands.
    Near,
    /// By custom, where the appliance or the port under test stands.
    Far,
}

impl Side {
    /// Its address, in a network of 24 bits.
    #[must_use]
    pub const fn address(self) -> Ipv4Addr {
        match self {
            Self::Near => Ipv4Addr::new(10, 26, 40, 1),
            Self::Far => Ipv4Addr::new(10, 26, 40, 2),
        }
    }

    /// Its end of the link.
    #[must_use]
    pub const fn device(self) -> &'static str {
        match self {
            Self::Near => "near0",
            Self::Far => "far0",
        }
    }

    /// The Ethernet address of its end of the link.
    #[must_use]
    pub const fn mac(self) -> [u8; 6] {
        match self {
            Self::Near => [0x02, 0x26, 0x40, 0, 0, 1],
            Self::Far => [0x02, 0x26, 0x40, 0, 0, 2],
        }
    }

    /// The one at the other end.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Near => Self::Far,
            Self::Far => Self::Near,
        }
    }
}

impl Lab {
    /// Makes both namespaces and the link, whose ends have this many queues each way, and switches off what would leave
    /// checksums to a hardware that is not there. The calling thread stays where it is.
    ///
    /// # Errors
    ///
    /// [`LabError::NotPermitted`] to who is not root; the others when the kernel has no namespaces or veth, or there is no
    /// `ip`.
    pub fn make(queues: u8) -> Result<Self, LabError> {
        // A thread makes them, since whoever makes a namespace stands in it.
        let made = thread::Builder::new().name("lab".to_owned()).spawn(move || Self::make_here(queues));
        let made = made.map_err(|source| LabError::Namespace { action: "be made by a thread", source })?;
        let died = |_| LabError::Namespace { action: "be made", source: io::Error::other("the thread died") };
        made.join().map_err(died)?
    }

    /// Moves the calling thread to this side, for good.
    ///
    /// # Errors
    ///
    /// Not to who is not root.
    pub fn enter(&self, side: Side) -> io::Result<()> {
        Ok(setns(self.namespace(side), CloneFlags::CLONE_NEWNET)?)
    }

    /// Does something on this side, such as opening a socket or starting a process, and returns to where it was.
    ///
    /// # Errors
    ///
    /// The namespace cannot be entered, or that of the caller cannot be entered again.
    pub fn on<T>(&self, side: Side, act: impl FnOnce() -> T) -> io::Result<T> {
        let mut back = Back { home: Some(here()?) };
        self.enter(side)?;
        let done = act();
        back.go()?;
        Ok(done)
    }

    /// Lets frames carry up to this many bytes of IP, 1500 at first.
    ///
    /// # Errors
    ///
    /// [`LabError::Refused`], for instance where an XDP program is at one end.
    pub fn mtu(&self, bytes: u16) -> Result<(), LabError> {
        for side in [Side::Near, Side::Far] {
            let entered = |source| LabError::Namespace { action: "be entered", source };
            self.on(side, || ip(&["link", "set", side.device(), "mtu", &bytes.to_string()])).map_err(entered)??;
        }
        Ok(())
    }

    /// The kernel of this side has its address for itself, and does nothing for it on the link: for a port that has the
    /// address there. Sockets of this side may still be bound to it.
    ///
    /// # Errors
    ///
    /// [`LabError::Refused`].
    pub fn hand_over_address(&self, side: Side) -> Result<(), LabError> {
        let (device, own) = (side.device(), format!("{}/32", side.address()));
        let commands: [&[&str]; 3] = [
            &["address", "flush", "dev", device],
            &["address", "add", &own, "dev", "lo"],
            &["link", "set", device, "arp", "off"],
        ];
        let entered = |source| LabError::Namespace { action: "be entered", source };
        self.on(side, || commands.iter().try_for_each(|command| ip(command))).map_err(entered)?
    }

    const fn namespace(&self, side: Side) -> &File {
        match side {
            Side::Near => &self.near,
            Side::Far => &self.far,
        }
    }

    fn make_here(queues: u8) -> Result<Self, LabError> {
        let named = |source| LabError::Namespace { action: "be named", source };
        apart()?;
        let far = here().map_err(named)?;
        apart()?;
        let lab = Self { near: here().map_err(named)?, far };
        // The descriptor is closed in whatever is started, so it is named through this process.
        let far = format!("/proc/{}/fd/{}", std::process::id(), lab.far.as_raw_fd());
        let queues = queues.max(1).to_string();
        let [near_mac, far_mac] = [Side::Near, Side::Far].map(|side| Mac(side.mac()).to_string());
        let end =
            |device, mac| [device, "address", mac, "numtxqueues", &queues, "numrxqueues", &queues].map(str::to_owned);
        let mut arguments = vec!["link".to_owned(), "add".to_owned()];
        arguments.extend(end(Side::Near.device(), &near_mac));
        arguments.extend(["type", "veth", "peer", "name"].map(str::to_owned));
        arguments.extend(end(Side::Far.device(), &far_mac));
        arguments.extend(["netns", &far].map(str::to_owned));
        ip(&arguments.iter().map(String::as_str).collect::<Vec<_>>())?;
        for side in [Side::Near, Side::Far] {
            let entered = |source| LabError::Namespace { action: "be entered", source };
            lab.on(side, || up(side)).map_err(entered)??;
        }
        Ok(lab)
    }
}

/// Why there is no lab.
#[derive(Debug, thiserror::Error)]
pub enum LabError {
    /// This user may not: become root, or do without.
    #[error("making a network namespace needs root: {0}")]
    NotPermitted(io::Error),
    /// The kernel refuses: use another host, or do without.
    #[error("a network namespace cannot {action}: {source}")]
    Namespace {
        /// What was tried.
        action: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// The tool is not there: install it.
    #[error("expected the command ip, found none ({0}): install the package iproute2")]
    NoIp(io::Error),
    /// The kernel refuses a device.
    #[error("{command}: {said}")]
    Refused {
        /// What was tried.
        command: String,
        /// What was said.
        said: String,
    },
}

/// For a test that cannot run: says so on stderr. As root in CI there is no excuse, and it panics.
///
/// # Panics
///
/// When `CI` is set and this is root.
pub fn excuse(what: &str, why: &impl fmt::Display) {
    let must = std::env::var_os("CI").is_some() && geteuid().is_root();
    assert!(!must, "root in CI must have {what}: {why}");
    eprintln!("skipped, for want of {what}: {why}");
}

/// Whence a thread came, and where it goes back to also when it panics.
struct Back {
    home: Option<File>,
}

impl Back {
    fn go(&mut self) -> io::Result<()> {
        self.home.take().map_or(Ok(()), |home| Ok(setns(home, CloneFlags::CLONE_NEWNET)?))
    }
}

impl Drop for Back {
    fn drop(&mut self) {
        // Without a way back the thread is in the lab, and what it opens there is harmless.
        let _ = self.go();
    }
}

/// Moves this thread into a new network namespace.
fn apart() -> Result<(), LabError> {
    unshare(CloneFlags::CLONE_NEWNET).map_err(|error| match error {
        nix::Error::EPERM => LabError::NotPermitted(error.into()),
        _ => LabError::Namespace { action: "be made", source: error.into() },
    })
}

/// The network namespace of this thread.
fn here() -> io::Result<File> {
    File::open("/proc/thread-self/ns/net")
}

fn up(side: Side) -> Result<(), LabError> {
    let device = side.device();
    offload::checksums_off(device).map_err(|source| LabError::Refused {
        command: format!("ethtool -K {device} tx off"),
        said: source.to_string(),
    })?;
    ip(&["link", "set", "lo", "up"])?;
    ip(&["address", "add", &format!("{}/24", side.address()), "dev", device])?;
    // Without an address of its own, IPv6 does not talk unasked.
    ip(&["link", "set", device, "addrgenmode", "none", "up"])
}

fn ip(arguments: &[&str]) -> Result<(), LabError> {
    // Not every shell of an ordinary user has these folders on its path.
    let path = std::env::var("PATH").unwrap_or_default() + ":/usr/sbin:/sbin";
    let output = Command::new("ip").args(arguments).env("PATH", path).output().map_err(LabError::NoIp)?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(LabError::Refused { command: format!("ip {}", arguments.join(" ")), said })
}

/// An Ethernet address as people write it.
struct Mac([u8; 6]);

impl fmt::Display for Mac {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, f] = self.0;
        write!(out, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{f:02x}")
    }
}

#[cfg(test)]
mod tests {
    use std::net::UdpSocket;
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_is_sent_on_one_side_arrives_on_the_other_and_the_caller_stays_where_it_was() {
        let lab = match Lab::make(2) {
            Ok(lab) => lab,
            Err(error) => return excuse("network namespaces", &error),
        };
        let before = std::fs::read_link("/proc/thread-self/ns/net").unwrap();
        let bind = |side: Side| UdpSocket::bind((side.address(), 0)).unwrap();
        let near = lab.on(Side::Near, || bind(Side::Near)).unwrap();
        let far = lab.on(Side::Far, || bind(Side::Far)).unwrap();
        assert_eq!(std::fs::read_link("/proc/thread-self/ns/net").unwrap(), before);
        near.send_to(b"over the link", far.local_addr().unwrap()).unwrap();
        far.set_read_timeout(Some(Duration::from_secs(3))).unwrap();
        let mut buffer = [0; 64];
        let (len, from) = far.recv_from(&mut buffer).unwrap();
        assert_eq!((&buffer[..len], from), (&b"over the link"[..], near.local_addr().unwrap()));
        // Of the whole machine nothing is seen in there.
        let devices = lab.on(Side::Far, || std::fs::read_to_string("/proc/thread-self/net/dev").unwrap()).unwrap();
        assert!(devices.contains("far0") && devices.lines().count() == 4, "{devices}");
    }

    #[test]
    fn a_panic_in_the_lab_ends_outside_of_it() {
        let lab = match Lab::make(1) {
            Ok(lab) => lab,
            Err(error) => return excuse("network namespaces", &error),
        };
        let before = std::fs::read_link("/proc/thread-self/ns/net").unwrap();
        let panicked = std::panic::catch_unwind(|| lab.on(Side::Far, || std::panic::resume_unwind(Box::new(()))));
        assert!(panicked.is_err());
        assert_eq!(std::fs::read_link("/proc/thread-self/ns/net").unwrap(), before);
    }
}
