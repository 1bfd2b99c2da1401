//! A client of the venue, with a life of its own.
//!
//! Goal: the real client, under a user who says whatever comes to mind and writes down all that is answered. Non-goal: judging the answers;
//! see [`super::check`].

use std::collections::BTreeMap;

use super::network::{Network, VENUE, VENUE_REREQUEST};
use super::orders::{Said, Vocabulary};
use super::plan::{Plan, Switch};
use super::random::Random;
use super::standing::Standing;
use crate::client::{Client, ClientConfig, DATAGRAM_LEN_MAX, ReportsFrom, State};
use engine::config::Config;
use wire::address::Addr;
use wire::login::Username;
use wire::ouch::{MESSAGE_LEN_MAX, Outbound};
use wire::{SessionIndex, UserRefNum};

/// Datagrams that a client sends in one step at the most.
const DATAGRAMS_MAX: usize = 16;
/// Messages unanswered at the most.
const WINDOW: usize = 64;

/// One user with one login.
pub struct Trader {
    /// Which.
    pub session: SessionIndex,
    config: ClientConfig,
    client: Client,
    random: Random,
    vocabulary: Vocabulary,
    address: Addr,
    /// What was submitted, by the number that it got.
    pub submitted: BTreeMap<u64, Vec<u8>>,
    /// What was received, the first with number 1.
    pub received: Vec<Vec<u8>>,
    /// What stands, as far as it was told.
    pub standing: Standing,
    /// What it was told that cannot be.
    pub oddity: Option<String>,
    next_ref: u32,
    burst: u32,
    mass_cancel: Vec<UserRefNum>,
    /// Until when a user who has left is away.
    away_until_ns: u64,
    deaf: bool,
    doubles: bool,
}

impl Trader {
    /// The user of a session, who logs in at once.
    #[must_use]
    pub fn new(plan: &Plan, config: &Config, session: SessionIndex, vocabulary: Vocabulary) -> Self {
        let login = &config.sessions[usize::from(session.0)];
        let mut random = Random::new(plan.seed, &login.username);
        let username = Username::new(&login.username).unwrap_or(Username::new("nobody").expect("a name"));
        let mut client_config = ClientConfig::new(username, login.key, VENUE, VENUE_REREQUEST);
        client_config.window_messages = WINDOW;
        client_config.reorder_reports = 256;
        client_config.cancel_on_disconnect = plan.cancel_on_disconnect;
        client_config.reports_from = ReportsFrom::Sequence(1);
        // A venue may be down for long; nobody gives up.
        client_config.login_patience_ns = u64::MAX / 2;
        client_config.outage_patience_ns = u64::MAX / 2;
        let client = client(&mut random, 0, &client_config);
        let canary = plan.canary;
        Self {
            session,
            config: client_config,
            client,
            random,
            vocabulary,
            address: address(session, 0),
            submitted: BTreeMap::new(),
            received: Vec::new(),
            standing: Standing::default(),
            oddity: None,
            next_ref: 1,
            burst: 0,
            mass_cancel: Vec::new(),
            away_until_ns: 0,
            deaf: canary == Some(super::canary::Canary::DeafClient) && session.0 == 0,
            doubles: canary == Some(super::canary::Canary::DoubleApply) && session.0 == 0,
        }
    }

    /// Where it is.
    #[must_use]
    pub const fn address(&self) -> Addr {
        self.address
    }

    /// The client, for looking.
    #[must_use]
    pub const fn client(&self) -> &Client {
        &self.client
    }

    /// When it has something to do at the latest.
    #[must_use]
    pub fn due_ns(&self) -> u64 {
        match self.client.state() {
            State::Closed | State::Failed => self.away_until_ns,
            _ => self.client.due_ns().unwrap_or(u64::MAX),
        }
    }

    /// A datagram has come.
    pub fn hear(&mut self, now_ns: u64, from: Addr, payload: &[u8]) {
        let Self { client, session, received, standing, oddity, deaf, .. } = self;
        client.on_datagram(now_ns, from, payload, &mut |report| {
            let mut bytes = [0; MESSAGE_LEN_MAX];
            let len = report.message.encode(&mut bytes).unwrap_or(0);
            if report.sequence != received.len() as u64 + 1 {
                oddity.get_or_insert(format!("report {} comes after {}", report.sequence, received.len()));
            }
            received.push(bytes[..len].to_vec());
            if *deaf && matches!(report.message, Outbound::Canceled(_)) {
                return;
            }
            if let Err(what) = standing.apply(*session, &report.message) {
                oddity.get_or_insert(format!("report {}: {what}", report.sequence));
            }
        });
    }

