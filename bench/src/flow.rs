//! A recorded flow, made ready for every subject: book commands, and the OUCH messages that ask for the same.
//!
//! Goal: everything that is not the subject's own work is done before the clock starts. Non-goal: other formats than consensus text;
//! only there an answer is published to hold the subjects to.

use std::io::Read;

use crate::error::BenchError;
use engine::book::{
    Book, BookCommand, BookLimits, CancelReason, NewOrder, OrderKey, Replace, ReplaceKind, SelfMatch, TimeInForce,
};
use engine::config::Config;
use engine::limits::FILLS_PER_COMMAND_MAX;
use feedhandler::flow::recording::{Recording, RecordingOptions};
use feedhandler::flow::{Action, Format};
use wire::ouch::code::{self, Capacity, ClOrdId, CrossType, Display, SelfMatchCode, YesNo};
use wire::ouch::options::ReEnter;
use wire::ouch::{self, AppendageBuffer, CancelOrder, EnterOrder, INBOUND_LEN_MAX, OptionValue, ReplaceOrder};
use wire::{InstrumentIndex, MemberId, OrderRef, Price, Qty, SessionIndex, Side, Symbol, UserRefNum};

/// The only session, and the only instrument.
pub const SESSION: SessionIndex = SessionIndex(0);
const INSTRUMENT: InstrumentIndex = InstrumentIndex(0);

/// What was sent under a `UserRefNum`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sent {
    /// The order's id in the recording.
    pub id: u64,
    /// Its side.
    pub side: Side,
    /// Its limit.
    pub price: Price,
}

/// One recorded message for all subjects.
#[derive(Debug)]
pub struct Line {
    /// What the book is told.
    pub command: BookCommand,
    /// What the exchange is told: an OUCH 5.0 inbound message.
    pub message: Vec<u8>,
    /// The id that the recording names.
    pub id: u64,
}

/// All messages of a recording.
#[derive(Debug)]
pub struct Flow {
    lines: Vec<Line>,
    /// By `UserRefNum`, from 0, which stands for an id that was never sent.
    sent: Vec<Sent>,
}

impl Flow {
    /// Reads `source`, compressed or not.
    ///
    /// # Errors
    /// It cannot be read, or holds something else than adds, cancels and modifies of consensus text.
    pub fn read(name: &str, source: impl Read + Send, config: &Config) -> Result<Self, BenchError> {
        let symbol = config.instruments[0].symbol;
        let options = RecordingOptions { format: None, instrument: Some(symbol), book: None };
        let recording = Recording::read(name, source, &options)?;
        if recording.format() != Format::Consensus {
            return Err(BenchError::Unusable { line: 0, expected: "an add, a cancel or a modify of consensus text" });
        }
        let mut builder = Builder::new(config, symbol);
        for item in recording {
            let item = item?;
            builder.take(item.seq, &item.action)?;
        }
        Ok(builder.flow)
    }

    /// The messages in order.
    #[must_use]
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// What was sent under a number, when anything was.
    #[must_use]
    pub fn sent(&self, user_ref: UserRefNum) -> Option<&Sent> {
        self.sent.get(usize::try_from(user_ref.0).ok()?)
    }
}

/// How large a book the configuration asks for, with the one session that the flow needs.
#[must_use]
pub fn book_limits(config: &Config) -> BookLimits {
    BookLimits {
        instruments: 1,
        sessions: 1,
        orders: config.limits.orders,
        levels: config.limits.levels,
        stops: config.limits.stops(),
        fills_per_command: FILLS_PER_COMMAND_MAX,
    }
}

/// Gives orders their numbers. A modify of a dead order changes no number, so a book has to say which orders live.
struct Builder {
    flow: Flow,
    book: Book,
    symbol: Symbol,
    /// The number of each id; ids of the format are small and dense.
    newest: std::collections::HashMap<u64, UserRefNum>,
    enter: AppendageBuffer,
    replace: [AppendageBuffer; 2],
}

impl Builder {
    fn new(config: &Config, symbol: Symbol) -> Self {
        // The recording knows no members: its orders trade with each other.
        let allow = OptionValue::SelfMatch(SelfMatchCode::Allow);
        let replace = |side| appendage(&[OptionValue::ReEnter(ReEnter::Yes), OptionValue::Side(side), allow]);
        Self {
            flow: Flow { lines: Vec::new(), sent: vec![Sent { id: 0, side: Side::Buy, price: Price(0) }] },
            book: Book::new(&book_limits(config)),
            symbol,
            newest: std::collections::HashMap::new(),
            enter: appendage(&[allow]),
            replace: [Side::Buy, Side::Sell].map(replace),
        }
    }

