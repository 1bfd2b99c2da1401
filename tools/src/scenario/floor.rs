//! The exchange under test: scenario names in, consequences out.
//!
//! Every input becomes a real OUCH 5.0 message that a client of that owner could send, and goes through
//! [`Exchange::apply`](engine::exchange::Exchange::apply). Each owner is a member with one session; an order without an owner is a
//! member of its own.
//!
//! Goal: names, and the arithmetic that a client does (a `reduce` or `replace` in OUCH counts the whole chain, executions included).
//! Non-goal: deciding anything that the exchange decides. What a client cannot even put into a message is refused here, and that
//! is all: a quantity beyond 32 bits, a reduction by more than is open.

mod message;

use super::consequence;
use super::error::Fault;
use super::reason;
use super::recorder::Recorder;
use super::script::{Action as ScriptAction, Consequence, Entry, EntryKind, Input, Look, Phase, Reduction, Script};
use engine::book::{BookEvent, OrderKey, Place};
use engine::command::{Action, Command};
use engine::exchange::Exchange;
use engine::instrument::Instrument;
use engine::rules::{ChannelRules, MemberRules, Rules, SelfMatch, SessionRules};
use message::{cl_ord_id, display, nobody, symbol, terms};
use std::collections::HashMap;
use wire::feed::ChannelIndex;
use wire::mold::SessionId;
use wire::ouch::{
    CancelOrder, Capacity, CrossType, EnterOrder, INBOUND_LEN_MAX, Inbound, MARKET_PRICE, ReplaceOrder, YesNo,
};
use wire::{InstrumentIndex, MemberId, Nanos, Price, Qty, Seq, SessionIndex, UserRefNum};

/// The one instrument.
pub(super) const INSTRUMENT: InstrumentIndex = InstrumentIndex(0);
/// A session that never enters an order: it speaks of ids that no order ever had.
const STRANGER: SessionIndex = SessionIndex(0);
/// Time of the first command, ns since the Unix epoch, and the step between commands. Any will do.
const TIME_FIRST_NS: u64 = 1_767_348_000 * Nanos::PER_SECOND;
const TIME_STEP_NS: u64 = 1_000;

/// An order that was entered under a name, as its client knows it.
struct Order {
    key: OrderKey,
    entry: Entry,
    price: Price,
}

/// A fresh exchange with one instrument, and who is who in one scenario.
pub struct Floor {
    exchange: Exchange,
    recorder: Recorder,
    owners: HashMap<String, SessionIndex>,
    /// The first session that belongs to nobody yet.
    next_session: u16,
    orders: HashMap<String, Order>,
    names: HashMap<OrderKey, String>,
    seq: u64,
    /// Commands between two looks at everything; 1 unless the scenario is large.
    audit_interval: u64,
}

impl Floor {
    /// An empty book, and room for what the scenario enters.
    ///
    /// # Errors
    /// More members than an exchange can have.
    pub fn new(script: &Script) -> Result<Self, Fault> {
        let entries = || {
            script.steps.iter().filter_map(|step| match &step.action {
                ScriptAction::Send { input: Input::Enter(entry), .. } => Some(entry),
                _ => None,
            })
        };
        let too_large = |_| Fault::Unsupported("more orders than sessions can be numbered".to_owned());
        let orders_max = u32::try_from(entries().count() + 1).map_err(too_large)?;
        // One for the stranger; owners that come twice leave some unused.
        let sessions = u16::try_from(orders_max).map_err(too_large)?;
        let rules = Rules {
            instruments_added: 0,
            instruments: vec![Instrument {
                symbol: symbol(),
                tick: 1,
                lot: 1,
                price_min: Price(1),
                price_max: Price(i64::MAX - 1),
                quantity_max: Qty(u32::MAX),
                market_protection: None,
                channel: ChannelIndex(0),
            }],
            channels: vec![ChannelRules { depth: true }],
            members: vec![MemberRules { self_match: SelfMatch::Allow }; usize::from(sessions)],
            sessions: (0..sessions)
                .map(|member| SessionRules { member: MemberId(member), open_orders_max: u32::MAX })
                .collect(),
            orders_max,
            levels_max: orders_max,
            stops_max: orders_max,
        };
        let mut floor = Self {
            exchange: Exchange::new(&rules),
            recorder: Recorder::default(),
            owners: HashMap::new(),
            next_session: STRANGER.0 + 1,
            orders: HashMap::new(),
            names: HashMap::new(),
            seq: 0,
            audit_interval: 1 + u64::from(orders_max) / 128,
        };
        floor.apply(Action::Genesis { fingerprint: 0, feed_session: SessionId(*b"SCENARIO  ") });
        Ok(floor)
    }

