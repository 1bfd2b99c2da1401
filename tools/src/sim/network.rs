//! The network between the appliance, its clients and its subscribers.
//!
//! Goal: whatever a network of datagrams may do, on the word of the plan. Non-goal: flipped bits within a datagram: the checksum of UDP
//! drops those.

use std::collections::{BTreeMap, VecDeque};

use super::plan::{Plan, Switch};
use super::random::Random;
use engine::link::{MARKET_DATA, ORDER_ENTRY, REREQUEST};
use netio::port::{EndpointIndex, PAYLOAD_MAX};
use wire::Seq;
use wire::address::Addr;

/// Who gets datagrams.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Party {
    /// The appliance, at one of its endpoints.
    Venue(EndpointIndex),
    /// A client.
    Trader(usize),
    /// A subscriber, on one line.
    Subscriber(usize, usize),
}

/// A datagram that has come.
#[derive(Clone, Debug)]
pub struct Arrived {
    /// To whom.
    pub to: Party,
    /// From where.
    pub from: Addr,
    /// What it carries.
    pub payload: Vec<u8>,
}

/// A datagram that the appliance sent.
#[derive(Clone, Debug)]
pub struct Left {
    /// From which endpoint.
    pub endpoint: EndpointIndex,
    /// Where to.
    pub to: Addr,
    /// What it carries.
    pub payload: Vec<u8>,
    /// What was durable when it left, by the word of the journal.
    pub durable: Seq,
}

/// Times until which nothing passes: to the venue, from it.
#[derive(Clone, Copy, Debug, Default)]
struct CutOff {
    to_venue_ns: u64,
    from_venue_ns: u64,
}

/// All datagrams under way.
#[derive(Debug)]
pub struct Network {
    random: Random,
    loss: u32,
    duplicate: u32,
    reorder: u32,
    /// The venue's port takes less than it is offered, so often.
    pub no_room: u32,
    latency_ns: u64,
    now_ns: u64,
    /// Keeps what is due at the same time in the order in which it was sent.
    next: u64,
    flying: BTreeMap<(u64, u64), Arrived>,
    /// What the appliance has not taken yet.
    pub inbox: VecDeque<Arrived>,
    /// What the appliance sent since somebody looked.
    pub left: Vec<Left>,
    /// What the appliance sent that nobody looked at yet, in this turn.
    fresh: usize,
    cut: BTreeMap<usize, CutOff>,
    lines: Vec<Addr>,
    subscribers: usize,
    traders: Vec<Addr>,
}

/// The appliance's own address.
pub const VENUE_IP: u32 = 0x0A00_0001;
/// Where orders go.
pub const VENUE: Addr = Addr { ip: VENUE_IP, port: 26_400 };
/// Where requests go.
pub const VENUE_REREQUEST: Addr = Addr { ip: VENUE_IP, port: 26_401 };
/// Datagrams that wait for the appliance at the most: what comes then is lost.
const INBOX_MAX: usize = 512;

impl Network {
    /// A network without a datagram, with this many subscribers on each line.
    #[must_use]
    pub fn new(plan: &Plan, lines: Vec<Addr>, traders: Vec<Addr>, subscribers: usize) -> Self {
        Self {
            random: Random::new(plan.seed, "network"),
            loss: plan.strength(Switch::Loss),
            duplicate: plan.strength(Switch::Duplicate),
            reorder: plan.strength(Switch::Reorder),
            no_room: plan.strength(Switch::NoRoom),
            latency_ns: plan.latency_ns,
            now_ns: 0,
            next: 0,
            flying: BTreeMap::new(),
            inbox: VecDeque::new(),
            left: Vec::new(),
            fresh: 0,
            cut: BTreeMap::new(),
            lines,
            subscribers,
            traders,
        }
    }

    /// From here on nothing is lost, doubled, late or cut off.
    pub fn heal(&mut self) {
        (self.loss, self.duplicate, self.reorder, self.no_room) = (0, 0, 0, 0);
        self.cut.clear();
    }

    /// Time has passed. What is due comes out, but for what waits in the inbox then.
    pub fn advance(&mut self, now_ns: u64) -> Vec<Arrived> {
        self.now_ns = now_ns;
        let later = self.flying.split_off(&(now_ns + 1, 0));
        let due = std::mem::replace(&mut self.flying, later);
        let mut out = Vec::new();
        for arrived in due.into_values() {
            match arrived.to {
                Party::Venue(_) if self.inbox.len() < INBOX_MAX => self.inbox.push_back(arrived),
                Party::Venue(_) => {}
                _ => out.push(arrived),
            }
        }
        out
    }

