//! How a test asks the venue for what an operator wants.

use crate::harness::{Harness, enter, kinds, order};
use engine::venue::Progress;
use wire::admin::{OperatorCommand, OperatorName, Outcome, Scope, Verb};
use wire::journal::RecordKind;
use wire::ouch::{AppendageBuffer, OptionValue, OrderSide, TimeInForce};
use wire::{Price, Qty, Symbol};

pub const BUY: OrderSide = OrderSide::Buy;
pub const SELL: OrderSide = OrderSide::Sell;
pub const ALL: Verb = Verb::CancelOrders { scope: Scope::Venue, symbol: None, side: None };

pub fn name(text: &str) -> OperatorName {
    OperatorName::new(text).expect("short")
}

pub fn symbol(text: &str) -> Symbol {
    Symbol::new(text).expect("short")
}

pub fn asked(number: u64, verb: Verb) -> OperatorCommand {
    OperatorCommand { operator: name("ann"), number, verb }
}

pub fn ask(harness: &mut Harness, number: u64, verb: Verb) -> Outcome {
    let (before, now) = (harness.out.answers.len(), harness.now);
    assert_eq!(harness.venue.on_operator(now, &asked(number, verb), &mut harness.out), Progress::Done);
    harness.settle();
    let answers = &harness.out.answers[before..];
    let [(cause, operator, answered, outcome)] = answers else { panic!("expected one answer, found {answers:?}") };
    assert_eq!((*operator, *answered), (name("ann"), number));
    assert!(*cause <= harness.venue.seq());
    *outcome
}

pub fn send(harness: &mut Harness, messages: &[Vec<u8>]) -> Vec<(u64, Vec<u8>)> {
    let next = harness.venue.exchange().sessions()[0].next_inbound();
    assert_eq!(harness.send(next, messages), Progress::Done);
    harness.settle();
    harness.take_reports()
}

pub fn changed(outcome: Outcome) -> u64 {
    match outcome {
        Outcome::Done { changed, .. } => changed,
        Outcome::Refused(refusal) => panic!("refused: {refusal}"),
    }
}

pub fn with(option: OptionValue) -> AppendageBuffer {
    let mut buffer = AppendageBuffer::new();
    assert!(buffer.push(option));
    buffer
}

/// Displayed orders of both sides, an iceberg, a hidden order and a stop: of all six kinds something.
pub fn standing(harness: &mut Harness) -> usize {
    let hidden = |user_ref, side, price| {
        let mut bytes = order(user_ref, side, price, 5);
        // The display byte of Enter Order.
        bytes[27] = b'N';
        bytes
    };
    let iceberg = enter(3, BUY, 99, 50, TimeInForce::Day, with(OptionValue::MaxFloor(Qty(10))).view());
    let stop = enter(4, BUY, 130, 5, TimeInForce::Day, with(OptionValue::StopPrice(Price(125))).view());
    let messages = [
        order(1, BUY, 100, 5),
        order(2, SELL, 110, 5),
        iceberg,
        stop,
        hidden(5, BUY, 98),
        hidden(6, SELL, 111),
        order(7, SELL, 112, 5),
    ];
    let reports = send(harness, &messages);
    assert_eq!(kinds(&reports), "A".repeat(messages.len()));
    messages.len()
}

pub fn kinds_since(harness: &Harness, first: usize) -> Vec<RecordKind> {
    harness.out.journal[first..]
        .iter()
        .map(|(_, _, kind, _)| *kind)
        .filter(|kind| *kind != RecordKind::StateHash)
        .collect()
}
