//! Books held against snapshots: equal ones, falsified ones, and servers that are of no use.

use crate::feed::{SESSION, handler, now, send};
use crate::venue_model::Venue;
use feedhandler::book::BookLimits;
use feedhandler::handler::Handler;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use tools::listen::check::{Check, Outcome};
use tools::listen::tape::Tape;
use wire::feed::StreamKind;

/// A server that answers one login with these bytes, in pieces.
fn server(bytes: Vec<u8>) -> (SocketAddr, JoinHandle<()>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let address = listener.local_addr().expect("bound");
    let thread = thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("somebody comes");
        let mut login = [0; 49];
        stream.read_exact(&mut login).expect("a login");
        assert_eq!(&login[..3], [0, 47, b'L']);
        for piece in bytes.chunks(777) {
            // Who has heard enough goes.
            if stream.write_all(piece).is_err() {
                return;
            }
        }
    });
    (address, thread)
}

/// A venue, and a subscriber who has heard everything.
struct Stage {
    venue: Venue,
    handler: Handler,
    tape: Tape,
    sent: usize,
}

impl Stage {
    fn new(kind: StreamKind, seed: u64) -> Self {
        Self { venue: Venue::new(kind, seed), handler: handler(kind), tape: Tape::new(), sent: 0 }
    }

    fn act(&mut self, times: usize) {
        (0..times).for_each(|_| self.venue.act());
        let messages = self.venue.log[self.sent..].to_vec();
        self.send(&messages);
    }

    fn send(&mut self, messages: &[Vec<u8>]) {
        send(&mut self.handler, self.sent as u64 + 1, messages, now(), &mut self.tape);
        self.sent += messages.len();
        assert_eq!(self.handler.next_sequence(), self.sent as u64 + 1);
    }

    /// Checks against what a server says; `meanwhile` happens while the snapshot is on its way.
    fn check(&mut self, snapshot: impl FnOnce(&Venue) -> Vec<u8>, meanwhile: impl FnOnce(&mut Self)) -> Outcome {
        self.tape.kept = Some(Vec::new());
        let kind = self.venue.kind;
        // The state that is given lies between the beginning of the check and now.
        self.act(50);
        let (address, thread) = server(snapshot(&self.venue));
        let mut check = Check::begin(address, SESSION, kind, &BookLimits::default());
        meanwhile(self);
        let deadline = Instant::now() + Duration::from_secs(10);
        let outcome = loop {
            if let Some(outcome) = check.turn(&self.handler, self.tape.kept.as_deref().unwrap_or_default()) {
                break outcome;
            }
            assert!(Instant::now() < deadline, "it is never decided");
            thread::sleep(Duration::from_millis(1));
        };
        drop(check);
        thread.join().expect("the server has done its part");
        outcome
    }
}

const KINDS: [StreamKind; 2] = [StreamKind::Tick, StreamKind::Depth];

#[test]
fn what_is_equal_is_found_equal() {
    for kind in KINDS {
        for seed in 0..10 {
            let mut stage = Stage::new(kind, seed);
            stage.act(300);
            let outcome = stage.check(|venue| venue.snapshot(SESSION), |stage| stage.act(200));
            let Outcome::Equal { next, levels, orders } = outcome else { panic!("{kind:?}, seed {seed}: {outcome:?}") };
            assert_eq!((next, levels > 3), (stage.venue.next(), true));
            assert_eq!(orders > 3, kind == StreamKind::Depth);
        }
    }
}

/// One message on the lines is not what the venue sent: the check finds it, whether before its beginning or after.
#[test]
fn a_falsified_book_is_found() {
    for kind in KINDS {
        let mut found = 0;
        for seed in 0..20 {
            let mut stage = Stage::new(kind, seed);
            stage.act(300);
            (0..20).for_each(|_| stage.venue.act());
            let mut messages = stage.venue.log[stage.sent..].to_vec();
            let victim = messages.iter().rposition(|message| match kind {
                StreamKind::Tick => message[25] == b'Q',
                StreamKind::Depth => message[0] == b'A',
            });
            let Some(victim) = victim else { continue };
            // The last byte of the quantity, of an order added as of a tick.
            messages[victim][23] ^= 1;
            stage.send(&messages);
            let outcome = stage.check(|venue| venue.snapshot(SESSION), |stage| stage.act(1));
            match outcome {
                Outcome::Different { what, .. } => {
                    found += 1;
                    assert!(what.contains("symbol_id"), "{what}");
                }
                // It was a trade, or the order has gone since.
                Outcome::Equal { .. } => {}
                Outcome::Open(reason) => panic!("{reason}"),
            }
        }
        assert!(found > 5, "{kind:?}: only {found} of 20");
    }
}

#[test]
fn servers_of_no_use_leave_it_open() {
    let open = |outcome: Outcome, words: &str| {
        let Outcome::Open(reason) = outcome else { panic!("{outcome:?}") };
        assert!(reason.contains(words), "expected '{words}' in: {reason}");
    };
    for kind in KINDS {
        let mut stage = Stage::new(kind, 1);
        stage.act(100);
        let half = |venue: &Venue| {
            let whole = venue.snapshot(SESSION);
            whole[..whole.len() / 2].to_vec()
        };
        open(stage.check(half, |_| {}), "closed the connection");
        open(stage.check(|_| b"HTTP/1.1 400 Bad Request\r\n".to_vec(), |_| {}), "SoupBinTCP");
        let other = wire::mold::SessionId(*b"SOMEBODYDA");
        open(stage.check(|venue| venue.snapshot(other), |_| {}), "said LoginAccepted");
        // A state of before the check began.
        let mut early = Stage::new(kind, 2);
        early.act(10);
        let old = early.venue.snapshot(SESSION);
        early.act(10);
        open(early.check(|_| old, |_| {}), "before the check began");
    }
}