    /// When the next datagram comes.
    #[must_use]
    pub fn due_ns(&self) -> Option<u64> {
        self.flying.first_key_value().map(|((due, _), _)| *due)
    }

    /// Whether no datagram is under way.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.flying.is_empty() && self.inbox.is_empty()
    }

    /// A client has another address; what is on its way to the old one is lost.
    pub fn readdress(&mut self, trader: usize, address: Addr) {
        self.traders[trader] = address;
    }

    /// The machine of the appliance is off: nothing waits there any more.
    pub fn forget_inbox(&mut self) {
        self.inbox.clear();
    }

    /// Cuts a client off until then, one way or both.
    pub fn cut_off(&mut self, trader: usize, until_ns: u64, ways: u64) {
        let cut = self.cut.entry(trader).or_default();
        if ways != 1 {
            cut.to_venue_ns = until_ns;
        }
        if ways != 0 {
            cut.from_venue_ns = until_ns;
        }
    }

    /// What is on its way to subscribers is lost.
    pub fn forget_ticks(&mut self) {
        self.flying.retain(|_, arrived| !matches!(arrived.to, Party::Subscriber(..)));
    }

    /// A client, or somebody who says so, sends to the venue.
    pub fn send_to_venue(&mut self, trader: Option<usize>, from: Addr, to: Addr, payload: &[u8]) {
        let cut = trader.and_then(|trader| self.cut.get(&trader)).is_some_and(|cut| cut.to_venue_ns > self.now_ns);
        let endpoint = if to == VENUE { ORDER_ENTRY } else { REREQUEST };
        if !cut {
            self.fly(Party::Venue(endpoint), from, payload);
        }
    }

    /// Somebody sends to a client.
    pub fn send_to_trader(&mut self, trader: usize, from: Addr, payload: &[u8]) {
        self.fly(Party::Trader(trader), from, payload);
    }

    /// The venue sends.
    pub(super) fn send_from_venue(&mut self, endpoint: EndpointIndex, to: Addr, payload: &[u8]) {
        self.left.push(Left { endpoint, to, payload: payload.to_vec(), durable: Seq(0) });
        let from = match endpoint {
            ORDER_ENTRY => VENUE,
            REREQUEST => VENUE_REREQUEST,
            _ => Addr { ip: VENUE_IP, port: 1 },
        };
        if endpoint == MARKET_DATA {
            if let Some(line) = self.lines.iter().position(|address| *address == to) {
                for subscriber in 0..self.subscribers {
                    self.fly(Party::Subscriber(subscriber, line), from, payload);
                }
            }
            return;
        }
        let Some(trader) = self.traders.iter().position(|address| *address == to) else { return };
        let cut = self.cut.get(&trader).is_some_and(|cut| cut.from_venue_ns > self.now_ns);
        if !cut {
            self.fly(Party::Trader(trader), from, payload);
        }
    }

    /// What left in the turn that ended left with this much durable.
    pub fn stamp(&mut self, durable: Seq) {
        for left in &mut self.left[self.fresh..] {
            left.durable = durable;
        }
        self.fresh = self.left.len();
    }

    /// What left since the last time.
    pub fn take_left(&mut self) -> Vec<Left> {
        self.fresh = 0;
        std::mem::take(&mut self.left)
    }

    /// How many of so many datagrams the venue's port takes.
    pub(super) fn room(&mut self, max: usize) -> usize {
        if self.random.chance(self.no_room) { self.random.place(max + 1) } else { max }
    }

    fn fly(&mut self, to: Party, from: Addr, payload: &[u8]) {
        debug_assert!(payload.len() <= PAYLOAD_MAX, "no datagram is longer");
        if self.random.chance(self.loss) {
            return;
        }
        let copies = 1 + u64::from(self.random.chance(self.duplicate));
        for _ in 0..copies {
            let late = if self.random.chance(self.reorder) { self.random.below(20_000_000) } else { 0 };
            let uneven = if self.reorder > 0 { self.random.below(self.latency_ns / 8 + 1) } else { 0 };
            let due = self.now_ns + self.latency_ns + uneven + late;
            self.next += 1;
            self.flying.insert((due, self.next), Arrived { to, from, payload: payload.to_vec() });
        }
    }
}
