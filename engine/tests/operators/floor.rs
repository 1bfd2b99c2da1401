//! An exchange, members who send whatever comes to their mind, and two operators.

use crate::listeners::Heard;
use crate::naive::{Live, Naive, live, member_of, takes};
use engine::book::OrderKey;
use engine::command::{Action, Command};
use engine::config::Config;
use engine::exchange::Exchange;
use engine::limits::COMMAND_BODY_MAX;
use engine::record;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use wire::admin::{NewInstrument, OperatorBody, OperatorCommand, OperatorName, Outcome, Refusal, Scope, Verb};
use wire::feed::ChannelIndex;
use wire::journal::RecordKind;
use wire::mold::SessionId;
use wire::ouch::{
    AppendageBuffer, CancelOrder, CancelReason, Capacity, ClOrdId, CrossType, Display, EnterOrder, Inbound,
    OptionValue, OrderSide, Outbound, RejectReason, ReplaceOrder, TimeInForce, YesNo,
};
use wire::{MemberId, Nanos, Price, Qty, Seq, SessionIndex, Side, Symbol, UserRefNum};

const SESSIONS: u16 = 5;
/// Instruments at first, and how many may be added.
const INSTRUMENTS: u64 = 3;
const ADDED_MAX: usize = 3;

pub struct Floor {
    pub config: Config,
    pub exchange: Exchange,
    pub journal: Vec<(Seq, Nanos, RecordKind, Vec<u8>)>,
    pub answers: Vec<(OperatorCommand, Outcome)>,
    /// Orders that were kept out by what operators had set.
    pub kept_out: u64,
    naive: Naive,
    heard: Heard,
    numbers: [u64; 2],
    user_refs: [u32; SESSIONS as usize],
    random: u64,
    /// Books grow large, and operators are few.
    busy: bool,
    steps: u64,
}

fn symbol(number: u64) -> Symbol {
    Symbol::new(&format!("S{number}")).expect("short")
}

fn config() -> Config {
    let mut text = format!(
        "[limits]\norders = 6000\nlevels = 6000\nsession_orders = 6000\nsession_store_messages = 131072\n\
         instruments_added = {ADDED_MAX}\n\
         [journal]\nstate_hash_interval_commands = 16\n\
         [[channel]]\nname = \"a\"\ntick_lines = [\"239.26.40.1:26440\"]\ndepth_lines = [\"239.26.41.1:26450\"]\n\
         [[channel]]\nname = \"b\"\ntick_lines = [\"239.26.40.2:26440\"]\ndepth_lines = []\n"
    );
    for number in 0..INSTRUMENTS {
        let channel = if number == 2 { "b" } else { "a" };
        write!(text, "[[instrument]]\nsymbol = \"S{number}\"\ntick = \"0.0001\"\nlot = 1\nchannel = \"{channel}\"\n")
            .expect("a string");
    }
    for number in 0..3 {
        write!(text, "[[member]]\nname = \"m{number}\"\nself_match = \"allow\"\n").expect("a string");
    }
    for number in 0..SESSIONS {
        let (member, key) = (member_of(SessionIndex(number)).0, format!("{:02x}", number + 1).repeat(32));
        write!(text, "[[session]]\nusername = \"t{number}\"\nmember = \"m{member}\"\nkey = \"{key}\"\n")
            .expect("a string");
    }
    Config::parse(&text, "the test").expect("valid")
}

impl Floor {
    pub fn new(seed: u64, busy: bool) -> Self {
        let config = config();
        let mut naive = Naive::default();
        naive.listed.extend((0..INSTRUMENTS).map(symbol));
        let mut floor = Self {
            exchange: Exchange::new(&config.rules()),
            config,
            journal: Vec::new(),
            answers: Vec::new(),
            kept_out: 0,
            naive,
            heard: Heard::default(),
            numbers: [0; 2],
            user_refs: [0; SESSIONS as usize],
            random: seed.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(1),
            busy,
            steps: 0,
        };
        floor.apply(Action::Genesis { fingerprint: 0, feed_session: SessionId(*b"OPERATORS ") });
        floor
    }

