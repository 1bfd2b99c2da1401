//! Seeds in which nothing may be found.

use engine::journal::Durability;
use tools::sim::many;
use tools::sim::plan::{Plan, Switch};
use tools::sim::trace::Keep;
use tools::sim::world::run;

/// Nothing is found in these.
fn clean(seed: u64, steps: u64, durability: Option<Durability>) {
    let plan = Plan::draw(seed, steps, durability);
    let outcome = run(&plan, Keep::Digest).expect("a place for the files");
    assert_eq!(outcome.failure, None, "pinion sim --seed {seed} --steps {steps}");
    assert!(outcome.starts > 1 && outcome.commands > 1, "seed {seed}: nothing happened");
}

#[test]
fn a_handful_of_days_under_synced() {
    (0..4).for_each(|seed| clean(seed, 1_500, Some(Durability::Synced)));
}

#[test]
fn a_handful_of_days_under_mapped() {
    (10..13).for_each(|seed| clean(seed, 1_500, Some(Durability::Mapped)));
}

#[test]
fn the_same_seed_is_the_same_day_byte_for_byte() {
    let day = |seed| {
        let mut plan = Plan::draw(seed, 1_200, None);
        plan.switch_on(Switch::Kill, 2_000);
        plan.switch_on(Switch::PowerLoss, 2_000);
        run(&plan, Keep::All).expect("a place for the files")
    };
    let (first, again, other) = (day(77), day(77), day(78));
    assert!(first.text.lines().count() > 20, "{}", first.text);
    assert_eq!(first.text, again.text);
    assert_eq!(first.digest, again.digest);
    assert_ne!(first.digest, other.digest);
}

/// What has rotted while the appliance was down is refused by name or made good by a snapshot, and never taken for the end of a torn write.
#[test]
fn rot_at_each_restart() {
    for seed in 0..12 {
        let mut plan = Plan::draw(seed, 1_500, Some(Durability::Synced));
        plan.switch_off(Switch::PowerLoss);
        plan.switch_on(Switch::Kill, 5_000);
        plan.switch_on(Switch::BitRot, 1_000_000);
        let outcome = run(&plan, Keep::Digest).expect("a place for the files");
        assert_eq!(outcome.failure, None, "seed {seed}");
    }
}

/// A client whose confirmation was lost repeats its login when its session has died; that was refused as if somebody else had logged in.
#[test]
fn seed_117_a_login_that_died_before_it_was_confirmed() {
    clean(117, 3_000, Some(Durability::Mapped));
}

/// Power was lost while a start removed the segments that had no record: the name of the later one stayed, that of the earlier one did not,
/// and the next start missed it.
#[test]
fn seed_5125_names_of_unused_segments() {
    let mut plan = Plan::draw(5_125, 3_000, Some(Durability::Synced));
    for switch in [Switch::Loss, Switch::TornPage, Switch::AnyOrder, Switch::BitRot, Switch::PostOnly] {
        plan.switch_off(switch);
    }
    let outcome = run(&plan, Keep::Digest).expect("a place for the files");
    assert_eq!(outcome.failure, None);
    assert!(outcome.starts > 1, "nothing happened");
}

/// A start met a failed sync before it came to the file that had rotted: it refused for that, and named the file at the next try.
#[test]
fn seed_10362_a_failed_sync_hides_what_has_rotted() {
    clean(10_362, 5_000, None);
}

/// Power took the first page of an older segment, which `mapped` may lose: the start needed only what is behind its snapshot, and what the
/// store of messages lacks cannot be made again.
#[test]
fn seed_105029_a_store_that_stays_incomplete() {
    let mut plan = Plan::draw(105_029, 2_872, Some(Durability::Mapped));
    [Switch::Duplicate, Switch::NoRoom, Switch::Operator].map(|switch| plan.switch_off(switch));
    assert_eq!(run(&plan, Keep::Digest).expect("a place for the files").failure, None);
}

/// A client that takes over from a dead process hears the answers to the dead one's messages first; they answer nothing of its own.
#[test]
#[ignore = "takes optimised code: scripts/test runs it"]
fn seed_20455_answers_to_a_process_that_is_gone() {
    clean(20_455, 20_000, Some(Durability::Mapped));
}

/// Hundreds of seeds; in optimised code this takes a minute.
#[test]
#[ignore = "takes optimised code: scripts/test runs it"]
fn hundreds_of_days() {
    let done = many::run(10_000..10_400, None, |seed| Plan::draw(seed, 5_000, None)).expect("a place for the files");
    let found = done.found.map(|(plan, outcome)| (plan.seed, outcome.failure));
    assert_eq!(found, None, "pinion sim --seed N --steps 5000 shows it");
    assert_eq!(done.seeds, 400);
    assert!(done.starts > 1_000, "{} starts", done.starts);
}
