//! A relay between one client and the appliance, which lets the test meddle with what the client sends.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

/// The addresses for order entry and for requests, in this order.
pub type Both = [SocketAddrV4; 2];

/// The client talks to the relay's two addresses; to the appliance the relay's one socket is the client.
pub struct Relay {
    downstream: [UdpSocket; 2],
    upstream: UdpSocket,
    appliance: Both,
}

impl Relay {
    /// Takes its place.
    pub fn between(client_side: Both, appliance: Both) -> Self {
        let bind = |address: SocketAddrV4| {
            let socket = UdpSocket::bind(address).expect("a claimed address");
            socket.set_nonblocking(true).expect("a socket of ours");
            socket
        };
        Self { downstream: client_side.map(bind), upstream: bind(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0)), appliance }
    }

    /// Relays while `client` runs. Each datagram of the client is given to `deliver` with the socket and the address to send it to.
    pub fn run<T>(
        &self,
        mut deliver: impl FnMut(&UdpSocket, &[u8], SocketAddrV4) + Send,
        client: impl FnOnce() -> T,
    ) -> T {
        let stop = AtomicBool::new(false);
        thread::scope(|threads| {
            threads.spawn(|| {
                let mut client = None;
                while !stop.load(Ordering::Relaxed) {
                    if self.turn(&mut client, &mut deliver) == 0 {
                        thread::sleep(Duration::from_micros(50));
                    }
                }
            });
            let _stop = StopOnDrop(&stop);
            client()
        })
    }

    fn turn(&self, client: &mut Option<SocketAddr>, deliver: &mut impl FnMut(&UdpSocket, &[u8], SocketAddrV4)) -> u32 {
        let mut buffer = [0; 2_048];
        let mut moved = 0;
        for (socket, &to) in self.downstream.iter().zip(&self.appliance) {
            while let Some((len, from)) = receive(socket, &mut buffer) {
                *client = Some(from);
                deliver(&self.upstream, &buffer[..len], to);
                moved += 1;
            }
        }
        while let Some((len, from)) = receive(&self.upstream, &mut buffer) {
            let side = self.appliance.iter().position(|&address| from == address.into());
            let (Some(side), Some(client)) = (side, *client) else { continue };
            let _ = self.downstream[side].send_to(&buffer[..len], client);
            moved += 1;
        }
        moved
    }
}

fn receive(socket: &UdpSocket, buffer: &mut [u8]) -> Option<(usize, SocketAddr)> {
    match socket.recv_from(buffer) {
        Ok(received) => Some(received),
        // A refusal of something sent before is told here, and means nothing.
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::ConnectionRefused) => None,
        Err(error) => panic!("cannot receive: {error}"),
    }
}

/// Sets a flag also when the test panics: the threads that look at it must end, or the test would not.
pub struct StopOnDrop<'a>(pub &'a AtomicBool);

impl Drop for StopOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