    fn take(&mut self, line: u64, action: &Action) -> Result<(), BenchError> {
        let next = u32::try_from(self.flow.sent.len());
        let next = next.map_err(|_| BenchError::Unusable { line, expected: "at most 4294967294 orders" })?;
        let new = UserRefNum(next);
        let mut bytes = [0; INBOUND_LEN_MAX];
        let (id, command, len) = match *action {
            Action::Add { id, side, price, qty, immediate, .. } => {
                self.flow.sent.push(Sent { id, side, price });
                self.newest.insert(id, new);
                (id, add(new, side, price, qty, immediate), self.enter(new, side, price, qty, immediate, &mut bytes))
            }
            Action::Cancel { id } => {
                let user_ref = self.number_of(id);
                let command = BookCommand::Cancel { key: key(user_ref), reason: CancelReason::User };
                (id, command, CancelOrder { user_ref, qty: Qty(0) }.encode(&mut bytes))
            }
            Action::Modify { id, side, price, qty } => {
                let old = self.number_of(id);
                self.flow.sent.push(Sent { id, side, price });
                if self.book.order(key(old)).is_some() {
                    self.newest.insert(id, new);
                }
                (id, modify(old, new, side, price, qty), self.replace(old, new, side, price, qty, &mut bytes))
            }
            _ => return Err(BenchError::Unusable { line, expected: "an add, a cancel or a modify" }),
        };
        let len = len.ok_or(BenchError::Unusable { line, expected: "values that fit an OUCH message" })?;
        self.book.apply(&command, &mut |_| {});
        self.flow.lines.push(Line { command, message: bytes[..len].to_vec(), id });
        Ok(())
    }

    fn number_of(&self, id: u64) -> UserRefNum {
        self.newest.get(&id).copied().unwrap_or_default()
    }

    fn enter(
        &self,
        user_ref: UserRefNum,
        side: Side,
        price: Price,
        qty: Qty,
        immediate: bool,
        out: &mut [u8],
    ) -> Option<usize> {
        let time_in_force = if immediate { code::TimeInForce::ImmediateOrCancel } else { code::TimeInForce::Day };
        let order = EnterOrder {
            user_ref,
            side: ouch::OrderSide::from(side),
            qty,
            symbol: self.symbol,
            price,
            time_in_force,
            display: Display::Visible,
            capacity: Capacity::Principal,
            sweep: YesNo::No,
            cross_type: CrossType::Continuous,
            cl_ord_id: ClOrdId::BLANK,
            appendage: self.enter.view(),
        };
        order.encode(out)
    }

    fn replace(
        &self,
        old: UserRefNum,
        new: UserRefNum,
        side: Side,
        price: Price,
        qty: Qty,
        out: &mut [u8],
    ) -> Option<usize> {
        let replace = ReplaceOrder {
            orig_user_ref: old,
            user_ref: new,
            qty,
            price,
            time_in_force: code::TimeInForce::Day,
            display: Display::Visible,
            sweep: YesNo::No,
            cl_ord_id: ClOrdId::BLANK,
            appendage: self.replace[side.index()].view(),
        };
        replace.encode(out)
    }
}

const fn key(user_ref: UserRefNum) -> OrderKey {
    OrderKey::new(SESSION, user_ref)
}

fn add(new: UserRefNum, side: Side, price: Price, qty: Qty, immediate: bool) -> BookCommand {
    BookCommand::New(NewOrder {
        instrument: INSTRUMENT,
        key: key(new),
        order_ref: OrderRef(u64::from(new.0)),
        owner: MemberId(0),
        side,
        price,
        qty,
        tif: if immediate { TimeInForce::Ioc } else { TimeInForce::Day },
        post_only: false,
        min_qty: Qty::ZERO,
        self_match: SelfMatch::Allow,
        display: Qty::ZERO,
        hidden: false,
        stop: None,
        mark: 0,
    })
}

fn modify(old: UserRefNum, new: UserRefNum, side: Side, price: Price, qty: Qty) -> BookCommand {
    BookCommand::Replace(Replace {
        key: key(old),
        new_key: key(new),
        order_ref: OrderRef(u64::from(new.0)),
        price,
        qty,
        kind: ReplaceKind::ReEnter { side: Some(side) },
        tif: TimeInForce::Day,
        post_only: false,
        min_qty: Qty::ZERO,
        self_match: SelfMatch::Allow,
        display: Qty::ZERO,
        hidden: false,
        stop: None,
    })
}

fn appendage(options: &[OptionValue]) -> AppendageBuffer {
    let mut buffer = AppendageBuffer::new();
    for option in options {
        assert!(buffer.push(*option), "three short options fit");
    }
    buffer
}
