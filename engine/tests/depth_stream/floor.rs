//! An exchange whose output goes three ways: to a book rebuilt from the depth stream, to the levels that the ticks add up to, and to the
//! reports of the clients.

use super::orders::{self, PRICE_MAX};
use super::rebuilt::Rebuilt;
use engine::book::{BookCommand, BookLimits, OrderKey, Place, ReduceTo};
use engine::command::{Action, Command};
use engine::depth::{DepthEvent, Stage};
use engine::exchange::Exchange;
use engine::instrument::{Instrument, InstrumentTable};
use engine::rules::{ChannelRules, MemberRules, Rules, SelfMatch, SessionRules};
use engine::sink::Sink;
use std::collections::BTreeMap;
use wire::feed::{ChannelIndex, locate};
use wire::itch::{MESSAGE_LEN_MAX, Message};
use wire::mold::SessionId;
use wire::ouch::Outbound;
use wire::tick::{Tick, TickKind};
use wire::{InstrumentIndex, MemberId, Nanos, OrderRef, Price, Qty, Seq, SessionIndex, Side, Symbol, UserRefNum};

pub struct Floor {
    pub exchange: Exchange,
    heard: Heard,
    seq: u64,
    user_refs: Vec<u32>,
}

/// What the exchange has said.
struct Heard {
    instruments: InstrumentTable,
    rebuilt: Rebuilt,
    /// Bytes by channel, up to the opening.
    begun: Vec<Vec<Vec<u8>>>,
    /// How many messages, by channel.
    counts: Vec<u64>,
    ticks: BTreeMap<(InstrumentIndex, Side, Price), u32>,
    touched: Vec<(InstrumentIndex, Side, Price)>,
    /// Of the last command.
    said: Vec<Vec<u8>>,
    /// Match numbers that the makers were told, and the numbers of the slices that the owners were.
    matches: Vec<u64>,
    slices: Vec<OrderRef>,
    entered: Option<OrderKey>,
    time: Nanos,
}

impl Sink for Heard {
    fn report(&mut self, _cause: Seq, session: SessionIndex, message: &[u8]) {
        match Outbound::decode(message).expect("a report") {
            Outbound::Accepted(report) => self.entered = Some(OrderKey::new(session, report.user_ref)),
            Outbound::Replaced(report) => self.entered = Some(OrderKey::new(session, report.user_ref)),
            Outbound::Executed(report) if self.matches.last() != Some(&report.match_number.0) => {
                self.matches.push(report.match_number.0);
            }
            Outbound::PriorityUpdate(report) => self.slices.push(report.order_ref),
            _ => {}
        }
    }

    fn tick(&mut self, _cause: Seq, tick: &Tick) {
        if let (TickKind::Quote, Some(side)) = (tick.kind, tick.side.side()) {
            let level = (tick.symbol_id, side, tick.price);
            self.touched.push(level);
            match tick.quantity {
                0 => self.ticks.remove(&level),
                quantity => self.ticks.insert(level, quantity),
            };
        }
    }

    fn depth(&mut self, _cause: Seq, event: &DepthEvent) {
        assert_eq!(event.timestamp, self.time, "a message has the time of its command");
        let mut bytes = vec![0; MESSAGE_LEN_MAX];
        let len = event.encode(&self.instruments, &mut bytes).expect("every price is one that ITCH can say");
        bytes.truncate(len);
        let channel = usize::from(event.channel(&self.instruments).0);
        self.counts[channel] += 1;
        if self.begun[channel].last().is_none_or(|last| !is_stage(last, Stage::MarketOpen)) {
            self.begun[channel].push(bytes.clone());
        }
        self.rebuilt.take(&bytes);
        self.said.push(bytes);
    }
}

fn is_stage(bytes: &[u8], stage: Stage) -> bool {
    bytes[0] == b'S' && bytes[11] == stage.code()
}

impl Floor {
    /// One channel with depth. In some floors every second price of the first instrument is off its tick.
    pub fn new(limits: &BookLimits, seed: u64) -> Self {
        Self::with(limits, &vec![0; limits.instruments as usize], &[true], if seed % 3 == 2 { 2 } else { 1 })
    }

