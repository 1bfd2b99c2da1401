//! A venue small enough to be seen through: random orders, their depth and tick messages, snapshots, and what is true after each
//! message.

use std::collections::BTreeMap;

use feedhandler::{Books, DepthBook};
use wire::feed::StreamKind;
use wire::glimpse::EndOfSnapshot;
use wire::itch::{
    AddOrder, Message, OrderCancel, OrderDelete, OrderExecuted, OrderReplace, Price4, Timestamp, TradingAction,
};
use wire::mold::SessionId;
use wire::soup::{LoginAccepted, Numeric, Packet};
use wire::tick::{Tick, TickKind, TickSide};
use wire::{InstrumentIndex, MatchNumber, Nanos, OrderRef, Price, Qty, Side, Symbol, TimeOfDay};

pub const INSTRUMENTS: u16 = 3;

/// xorshift64*: every run of a seed is the same.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// A number below `bound`.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % bound
    }

    pub fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    fn small(&mut self, bound: u32) -> u32 {
        u32::try_from(self.below(u64::from(bound))).unwrap()
    }
}

#[derive(Clone, Copy)]
struct Order {
    locate: u16,
    side: Side,
    price: u32,
    qty: u32,
}

/// The books of a venue, in the plainest form.
pub struct Venue {
    pub kind: StreamKind,
    pub random: Random,
    orders: BTreeMap<u64, Order>,
    /// Every message so far; number n at n - 1.
    pub log: Vec<Vec<u8>>,
    next_order: u64,
}

impl Venue {
    pub fn new(kind: StreamKind, seed: u64) -> Self {
        Self { kind, random: Random::new(seed), orders: BTreeMap::new(), log: Vec::new(), next_order: 1 }
    }

    /// The number of the next message.
    pub fn next(&self) -> u64 {
        self.log.len() as u64 + 1
    }

    /// One thing happens: one message, or two.
    pub fn act(&mut self) {
        let live = self.orders.len() as u64;
        let chosen = (live > 0)
            .then(|| self.random.below(live))
            .and_then(|nth| self.orders.keys().nth(usize::try_from(nth).unwrap()).copied());
        let what = self.random.below(10);
        match chosen {
            Some(number) if what >= 5 || live > 60 => self.change(number, what),
            _ => self.add(),
        }
    }

    fn add(&mut self) {
        let order = Order {
            locate: 1 + u16::try_from(self.random.below(u64::from(INSTRUMENTS))).unwrap(),
            side: if self.random.chance(50) { Side::Buy } else { Side::Sell },
            price: 100 + self.random.small(12),
            qty: 1 + self.random.small(9),
        };
        let number = self.number();
        self.orders.insert(number, order);
        self.depth(&add_order(number, &order));
        self.level(&order);
    }

    fn change(&mut self, number: u64, what: u64) {
        let order = self.orders[&number];
        let (stock_locate, tracking, timestamp) = (order.locate, 0, Timestamp::default());
        let order_ref = OrderRef(number);
        let by = 1 + self.random.small(order.qty);
        match what {
            0..=6 => {
                let match_number = MatchNumber(number);
                let qty = Qty(by);
                self.depth(&Message::OrderExecuted(OrderExecuted {
                    stock_locate,
                    tracking,
                    timestamp,
                    order_ref,
                    qty,
                    match_number,
                }));
                self.tick(&order, TickKind::Trade, by);
                self.reduce(number, by);
            }
            7 if by < order.qty => {
                let qty = Qty(by);
                self.depth(&Message::OrderCancel(OrderCancel { stock_locate, tracking, timestamp, order_ref, qty }));
                self.reduce(number, by);
            }
            8 => {
                let new = Order { price: 100 + self.random.small(12), qty: 1 + self.random.small(9), ..order };
                let replacing = self.number();
                self.orders.remove(&number);
                self.orders.insert(replacing, new);
                self.depth(&Message::OrderReplace(OrderReplace {
                    stock_locate,
                    tracking,
                    timestamp,
                    orig_order_ref: order_ref,
                    order_ref: OrderRef(replacing),
                    qty: Qty(new.qty),
                    price: Price4(new.price),
                }));
                self.level(&order);
                self.level(&new);
                return;
            }
            _ => {
                self.orders.remove(&number);
                self.depth(&Message::OrderDelete(OrderDelete { stock_locate, tracking, timestamp, order_ref }));
            }
        }
        self.level(&order);
    }

    fn reduce(&mut self, number: u64, by: u32) {
        let order = self.orders.get_mut(&number).unwrap();
        order.qty -= by;
        if order.qty == 0 {
            self.orders.remove(&number);
        }
    }

    fn number(&mut self) -> u64 {
        self.next_order += 1;
        self.next_order
    }

    fn depth(&mut self, message: &Message) {
        if self.kind == StreamKind::Depth {
            self.log.push(encoded(message));
        }
    }

