//! A client that trades without end while the venue dies under it, and forgets nothing that it was told.
//!
//! What it holds against the venue: its own numbers (a venue that has lost what it acknowledged is refused by the client itself, at the
//! next login), each answer to each message once and in order, each tick under one number only, and in the end the journal.

use crate::process::wait_until;
use crate::site::Site;
use netio::Endpoint;
use netio::host::{HostPort, PortKind, PortOptions};
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;
use tools::client::connection::Connection;
use tools::client::{ClientConfig, SubmitError};
use wire::login::{Key, Username};
use wire::mold::{Packet, SessionId};
use wire::ouch::{
    Appendage, CancelOrder, Capacity, ClOrdId, CrossType, Display, EnterOrder, OrderSide, Outbound, TimeInForce, YesNo,
};
use wire::{Price, Qty, Symbol, UserRefNum};

/// Unanswered messages at a time.
const WINDOW: usize = 512;
/// Messages of one round: an order, another that trades with most of it, and the end of what is left.
const ROUND: u64 = 3;

/// The client and the subscriber, each on a thread.
pub struct Trader {
    shared: Arc<Shared>,
    client: Option<JoinHandle<Result<u64, String>>>,
    subscriber: Option<JoinHandle<Result<u64, String>>>,
}

#[derive(Default)]
struct Shared {
    stop: AtomicBool,
    answered: AtomicU64,
    ticks: AtomicU64,
}

impl Trader {
    /// Begins, so many messages a second; the venue may start later.
    pub fn begin(site: &Site, per_second: u64) -> Self {
        let shared = Arc::new(Shared::default());
        let ports = &site.ports;
        let key = Key::from_hex("70696e696f6e2d646576656c6f706d656e742d6b65792d2d2d74726164657231").expect("a key");
        let user = Username::new("trader1").expect("a name");
        let config = ClientConfig::new(user, key, ports.order_entry().into(), ports.rerequest().into());
        let config = ClientConfig { window_messages: WINDOW, login_patience_ns: 60_000_000_000, ..config };
        let line = ports.tick_line();
        let socket = UdpSocket::bind(line).expect("the claimed group's port");
        socket.join_multicast_v4(line.ip(), ports.order_entry().ip()).expect("the loopback interface does multicast");
        socket.set_read_timeout(Some(Duration::from_millis(20))).expect("a socket of ours");
        let (trading, listening) = (Arc::clone(&shared), Arc::clone(&shared));
        let client = Some(thread::spawn(move || trade(config, per_second, &trading)));
        let subscriber = Some(thread::spawn(move || listen(&socket, &listening)));
        Self { shared, client, subscriber }
    }

    /// Messages that were answered so far. Whatever is counted here had left the venue.
    pub fn answered(&self) -> u64 {
        self.shared.answered.load(Ordering::Acquire)
    }

    /// Waits until so many are, and says so when the client has given up instead.
    #[track_caller]
    pub fn wait_answered(&self, count: u64) {
        wait_until("more answers", || {
            self.assert_alive();
            self.answered() >= count
        });
    }

    /// Neither of the two has found anything wrong yet.
    #[track_caller]
    pub fn assert_alive(&self) {
        let ended = |thread: &Option<JoinHandle<_>>| thread.as_ref().is_some_and(JoinHandle::is_finished);
        assert!(!ended(&self.client), "the client gave up; end the trader to hear why");
        assert!(!ended(&self.subscriber), "the subscriber gave up; end the trader to hear why");
    }

    /// Sees everything submitted answered, logs out, and holds the journal of the stopped venue against what was sent and heard: `stop` stops
    /// it. Returns how many messages there were.
    #[track_caller]
    pub fn end(mut self, site: &Site, stop: impl FnOnce()) -> u64 {
        self.shared.stop.store(true, Ordering::Release);
        let join = |thread: Option<JoinHandle<Result<u64, String>>>| {
            thread.expect("once").join().expect("no panic").unwrap_or_else(|reason| panic!("{reason}"))
        };
        let submitted = join(self.client.take());
        let ticks = join(self.subscriber.take());
        assert!(submitted > 0 && ticks > 0, "{submitted} messages, {ticks} ticks");
        stop();
        let mut applied = site.applied_messages();
        let query = applied.pop().expect("messages");
        assert!(query.contains(" AccountQuery"), "expected the query before the logout, found {query}");
        assert_eq!(applied.len() as u64, submitted, "the journal has other messages than were submitted");
        assert_beginning(&applied);
        submitted
    }
}

/// The journal holds nothing but what a trader sent, from its first message on. Returns how many there are.
#[track_caller]
pub fn assert_beginning(applied: &[String]) -> usize {
    for (number, message) in (1..).zip(applied) {
        let expected = format!("session=0 client_seq={number} {}", told(number));
        assert!(message.starts_with(&expected), "expected {expected}…, found {message}");
    }
    applied.len()
}

impl Drop for Trader {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Release);
        // Told also when a test fails for another reason: it is often the same one.
        for thread in [self.client.take(), self.subscriber.take()].into_iter().flatten() {
            if thread.is_finished()
                && let Ok(Err(reason)) = thread.join()
            {
                eprintln!("{reason}");
            }
        }
    }
}

/// The order that message `number` is about, and what it does with it.
fn order(number: u64) -> (UserRefNum, u64) {
    let (round, step) = ((number - 1) / ROUND, (number - 1) % ROUND);
    // Two numbers of orders a round; the cancel is about the first.
    (UserRefNum(u32::try_from(1 + 2 * round + step % 2).expect("a test ends before")), step)
}

