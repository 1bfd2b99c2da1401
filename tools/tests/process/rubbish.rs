//! Everything that the world may throw at two open ports while somebody trades: it is counted, and changes nothing.

use crate::journal_dump::assert_each_once;
use crate::noise::Noise;
use crate::ports::Ports;
use crate::recording::{assert_published, flow};
use crate::relay::{Relay, StopOnDrop};
use crate::site::Site;
use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

impl Noise {
    fn index(&mut self, bound: u64) -> usize {
        usize::try_from(self.below(bound)).expect("small")
    }

    fn fill(&mut self, bytes: &mut [u8]) {
        bytes.iter_mut().for_each(|byte| *byte = self.next().to_le_bytes()[0]);
    }
}

/// A datagram from somebody who knows more or less of the protocol.
fn stranger(noise: &mut Noise, buffer: &mut [u8; 2_000]) -> usize {
    let len = noise.index(1_500);
    noise.fill(&mut buffer[..len]);
    match noise.index(5) {
        // Noise, of any length, none included.
        0 => len,
        // A packet of a session that could be ours, with blocks that do not fit.
        1 => {
            buffer[..3].copy_from_slice(b"000");
            len
        }
        // A heartbeat, a skip or a logout of such a session.
        2 => {
            let count: [u8; 2] = if noise.index(2) == 0 { [0, 0] } else { [0xFF, 0xFF] };
            buffer[..10].copy_from_slice(b"000abcdefg");
            buffer[18..20].copy_from_slice(&count);
            20
        }
        // A login message: a hello is answered, a login without a genuine cookie is not.
        3 => {
            let (kind, message_len) = if noise.index(2) == 0 { (b'h', 49) } else { (b'l', 98) };
            buffer[..10].fill(b' ');
            buffer[10..18].fill(0);
            buffer[18..22].copy_from_slice(&[0, 1, 0, message_len]);
            buffer[22] = kind;
            buffer[23..39].copy_from_slice(b"trader1         ");
            22 + usize::from(message_len)
        }
        // A whole order of a session that does not exist.
        _ => {
            buffer[..10].copy_from_slice(b"001abcdefg");
            buffer[18..22].copy_from_slice(&[0, 1, 0, 47]);
            buffer[22] = b'O';
            22 + 47
        }
    }
}

/// Sends until told to stop, without ever waiting for an answer.
fn flood(to: &[SocketAddrV4], seed: u64, stop: &AtomicBool, sent: &AtomicU64) {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a socket");
    let mut noise = Noise(seed);
    let mut buffer = [0; 2_000];
    while !stop.load(Ordering::Relaxed) {
        for _ in 0..16 {
            let len = stranger(&mut noise, &mut buffer);
            let to = to[noise.index(to.len() as u64)];
            // A full queue refuses; that is as good as lost.
            let _ = socket.send_to(&buffer[..len], to);
            sent.fetch_add(1, Ordering::Relaxed);
        }
        thread::sleep(Duration::from_micros(500));
    }
}

#[test]
fn from_strangers() {
    let site = Site::new();
    let appliance = site.start();
    let (stop, sent) = (AtomicBool::new(false), AtomicU64::new(0));
    let to = [site.ports.order_entry(), site.ports.rerequest()];
    thread::scope(|threads| {
        for seed in 0..2 {
            threads.spawn({
                let (to, stop, sent) = (&to, &stop, &sent);
                move || flood(to, seed, stop, sent)
            });
        }
        let _stop = StopOnDrop(&stop);
        assert_published(site.replay(&flow(), &["--rate", "40000"]));
    });
    let summary = appliance.stop();
    assert!(sent.load(Ordering::Relaxed) > 2_000, "{sent:?}");
    for event in ["malformed", "forged", "challenges"] {
        assert!(summary.counter(event) > 100, "{event}: {summary:?}");
    }
    assert_eq!((summary.counter("logins"), summary.counter("logouts")), (1, 1), "{summary:?}");
    assert_each_once(&site.applied_messages());
}

/// Somebody on the path: sees everything, repeats it from its own address, cuts it short, and delivers it twice.
#[test]
fn from_the_path() {
    let site = Site::new();
    let appliance = site.start();
    let client_side = Ports::claim();
    let relay = Relay::between(
        [client_side.order_entry(), client_side.rerequest()],
        [site.ports.order_entry(), site.ports.rerequest()],
    );
    let stranger = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a socket");
    let mut noise = Noise(7);
    let replay = relay.run(
        |own, payload, to| {
            let _ = own.send_to(payload, to);
            match noise.index(4) {
                // Again, from the right address and from another one.
                0 => drop(own.send_to(payload, to)),
                1 => drop(stranger.send_to(payload, to)),
                // The right session and address, but not all of it.
                2 => drop(own.send_to(&payload[..noise.index(payload.len() as u64)], to)),
                // Damaged on its way from another address.
                _ => {
                    let mut damaged = payload.to_vec();
                    damaged[noise.index(payload.len() as u64)] ^= 1 << noise.index(8);
                    let _ = stranger.send_to(&damaged, to);
                }
            }
        },
        || {
            let command = site.replay_command_to(client_side.order_entry(), client_side.rerequest(), &flow(), &[]);
            site.spawn(command, "replay").wait()
        },
    );
    assert_published(replay);
    let summary = appliance.stop();
    for event in ["malformed", "forged", "duplicates"] {
        assert!(summary.counter(event) > 100, "{event}: {summary:?}");
    }
    assert_eq!((summary.counter("logins"), summary.counter("logouts")), (1, 1), "{summary:?}");
    assert_each_once(&site.applied_messages());
}