    fn tick(&mut self, of: &Order, kind: TickKind, quantity: u32) {
        if self.kind == StreamKind::Tick {
            self.log.push(tick(of, kind, quantity));
        }
    }

    fn level(&mut self, of: &Order) {
        let total = self.total(of);
        self.tick(of, TickKind::Quote, total);
    }

    fn total(&self, of: &Order) -> u32 {
        let place = |order: &Order| (order.locate, order.side, order.price);
        self.orders.values().filter(|order| place(order) == place(of)).map(|order| order.qty).sum()
    }

    /// The bytes of a snapshot as they come over the connection.
    pub fn snapshot(&self, session: SessionId) -> Vec<u8> {
        let mut bytes = Vec::new();
        push(&mut bytes, &Packet::LoginAccepted(LoginAccepted { session, sequence: Numeric(1) }));
        push(&mut bytes, &Packet::Debug(b"a model of a venue"));
        if self.kind == StreamKind::Depth {
            for locate in 1..=INSTRUMENTS {
                let (stock_locate, tracking, timestamp) = (locate, 0, Timestamp::default());
                let action = TradingAction {
                    stock_locate,
                    tracking,
                    timestamp,
                    symbol: Symbol(*b"MODEL   "),
                    state: b'T',
                    reserved: b' ',
                    reason: *b"    ",
                };
                push(&mut bytes, &Packet::Sequenced(&encoded(&Message::TradingAction(action))));
            }
        }
        for (number, order) in &self.orders {
            // Levels may be told again: the total is the same.
            let message = match self.kind {
                StreamKind::Depth => encoded(&add_order(*number, order)),
                StreamKind::Tick => tick(order, TickKind::Quote, self.total(order)),
            };
            push(&mut bytes, &Packet::Sequenced(&message));
        }
        let mut end = [0; EndOfSnapshot::SIZE];
        EndOfSnapshot { sequence: Numeric(self.next()) }.encode(&mut end).unwrap();
        push(&mut bytes, &Packet::Sequenced(&end));
        push(&mut bytes, &Packet::EndOfSession);
        bytes
    }
}

fn push(bytes: &mut Vec<u8>, packet: &Packet<'_>) {
    let mut room = [0; 128];
    let len = packet.encode(&mut room).unwrap();
    bytes.extend(&room[..len]);
}

fn add_order(number: u64, order: &Order) -> Message {
    Message::AddOrder(AddOrder {
        stock_locate: order.locate,
        tracking: 0,
        timestamp: Timestamp::new(TimeOfDay(5)).unwrap(),
        order_ref: OrderRef(number),
        side: order.side,
        qty: Qty(order.qty),
        symbol: Symbol(*b"MODEL   "),
        price: Price4(order.price),
    })
}

fn tick(of: &Order, kind: TickKind, quantity: u32) -> Vec<u8> {
    let side = if kind == TickKind::Trade { of.side.opposite() } else { of.side };
    let tick = Tick {
        timestamp: Nanos(1),
        symbol_id: InstrumentIndex(u32::from(of.locate) - 1),
        price: Price(i64::from(of.price)),
        quantity,
        side: TickSide::from(side),
        kind,
    };
    let mut bytes = vec![0; Tick::SIZE];
    tick.encode(&mut bytes).unwrap();
    bytes
}

fn encoded(message: &Message) -> Vec<u8> {
    let mut bytes = vec![0; 64];
    let len = message.encode(&mut bytes).unwrap();
    bytes.truncate(len);
    bytes
}

/// What is true after a message: the books that come of taking all messages in their order.
#[expect(clippy::large_enum_variant, reason = "one a test")]
pub enum Truth {
    Depth(Books),
    Ticks(DepthBook),
}

impl Truth {
    pub fn new(kind: StreamKind) -> Self {
        match kind {
            StreamKind::Depth => Self::Depth(Books::default()),
            StreamKind::Tick => Self::Ticks(DepthBook::new()),
        }
    }

    pub fn apply(&mut self, sequence: u64, message: &[u8]) {
        match self {
            Self::Depth(books) => books.apply(message, &mut ()),
            Self::Ticks(book) => book.apply_in_order(sequence, &Tick::decode(message).unwrap()),
        }
    }
}

pub type Queue = (u16, Side, i64, Vec<(u64, u32)>);

/// Every queue of every book.
pub fn queues(books: &Books) -> Vec<Queue> {
    let mut queues = Vec::new();
    for locate in 1..=INSTRUMENTS {
        for side in [Side::Buy, Side::Sell] {
            for level in books.levels(locate, side) {
                let queue = books.queue(locate, side, level.price).map(|(order, qty)| (order.0, qty.get())).collect();
                queues.push((locate, side, level.price.0, queue));
            }
        }
    }
    queues
}
