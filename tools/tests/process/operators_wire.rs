//! The administration session under those who are not operators: changed, repeated and made-up bytes, silence, crowds.

use crate::operators::{credentials, three_operators};
use crate::site::Site;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};
use tools::admin::client::AdminClient;
use tools::admin::desk::OperatorDesk;
use wire::admin::login::{AdminHello, AdminLogin, Introduction, VERSION};
use wire::admin::sealed::{Seal, Sender};
use wire::admin::{Asked, OperatorCommand, OperatorName, Question, Said, Subject, Verb};
use wire::login::{Key, Nonce};
use wire::soup::{Packet, Stream};

/// A client that says what it likes.
struct Rogue {
    socket: TcpStream,
    stream: Stream,
}

impl Rogue {
    fn connect(site: &Site) -> Self {
        let socket = TcpStream::connect(site.ports.admin()).expect("it listens");
        socket.set_read_timeout(Some(Duration::from_secs(20))).expect("a socket");
        Self { socket, stream: Stream::new(512) }
    }

    fn send(&mut self, payload: &[u8]) {
        let mut bytes = [0; 600];
        let len = Packet::Unsequenced(payload).encode(&mut bytes).expect("room");
        // It may have been closed already, which is what most are here for.
        let _ = self.socket.write_all(&bytes[..len]);
    }

    /// The next message; `None` when the connection is closed.
    fn hear(&mut self) -> Option<Vec<u8>> {
        loop {
            match self.stream.next() {
                Ok(Some(Packet::Sequenced(payload))) => return Some(payload.to_vec()),
                Ok(Some(Packet::EndOfSession)) => return None,
                Ok(Some(_)) => continue,
                Ok(None) => {}
                Err(error) => panic!("{error}"),
            }
            match self.socket.read(self.stream.room()) {
                Ok(0) => return None,
                Ok(len) => self.stream.filled(len),
                Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => return None,
                Err(error) => panic!("expected an answer or an end, found {error}"),
            }
        }
    }

    fn is_closed(&mut self) -> bool {
        self.hear().is_none()
    }

    /// Logs in by the book. Returns this side's seal and the other's.
    fn log_in(&mut self, name: &str, key: &Key, client_nonce: Nonce) -> (Seal, Seal) {
        let operator = OperatorName::new(name).expect("short");
        let introduction = self.say_hello(operator, client_nonce);
        let mut bytes = [0; 64];
        let len = AdminLogin::Proof(introduction.prove(key)).encode(&mut bytes).expect("room");
        self.send(&bytes[..len]);
        let accepted = AdminLogin::decode(&self.hear().expect("an answer")).expect("a login");
        assert!(matches!(accepted, AdminLogin::Accepted(accepted) if accepted.is_proved(key, &introduction)));
        (Seal::new(key, &introduction, Sender::Client), Seal::new(key, &introduction, Sender::Server))
    }

    fn say_hello(&mut self, operator: OperatorName, client_nonce: Nonce) -> Introduction {
        let mut bytes = [0; 64];
        let hello = AdminLogin::Hello(AdminHello { version: VERSION, operator, client_nonce });
        let len = hello.encode(&mut bytes).expect("room");
        self.send(&bytes[..len]);
        match AdminLogin::decode(&self.hear().expect("an answer")).expect("a login") {
            AdminLogin::Challenge(challenge) => {
                Introduction { operator, client_nonce, server_nonce: challenge.server_nonce }
            }
            other => panic!("expected a challenge, found {other:?}"),
        }
    }
}

fn sealed(seal: &mut Seal, asked: &Asked) -> Vec<u8> {
    let mut bytes = [0; 512];
    let len = seal.seal(&mut bytes, |out| asked.encode(out)).expect("room");
    bytes[..len].to_vec()
}

fn drain(number: u64) -> Asked {
    let operator = OperatorName::new("operator").expect("short");
    Asked::Command(OperatorCommand { operator, number, verb: Verb::Drain })
}