    /// A command of the journal.
    pub fn command(&self, at: usize) -> Command<'_> {
        let (seq, time, kind, body) = &self.journal[at];
        record::decode(*seq, *time, *kind, body).expect("a command")
    }

    /// Somebody does something; what comes of it is held against the notes.
    pub fn step(&mut self) {
        self.steps += 1;
        let operators = if self.busy { self.steps.is_multiple_of(1_900) } else { self.below(25) == 0 };
        if operators { self.operate() } else { self.trade() }
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.random = self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.random >> 33) % bound
    }

    fn small(&mut self, bound: u64) -> u32 {
        u32::try_from(self.below(bound)).expect("small")
    }

    fn session(&mut self) -> SessionIndex {
        SessionIndex(u16::try_from(self.below(u64::from(SESSIONS))).expect("small"))
    }

    /// As the venue sequences: the command, the state's hash now and then, and then what is left to do of it, before anything else.
    fn apply(&mut self, action: Action<'_>) {
        self.sequence(action);
        loop {
            if self.exchange.has_elected() {
                self.sequence(Action::Elect);
            } else if self.exchange.controls().is_canceling() {
                self.sequence(Action::OperatorSlice);
            } else {
                return;
            }
        }
    }

    fn sequence(&mut self, action: Action<'_>) {
        self.number(action);
        if self.journal.len().is_multiple_of(16) {
            self.number(Action::StateHash { hash: self.exchange.state_hash() });
        }
    }

    fn number(&mut self, action: Action<'_>) {
        let (seq, time) = (Seq(self.journal.len() as u64 + 1), Nanos(1_000 * self.journal.len() as u64));
        let mut body = [0; COMMAND_BODY_MAX];
        let (kind, len) = record::encode(time, &action, &mut body);
        self.journal.push((seq, time, kind, body[..len].to_vec()));
        self.exchange.apply(&Command { seq, time, action }, &mut self.heard);
    }

    fn trade(&mut self) {
        let session = self.session();
        let number = &mut self.user_refs[usize::from(session.0)];
        let last = *number;
        *number += 1;
        let user_ref = UserRefNum(last + 1);
        let older = UserRefNum(last.saturating_sub(self.small(30)));
        let quiet = self.busy;
        let side = if self.below(2) == 0 { OrderSide::Buy } else { OrderSide::Sell };
        let far = if quiet { 40 } else { 0 };
        let price = match side {
            OrderSide::Buy => Price(i64::from(100 - far + self.small(40))),
            _ => Price(i64::from(100 + far + self.small(40))),
        };
        let qty = Qty(1 + self.small(20));
        let (kind, symbols) = (self.below(if quiet { 40 } else { 10 }), INSTRUMENTS + self.below(2) * 2);
        let symbol = symbol(self.below(symbols));
        let mut options = AppendageBuffer::new();
        let mut display = Display::Visible;
        match self.below(8) {
            0 => assert!(options.push(OptionValue::MaxFloor(Qty(1)))),
            1 => display = Display::Hidden,
            2 => {
                let stop = if side == OrderSide::Buy { price.0 + 5 } else { price.0 - 5 };
                assert!(options.push(OptionValue::StopPrice(Price(stop))));
            }
            _ => {}
        }
        let (message, named) = match kind {
            0 => {
                let bytes = Inbound::CancelOrder(CancelOrder { user_ref: older, qty: Qty(self.small(3)) });
                (bytes, None)
            }
            1 => {
                let live = self.exchange.book().order(OrderKey::new(session, older));
                let of = live.map(|order| self.exchange.instruments().get(order.instrument).symbol);
                let replace = ReplaceOrder {
                    orig_user_ref: older,
                    user_ref,
                    qty,
                    price,
                    time_in_force: TimeInForce::Day,
                    display: Display::Visible,
                    sweep: YesNo::No,
                    cl_ord_id: ClOrdId::BLANK,
                    appendage: wire::ouch::Appendage::EMPTY,
                };
                (Inbound::ReplaceOrder(replace), Some(of))
            }
            _ => {
                let enter = EnterOrder {
                    user_ref,
                    side,
                    qty,
                    symbol,
                    price,
                    time_in_force: TimeInForce::Day,
                    display,
                    capacity: Capacity::Agency,
                    sweep: YesNo::No,
                    cross_type: CrossType::Continuous,
                    cl_ord_id: ClOrdId::BLANK,
                    appendage: options.view(),
                };
                (Inbound::EnterOrder(enter), Some(Some(symbol)))
            }
        };
        let is_enter = matches!(message, Inbound::EnterOrder(_));
        let mut bytes = [0; wire::ouch::INBOUND_LEN_MAX];
        let len = message.encode(&mut bytes).expect("room");
        let client_seq = self.exchange.sessions()[usize::from(session.0)].next_inbound();
        self.heard = Heard::default();
        let before = self.exchange.book().state_hash();
        self.apply(Action::Message { session, client_seq, bytes: &bytes[..len] });
        let Some(of) = named else { return };
        let expected = self.naive.keeps_out(session).or(match of {
            None => Some(RejectReason::NOT_LIVE),
            Some(of) if !self.naive.listed.contains(&of) => Some(RejectReason::INVALID_SYMBOL),
            Some(of) if self.naive.halted.contains(&of) => Some(RejectReason::HALTED),
            Some(_) => None,
        });
        let rejected = self.heard.reports.iter().find_map(|(_, report)| match Outbound::decode(report) {
            Ok(Outbound::Rejected(rejected)) => Some(rejected.reason),
            _ => None,
        });
        match expected {
            Some(expected) => {
                assert_eq!(rejected, Some(expected), "enter {is_enter} of {of:?}");
                assert_eq!((self.heard.reports.len(), self.heard.ticks), (1, 0));
                assert_eq!(self.exchange.book().state_hash(), before);
                self.kept_out += 1;
            }
            None => {
                let ours = [RejectReason::DRAINING, RejectReason::LOCKED, RejectReason::HALTED];
                assert!(rejected.is_none_or(|reason| !ours.contains(&reason)), "{rejected:?} without a reason");
            }
        }
    }

    fn scope(&mut self) -> Scope {
        match self.below(3) {
            0 => Scope::Session(SessionIndex(u16::try_from(self.below(6)).expect("small"))),
            1 => Scope::Member(MemberId(u16::try_from(self.below(4)).expect("small"))),
            _ => Scope::Venue,
        }
    }

    fn verb(&mut self) -> Verb {
        let symbol = symbol(self.below(7));
        if self.busy {
            return Verb::CancelOrders { scope: Scope::Venue, symbol: None, side: None };
        }
        // Nothing is learned from a venue that is shut for long.
        match self.below(3) {
            0 if self.naive.venue => return Verb::Unlock { scope: Scope::Venue },
            1 if self.naive.draining => return Verb::Reopen,
            _ => {}
        }
        match self.below(16) {
            0..5 => Verb::CancelOrders {
                scope: self.scope(),
                symbol: (self.below(2) == 0).then_some(symbol),
                side: [None, Some(Side::Buy), Some(Side::Sell)][usize::try_from(self.below(3)).expect("small")],
            },
            5 => Verb::Lock { scope: self.scope() },
            6..9 => Verb::Unlock { scope: self.scope() },
            9 => Verb::Halt { symbol },
            10..12 => Verb::Resume { symbol },
            12 => Verb::Drain,
            13 => Verb::Reopen,
            14 => Verb::Disconnect { session: self.session() },
            _ => Verb::AddInstrument(NewInstrument {
                symbol,
                tick: 1,
                lot: 1,
                price_min: Price(1),
                price_max: Price(10_000),
                quantity_max: Qty(100),
                market_protection: None,
                channel: ChannelIndex(u8::try_from(self.below(2)).expect("small")),
            }),
        }
    }

    fn operate(&mut self) {
        let verb = self.verb();
        let who = usize::try_from(self.below(2)).expect("small");
        self.numbers[who] += 1 + self.below(3);
        let operator = OperatorName::new(["ann", "bob"][who]).expect("short");
        let asked = OperatorCommand { operator, number: self.numbers[who], verb };
        let before = live(&self.exchange);
        let expected = takes(&verb, &before);
        let mut bytes = [0; OperatorBody::SIZE];
        assert!(OperatorBody::from(&asked).encode(&mut bytes).is_some());
        self.heard = Heard::default();
        let seq = Seq(self.journal.len() as u64 + 1);
        self.apply(Action::Operator { bytes: &bytes });
        let [(cause, by, number, outcome)] = self.heard.done[..] else {
            panic!("expected one answer, found {:?}", self.heard.done)
        };
        assert_eq!((by, number), (operator, asked.number));
        let known = self.exchange.controls().answered().iter().find(|known| known.operator == operator);
        assert_eq!(known.map(|known| (known.number, known.cause, known.outcome)), Some((number, cause, outcome)));
        self.answers.push((asked, outcome));
        let after = live(&self.exchange);
        let Outcome::Done { seq: told, changed } = outcome else {
            assert_eq!(after, before, "{verb:?} was refused");
            assert!(self.refusal_is_due(&verb, outcome), "{verb:?}: {outcome:?}");
            return;
        };
        assert_eq!(told, seq);
        self.check_gone(&verb, &expected, &before, &after, changed);
        self.naive.note(&verb);
    }

    /// Exactly what was to go is gone, each was told once, and the market heard of what it had seen.
    fn check_gone(
        &self,
        verb: &Verb,
        expected: &BTreeSet<Live>,
        before: &BTreeSet<Live>,
        after: &BTreeSet<Live>,
        changed: u64,
    ) {
        let left: BTreeSet<Live> = before.difference(expected).copied().collect();
        assert_eq!(*after, left, "{verb:?}");
        if !matches!(verb, Verb::CancelOrders { .. } | Verb::Lock { .. }) {
            assert!(self.heard.reports.is_empty());
            return;
        }
        assert_eq!(changed, expected.len() as u64, "{verb:?}");
        let told: BTreeSet<OrderKey> = self
            .heard
            .reports
            .iter()
            .map(|(session, report)| match Outbound::decode(report) {
                Ok(Outbound::Canceled(canceled)) if canceled.reason == CancelReason::SUPERVISORY => {
                    OrderKey::new(*session, canceled.user_ref)
                }
                other => panic!("{verb:?}: {other:?}"),
            })
            .collect();
        assert_eq!(told, expected.iter().map(|order| order.key).collect());
        assert_eq!(self.heard.reports.len(), told.len(), "each once");
        let on_depth = |order: &&Live| {
            let index = self.exchange.instruments().find(order.symbol).expect("listed");
            order.shown && self.exchange.channel_of(index) == ChannelIndex(0)
        };
        assert_eq!(self.heard.deleted, expected.iter().filter(on_depth).count(), "{verb:?}");
        assert_eq!(self.exchange.book().audit(), Ok(()));
    }

    fn refusal_is_due(&self, verb: &Verb, outcome: Outcome) -> bool {
        let Outcome::Refused(refusal) = outcome else { return false };
        let unknown_scope = |scope: Scope| match scope {
            Scope::Session(session) => session.0 >= SESSIONS,
            Scope::Member(member) => member.0 >= 3,
            Scope::Venue => false,
        };
        let unlisted = |symbol: Symbol| !self.naive.listed.contains(&symbol);
        match *verb {
            Verb::CancelOrders { scope, symbol, .. } => unknown_scope(scope) || symbol.is_some_and(unlisted),
            Verb::Lock { scope } | Verb::Unlock { scope } => unknown_scope(scope),
            Verb::Halt { symbol } | Verb::Resume { symbol } => unlisted(symbol),
            Verb::AddInstrument(NewInstrument { symbol, .. }) => match refusal {
                Refusal::ALREADY_EXISTS => !unlisted(symbol),
                _ => self.naive.listed.len() as u64 == INSTRUMENTS + ADDED_MAX as u64,
            },
            _ => false,
        }
    }
}