    /// The channel of each instrument, and whether each channel has depth.
    pub fn on_channels(limits: &BookLimits, channels: &[u8], depth: &[bool]) -> Self {
        Self::with(limits, channels, depth, 1)
    }

    fn with(limits: &BookLimits, channels: &[u8], depth: &[bool], first_tick: i64) -> Self {
        let instrument = |(index, &channel): (usize, &u8)| Instrument {
            symbol: Symbol::new(&format!("I{index}")).expect("short"),
            tick: if index == 0 { first_tick } else { 1 },
            lot: 1,
            price_min: Price(1),
            price_max: PRICE_MAX,
            quantity_max: Qty(u32::MAX),
            market_protection: None,
            channel: ChannelIndex(channel),
        };
        let rules = Rules {
            instruments_added: 0,
            instruments: channels.iter().enumerate().map(instrument).collect(),
            channels: depth.iter().map(|&depth| ChannelRules { depth }).collect(),
            members: vec![MemberRules { self_match: SelfMatch::Allow }; 2],
            sessions: (0..limits.sessions)
                .map(|session| SessionRules { member: MemberId(session / 3), open_orders_max: u32::MAX })
                .collect(),
            orders_max: limits.orders,
            levels_max: limits.levels,
            stops_max: limits.stops,
        };
        let exchange = Exchange::new(&rules);
        let heard = Heard {
            instruments: exchange.instruments().clone(),
            rebuilt: Rebuilt::default(),
            begun: vec![Vec::new(); depth.len()],
            counts: vec![0; depth.len()],
            ticks: BTreeMap::new(),
            touched: Vec::new(),
            said: Vec::new(),
            matches: Vec::new(),
            slices: Vec::new(),
            entered: None,
            time: Nanos(0),
        };
        let mut floor = Self { exchange, heard, seq: 0, user_refs: vec![0; usize::from(limits.sessions)] };
        floor.apply(Action::Genesis { fingerprint: 0, feed_session: SessionId(*b"DEPTH     ") });
        floor
    }

    /// The keys of all live orders.
    pub fn live(&self) -> Vec<OrderKey> {
        let mut live = Vec::new();
        let see = |standing: &engine::book::image::Standing| {
            live.push(standing.state.key);
            Ok::<(), ()>(())
        };
        self.exchange.book().each_standing(&mut Vec::new(), see).expect("nothing fails");
        live
    }

    /// Sends what leads to a command of the book, and lets enter who is elected. Which order was entered by it, if one was.
    pub fn send(&mut self, command: &BookCommand) -> Option<OrderKey> {
        let (key, bytes) = match command {
            BookCommand::New(order) => {
                let user_ref = self.next_user_ref(order.key)?;
                let symbol = Symbol::new(&format!("I{}", order.instrument.0)).expect("short");
                (order.key, orders::enter(order, user_ref, symbol))
            }
            BookCommand::Replace(replace) => {
                let user_ref = self.next_user_ref(replace.key)?;
                (replace.key, orders::replace(replace, user_ref))
            }
            BookCommand::Cancel { key, .. } => (*key, orders::cancel(key.user_ref(), ReduceTo::Open(Qty::ZERO))),
            BookCommand::Reduce { key, to } => (*key, orders::cancel(key.user_ref(), *to)),
        };
        let session = key.session();
        let client_seq = self.exchange.sessions().get(usize::from(session.0))?.next_inbound();
        self.heard.touched.clear();
        self.heard.said.clear();
        self.heard.entered = None;
        self.apply(Action::Message { session, client_seq, bytes: &bytes });
        while self.exchange.has_elected() {
            self.apply(Action::Elect);
        }
        self.heard.entered
    }

    /// Holds everything against the engine's book.
    pub fn compare(&self, place: &str) {
        let book = self.exchange.book();
        let mut levels = 0;
        for (instrument, _) in self.exchange.instruments().iter() {
            for side in [Side::Buy, Side::Sell] {
                for level in book.levels(instrument, side) {
                    levels += 1;
                    self.compare_level((instrument, side, level.price), place);
                }
            }
        }
        assert_eq!((self.heard.rebuilt.level_count(), self.heard.ticks.len()), (levels, levels), "levels: {place}");
        assert_eq!(self.heard.rebuilt.matches, self.heard.matches, "match numbers: {place}");
        let next = self.exchange.numbers().depth;
        let told: Vec<u64> = self.heard.counts.iter().map(|count| count + 1).collect();
        assert_eq!(told, next[..told.len()], "numbers of the stream: {place}");
    }

