//! A thread beside the port, for what takes system calls: asking the kernel for the way to an address, and reading what was
//! lost on the way to our rings.
//!
//! ```text
//!  port ── questions ──> this thread ── netlink ──> kernel's routes and neighbours
//!  port <── answers ───
//!  port <── lost frames, seconds (one word each)
//! ```
//!
//! The port never waits for it and never wakes it: it looks for questions every few milliseconds.

use std::net::Ipv4Addr;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::netlink::{Neighbour, Netlink};
use super::socket;
use crate::ether::MacAddr;
use crate::ring::{self, Consumer, Producer};

/// The port's end.
#[derive(Debug)]
pub(super) struct Resolver {
    questions: Producer<Question>,
    answers: Consumer<Answer>,
    /// Questions without an answer yet: while there are none, nobody looks for answers.
    open: u32,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

/// Who has this address, as seen from an interface?
#[derive(Debug, Clone, Copy)]
pub(super) struct Question {
    /// The port's number of the interface.
    pub place: u8,
    /// The kernel's number of it.
    pub interface: u32,
    pub address: Ipv4Addr,
}

/// The hardware address to send to; `None` when there is no way.
#[derive(Debug, Clone, Copy)]
pub(super) struct Answer {
    pub place: u8,
    pub address: Ipv4Addr,
    pub mac: Option<MacAddr>,
}

#[derive(Debug, Default)]
struct Shared {
    seconds: AtomicU32,
    lost_frames: AtomicU64,
    no_frame: AtomicU64,
    stop: AtomicBool,
}

impl Resolver {
    /// Starts the thread, which keeps `netlink` and asks these sockets what they have lost.
    pub(super) fn start(netlink: Netlink, sockets: Vec<OwnedFd>) -> std::io::Result<Self> {
        let nowhere = Ipv4Addr::UNSPECIFIED;
        let (questions, asked) = ring::channel(QUESTIONS, || Question { place: 0, interface: 0, address: nowhere });
        let (told, answers) = ring::channel(QUESTIONS, || Answer { place: 0, address: nowhere, mac: None });
        let shared = Arc::new(Shared { seconds: AtomicU32::new(1), ..Shared::default() });
        let desk = Desk { netlink, sockets, asked, told, shared: Arc::clone(&shared), pending: Vec::new() };
        let thread = thread::Builder::new().name("xdp-resolver".to_owned()).spawn(move || desk.run())?;
        Ok(Self { questions, answers, open: 0, shared, thread: Some(thread) })
    }

    /// Seconds since the start, beginning with 1.
    #[inline]
    pub(super) fn now_s(&self) -> u32 {
        self.shared.seconds.load(Ordering::Relaxed)
    }

    /// Asks. Without room the question is lost, and is asked again some time later by who needs the answer.
    #[cold]
    pub(super) fn ask(&mut self, question: Question) {
        if self.questions.push(question).is_ok() {
            self.open += 1;
        }
    }

    #[inline]
    pub(super) fn answer(&mut self) -> Option<Answer> {
        if self.open == 0 {
            return None;
        }
        let answer = self.answers.pop()?;
        self.open -= 1;
        Some(answer)
    }

    pub(super) fn lost(&self) -> socket::Lost {
        let Shared { lost_frames, no_frame, .. } = &*self.shared;
        socket::Lost { frames: lost_frames.load(Ordering::Relaxed), no_frame: no_frame.load(Ordering::Relaxed) }
    }
}

impl Drop for Resolver {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // It has nothing to say; had it panicked, the message is out.
            let _ = thread.join();
        }
    }
}

/// The thread's end.
struct Desk {
    netlink: Netlink,
    sockets: Vec<OwnedFd>,
    asked: Consumer<Question>,
    told: Producer<Answer>,
    shared: Arc<Shared>,
    pending: Vec<Pending>,
}

struct Pending {
    question: Question,
    since: Instant,
    step: Step,
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Route,
    /// The kernel was asked to find this station's address.
    Wait(Ipv4Addr),
    Done(Option<MacAddr>),
}

impl Desk {
    fn run(mut self) {
        let start = Instant::now();
        while !self.shared.stop.load(Ordering::Relaxed) {
            let seconds = u32::try_from(start.elapsed().as_secs()).unwrap_or(u32::MAX - 2);
            self.shared.seconds.store(seconds.saturating_add(1), Ordering::Relaxed);
            while self.pending.len() < QUESTIONS
                && let Some(question) = self.asked.pop()
            {
                self.pending.push(Pending { question, since: Instant::now(), step: Step::Route });
            }
            let Self { netlink, told, pending, .. } = &mut self;
            pending.retain_mut(|one| {
                one.go_on(netlink);
                let Step::Done(mac) = one.step else { return true };
                let Question { place, address, .. } = one.question;
                // Without room it stays until there is some.
                told.push(Answer { place, address, mac }).is_err()
            });
            self.count_losses();
            thread::park_timeout(if self.pending.is_empty() { IDLE } else { BUSY });
        }
    }

    fn count_losses(&self) {
        let mut all = socket::Lost::default();
        for lost in self.sockets.iter().filter_map(|socket| socket::lost(socket).ok()) {
            all.frames += lost.frames;
            all.no_frame += lost.no_frame;
        }
        self.shared.lost_frames.store(all.frames, Ordering::Relaxed);
        self.shared.no_frame.store(all.no_frame, Ordering::Relaxed);
    }
}

impl Pending {
    /// As far as it goes now.
    fn go_on(&mut self, netlink: &mut Netlink) {
        let Question { interface, address, .. } = self.question;
        if let Step::Route = self.step {
            // A failed question is no answer to it, but there is no better.
            let Ok(Some(next)) = netlink.next_hop(interface, address) else {
                self.step = Step::Done(None);
                return;
            };
            self.step = match netlink.neighbour(interface, next) {
                Ok(Neighbour::Known { mac, is_old }) => {
                    if is_old {
                        // Good for now; the kernel makes sure, and we are told at the next question.
                        let _ = netlink.resolve(interface, next);
                    }
                    Step::Done(Some(mac))
                }
                _ => match netlink.resolve(interface, next) {
                    Ok(()) => Step::Wait(next),
                    Err(_) => Step::Done(None),
                },
            };
            return;
        }
        if let Step::Wait(next) = self.step {
            self.step = match netlink.neighbour(interface, next) {
                Ok(Neighbour::Known { mac, .. }) => Step::Done(Some(mac)),
                Ok(Neighbour::Unknown) if self.since.elapsed() < ANSWER_TIMEOUT => Step::Wait(next),
                _ => Step::Done(None),
            };
        }
    }
}

/// Questions that wait at one time.
const QUESTIONS: usize = 256;
/// How often it looks for questions: a first datagram to somebody waits this long, and the core that runs it is woken.
const IDLE: Duration = Duration::from_millis(10);
const BUSY: Duration = Duration::from_millis(1);
/// The kernel asks three times, a second apart.
const ANSWER_TIMEOUT: Duration = Duration::from_millis(3_500);