    /// Sends an input; returns everything that it causes, as `->` lines: never nothing.
    ///
    /// # Errors
    /// The exchange does not do such a thing yet, or contradicts itself.
    pub fn send(&mut self, input: &Input) -> Result<Vec<Consequence>, Fault> {
        match input {
            Input::Enter(entry) => self.enter(entry),
            Input::Cancel { id } => {
                let (session, user_ref) = self.address(id);
                self.message(session, &Inbound::CancelOrder(CancelOrder { user_ref, qty: Qty::ZERO }))
            }
            Input::Reduce { id, to } => self.reduce(id, *to),
            Input::Replace { id, price, qty, stop } => self.replace(id, *price, *qty, *stop),
            // The only phase that there is.
            Input::Phase(Phase::Continuous) => Ok(vec![Consequence::Quiet]),
            Input::Phase(phase) => Err(Fault::Unsupported(format!("trading phase {}", phase.word()))),
            Input::Uncross => Err(Fault::Unsupported("auctions".to_owned())),
        }
    }

    /// What a look into the book finds, in the form in which the file writes it.
    #[must_use]
    pub fn look(&self, look: &Look) -> Look {
        let book = self.exchange.book();
        match look {
            Look::Book { .. } => consequence::visible_book(book, INSTRUMENT),
            Look::Queue { side, price, .. } => {
                let ids = book.orders(INSTRUMENT, *side, *price).map(|order| self.name(order.key)).collect();
                Look::Queue { side: *side, price: *price, ids }
            }
            Look::Stops { .. } => {
                let orders = self.orders.iter().filter_map(|(id, order)| Some((book.order(order.key)?, id)));
                let mut waiting: Vec<_> = orders
                    .filter(|(order, _)| order.place == Place::Waiting)
                    .map(|(order, id)| (order.order_ref, id.clone()))
                    .collect();
                waiting.sort_unstable();
                Look::Stops { ids: waiting.into_iter().map(|(_, id)| id).collect() }
            }
        }
    }

    fn enter(&mut self, entry: &Entry) -> Result<Vec<Consequence>, Fault> {
        let price = match entry.kind {
            EntryKind::Limit(MARKET_PRICE) | EntryKind::StopLimit { price: MARKET_PRICE, .. } => {
                return Err(Fault::Unsupported(format!("a limit of {MARKET_PRICE}, which says 'market' in OUCH")));
            }
            EntryKind::Limit(price) | EntryKind::StopLimit { price, .. } => price,
            EntryKind::Market | EntryKind::Stop(_) => MARKET_PRICE,
        };
        let (qty, options) = match terms(entry, entry.qty, entry.kind.stop()) {
            Ok(terms) => terms,
            Err(reason) => return Ok(vec![refused(reason)]),
        };
        let live = self.orders.get(&entry.id).map(|order| order.key).filter(|&key| self.is_live(key));
        let key = match live {
            // The id is the number: the message carries that of the live order, through its session, for the exchange to refuse.
            Some(key) => key,
            None => {
                let session = self.session_of(entry);
                OrderKey::new(session, self.next_user_ref(session))
            }
        };
        let message = Inbound::EnterOrder(EnterOrder {
            user_ref: key.user_ref(),
            side: entry.side.into(),
            qty,
            symbol: symbol(),
            price,
            time_in_force: entry.time_in_force,
            display: display(entry),
            capacity: Capacity::Principal,
            sweep: YesNo::No,
            cross_type: CrossType::Continuous,
            cl_ord_id: cl_ord_id(&entry.id),
            appendage: options.view(),
        });
        if live.is_some() {
            let ignored = self.exchange.ignored();
            let consequences = self.exchange_message(key.session(), &message)?;
            // A number that was used is a retransmission to the exchange (OUCH 5.0 §1.2): nothing happens, nobody is told.
            let was_ignored = self.exchange.ignored() == ignored + 1 && consequences.is_empty();
            return if was_ignored { Ok(vec![refused(reason::DUPLICATE_ID)]) } else { answered(consequences) };
        }
        self.names.insert(key, entry.id.clone());
        let consequences = self.message(key.session(), &message)?;
        if !consequences.iter().any(Consequence::is_reject) {
            self.orders.insert(entry.id.clone(), Order { key, entry: entry.clone(), price });
        }
        Ok(consequences)
    }

