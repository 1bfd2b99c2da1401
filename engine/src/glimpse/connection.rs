//! One subscriber's connection, from its login to its end.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::desk::Desk;
use super::image::Image;
use wire::soup::{LoginAccepted, LoginRejected, LoginRequest, Numeric, Packet, RejectCode, Stream};

/// The longest payload that a client sends before it is logged in: a login, or a few words for people.
const PAYLOAD_MAX: usize = 256;
/// How long one look at the socket lasts, so that a stop is heard soon.
const LOOK: Duration = Duration::from_millis(50);
/// A server says something once a second.
const HEARTBEAT: Duration = Duration::from_secs(1);
/// The least rate at which a snapshot must be taken, bytes a second: an image is memory for as long as somebody reads it.
const RATE_MIN: u64 = 256 << 10;

/// How a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// With a whole snapshot.
    Served,
    /// It asked for no stream of this venue.
    Rejected,
    /// It did not speak the protocol.
    Garbage,
    /// It was too slow, with its login or with taking the snapshot.
    Slow,
    /// The follower did not come to an image in time.
    NoImage,
    /// The other side, or the server, went away.
    Gone,
}

/// What a connection needs to know.
pub(super) struct Serving<'a> {
    pub(super) desk: &'a Desk,
    pub(super) stall: Duration,
    pub(super) stopping: &'a AtomicBool,
}