#[test]
fn bytes_that_were_changed_repeated_or_made_up_end_the_connection() {
    let site = Site::new();
    let appliance = site.start_command(three_operators(&site));
    let known = credentials(&site, "operator", 'c');
    let mut taken = Vec::new();
    // By the book, with everything kept that a listener would hear.
    {
        let mut rogue = Rogue::connect(&site);
        let (mut to, mut from) = rogue.log_in("operator", &known.key, [1; 16]);
        taken.push(sealed(&mut to, &drain(5)));
        rogue.send(&taken[0]);
        let answer = rogue.hear().expect("an answer");
        assert!(matches!(Said::decode(from.open(&answer).expect("sealed")), Ok(Said::Answer(_))));
        // The same bytes again, where they were right a moment ago.
        rogue.send(&taken[0]);
        assert!(rogue.is_closed());
    }
    let command = taken.swap_remove(0);
    let mut forged = 1;
    // The same bytes in another connection, changed bytes, another direction, numbers left out.
    for attempt in 0..4 {
        let mut rogue = Rogue::connect(&site);
        let (mut to, mut from) = rogue.log_in("operator", &known.key, [2; 16]);
        match attempt {
            0 => rogue.send(&command),
            1 => {
                let mut changed = sealed(&mut to, &drain(6));
                changed[40] ^= 1;
                rogue.send(&changed);
            }
            2 => rogue.send(&sealed(&mut from, &drain(6))),
            _ => {
                let _ = sealed(&mut to, &drain(6));
                rogue.send(&sealed(&mut to, &drain(7)));
            }
        }
        assert!(rogue.is_closed(), "attempt {attempt}");
        forged += 1;
    }
    // Before a proof, nothing but a login is listened to.
    let mut garbage = 0;
    let mut seal = Seal::new(
        &known.key,
        &Introduction { operator: known.operator, client_nonce: [0; 16], server_nonce: [0; 16] },
        Sender::Client,
    );
    for bytes in [sealed(&mut seal, &drain(8)), vec![], vec![b'?'; 500], vec![b'p'; 33]] {
        let mut rogue = Rogue::connect(&site);
        rogue.send(&bytes);
        assert!(rogue.is_closed(), "{bytes:02x?}");
        garbage += 1;
    }
    let mut rogue = Rogue::connect(&site);
    rogue.socket.write_all(&[0xFF; 64]).expect("a connection");
    assert!(rogue.is_closed());
    garbage += 1;
    // A proof for another challenge.
    let mut rogue = Rogue::connect(&site);
    let introduction = rogue.say_hello(known.operator, [3; 16]);
    let wrong = Introduction { server_nonce: [0; 16], ..introduction }.prove(&known.key);
    rogue.send(&[&[b'p'][..], &wrong.proof].concat());
    let rejected = rogue.hear().expect("an answer");
    assert!(matches!(AdminLogin::decode(&rejected), Ok(AdminLogin::Rejected(_))));
    assert!(rogue.is_closed());

    let mut desk = OperatorDesk::open(known, Duration::ZERO).expect("it serves");
    assert_eq!(desk.log(0).expect("rows").0.len(), 1, "one command was given, and no more");
    drop(desk);
    let (err, _) = appliance.stop_saying();
    assert!(err.contains(&format!("garbage {garbage}")) && err.contains(&format!("forged {forged}")), "{err}");
}

#[test]
fn a_crowd_of_strangers_keeps_no_operator_out() {
    // They may take longer than this test does: only who makes way leaves.
    let site = Site::new().with("admin.login_ms=60000").with("admin.connections_max=2");
    let appliance = site.start_command(three_operators(&site));
    // Fewer than wait to be let in at a time, so that they come in their order.
    let mut crowd: Vec<Rogue> = (0..100).map(|_| Rogue::connect(&site)).collect();
    // Half of them say something at least.
    for rogue in crowd.iter_mut().step_by(2) {
        let _ = rogue.socket.write_all(&[0, 35, b'U', b'h']);
    }
    AdminClient::connect(&credentials(&site, "read", 'a')).expect("an operator gets in at once");
    // Sixteen stay at most, the newest ones, of whom the operator has displaced one.
    for rogue in &mut crowd[..84] {
        assert!(rogue.is_closed());
    }
    drop(crowd);

    // Two may be in. A third takes the place of the first whose role is no higher.
    let all = [("operator", 'c'), ("trade", 'b'), ("read", 'a'), ("trade", 'b'), ("operator", 'c')];
    let mut inside = Vec::new();
    for (name, digit) in all {
        inside.push((name, AdminClient::connect(&credentials(&site, name, digit))));
    }
    let question = Question { subject: Subject::Status, count: 0, before: 0 };
    let serves = |(_, client): &mut (&str, Result<AdminClient, _>)| {
        client.as_mut().is_ok_and(|client| client.ask(question, |_| {}).is_ok())
    };
    let served: Vec<bool> = inside.iter_mut().map(serves).collect();
    // The reader is not let in; the second trader displaces the first, the second operator the second trader.
    assert_eq!(served, [true, false, false, false, true]);
    appliance.stop();
}

#[test]
fn who_does_not_read_is_dropped() {
    let site = Site::new().with("admin.timeout_ms=300").with("admin.heartbeat_ms=100").with("admin.login_ms=300");
    let appliance = site.start_command(three_operators(&site));
    let known = credentials(&site, "read", 'a');
    let mut rogue = Rogue::connect(&site);
    let (mut to, _) = rogue.log_in("read", &known.key, [1; 16]);
    let ask = Asked::Question(Question { subject: Subject::Instruments, count: 0, before: 0 });
    rogue.socket.set_write_timeout(Some(Duration::from_millis(20))).expect("a socket");
    // More answers than lie in all buffers, and none of them read: in the end it is not even listened to.
    let begin = Instant::now();
    let mut bytes = [0; 600];
    let is_gone = loop {
        let payload = sealed(&mut to, &ask);
        let len = Packet::Unsequenced(&payload).encode(&mut bytes).expect("room");
        match rogue.socket.write_all(&bytes[..len]) {
            Ok(()) => {}
            Err(error) if matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut) => {
                std::thread::sleep(Duration::from_millis(500));
                break matches!(rogue.socket.write(&[0]), Err(error) if error.kind() != std::io::ErrorKind::WouldBlock);
            }
            Err(_) => break true,
        }
        assert!(begin.elapsed() < Duration::from_secs(20), "it is listened to without end");
    };
    assert!(is_gone);
    // One that is only silent, too.
    let mut silent = Rogue::connect(&site);
    let _ = silent.log_in("read", &known.key, [2; 16]);
    assert!(silent.is_closed());
    // And one that never says who it is.
    assert!(Rogue::connect(&site).is_closed());
    let (err, _) = appliance.stop_saying();
    assert!(err.contains("slow 3"), "{err}");
}
