//! A connection to a snapshot server, on a thread of its own.
//!
//! Goal: whoever reads lines never waits for a connection. Non-goal: what the bytes say.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::thread;
use std::time::Duration;
use wire::mold::SessionId;
use wire::soup::{LoginRequest, Numeric, Packet, SoupPassword, SoupUser};

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(2);
/// How often a thread looks whether anybody still wants what it reads.
const LOOK: Duration = Duration::from_millis(200);
/// Pieces that wait to be taken, and their length.
const PIECES: usize = 64;
const PIECE_LEN: usize = 1 << 16;
/// Longer than any login.
const LOGIN_LEN_MAX: usize = 64;

/// The connection has ended, or could not be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closed;

/// A snapshot on its way. Dropped, the connection is closed.
#[derive(Debug)]
pub struct Download {
    pieces: Receiver<Vec<u8>>,
}

impl Download {
    /// Connects and logs in for a stream's session.
    #[must_use]
    pub fn begin(server: SocketAddr, session: SessionId) -> Self {
        let (give, pieces) = sync_channel(PIECES);
        // Without a thread there is no snapshot: the receiver finds nobody at the other end.
        let _ = thread::Builder::new().name("snapshot-download".to_owned()).spawn(move || {
            // Why it ended is all the same: another attempt follows.
            let _ = load(server, session, &give);
        });
        Self { pieces }
    }

    /// The next piece, if it has come.
    ///
    /// # Errors
    /// There will be no more.
    // Not an `Iterator`: there may be more later.
    #[allow(clippy::should_implement_trait)]
    pub fn next(&mut self) -> Result<Option<Vec<u8>>, Closed> {
        match self.pieces.try_recv() {
            Ok(piece) => Ok(Some(piece)),
            Err(TryRecvError::Empty) => Ok(None),
            Err(TryRecvError::Disconnected) => Err(Closed),
        }
    }
}

fn load(server: SocketAddr, session: SessionId, give: &SyncSender<Vec<u8>>) -> io::Result<()> {
    let mut stream = TcpStream::connect_timeout(&server, CONNECT)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(LOOK))?;
    let login = Packet::LoginRequest(LoginRequest {
        username: SoupUser([b' '; 6]),
        password: SoupPassword([b' '; 10]),
        session,
        sequence: Numeric(1),
    });
    let mut bytes = [0; LOGIN_LEN_MAX];
    let len = login.encode(&mut bytes).ok_or(ErrorKind::InvalidData)?;
    stream.write_all(&bytes[..len])?;
    let mut beat = [0; 3];
    let beat_len = Packet::ClientHeartbeat.encode(&mut beat).ok_or(ErrorKind::InvalidData)?;
    let mut quiet: u32 = 0;
    loop {
        let mut piece = vec![0; PIECE_LEN];
        match stream.read(&mut piece) {
            Ok(0) => return Ok(()),
            Ok(len) => {
                piece.truncate(len);
                quiet = 0;
                give.send(piece).map_err(|_| ErrorKind::BrokenPipe)?;
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                // An empty piece says nothing, and finds out whether anybody listens.
                give.send(Vec::new()).map_err(|_| ErrorKind::BrokenPipe)?;
                quiet += 1;
                if quiet.is_multiple_of(5) {
                    stream.write_all(&beat[..beat_len])?;
                }
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
