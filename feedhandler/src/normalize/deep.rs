//! IEX DEEP 1.0 as ticks: levels are taken as they are told.
//!
//! Goal: the ticks of one event stand together, in the order in which they were told; the last update of an event says that it
//! is the last, and until then its instrument's ticks are held back. Non-goal: orders, which DEEP does not tell.

use std::collections::HashMap;

use wire::iex::Message;
use wire::iex::deep::LevelUpdate;
use wire::tick::{Tick, TickKind, TickSide};
use wire::{DecodeError, InstrumentIndex, Nanos, Price, Side, Symbol};

use super::Desk;

/// The most ticks of one event that are held back; a longer one is let out in parts.
pub const EVENT_TICKS_MAX: usize = 1 << 10;
/// The most levels of all books that are remembered, so that another session can clear them.
pub const LEVELS_MAX: usize = 1 << 22;

/// What is known of a DEEP feed.
#[derive(Debug, Default)]
pub struct DeepBooks {
    /// Prices with displayed quantity.
    levels: HashMap<(InstrumentIndex, Side, Price), u32>,
    halts: HashMap<InstrumentIndex, Halt>,
    /// Instruments whose book is between two states, with the ticks of that event.
    events: HashMap<InstrumentIndex, Vec<Tick>>,
    /// Memory of events that are over.
    spare: Vec<Vec<Tick>>,
    last: Nanos,
    /// The venue said that no message follows in this session.
    ended: bool,
}

/// Why an instrument may not trade.
#[derive(Clone, Copy, Debug)]
struct Halt {
    /// By the market, as our ticks say it; `None` before the venue told.
    status: Option<u8>,
    /// By this venue alone.
    operational: bool,
}

impl DeepBooks {
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// Whether the venue said that no message follows in this session.
    pub(super) const fn has_ended(&self) -> bool {
        self.ended
    }

    pub(super) fn message(&mut self, message: &[u8], desk: &mut Desk<'_>) {
        desk.counters.type_seen(message.first().copied().unwrap_or_default());
        let message = match Message::decode(message) {
            Ok(message) => message,
            Err(DecodeError::UnknownType { .. }) => {
                desk.counters.unknown_types += 1;
                return;
            }
            Err(_) => {
                desk.counters.malformed += 1;
                return;
            }
        };
        self.last = message.timestamp();
        match message {
            Message::BuyLevel(update) => self.level(&update.into(), desk),
            Message::SellLevel(update) => self.level(&update.into(), desk),
            Message::TradeReport(trade) => {
                if let Some(symbol_id) = number(trade.symbol, desk) {
                    self.push(
                        self.tick(symbol_id, trade.price, trade.size.get(), TickSide::None, TickKind::Trade),
                        desk,
                    );
                }
            }
            Message::TradingStatus(status) => {
                let state = match status.state {
                    // Orders are taken and shown, and do not trade.
                    b'O' => b'Q',
                    state => state,
                };
                self.halt(status.symbol, |halt| halt.status = Some(state), desk);
            }
            Message::OperationalHalt(halted) => {
                self.halt(halted.symbol, |halt| halt.operational = halted.state == b'O', desk);
            }
            Message::TradeBreak(_) => desk.counters.broken += 1,
            Message::SecurityDirectory(directory) => {
                let _ = number(directory.symbol, desk);
                desk.counters.unmapped += 1;
            }
            Message::SystemEvent(system) => {
                self.ended = system.event == b'C';
                desk.counters.unmapped += 1;
            }
            Message::RetailLiquidity(_)
            | Message::ShortSaleTest(_)
            | Message::SecurityEvent(_)
            | Message::OfficialPrice(_)
            | Message::AuctionInformation(_) => desk.counters.unmapped += 1,
        }
    }

    /// Lets out the ticks of every event that is under way.
    pub(super) fn release(&mut self, desk: &mut Desk<'_>) {
        let mut open: Vec<_> = self.events.drain().collect();
        open.sort_unstable_by_key(|(symbol_id, _)| *symbol_id);
        for (_, mut ticks) in open {
            desk.ready.append(&mut ticks);
            self.spare.push(ticks);
        }
    }

    pub(super) fn clear(&mut self, desk: &mut Desk<'_>) {
        self.release(desk);
        let mut levels: Vec<_> = self.levels.drain().map(|(level, _)| level).collect();
        levels.sort_unstable();
        let gone = |(symbol_id, side, price): (InstrumentIndex, Side, Price)| {
            self.tick(symbol_id, price, 0, side.into(), TickKind::Quote)
        };
        desk.ready.extend(levels.into_iter().map(gone));
        self.halts.clear();
        self.ended = false;
    }

    fn level(&mut self, update: &LevelUpdate, desk: &mut Desk<'_>) {
        let Some(symbol_id) = number(update.symbol, desk) else { return };
        let level = (symbol_id, update.side, update.price);
        if update.size.is_zero() {
            self.levels.remove(&level);
        } else if self.levels.len() < LEVELS_MAX || self.levels.contains_key(&level) {
            self.levels.insert(level, update.size.get());
        } else {
            desk.counters.refused += 1;
        }
        if !update.complete && !self.events.contains_key(&symbol_id) {
            let ticks = self.spare.pop().unwrap_or_default();
            self.events.insert(symbol_id, ticks);
        }
        self.push(self.tick(symbol_id, update.price, update.size.get(), update.side.into(), TickKind::Quote), desk);
        if update.complete
            && let Some(mut ticks) = self.events.remove(&symbol_id)
        {
            desk.ready.append(&mut ticks);
            self.spare.push(ticks);
        }
    }

    /// A change of status stands for itself when it changes what holds.
    fn halt(&mut self, symbol: Symbol, change: impl FnOnce(&mut Halt), desk: &mut Desk<'_>) {
        let Some(symbol_id) = number(symbol, desk) else { return };
        let halt = self.halts.entry(symbol_id).or_insert(Halt { status: None, operational: false });
        let before = halt.holds();
        change(halt);
        let holds = halt.holds();
        match holds {
            Some(status) if before != holds => {
                self.push(self.tick(symbol_id, Price(0), u32::from(status), TickSide::None, TickKind::Status), desk);
            }
            _ => desk.counters.unmapped += 1,
        }
    }

    fn tick(&self, symbol_id: InstrumentIndex, price: Price, quantity: u32, side: TickSide, kind: TickKind) -> Tick {
        Tick { timestamp: self.last, symbol_id, price, quantity, side, kind }
    }

    /// Out, or to its event.
    fn push(&mut self, tick: Tick, desk: &mut Desk<'_>) {
        match self.events.get_mut(&tick.symbol_id) {
            None => desk.ready.push(tick),
            Some(ticks) => {
                if ticks.len() == EVENT_TICKS_MAX {
                    desk.ready.append(ticks);
                }
                ticks.push(tick);
            }
        }
    }
}

impl Halt {
    const fn holds(self) -> Option<u8> {
        if self.operational { Some(b'H') } else { self.status }
    }
}

fn number(symbol: Symbol, desk: &mut Desk<'_>) -> Option<InstrumentIndex> {
    let number = desk.symbols.number(symbol);
    desk.counters.nameless += u64::from(number.is_none());
    number
}
