//! The connection to a snapshot server, read by a thread of its own.
//!
//! Goal: however the server behaves, the lines are read on. Non-goal: understanding the bytes.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::thread;
use std::time::Duration;

use wire::mold::SessionId;
use wire::soup::{LoginRequest, Numeric, Packet, SoupPassword, SoupUser};

/// How long to wait for the connection, and to write the login.
const PATIENCE: Duration = Duration::from_secs(2);
/// How often the reading thread looks whether it is still wanted.
const LOOK: Duration = Duration::from_millis(50);
const PIECE_LEN: usize = 1 << 14;
/// Pieces that wait for the polling thread; then the server waits.
const PIECES_MAX: usize = 64;

/// Something that came.
pub enum Piece {
    Bytes(Vec<u8>),
    Closed,
}

/// One connection. Dropped, it is closed, a moment later.
#[derive(Debug)]
pub struct Connection {
    pieces: Receiver<Vec<u8>>,
    wanted: Arc<AtomicBool>,
}

impl Connection {
    /// Begins to connect and to log in.
    pub fn open(to: SocketAddr, session: SessionId, user: SoupUser, password: SoupPassword) -> io::Result<Self> {
        let (sender, pieces) = sync_channel(PIECES_MAX);
        let wanted = Arc::new(AtomicBool::new(true));
        let theirs = Arc::clone(&wanted);
        let login = LoginRequest { username: user, password, session, sequence: Numeric(1) };
        thread::Builder::new().name("snapshot".into()).spawn(move || {
            // A connection that fails is one that ends.
            let _ = read(to, &login, &theirs, &sender);
        })?;
        Ok(Self { pieces, wanted })
    }

    /// What has come, if anything has.
    pub fn next(&mut self) -> Option<Piece> {
        match self.pieces.try_recv() {
            Ok(bytes) => Some(Piece::Bytes(bytes)),
            Err(TryRecvError::Empty) => None,
            Err(TryRecvError::Disconnected) => Some(Piece::Closed),
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.wanted.store(false, Ordering::Relaxed);
    }
}

fn read(to: SocketAddr, login: &LoginRequest, wanted: &AtomicBool, pieces: &SyncSender<Vec<u8>>) -> io::Result<()> {
    let mut stream = TcpStream::connect_timeout(&to, PATIENCE)?;
    stream.set_nodelay(true)?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.set_read_timeout(Some(LOOK))?;
    let mut out = [0; 64];
    let len = Packet::LoginRequest(*login).encode(&mut out).ok_or(io::ErrorKind::InvalidInput)?;
    stream.write_all(&out[..len])?;
    let mut piece = vec![0; PIECE_LEN];
    while wanted.load(Ordering::Relaxed) {
        match stream.read(&mut piece) {
            Ok(0) => break,
            // Who does not want it any more has dropped its end.
            Ok(len) => pieces.send(piece[..len].to_vec()).map_err(io::Error::other)?,
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
