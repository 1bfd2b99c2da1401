//! The transport half of order entry, without sockets: who sent this datagram, which of its messages come next, what is to be
//! sent when.
//!
//! ```text
//!   datagram ─► authenticate ─► number ─► Intake (what the venue is to sequence)
//!   reports  ─► Store ─► released when durable ─► packets to the session's address
//! ```
//! Goal: MoldUDP64 numbering both ways, login, gaps, re-requests, heartbeats, silence; no allocation after construction.
//! Non-goal: anything that influences an outcome; that is [`crate::session`], and it is journaled. Nothing here is.

mod counters;
mod inbound;
mod login;
mod outbound;

pub use counters::GatewayCounters;
pub use inbound::Intake;

use crate::session::Session;
use crate::store::Store;
use wire::address::Addr;
use wire::login::{Key, Username};
use wire::{Nanos, Seq, SessionIndex};

/// Which of the server's two order-entry endpoints a datagram arrives at or leaves from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// Numbered messages, heartbeats and logins in; reports, heartbeats and answers out.
    OrderEntry,
    /// Requests for missed reports in, requests for missed messages out.
    Rerequest,
}

/// Takes datagrams that are to be sent.
pub trait Replies {
    /// How many more datagrams there is room for.
    fn room(&mut self) -> usize;

    /// Sends one datagram: `fill` writes it into the buffer, at least [`crate::limits::PACKET_LEN_MAX`] bytes, and returns its length; `None` sends
    /// nothing. Called only when there is [`room`](Self::room).
    fn send(&mut self, endpoint: Endpoint, to: Addr, fill: impl FnOnce(&mut [u8]) -> Option<usize>);

    /// The datagram sent just now carries the reports of these commands. For tools that take the time.
    #[inline]
    fn packed(&mut self, causes: impl Iterator<Item = Seq>) {
        let _ = causes;
    }
}

/// How one configured login proves itself.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// The name in the login messages.
    pub username: Username,
    /// The pre-shared key.
    pub key: Key,
    /// The session's orders are canceled when it dies, whether its client asked for that or not.
    pub cancel_on_disconnect: bool,
}

/// Timing and sizes of the transport.
#[derive(Clone, Debug)]
pub struct GatewayConfig {
    /// Who may log in; the position is the session index.
    pub credentials: Vec<Credentials>,
    /// A heartbeat is sent after this much silence of ours, ns.
    pub heartbeat_ns: u64,
    /// A session dies after this much silence of the client, ns.
    pub timeout_ns: u64,
    /// A gap is asked for again after this long without progress, ns.
    pub rerequest_ns: u64,
    /// A login must come this soon after its challenge, ns.
    pub cookie_lifetime_ns: u64,
    /// How many reports each session's store keeps; a power of two.
    pub store_messages: usize,
    /// The most reports that one command can cause; no command is taken while a store has less room.
    pub reports_per_command_max: u64,
    /// Fresh randomness of this run; keys the challenge cookies and the session tokens.
    pub secret: Key,
}

/// Transport state of one session; forgotten at a restart without harm.
#[derive(Debug)]
struct Peer {
    store: Store,
    /// When the client was last heard.
    heard: Nanos,
    /// When something was last sent to it.
    spoke: Nanos,
    /// One past the highest client message number seen.
    inbound_high: u64,
    /// When the gap below `inbound_high` was last asked for.
    asked: Nanos,
    /// A login to be confirmed once this command is durable.
    accept: Option<Seq>,
    /// A logout to be confirmed once this command is durable.
    farewell: Option<Seq>,
    /// A heartbeat is due whatever the clock says: the client seems to have missed something.
    nudge: bool,
    /// The session's login stands: reports are to be sent, not only kept.
    online: bool,
    /// The next report's number when the login was made: where a client that knows nothing goes on from.
    login_outbound: u64,
    /// Waits in the send queue.
    queued: bool,
    /// Its store has no room for a worst-case command.
    tight: bool,
    /// Packets that began beyond the expected message.
    gaps: u64,
}

/// What is worth knowing of one session's transport.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeerView {
    /// When its client was last heard.
    pub heard: Nanos,
    /// Reports that were not sent yet.
    pub pending: u64,
    /// Packets of its client that began beyond the expected message, since the start.
    pub gaps: u64,
}

/// All sessions' transport.
pub struct Gateway {
    config: GatewayConfig,
    peers: Vec<Peer>,
    /// Sessions with something to send, each once.
    queue: Vec<SessionIndex>,
    /// How many stores have no room for a worst-case command.
    tight: usize,
    /// The journal has been replayed: from now on there are clients to speak to.
    live: bool,
    /// The last command known to be durable: no report of a later one leaves, asked for or not.
    durable: Seq,
    /// When the timers were last looked at.
    swept: Nanos,
    /// The newest challenge that a login has answered.
    newest_stamp: u64,
    counters: GatewayCounters,
}

