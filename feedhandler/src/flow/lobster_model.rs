//! What a LOBSTER reader knows of the displayed orders, and what it makes of each message and row.
//!
//! Goal: the rules written at the head of [`super::lobster`]. Non-goal: reading the files.

use std::collections::{BTreeMap, HashMap, VecDeque};

use wire::{Price, Qty, Side, Symbol};

use super::lobster::{Kind, LobsterCounters, LobsterEvent, Message, SEED_ID_BIT};
use super::lobster_book::BookRow;
use super::{Action, FlowItem};

/// The known orders, and the queue of what to do.
#[derive(Debug)]
pub(super) struct Model {
    /// Actions that were not handed out yet.
    pub ready: VecDeque<FlowItem>,
    /// What was met so far.
    pub counters: LobsterCounters,
    instrument: Symbol,
    /// Number and time of the message at hand.
    seq: u64,
    time_ns: u64,
    orders: HashMap<u64, Order>,
    sides: [BTreeMap<Price, Level>; 2],
    /// Seeds handed out.
    seeds: u64,
}

#[derive(Clone, Copy, Debug)]
struct Order {
    side: Side,
    price: Price,
    leaves: u32,
}

#[derive(Debug, Default)]
struct Level {
    size: u64,
    /// Live orders in time order.
    orders: VecDeque<u64>,
    /// Whether the row before showed this level.
    in_view: bool,
}

impl Model {
    /// Nothing known yet.
    pub fn new(instrument: Symbol) -> Self {
        Self {
            instrument,
            ready: VecDeque::new(),
            counters: LobsterCounters::default(),
            seq: 0,
            time_ns: 0,
            orders: HashMap::new(),
            sides: [BTreeMap::new(), BTreeMap::new()],
            seeds: 0,
        }
    }

    /// Takes message number `seq` and the row of the book after it, and queues what to do.
    pub fn message(&mut self, seq: u64, message: &Message, row: Option<&BookRow>) {
        self.seq = seq;
        self.time_ns = message.time_ns;
        self.counters.messages += 1;
        match row {
            Some(row) if seq == 0 => self.seed(row, message),
            Some(row) => {
                self.apply(message);
                self.compare(row, message);
            }
            None => self.apply(message),
        }
    }

    /// What a message says that is no action.
    pub fn beside(&self, seq: u64, message: &Message) -> Option<LobsterEvent> {
        let Message { time_ns, qty, price, side, .. } = *message;
        let instrument = self.instrument;
        let print = |maker| (qty > 0).then_some(LobsterEvent::Print { seq, time_ns, maker, price, qty: Qty(qty) });
        let status = |state| Some(LobsterEvent::Status { seq, time_ns, instrument, state });
        match (message.kind, price) {
            (Kind::Hidden, _) => print(Some(side)),
            (Kind::Auction, _) => print(None),
            (Kind::Status, Price(-1)) => status(b'H'),
            (Kind::Status, Price(0)) => status(b'Q'),
            (Kind::Status, Price(1)) => status(b'T'),
            _ => None,
        }
    }

    fn emit(&mut self, action: Action) {
        self.ready.push_back(FlowItem { seq: self.seq, time_ns: Some(self.time_ns), action });
    }

    /// The first row: everything that stands, less the order that the first message announces.
    fn seed(&mut self, row: &BookRow, message: &Message) {
        for side in [Side::Buy, Side::Sell] {
            for (price, size) in row.side(side) {
                let announced = message.kind == Kind::Add && message.side == side && message.price == *price;
                let before = if announced { size.saturating_sub(u64::from(message.qty)) } else { *size };
                self.add_seed(side, *price, before);
            }
        }
        if message.kind == Kind::Add {
            self.apply(message);
        }
        self.mark_view(row);
    }

    fn apply(&mut self, message: &Message) {
        match message.kind {
            Kind::Add => self.add(message.id, message.side, message.price, message.qty),
            Kind::Reduce | Kind::Cancel | Kind::Execute => self.take(message),
            Kind::Hidden | Kind::Auction | Kind::Status => self.counters.skipped += 1,
        }
    }

    fn add(&mut self, id: u64, side: Side, price: Price, qty: u32) {
        if self.orders.contains_key(&id) {
            // Announced twice: the second one stands.
            self.remove(id);
        }
        self.orders.insert(id, Order { side, price, leaves: qty });
        let level = self.sides[side.index()].entry(price).or_default();
        level.size += u64::from(qty);
        level.orders.push_back(id);
        let instrument = self.instrument;
        self.emit(Action::Add { id, instrument, side, price, qty: Qty(qty), immediate: false });
    }

    /// Seeds `size` at a level, in as many orders as its size needs; nearly always one.
    fn add_seed(&mut self, side: Side, price: Price, size: u64) {
        let mut left = size;
        while left > 0 {
            let qty = u32::try_from(left).unwrap_or(u32::MAX);
            left -= u64::from(qty);
            self.seeds += 1;
            self.add(SEED_ID_BIT | self.seeds, side, price, qty);
        }
    }