    /// Says something, if it comes to mind, and keeps the session going. What it did of its own accord comes back.
    pub fn step(&mut self, now_ns: u64, plan: &Plan, network: &mut Network, quiet: bool) -> Option<&'static str> {
        let mut did = None;
        if matches!(self.client.state(), State::Closed) {
            if now_ns < self.away_until_ns {
                return None;
            }
            did = Some("comes again");
            self.begin(now_ns);
        }
        if !quiet {
            did = self.wish(now_ns, plan, network).or(did);
        }
        self.client.poll(now_ns);
        let mut buffer = [0; DATAGRAM_LEN_MAX];
        for _ in 0..DATAGRAMS_MAX {
            let Some((to, len)) = self.client.next_datagram(now_ns, &mut buffer) else { break };
            network.send_to_venue(Some(usize::from(self.session.0)), self.address, to, &buffer[..len]);
        }
        did
    }

    /// Forgets all that it was told, and believes this instead: what the venue promised to keep, it need not have kept.
    pub fn believe(&mut self, now_ns: u64, received: Vec<Vec<u8>>) {
        self.standing = Standing::default();
        for bytes in &received {
            let applied = Outbound::decode(bytes).map(|report| self.standing.apply(self.session, &report));
            if let Ok(Err(what)) = applied {
                self.oddity.get_or_insert(what);
            }
        }
        self.received = received;
        self.begin(now_ns);
    }

    /// Another process of the same user, which knows what was received and nothing of what was not answered.
    fn begin(&mut self, now_ns: u64) {
        self.config.reports_from = ReportsFrom::Sequence(self.received.len() as u64 + 1);
        self.client = client(&mut self.random, now_ns, &self.config);
        self.mass_cancel.clear();
        self.burst = 0;
    }

    fn wish(&mut self, now_ns: u64, plan: &Plan, network: &mut Network) -> Option<&'static str> {
        let chance = |random: &mut Random, switch| random.chance(plan.strength(switch));
        if chance(&mut self.random, Switch::ClientCrash) {
            self.begin(now_ns);
            return Some("its process is another one");
        }
        if chance(&mut self.random, Switch::AddressChange) {
            let number = u16::try_from(self.random.between(1..=999)).unwrap_or(1);
            self.address = address(self.session, number);
            network.readdress(usize::from(self.session.0), self.address);
            return Some("has another address");
        }
        if self.client.state() != State::Up {
            return None;
        }
        if chance(&mut self.random, Switch::Logout) {
            self.client.logout();
            self.away_until_ns = now_ns + self.random.below(500_000_000);
            return Some("logs out");
        }
        self.next_ref = self.next_ref.max(self.client.last_user_ref().0 + 1);
        let mut did = None;
        if chance(&mut self.random, Switch::MassCancel) {
            self.mass_cancel = self.standing.of(self.session).map(|(user_ref, _)| user_ref).collect();
            did = Some("cancels everything");
        }
        while let Some(user_ref) = self.mass_cancel.last().copied() {
            if !self.submit(Vocabulary::cancel(user_ref)) {
                break;
            }
            self.mass_cancel.pop();
        }
        if chance(&mut self.random, Switch::Burst) {
            self.burst = 40;
        }
        let speaks = self.burst > 0 || self.random.chance(plan.activity);
        let messages = if self.burst > 0 { 8.min(self.burst) } else { u32::from(speaks) };
        self.burst -= self.burst.min(messages);
        for _ in 0..messages {
            if self.client.room() == 0 {
                break;
            }
            let next = UserRefNum(self.next_ref);
            let Said { bytes, numbered } = self.vocabulary.say(&mut self.random, self.session, &self.standing, next);
            self.next_ref += u32::from(numbered);
            if self.doubles && numbered && self.random.below(20) == 0 {
                let mut again = bytes.clone();
                let at = if again.first() == Some(&b'O') { 1 } else { 5 };
                again[at..at + 4].copy_from_slice(&self.next_ref.to_be_bytes());
                self.submit(bytes);
                self.next_ref += 1;
                // Nobody has said this.
                let _ = self.client.submit(|out| write(out, &again));
            } else {
                self.submit(bytes);
            }
        }
        did
    }

    fn submit(&mut self, bytes: Vec<u8>) -> bool {
        match self.client.submit(|out| write(out, &bytes)) {
            Ok(number) => {
                self.submitted.insert(number, bytes);
                true
            }
            Err(_) => false,
        }
    }
}

fn write(out: &mut [u8], bytes: &[u8]) -> Option<usize> {
    out.get_mut(..bytes.len())?.copy_from_slice(bytes);
    Some(bytes.len())
}

/// Where the client of a session is, the so-manieth time.
#[must_use]
pub fn address(session: SessionIndex, number: u16) -> Addr {
    Addr { ip: 0x0A00_0100 + u32::from(session.0), port: 30_000 + number }
}

fn client(random: &mut Random, now_ns: u64, config: &ClientConfig) -> Client {
    let mut nonces = Random::new(random.word(), "nonces");
    let draw = move || {
        let mut nonce = [0; 16];
        nonces.fill(&mut nonce);
        nonce
    };
    Client::new(now_ns, config.clone(), Box::new(draw))
}