    fn reduce(&mut self, id: &str, to: Reduction) -> Result<Vec<Consequence>, Fault> {
        let (session, user_ref) = self.address(id);
        let live = self.quantities(OrderKey::new(session, user_ref));
        // Of an order that is not there any total can be asked for; zero would be a cancel.
        let (leaves, executed) = live.unwrap_or((1, 0));
        let open = match to {
            Reduction::To(qty) => Some(qty),
            Reduction::By(qty) if live.is_none() => Some(qty.max(1)),
            Reduction::By(qty) => leaves.checked_sub(qty),
        };
        let Some(open) = open else { return Ok(vec![refused(reason::NOT_REDUCED)]) };
        // What is beyond the field is beyond any order too.
        let intended = u32::try_from(open.saturating_add(executed)).unwrap_or(u32::MAX);
        self.message(session, &Inbound::CancelOrder(CancelOrder { user_ref, qty: Qty(intended) }))
    }

    fn replace(
        &mut self,
        id: &str,
        price: Option<Price>,
        qty: Option<u64>,
        stop: Option<Price>,
    ) -> Result<Vec<Consequence>, Fault> {
        if price == Some(MARKET_PRICE) {
            return Err(Fault::Unsupported(format!("a limit of {MARKET_PRICE}, which says 'market' in OUCH")));
        }
        let (session, orig_user_ref) = self.address(id);
        let (leaves, executed) = self.quantities(OrderKey::new(session, orig_user_ref)).unwrap_or((1, 0));
        let total = match qty.unwrap_or(leaves) {
            // A total that has executed already would be a cancel; a replacement of nothing is what is asked for.
            0 => 0,
            open => open.saturating_add(executed),
        };
        let known = self.orders.get(id);
        // The replacement is the order with another price and quantity; its minimum quantity was met when it was entered.
        // A slice cannot be larger than what it is a slice of.
        let clipped =
            |order: &Order| order.entry.display.map(|slice| if total == 0 { slice } else { slice.min(total) });
        let entry = known.map_or_else(
            || nobody(id),
            |order| Entry { min_qty: None, display: clipped(order), ..order.entry.clone() },
        );
        let price = price.or(known.map(|order| order.price)).unwrap_or(Price(1));
        let (total, options) = match terms(&entry, total, stop) {
            Ok(terms) => terms,
            Err(reason) => return Ok(vec![refused(reason)]),
        };
        let key = OrderKey::new(session, self.next_user_ref(session));
        self.names.insert(key, id.to_owned());
        let message = Inbound::ReplaceOrder(ReplaceOrder {
            orig_user_ref,
            user_ref: key.user_ref(),
            qty: total,
            price,
            time_in_force: entry.time_in_force,
            display: display(&entry),
            sweep: YesNo::No,
            cl_ord_id: cl_ord_id(id),
            appendage: options.view(),
        });
        let consequences = answered(self.exchange_message(session, &message)?)?;
        let replaced = |event: &BookEvent| matches!(event, BookEvent::Replaced { key: new, .. } if *new == key);
        if self.recorder.events.iter().any(replaced)
            && let Some(order) = self.orders.get_mut(id)
        {
            (order.key, order.price) = (key, price);
        }
        self.cascade(consequences)
    }

    /// Sends a message that must be answered; what came of it, and of the stop orders that it elected.
    fn message(&mut self, session: SessionIndex, message: &Inbound<'_>) -> Result<Vec<Consequence>, Fault> {
        let consequences = answered(self.exchange_message(session, message)?)?;
        self.cascade(consequences)
    }

