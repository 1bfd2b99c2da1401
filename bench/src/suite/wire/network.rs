//! The network between the two sides: two namespaces of their own joined by a veth pair, or loopback.
//!
//! Goal: packets go through two network stacks and a link that carry nothing else, and nothing is left behind whatever happens: the
//! namespaces have no names and live as long as the thread that made them and the processes started in them, and the link lives as long as
//! they do. Non-goal: changing anything that others see.
//!
//! ```text
//!   near namespace: this thread ── veth ── far namespace: one process a subject
//! ```

use std::fmt;
use std::fs::File;
use std::io;
use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};
use std::os::fd::AsRawFd;
use std::process::Command;

use crate::error::BenchError;
use nix::sched::{CloneFlags, setns, unshare};

const NEAR: Ipv4Addr = Ipv4Addr::new(10, 26, 40, 1);
const FAR: Ipv4Addr = Ipv4Addr::new(10, 26, 40, 2);

/// The network as seen by the thread that made it, which stands in the near namespace.
#[derive(Debug)]
pub struct Network {
    joined: Result<Namespaces, String>,
}

#[derive(Debug)]
struct Namespaces {
    near: File,
    far: File,
}

impl Network {
    /// Makes namespaces and link, or says why there is only loopback. The calling thread is moved into the near namespace, and must be one
    /// that ends with the measurement.
    #[must_use]
    pub fn make(loopback: bool) -> Self {
        let joined = if loopback { Err("asked for".to_owned()) } else { Namespaces::join() };
        Self { joined }
    }

    /// The near side's address.
    #[must_use]
    pub const fn near(&self) -> Ipv4Addr {
        if self.joined.is_ok() { NEAR } else { Ipv4Addr::LOCALHOST }
    }

    /// The far side's address.
    #[must_use]
    pub const fn far(&self) -> Ipv4Addr {
        if self.joined.is_ok() { FAR } else { Ipv4Addr::LOCALHOST }
    }

    /// Does something in the far namespace, such as starting a process there.
    ///
    /// # Errors
    /// It fails, or the namespace cannot be entered.
    pub fn on_far<T>(&self, act: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        match &self.joined {
            Ok(namespaces) => namespaces.on_far(act),
            Err(_) => act(),
        }
    }

    /// A UDP port of the far side that nobody uses.
    ///
    /// # Errors
    /// There is none.
    pub fn free_far(&self) -> Result<SocketAddrV4, BenchError> {
        let port = self.on_far(|| Ok(UdpSocket::bind((self.far(), 0))?.local_addr()?.port()));
        Ok(SocketAddrV4::new(self.far(), port.map_err(BenchError::io("bind a UDP socket"))?))
    }
}

impl fmt::Display for Network {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.joined {
            Ok(_) => out.write_str("two network namespaces joined by a veth pair, made for this run"),
            Err(why) => write!(out, "loopback, one network stack for both sides; no namespaces: {why}"),
        }
    }
}

impl Namespaces {
    fn join() -> Result<Self, String> {
        let home = namespace().map_err(|error| format!("this one cannot be named: {error}"))?;
        apart()?;
        let joined = Self::link();
        if joined.is_err() {
            // Back to where there is a loopback that is up.
            setns(&home, CloneFlags::CLONE_NEWNET).map_err(|error| format!("no way back: {error}"))?;
        }
        joined
    }

    /// From a namespace of its own, which becomes the far one.
    fn link() -> Result<Self, String> {
        let here = || namespace().map_err(|error| format!("it cannot be named: {error}"));
        let far = here()?;
        apart()?;
        let namespaces = Self { near: here()?, far };
        // The descriptor is closed in whatever is started, so it is named through this process.
        let far_path = format!("/proc/{}/fd/{}", std::process::id(), namespaces.far.as_raw_fd());
        ip(&["link", "add", "near0", "type", "veth", "peer", "name", "far0", "netns", &far_path])?;
        up("near0", NEAR)?;
        let far = namespaces.on_far(|| up("far0", FAR).map_err(io::Error::other));
        far.map_err(|error| error.to_string())?;
        Ok(namespaces)
    }

    fn on_far<T>(&self, act: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        setns(&self.far, CloneFlags::CLONE_NEWNET)?;
        let done = act();
        setns(&self.near, CloneFlags::CLONE_NEWNET)?;
        done
    }
}

/// Moves this thread into a new network namespace.
fn apart() -> Result<(), String> {
    unshare(CloneFlags::CLONE_NEWNET).map_err(|error| format!("making one needs root: {error}"))
}

/// The network namespace of this thread.
fn namespace() -> io::Result<File> {
    File::open("/proc/thread-self/ns/net")
}

fn up(device: &str, address: Ipv4Addr) -> Result<(), String> {
    ip(&["link", "set", "lo", "up"])?;
    ip(&["address", "add", &format!("{address}/24"), "dev", device])?;
    ip(&["link", "set", device, "up"])
}

fn ip(arguments: &[&str]) -> Result<(), String> {
    // Not every shell of an ordinary user has these folders on its path.
    let path = std::env::var("PATH").unwrap_or_default() + ":/usr/sbin:/sbin";
    let output = Command::new("ip").args(arguments).env("PATH", path).output();
    let output = output.map_err(|error| format!("needs the command ip (iproute2): {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("ip {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr).trim()))
}