impl Serving<'_> {
    /// Serves one subscriber. `logged_in` hears of it when its address has proved itself.
    pub(super) fn serve(&self, mut socket: TcpStream, logged_in: impl FnOnce()) -> Ending {
        self.converse(&mut socket, logged_in).unwrap_or_else(|ending| ending)
    }

    fn converse(&self, socket: &mut TcpStream, logged_in: impl FnOnce()) -> Result<Ending, Ending> {
        socket
            .set_nodelay(true)
            .and_then(|()| socket.set_read_timeout(Some(LOOK)))
            .and_then(|()| socket.set_write_timeout(Some(LOOK)))
            .map_err(|_| Ending::Gone)?;
        let request = self.login(socket)?;
        logged_in();
        let begin = Instant::now();
        while !self.desk.is_named() && begin.elapsed() < self.stall && !self.stopping.load(Ordering::Acquire) {
            thread::sleep(Duration::from_millis(1));
        }
        let Some(stream) = self.desk.find(request.session) else {
            self.say(socket, &Packet::LoginRejected(LoginRejected { reason: RejectCode::SessionUnavailable }))?;
            self.close(socket);
            return Ok(Ending::Rejected);
        };
        let session = self.desk.session(stream);
        self.say(socket, &Packet::LoginAccepted(LoginAccepted { session, sequence: Numeric(1) }))?;
        let image = loop {
            if let Some(image) = self.desk.get(stream, HEARTBEAT) {
                break image;
            }
            if begin.elapsed() > self.stall || self.stopping.load(Ordering::Acquire) {
                return Err(Ending::NoImage);
            }
            self.say(socket, &Packet::ServerHeartbeat)?;
        };
        self.send(socket, &image)?;
        self.close(socket);
        Ok(Ending::Served)
    }

    /// Waits for the login, which is the first thing that a client says.
    fn login(&self, socket: &mut TcpStream) -> Result<LoginRequest, Ending> {
        let mut stream = Stream::new(PAYLOAD_MAX);
        let deadline = Instant::now() + self.stall;
        loop {
            match stream.next() {
                Ok(Some(Packet::LoginRequest(request))) => return Ok(request),
                Ok(Some(Packet::Debug(_))) => {}
                Ok(Some(_)) | Err(_) => return Err(Ending::Garbage),
                Ok(None) => {
                    if Instant::now() >= deadline {
                        return Err(Ending::Slow);
                    }
                    match self.look(socket.read(stream.room()))? {
                        Some(0) => return Err(Ending::Gone),
                        Some(len) => stream.filled(len),
                        None => {}
                    }
                }
            }
        }
    }

    fn say(&self, socket: &mut TcpStream, packet: &Packet<'_>) -> Result<(), Ending> {
        let mut bytes = [0; 64];
        let len = packet.encode(&mut bytes).ok_or(Ending::Gone)?;
        self.write(socket, &bytes[..len], Instant::now() + self.stall)
    }

    fn send(&self, socket: &mut TcpStream, image: &Image) -> Result<(), Ending> {
        let len: u64 = image.pieces().iter().map(|piece| piece.len() as u64).sum();
        let deadline = Instant::now() + self.stall + Duration::from_millis(len * 1_000 / RATE_MIN);
        image.pieces().iter().try_for_each(|piece| self.write(socket, piece, deadline))
    }

    /// Writes all of it, unless the other side takes nothing for too long, or too little until `deadline`.
    fn write(&self, socket: &mut TcpStream, mut bytes: &[u8], deadline: Instant) -> Result<(), Ending> {
        let mut moved = Instant::now();
        while !bytes.is_empty() {
            match self.look(socket.write(bytes))? {
                Some(0) => return Err(Ending::Gone),
                Some(len) => {
                    bytes = &bytes[len..];
                    moved = Instant::now();
                }
                None if moved.elapsed() > self.stall => return Err(Ending::Slow),
                None => {}
            }
            if Instant::now() > deadline {
                return Err(Ending::Slow);
            }
        }
        Ok(())
    }

    /// What a look at the socket came to; `None` when it was in vain.
    fn look(&self, done: io::Result<usize>) -> Result<Option<usize>, Ending> {
        match done {
            Ok(len) => Ok(Some(len)),
            Err(_) if self.stopping.load(Ordering::Acquire) => Err(Ending::Gone),
            Err(error) => match error.kind() {
                ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted => Ok(None),
                _ => Err(Ending::Gone),
            },
        }
    }

    /// Lets the other side have all of it: to close a socket with something unread in it would take back what is still on its way.
    fn close(&self, socket: &mut TcpStream) {
        let deadline = Instant::now() + self.stall;
        let mut rest = [0; 512];
        if socket.shutdown(Shutdown::Write).is_err() {
            return;
        }
        while Instant::now() < deadline {
            match self.look(socket.read(&mut rest)) {
                Ok(Some(0)) | Err(_) => return,
                Ok(_) => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    const STALL: Duration = Duration::from_millis(150);
    /// More than lies in the buffers between the two.
    const LONG: usize = 64 << 20;

    /// Writes to somebody who reads so many bytes after each pause.
    fn write_to(reads: usize, pause: Duration, deadline: Duration) -> Result<(), Ending> {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let mut reader = TcpStream::connect(listener.local_addr().expect("bound")).expect("a listener");
        let (mut socket, _) = listener.accept().expect("a connection");
        socket.set_write_timeout(Some(Duration::from_millis(10))).expect("a socket");
        let stopping = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let reading = scope.spawn(|| {
                let mut bytes = vec![0; reads.max(1)];
                while !stopping.load(Ordering::Acquire) {
                    std::thread::sleep(pause);
                    if reads > 0 {
                        let _ = reader.read(&mut bytes);
                    }
                }
            });
            let desk = Desk::new(Duration::ZERO);
            let (going, bytes) = (AtomicBool::new(false), vec![0; LONG]);
            let serving = Serving { desk: &desk, stall: STALL, stopping: &going };
            let done = serving.write(&mut socket, &bytes, Instant::now() + deadline);
            stopping.store(true, Ordering::Release);
            drop(socket);
            let _ = reading.join();
            done
        })
    }

    #[test]
    fn who_takes_nothing_is_dropped() {
        let begin = Instant::now();
        assert_eq!(write_to(0, Duration::from_millis(1), Duration::from_secs(60)), Err(Ending::Slow));
        assert!(begin.elapsed() < Duration::from_secs(5), "long before the deadline");
    }

    #[test]
    fn who_takes_too_little_is_dropped_too() {
        let done = write_to(64 << 10, Duration::from_millis(5), Duration::from_millis(600));
        assert_eq!(done, Err(Ending::Slow), "always something, and never enough");
    }

    #[test]
    fn who_takes_it_gets_it() {
        assert_eq!(write_to(4 << 20, Duration::ZERO, Duration::from_secs(60)), Ok(()));
    }
}