    /// Lets every elected order enter, as the venue does before the next message.
    fn cascade(&mut self, mut consequences: Vec<Consequence>) -> Result<Vec<Consequence>, Fault> {
        while self.exchange.has_elected() {
            self.apply(Action::Elect);
            consequences.extend(self.recorder.consequences(|key| self.name(key))?);
            self.check()?;
        }
        // Quiet is what is said where there is nothing else to say.
        if consequences.iter().any(|consequence| *consequence != Consequence::Quiet) {
            consequences.retain(|consequence| *consequence != Consequence::Quiet);
        } else {
            consequences.truncate(1);
        }
        Ok(consequences)
    }

    /// Sends a message; returns what came of it, which for a retransmission is nothing.
    fn exchange_message(&mut self, session: SessionIndex, message: &Inbound<'_>) -> Result<Vec<Consequence>, Fault> {
        let mut bytes = [0; INBOUND_LEN_MAX];
        let len =
            message.encode(&mut bytes).ok_or_else(|| Fault::Contradiction("an input fits no message".to_owned()))?;
        let client_seq = self.exchange.sessions()[usize::from(session.0)].next_inbound();
        let state_before = self.exchange.book().state_hash();
        self.apply(Action::Message { session, client_seq, bytes: &bytes[..len] });
        let consequences = self.recorder.consequences(|key| self.name(key))?;
        if consequences.iter().any(Consequence::is_reject) && self.exchange.book().state_hash() != state_before {
            return Err(Fault::Contradiction("the input was rejected and changed the book".to_owned()));
        }
        self.check()?;
        Ok(consequences)
    }

    /// Holds the ticks against the book, and now and then the depth stream, and the book against itself.
    fn check(&mut self) -> Result<(), Fault> {
        self.recorder.check_ticks(self.exchange.book(), INSTRUMENT)?;
        if self.seq.is_multiple_of(self.audit_interval) {
            self.recorder.check_depth(self.exchange.book(), INSTRUMENT)?;
            self.exchange.book().audit().map_err(|error| Fault::Contradiction(error.to_string()))?;
        }
        Ok(())
    }

    fn apply(&mut self, action: Action<'_>) {
        self.seq += 1;
        self.recorder.begin();
        let time = Nanos(TIME_FIRST_NS + self.seq * TIME_STEP_NS);
        self.exchange.apply(&Command { seq: Seq(self.seq), time, action }, &mut self.recorder);
    }

    fn is_live(&self, key: OrderKey) -> bool {
        self.exchange.book().order(key).is_some()
    }

    /// What is open of a live order, and what its chain has executed: its client adds that up from the reports.
    fn quantities(&self, key: OrderKey) -> Option<(u64, u64)> {
        let order = self.exchange.book().order(key)?;
        Some((u64::from(order.leaves.0), u64::from(order.liable.0 - order.leaves.0)))
    }

    fn name(&self, key: OrderKey) -> String {
        self.names.get(&key).cloned().unwrap_or_else(|| format!("(session {} order {})", key.session(), key.user_ref()))
    }

    /// Through which session, and by which number, one speaks of an id, whether such an order is live, gone or was never there.
    fn address(&self, id: &str) -> (SessionIndex, UserRefNum) {
        self.orders
            .get(id)
            .map_or((STRANGER, UserRefNum(u32::MAX)), |order| (order.key.session(), order.key.user_ref()))
    }

    fn session_of(&mut self, entry: &Entry) -> SessionIndex {
        let fresh = SessionIndex(self.next_session);
        let session = match &entry.owner {
            Some(owner) => *self.owners.entry(owner.clone()).or_insert(fresh),
            None => fresh,
        };
        if session == fresh {
            self.next_session += 1;
        }
        session
    }

    fn next_user_ref(&self, session: SessionIndex) -> UserRefNum {
        UserRefNum(self.exchange.sessions()[usize::from(session.0)].last_user_ref().0 + 1)
    }
}

fn refused(reason: &str) -> Consequence {
    Consequence::Reject { reason: Some(reason.to_owned()) }
}

fn answered(consequences: Vec<Consequence>) -> Result<Vec<Consequence>, Fault> {
    if consequences.is_empty() {
        return Err(Fault::Contradiction("the input was not answered".to_owned()));
    }
    Ok(consequences)
}
