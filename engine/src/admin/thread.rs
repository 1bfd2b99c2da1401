//! The thread `admin`, for whoever starts and stops it.

use std::io;
use std::net::{SocketAddr, SocketAddrV4};
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use super::counts::AdminCounts;
use super::server::{AdminParts, Server};
use super::shared::Shared;
use crate::config::Config;

/// It calls nothing deep, and its stack may be locked in memory.
const STACK_BYTES: usize = 256 << 10;

/// The administration server. Stopped when dropped: what is durable by then is answered.
#[derive(Debug)]
pub struct AdminThread {
    shared: Arc<Shared>,
    address: SocketAddrV4,
    thread: Option<JoinHandle<()>>,
}

impl AdminThread {
    /// Starts it.
    ///
    /// # Errors
    /// The system refuses a thread or randomness, or the socket is of no use.
    pub fn spawn(config: &Config, parts: AdminParts) -> io::Result<Self> {
        let SocketAddr::V4(address) = parts.listener.local_addr()? else {
            return Err(io::Error::other("the administration server is for IPv4"));
        };
        let shared = Arc::<Shared>::default();
        let mut server = Server::new(config, parts, Arc::clone(&shared))?;
        let body = move || server.run();
        let thread = thread::Builder::new().name("admin".to_owned()).stack_size(STACK_BYTES).spawn(body)?;
        Ok(Self { shared, address, thread: Some(thread) })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddrV4 {
        self.address
    }

    /// What it has counted.
    #[must_use]
    pub fn counts(&self) -> AdminCounts {
        self.shared.counts()
    }

    /// The next thing that the log should have; each is told once.
    #[must_use]
    pub fn told(&self) -> Option<String> {
        self.shared.told.take()
    }
}

impl Drop for AdminThread {
    fn drop(&mut self) {
        self.shared.stop();
        if let Some(thread) = self.thread.take() {
            // A panic has been printed by the thread.
            let _ = thread.join();
        }
    }
}