    /// Takes quantity off the order that the message names, or off the seed that stands for it.
    fn take(&mut self, message: &Message) {
        let known = self.orders.contains_key(&message.id);
        let named = if known { Some(message.id) } else { self.seed_at(message.side, message.price) };
        let Some(id) = named else {
            self.counters.unknown += 1;
            return;
        };
        let Some(order) = self.orders.get_mut(&id) else { return };
        self.counters.onto_seeds += u64::from(!known);
        self.counters.overruns += u64::from(message.qty > order.leaves);
        // A deletion of a known order takes all of it, whatever size the file gives.
        let all = message.kind == Kind::Cancel && known;
        let taken = if all { order.leaves } else { message.qty.min(order.leaves) };
        let Order { side, price, leaves } = *order;
        order.leaves -= taken;
        self.emit(match message.kind {
            Kind::Execute => Action::Execute {
                id,
                instrument: self.instrument,
                side: side.opposite(),
                price,
                printed: message.price,
                qty: Qty(taken),
            },
            _ if taken == leaves => Action::Cancel { id },
            _ => Action::Reduce { id, by: Qty(taken) },
        });
        let gone = taken == leaves;
        if gone {
            self.orders.remove(&id);
        }
        let levels = &mut self.sides[side.index()];
        if let Some(level) = levels.get_mut(&price) {
            level.size -= u64::from(taken);
            if gone {
                level.orders.retain(|other| *other != id);
            }
            if level.orders.is_empty() {
                levels.remove(&price);
            }
        }
    }

    fn seed_at(&self, side: Side, price: Price) -> Option<u64> {
        let level = self.sides[side.index()].get(&price)?;
        level.orders.iter().copied().find(|id| id & SEED_ID_BIT != 0)
    }

    fn remove(&mut self, id: u64) {
        let Some(order) = self.orders.remove(&id) else { return };
        self.emit(Action::Cancel { id });
        let levels = &mut self.sides[order.side.index()];
        if let Some(level) = levels.get_mut(&order.price) {
            level.size -= u64::from(order.leaves);
            level.orders.retain(|other| *other != id);
            if level.orders.is_empty() {
                levels.remove(&order.price);
            }
        }
    }

    fn remove_level(&mut self, side: Side, price: Price) {
        let Some(level) = self.sides[side.index()].remove(&price) else { return };
        for id in level.orders {
            self.orders.remove(&id);
            self.emit(Action::Cancel { id });
        }
    }

    /// Makes the known levels those of the row, where the row shows any.
    fn compare(&mut self, row: &BookRow, message: &Message) {
        let (mut slid, mut vanished, mut contradicted) = (false, false, false);
        for side in [Side::Buy, Side::Sell] {
            let shown = row.side(side);
            // A row with room left shows everything there is; a full one shows everything up to its last level.
            let full = shown.len() == row.levels_max();
            let last = shown.last().filter(|_| full).map(|(price, _)| *price);
            let within = |price: Price| match (last, side) {
                (None, _) => true,
                (Some(last), Side::Buy) => price >= last,
                (Some(last), Side::Sell) => price <= last,
            };
            let gone: Vec<(Price, bool)> = best_first(&self.sides[side.index()], side)
                .take_while(|(price, _)| within(*price))
                .filter(|(price, _)| !shown.iter().any(|(other, _)| other == price))
                .map(|(price, level)| (price, level.in_view))
                .collect();
            for (price, in_view) in gone {
                contradicted |= in_view;
                vanished |= !in_view;
                self.remove_level(side, price);
            }
            for (price, size) in shown {
                let level = self.sides[side.index()].get(price);
                if level.is_some_and(|level| level.size == *size) {
                    continue;
                }
                // A level comes into view only at the end of a full row, unless the message itself put it there.
                let touched = message.kind == Kind::Add && message.side == side && message.price == *price;
                let known_in_view = level.is_some_and(|level| level.in_view);
                let slides = !known_in_view && (last == Some(*price) || touched);
                slid |= slides;
                contradicted |= !slides;
                self.remove_level(side, *price);
                self.add_seed(side, *price, *size);
            }
        }
        self.counters.slides += u64::from(slid);
        self.counters.vanished += u64::from(vanished);
        self.counters.contradictions += u64::from(contradicted);
        self.mark_view(row);
    }

    fn mark_view(&mut self, row: &BookRow) {
        for side in [Side::Buy, Side::Sell] {
            let shown = row.side(side);
            let levels = &mut self.sides[side.index()];
            for (index, (_, level)) in best_first_mut(levels, side).enumerate() {
                // Levels behind the row were marked at most one row ago, one level behind its end.
                if index > shown.len() + 1 {
                    break;
                }
                level.in_view = index < shown.len();
            }
        }
    }
}

fn best_first(levels: &BTreeMap<Price, Level>, side: Side) -> impl Iterator<Item = (Price, &Level)> {
    let (bids, asks) = match side {
        Side::Buy => (Some(levels.iter().rev()), None),
        Side::Sell => (None, Some(levels.iter())),
    };
    bids.into_iter().flatten().chain(asks.into_iter().flatten()).map(|(price, level)| (*price, level))
}

fn best_first_mut(levels: &mut BTreeMap<Price, Level>, side: Side) -> impl Iterator<Item = (Price, &mut Level)> {
    let (bids, asks) = match side {
        Side::Buy => (Some(levels.iter_mut().rev()), None),
        Side::Sell => (None, Some(levels.iter_mut())),
    };
    bids.into_iter().flatten().chain(asks.into_iter().flatten()).map(|(price, level)| (*price, level))
}
