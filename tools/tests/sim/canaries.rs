//! A checker is proved by a fault that it has to find.

use tools::sim::canary::Canary;
use tools::sim::plan::{Plan, Switch};
use tools::sim::shrink::shrink;
use tools::sim::trace::Keep;
use tools::sim::world::run;

/// Seeds that it may take.
const SEEDS: u64 = 20;
/// Steps of each.
const STEPS: u64 = 1_500;

/// The first plan in which the fault is found, by one of the checkers that have to.
fn found(canary: Canary) -> (Plan, tools::sim::check::Failure) {
    for seed in 0..SEEDS {
        let mut plan = Plan::draw(seed, STEPS, None);
        canary.prepare(&mut plan);
        if let Some(failure) = run(&plan, Keep::Digest).expect("a place for the files").failure {
            let checkers = canary.checkers();
            assert!(
                checkers.contains(&failure.checker),
                "{}, seed {seed}: expected {checkers:?}, found {failure}",
                canary.name()
            );
            return (plan, failure);
        }
    }
    panic!("{} was not found in {SEEDS} seeds", canary.name());
}

macro_rules! canaries {
    ($($test:ident: $canary:ident,)*) => {
        $(#[test]
        fn $test() {
            found(Canary::$canary);
        })*

        #[test]
        fn every_canary_has_a_test() {
            assert_eq!([$(Canary::$canary),*], Canary::ALL);
        }
    };
}

canaries! {
    a_disk_that_lies_about_syncs_is_found: LyingSync,
    a_release_gate_that_is_open_is_found: OpenGate,
    records_that_vanish_are_found: DroppedRecord,
    a_record_that_became_another_is_found: ForgedRecord,
    a_venue_that_decides_otherwise_than_its_replay_is_found: OtherRules,
    a_report_that_says_something_else_is_found: WrongReport,
    a_tick_that_is_left_out_is_found: SkippedTick,
    a_tick_that_says_something_else_is_found: WrongTick,
    a_message_that_is_taken_twice_is_found: DoubleApply,
    a_venue_that_falls_silent_is_found: Silence,
    a_client_that_does_not_listen_is_found: DeafClient,
    money_that_comes_from_nowhere_is_found: WrongMoney,
    a_wrong_answer_to_an_operator_is_found: WrongAnswer,
    an_appliance_that_goes_on_after_a_failed_sync_is_found: HiddenError,
}

#[test]
fn a_failure_is_made_smaller_and_found_again() {
    let (plan, failure) = found(Canary::SkippedTick);
    let small = shrink(&plan, &failure).expect("a place for the files");
    assert_eq!(small.failure.checker, failure.checker);
    assert!(small.switches().count() < plan.switches().count(), "a tick is skipped without any trouble");
    assert!(!small.switches().any(|switch| matches!(switch, Switch::Kill | Switch::PowerLoss | Switch::Loss)));
    assert!(small.text.contains("checker") && small.text.contains("feed"), "{}", small.text);
    let command = small.command();
    assert!(command.starts_with(&format!("pinion sim --seed {} --steps ", plan.seed)), "{command}");
    assert!(command.ends_with("--canary skipped-tick"), "{command}");
}