    /// The same for the levels that the last command changed.
    pub fn compare_touched(&self, place: &str) {
        self.heard.touched.iter().for_each(|level| self.compare_level(*level, place));
    }

    /// How often each message came.
    pub fn letters(&self) -> impl Iterator<Item = (&u8, &usize)> {
        assert!(self.heard.slices.is_sorted(), "slices get later and later numbers");
        self.heard.rebuilt.letters.iter()
    }

    /// What the depth stream said of the last command.
    pub fn said(&self) -> Vec<String> {
        let line = |bytes: &Vec<u8>| match Message::decode(bytes).expect("an ITCH message") {
            Message::AddOrder(add) => format!("A {} {:?} {}@{}", add.order_ref.0, add.side, add.qty, add.price.0),
            Message::OrderExecuted(executed) => {
                format!("E {} {} match {}", executed.order_ref.0, executed.qty, executed.match_number.0)
            }
            Message::OrderCancel(cancel) => format!("X {} {}", cancel.order_ref.0, cancel.qty),
            Message::OrderDelete(delete) => format!("D {}", delete.order_ref.0),
            Message::OrderReplace(replace) => {
                let (old, new, price) = (replace.orig_order_ref.0, replace.order_ref.0, replace.price.0);
                format!("U {old} {new} {}@{price}", replace.qty)
            }
            Message::Trade(trade) => format!("P {}@{} match {}", trade.qty, trade.price.0, trade.match_number.0),
            other => panic!("of a command: {other:?}"),
        };
        self.heard.said.iter().map(line).collect()
    }

    /// The numbers of slices that owners were told.
    pub fn slices(&self) -> &[OrderRef] {
        &self.heard.slices
    }

    /// What a stream began with, up to the opening of the market.
    pub fn begun(&self, channel: ChannelIndex) -> Vec<String> {
        let line = |bytes: &Vec<u8>| match Message::decode(bytes).expect("an ITCH message") {
            Message::SystemEvent(event) => format!("S {}", char::from(event.event)),
            Message::StockDirectory(entry) => format!("R {}", entry.symbol),
            Message::TradingAction(action) => format!("H {} {}", action.symbol, char::from(action.state)),
            other => panic!("before the opening: {other:?}"),
        };
        self.heard.begun[usize::from(channel.0)].iter().map(line).collect()
    }

    fn compare_level(&self, (instrument, side, price): (InstrumentIndex, Side, Price), place: &str) {
        let displayed = |order: &engine::book::OrderView| order.place == Place::Displayed;
        let standing: Vec<(OrderRef, u32)> = (self.exchange.book().orders(instrument, side, price))
            .filter(displayed)
            .map(|order| (order.order_ref, order.shown.0))
            .collect();
        let (locate, price4) = (locate(instrument).expect("few"), u32::try_from(price.0).expect("positive"));
        assert_eq!(self.heard.rebuilt.queue(locate, side, price4), standing, "{side:?} {}: {place}", price.0);
        let total = self.heard.ticks.get(&(instrument, side, price)).copied();
        let sum = standing.iter().map(|order| order.1).sum::<u32>();
        assert_eq!(total, (sum > 0).then_some(sum), "ticks, {side:?} {}: {place}", price.0);
    }

    fn next_user_ref(&mut self, key: OrderKey) -> Option<UserRefNum> {
        let last = self.user_refs.get_mut(usize::from(key.session().0))?;
        *last += 1;
        Some(UserRefNum(*last))
    }

    fn apply(&mut self, action: Action<'_>) {
        self.seq += 1;
        let time = Nanos(1_767_323_045_000_000_000 + self.seq * 1_000);
        self.heard.time = time;
        self.exchange.apply(&Command { seq: Seq(self.seq), time, action }, &mut self.heard);
    }
}
