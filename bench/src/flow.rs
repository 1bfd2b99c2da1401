//! A flow, recorded or generated, made ready for every subject: steps for the book, and the OUCH messages that ask for the same.
//!
//! Goal: everything that is not the subject's own work is done before the clock starts. Non-goal: other formats than consensus text;
//! only there an answer is published to hold the subjects to.

use std::io::Read;

use crate::error::BenchError;
use crate::stream::book_limits;
use crate::stream::numbering::{Numbered, Numbering};
use crate::stream::{Ask, Step};
use engine::book::BookLimits;
use engine::config::Config;
use feedhandler::flow::recording::{Recording, RecordingOptions};
use feedhandler::flow::workload::{Scenario, Workload};
use feedhandler::flow::{FlowItem, Format};
use wire::ouch::code::{self, Capacity, ClOrdId, CrossType, Display, SelfMatchCode, YesNo};
use wire::ouch::options::ReEnter;
use wire::ouch::{self, AppendageBuffer, CancelOrder, EnterOrder, INBOUND_LEN_MAX, OptionValue, ReplaceOrder};
use wire::{Qty, Side, Symbol};

/// All messages of a recording.
#[derive(Debug)]
pub struct Flow {
    numbered: Numbered,
    messages: Vec<Vec<u8>>,
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
        Self::numbered_and_encoded(recording.map(|item| item.map_err(BenchError::from)), config)
    }

    /// Makes one of the public contest's flows.
    ///
    /// # Errors
    /// There are more orders than numbers.
    pub fn generated(scenario: Scenario, orders: u32, seed: u32, config: &Config) -> Result<Self, BenchError> {
        let workload = Workload::new(scenario, orders, seed, config.instruments[0].symbol);
        Self::numbered_and_encoded(workload.map(Ok), config)
    }

    fn numbered_and_encoded(
        items: impl Iterator<Item = Result<FlowItem, BenchError>>,
        config: &Config,
    ) -> Result<Self, BenchError> {
        let mut numbering = Numbering::new(&limits(config));
        let encoder = Encoder::new(vec![config.instruments[0].symbol]);
        let mut messages = Vec::new();
        for item in items {
            let item = item?;
            let step = numbering.take(item.seq, &item.action)?;
            let mut bytes = [0; INBOUND_LEN_MAX];
            let len = encoder.encode(&step, &mut bytes);
            let len =
                len.ok_or(BenchError::Unusable { line: item.seq, expected: "values that fit an OUCH message" })?;
            messages.push(bytes[..len].to_vec());
        }
        Ok(Self { numbered: numbering.finish(), messages })
    }

    /// How many messages there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.messages.len()
    }

    /// What the book is told, and which orders the numbers stand for.
    #[must_use]
    pub fn numbered(&self) -> &Numbered {
        &self.numbered
    }

    /// What the exchange is told: an OUCH 5.0 inbound message for each step.
    #[must_use]
    pub fn messages(&self) -> &[Vec<u8>] {
        &self.messages
    }
}

/// How large a book the configuration asks for, with the one session that the flow needs.
#[must_use]
pub fn limits(config: &Config) -> BookLimits {
    book_limits(1, 1, config.limits.orders, config.limits.levels)
}

/// Says a step in OUCH.
pub struct Encoder {
    /// By instrument.
    symbols: Vec<Symbol>,
    enter: AppendageBuffer,
    replace: [AppendageBuffer; 2],
}

impl Encoder {
    /// For instruments of these names.
    #[must_use]
    pub fn new(symbols: Vec<Symbol>) -> Self {
        // The recording knows no members: its orders trade with each other.
        let allow = OptionValue::SelfMatch(SelfMatchCode::Allow);
        let replace = |side| appendage(&[OptionValue::ReEnter(ReEnter::Yes), OptionValue::Side(side), allow]);
        Self { symbols, enter: appendage(&[allow]), replace: [Side::Buy, Side::Sell].map(replace) }
    }

    /// Writes the message and returns its length; `None` for what OUCH cannot say, or has no room.
    pub fn encode(&self, step: &Step, out: &mut [u8]) -> Option<usize> {
        let Step { user_ref, new_ref, side, price, qty, .. } = *step;
        match step.ask {
            Ask::Enter | Ask::EnterImmediate => {
                let immediate = step.ask == Ask::EnterImmediate;
                let order = EnterOrder {
                    user_ref,
                    side: ouch::OrderSide::from(side),
                    qty,
                    symbol: *self.symbols.get(usize::try_from(step.instrument.0).ok()?)?,
                    price,
                    time_in_force: if immediate {
                        code::TimeInForce::ImmediateOrCancel
                    } else {
                        code::TimeInForce::Day
                    },
                    display: Display::Visible,
                    capacity: Capacity::Principal,
                    sweep: YesNo::No,
                    cross_type: CrossType::Continuous,
                    cl_ord_id: ClOrdId::BLANK,
                    appendage: self.enter.view(),
                };
                order.encode(out)
            }
            Ask::Cancel => CancelOrder { user_ref, qty: Qty::ZERO }.encode(out),
            Ask::ReEnter => {
                let replace = ReplaceOrder {
                    orig_user_ref: user_ref,
                    user_ref: new_ref,
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
            // OUCH says what shall be left of the whole order, which a step does not know.
            Ask::Reduce => None,
        }
    }
}

fn appendage(options: &[OptionValue]) -> AppendageBuffer {
    let mut buffer = AppendageBuffer::new();
    for option in options {
        assert!(buffer.push(*option), "three short options fit");
    }
    buffer
}