fn encode(number: u64, out: &mut [u8]) -> Option<usize> {
    let (user_ref, step) = order(number);
    let enter = |side, qty| EnterOrder {
        user_ref,
        side,
        qty: Qty(qty),
        symbol: Symbol::new("PINION").expect("a name"),
        price: Price(100_000),
        time_in_force: TimeInForce::Day,
        display: Display::Visible,
        capacity: Capacity::Agency,
        sweep: YesNo::No,
        cross_type: CrossType::Continuous,
        cl_ord_id: ClOrdId::BLANK,
        appendage: Appendage::EMPTY,
    };
    match step {
        0 => enter(OrderSide::Buy, 100).encode(out),
        1 => enter(OrderSide::Sell, 60).encode(out),
        _ => CancelOrder { user_ref, qty: Qty(0) }.encode(out),
    }
}

/// The same in the words of `pinion journal dump`.
fn told(number: u64) -> String {
    let (user_ref, step) = order(number);
    match step {
        0 => format!("EnterOrder user_ref={user_ref} side=Buy qty=100"),
        1 => format!("EnterOrder user_ref={user_ref} side=Sell qty=60"),
        _ => format!("CancelOrder user_ref={user_ref} qty=0"),
    }
}

/// Whether `report` is what the venue has to answer to message `number`.
fn is_answer(number: u64, report: &Outbound<'_>) -> bool {
    let (user_ref, step) = order(number);
    match report {
        Outbound::Accepted(accepted) => step < 2 && accepted.user_ref == user_ref,
        Outbound::Canceled(canceled) => step == 2 && canceled.user_ref == user_ref && canceled.qty == Qty(40),
        _ => false,
    }
}

fn trade(config: ClientConfig, per_second: u64, shared: &Shared) -> Result<u64, String> {
    let said = |error: &dyn std::fmt::Display| format!("the client: {error}");
    let options = PortOptions { kind: PortKind::Socket, ..PortOptions::default() };
    let endpoint = Endpoint::unicast(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0));
    let port = HostPort::open(&options, &[endpoint]).map_err(|error| said(&error))?;
    let mut connection = Connection::new(config, port);
    connection.log_in(|_, _| {}).map_err(|error| said(&error))?;
    let begin_ns = connection.now_ns();
    let (mut submitted, mut next_report, mut wrong) = (0_u64, None, None);
    loop {
        let now_ns = connection.now_ns();
        let due = (now_ns - begin_ns) * per_second / 1_000_000_000;
        let mut number = submitted + 1;
        while number <= due && !shared.stop.load(Ordering::Acquire) {
            match connection.client().submit(|out| encode(number, out)) {
                Ok(taken) if taken == number => submitted = number,
                Ok(taken) => return Err(format!("message {number} was given the number {taken}")),
                Err(SubmitError::Full(_)) => break,
                Err(error) => return Err(said(&error)),
            }
            number += 1;
        }
        let turned = connection.turn(|_, report| {
            let expected = *next_report.get_or_insert(report.sequence);
            next_report = Some(report.sequence + 1);
            if report.sequence != expected && wrong.is_none() {
                wrong = Some(format!("expected report {expected}, heard {}", report.sequence));
            }
            let Some(number) = report.answers else { return };
            let answered = shared.answered.load(Ordering::Relaxed) + 1;
            if (number != answered || !is_answer(number, &report.message)) && wrong.is_none() {
                wrong = Some(format!("answer {answered} is to message {number} and says {:?}", report.message));
            }
            shared.answered.store(number, Ordering::Release);
        });
        let moved = turned.map_err(|error| said(&error))?;
        if let Some(wrong) = wrong {
            return Err(said(&wrong));
        }
        if shared.stop.load(Ordering::Acquire) && connection.client().unanswered() == 0 {
            break;
        }
        if moved == 0 && connection.client().room() == 0 {
            // A time that has passed would keep it from resting while the venue is dead, and a thread that does nothing but yield holds up
            // the kernel's own threads on Linux 6.18, those that give the dead venue's address back among them.
            connection.rest();
        } else if moved == 0 {
            connection.rest_until(begin_ns + (submitted + 1) * 1_000_000_000 / per_second);
        }
    }
    connection.log_out(|_, _| {}).map_err(|error| said(&error))?;
    Ok(submitted)
}

/// Each tick has one number and each number one tick, over all lives of the venue.
fn listen(socket: &UdpSocket, shared: &Shared) -> Result<u64, String> {
    let mut ticks: BTreeMap<u64, Vec<u8>> = BTreeMap::new();
    let mut session: Option<SessionId> = None;
    let mut buffer = [0; 2_048];
    loop {
        let Ok(len) = socket.recv(&mut buffer) else {
            if shared.stop.load(Ordering::Acquire) {
                return Ok(ticks.len() as u64);
            }
            continue;
        };
        let packet = Packet::parse(&buffer[..len]).map_err(|error| format!("the subscriber: {error}"))?;
        if *session.get_or_insert(packet.session()) != packet.session() {
            return Err(format!("the subscriber: the feed has another session, {:?}", packet.session()));
        }
        for (number, tick) in packet.messages() {
            let known = ticks.entry(number).or_insert_with(|| tick.to_vec());
            if known != tick {
                return Err(format!("the subscriber: tick {number} was {known:?} and is now {tick:?}"));
            }
        }
        shared.ticks.store(ticks.len() as u64, Ordering::Relaxed);
    }
}
