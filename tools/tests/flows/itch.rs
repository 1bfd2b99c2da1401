//! A real ITCH 5.0 file of three instruments.

use super::recorded::{open, shipped};
use super::running::Running;
use feedhandler::flow::Format;
use feedhandler::{Action, FlowItem};
use std::io::sink;
use tools::replay::run;
use wire::{InstrumentIndex, Side};

#[test]
fn a_file_of_three_instruments_is_answered_and_its_depth_is_the_book() {
    let path = shipped("ex20101224.TEST_ITCH_50.gz");
    let items: Vec<FlowItem> = open(&path, None, Format::Itch50).map(|item| item.expect("whole")).collect();
    let count = |is: fn(&Action) -> bool| items.iter().filter(|item| is(&item.action)).count() as u64;
    let adds = count(|action| matches!(action, Action::Add { .. }));
    let executions = count(|action| matches!(action, Action::Execute { .. }));
    assert_eq!(adds, 5_000);

    let mut running = Running::start(&[]);
    let options = running.replay_options();
    let recording = open(&path, None, Format::Itch50);
    let outcome = run(recording, Running::client_port(), &options, sink(), |_| _ = running.listen()).expect("a replay");
    let tally = &outcome.tally;
    assert_eq!(outcome.messages, items.len() as u64);
    let answers = tally.accepted + tally.replaced + tally.canceled + tally.cancels_refused + tally.refusals();
    assert_eq!(answers, outcome.messages, "{outcome}");
    // Nothing in the file breaks a rule of the venue: every order, and every execution as an order, is accepted.
    assert_eq!(tally.accepted, adds + executions, "{outcome}");

    let venue = running.stop();
    let exchange = venue.exchange();
    for (index, name) in (1..).map(InstrumentIndex).zip(["ALC", "BOB", "CHAR"]) {
        let symbol = exchange.instruments().get(index).symbol;
        assert_eq!(symbol.to_string(), name);
        let levels = [Side::Buy, Side::Sell].map(|side| exchange.book().levels(index, side).count());
        assert!(levels.iter().all(|&levels| levels > 0), "{name}: {levels:?} levels");
    }
}
