//! A snapshot of a stream, message by message, as it comes.
//!
//! Goal: what the bytes of the connection say. Non-goal: what is made of it; [`super::check`] rebuilds books, [`super::naming`] reads names.

use super::download::Download;
use std::net::SocketAddr;
use wire::feed::StreamKind;
use wire::glimpse::Item;
use wire::mold::SessionId;
use wire::soup::{Packet, Stream};

/// The longest message of a snapshot.
const PAYLOAD_MAX: usize = 1_024;

/// A snapshot on its way. Dropped, the connection is closed.
#[derive(Debug)]
pub struct Snapshot {
    download: Download,
    stream: Stream,
    session: SessionId,
    kind: StreamKind,
    accepted: bool,
}

impl Snapshot {
    /// Asks a server for the state of a stream.
    #[must_use]
    pub fn begin(server: SocketAddr, session: SessionId, kind: StreamKind) -> Self {
        let (download, stream) = (Download::begin(server, session), Stream::new(PAYLOAD_MAX));
        Self { download, stream, session, kind, accepted: false }
    }

    /// The session whose state it is.
    #[must_use]
    pub const fn session(&self) -> SessionId {
        self.session
    }

    /// Gives what has come to `sink`, each message with its bytes; the end of the snapshot is its last. Returns the first message of the
    /// stream that is not part of it, once it is whole.
    ///
    /// # Errors
    /// It will never be whole, and why.
    pub fn turn(&mut self, mut sink: impl FnMut(&[u8], &Item)) -> Result<Option<u64>, String> {
        loop {
            let piece = match self.download.next() {
                Ok(Some(piece)) => piece,
                Ok(None) => return Ok(None),
                Err(_) => return Err("the snapshot server closed the connection, or cannot be reached".to_owned()),
            };
            if let Some(next) = self.read(&piece, &mut sink)? {
                return Ok(Some(next));
            }
        }
    }

    /// Takes a piece of the connection.
    fn read(&mut self, mut piece: &[u8], sink: &mut impl FnMut(&[u8], &Item)) -> Result<Option<u64>, String> {
        while !piece.is_empty() {
            let room = self.stream.room();
            let len = room.len().min(piece.len());
            room[..len].copy_from_slice(&piece[..len]);
            self.stream.filled(len);
            piece = &piece[len..];
            while let Some(packet) = self.stream.next().map_err(|error| error.to_string())? {
                let bytes = match packet {
                    Packet::LoginAccepted(accepted) if accepted.session == self.session => {
                        self.accepted = true;
                        continue;
                    }
                    Packet::Sequenced(bytes) if self.accepted => bytes,
                    Packet::Debug(_) | Packet::ServerHeartbeat => continue,
                    other => return Err(format!("the snapshot server said {other:?}")),
                };
                let item = Item::decode(self.kind, bytes).map_err(|error| error.to_string())?;
                sink(bytes, &item);
                if let Item::End(end) = item {
                    return Ok(Some(end.sequence.0));
                }
            }
        }
        Ok(None)
    }
}