impl Gateway {
    /// A gateway for the configured sessions; allocates everything it will ever need.
    #[must_use]
    pub fn new(config: GatewayConfig) -> Self {
        assert!(
            config.store_messages as u64 > config.reports_per_command_max,
            "a store must hold more reports than one command can cause"
        );
        let peer = |_| Peer {
            store: Store::new(config.store_messages),
            heard: Nanos(0),
            spoke: Nanos(0),
            inbound_high: 0,
            asked: Nanos(0),
            accept: None,
            farewell: None,
            nudge: false,
            online: false,
            login_outbound: 1,
            queued: false,
            tight: false,
            gaps: 0,
        };
        let peers: Vec<Peer> = config.credentials.iter().map(peer).collect();
        let queue = Vec::with_capacity(peers.len());
        Self {
            config,
            peers,
            queue,
            tight: 0,
            live: false,
            durable: Seq(0),
            swept: Nanos(0),
            newest_stamp: 0,
            counters: GatewayCounters::default(),
        }
    }

    /// What it has seen and done.
    #[must_use]
    pub const fn counters(&self) -> &GatewayCounters {
        &self.counters
    }

    /// Whether every store has room for one more worst-case command.
    #[must_use]
    pub const fn has_room(&self) -> bool {
        self.tight == 0
    }

    /// Keeps a report for its session until it may be, and in case it must again be, sent.
    pub fn keep(&mut self, cause: Seq, session: SessionIndex, message: &[u8]) {
        let room_min = self.config.reports_per_command_max;
        let peer = &mut self.peers[usize::from(session.0)];
        peer.store.push(cause, message);
        if !peer.online {
            peer.store.mark_sent(peer.store.next());
            return;
        }
        if !peer.tight && peer.store.room() < room_min {
            peer.tight = true;
            self.tight += 1;
        }
        self.enqueue(session);
    }

    /// A login was sequenced: confirm it once it is durable. What was stored before is sent only on request, and during replay
    /// nothing is sent at all.
    pub fn log_in(&mut self, now: Nanos, cause: Seq, session: SessionIndex) {
        self.go_offline(session);
        let peer = &mut self.peers[usize::from(session.0)];
        peer.online = self.live;
        peer.heard = now;
        peer.spoke = now;
        peer.inbound_high = 0;
        peer.login_outbound = peer.store.next();
        peer.accept = Some(cause);
        peer.farewell = None;
        self.counters.logins += u64::from(self.live);
        self.enqueue(session);
    }

    /// A session has ended and its orders are dealt with: say farewell once that is durable, after the last report.
    pub fn log_out(&mut self, cause: Seq, session: SessionIndex) {
        self.peers[usize::from(session.0)].farewell = Some(cause);
        self.enqueue(session);
    }

    /// Nothing more is to be sent unasked.
    fn go_offline(&mut self, session: SessionIndex) {
        let peer = &mut self.peers[usize::from(session.0)];
        peer.online = false;
        peer.store.mark_sent(peer.store.next());
        if core::mem::take(&mut peer.tight) {
            self.tight -= 1;
        }
    }

    /// The journal has been replayed: what it holds was offered before, and living sessions get a fresh deadline.
    pub fn resume(&mut self, now: Nanos, replayed: Seq, sessions: &[Session]) {
        self.live = true;
        self.durable = replayed;
        let stamps = sessions.iter().filter_map(|session| session.login()).map(|login| login.cookie_stamp);
        self.newest_stamp = stamps.max().unwrap_or(0);
        for (index, session) in (0u16..).map(SessionIndex).zip(sessions) {
            self.go_offline(index);
            let peer = &mut self.peers[usize::from(index.0)];
            peer.login_outbound = peer.store.next();
            peer.accept = None;
            peer.farewell = None;
            peer.heard = now;
            peer.online = session.is_alive();
            if peer.online {
                peer.nudge = true;
                self.enqueue(index);
            }
        }
    }

    /// What is kept of each session's reports.
    pub(crate) fn stores(&self) -> impl Iterator<Item = &Store> {
        self.peers.iter().map(|peer| &peer.store)
    }

    /// The same, to be filled from an image.
    pub(crate) fn stores_mut(&mut self) -> impl Iterator<Item = &mut Store> {
        self.peers.iter_mut().map(|peer| &mut peer.store)
    }

    /// A session's transport, for looking.
    #[must_use]
    pub fn peer(&self, session: SessionIndex) -> PeerView {
        let peer = &self.peers[usize::from(session.0)];
        PeerView { heard: peer.heard, pending: peer.store.backlog(), gaps: peer.gaps }
    }

    /// Gives a session another key: whoever logs in next must prove it.
    pub fn change_key(&mut self, session: SessionIndex, key: Key) {
        if let Some(credentials) = self.config.credentials.get_mut(usize::from(session.0)) {
            credentials.key = key;
        }
    }

    /// The oldest report that is still held for a session.
    #[must_use]
    pub fn oldest_outbound(&self, session: SessionIndex) -> u64 {
        self.peers[usize::from(session.0)].store.oldest()
    }

    fn enqueue(&mut self, session: SessionIndex) {
        let peer = &mut self.peers[usize::from(session.0)];
        if !peer.queued {
            peer.queued = true;
            self.queue.push(session);
        }
    }

    /// The session that a packet's token names, if token and address are those of its newest login.
    fn authenticate(&self, sessions: &[Session], token: wire::mold::SessionId, from: Addr) -> Option<SessionIndex> {
        let index = login::session_of(token)?;
        let login = sessions.get(usize::from(index.0))?.login()?;
        (login.token == token && login.address == from).then_some(index)
    }
}
