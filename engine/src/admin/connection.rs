//! A conversation with its socket, which never blocks.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Instant;

use super::conversation::{Conversation, Ending};

/// One of those who are connected.
pub(super) struct Connection {
    pub socket: TcpStream,
    pub from: SocketAddr,
    pub conversation: Conversation,
    /// The other side is gone for good.
    pub hung: bool,
}

impl Connection {
    /// Takes what has come.
    ///
    /// # Errors
    /// The other side is gone.
    pub fn receive(&mut self, now: Instant) -> Result<(), Ending> {
        if self.hung && !self.conversation.listens() {
            return Err(Ending::Gone);
        }
        if self.conversation.is_ending() {
            // Closing with something unread would take back what is still on its way.
            let mut rest = [0; 512];
            return match look(self.socket.read(&mut rest))? {
                Some(0) => Err(Ending::Gone),
                _ => Ok(()),
            };
        }
        if !self.conversation.listens() {
            return Ok(());
        }
        match look(self.socket.read(self.conversation.room()))? {
            Some(0) => Err(Ending::Gone),
            Some(len) => {
                self.conversation.filled(now, len);
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// Sends what waits, as far as the system takes it.
    ///
    /// # Errors
    /// The other side is gone.
    pub fn send(&mut self, now: Instant) -> Result<(), Ending> {
        while !self.conversation.waiting().is_empty() {
            match look(self.socket.write(self.conversation.waiting()))? {
                Some(0) => return Err(Ending::Gone),
                Some(len) => self.conversation.sent(now, len),
                None => return Ok(()),
            }
        }
        if self.conversation.is_ending() {
            let _ = self.socket.shutdown(Shutdown::Write);
        }
        Ok(())
    }
}

/// What a look at a socket came to; `None` when it was in vain.
fn look(done: io::Result<usize>) -> Result<Option<usize>, Ending> {
    match done {
        Ok(len) => Ok(Some(len)),
        Err(error) => match error.kind() {
            ErrorKind::WouldBlock | ErrorKind::Interrupted => Ok(None),
            _ => Err(Ending::Gone),
        },
    }
}
