//! Random days with operators in them, beside a naive idea of what operators may do: who is kept out, what a cancel of many takes, and that
//! it all follows from the journal.
#![allow(missing_docs)]

#[path = "operators/floor.rs"]
mod floor;
#[path = "operators/listeners.rs"]
mod listeners;
#[path = "operators/naive.rs"]
mod naive;

use engine::image;
use engine::limits::CANCELS_PER_SLICE_MAX;
use engine::recovery;
use engine::venue::Venue;
use floor::Floor;
use listeners::Nothing;
use wire::admin::{Outcome, Verb};
use wire::journal::RecordKind;
use wire::login::Key;

const SEEDS: u64 = 10;
const STEPS: usize = 1_500;

fn day(seed: u64, steps: usize, busy: bool) -> Floor {
    let mut floor = Floor::new(seed, busy);
    for _ in 0..steps {
        floor.step();
    }
    floor
}

/// The naive side is held against each step; see [`Floor::step`].
#[test]
fn operators_do_what_they_say_and_no_more() {
    let (mut refused, mut canceled, mut kept_out, mut added) = (0, 0, 0, 0);
    for seed in 0..SEEDS {
        let floor = day(seed, STEPS, false);
        kept_out += floor.kept_out;
        for (asked, outcome) in &floor.answers {
            match outcome {
                Outcome::Refused(_) => refused += 1,
                Outcome::Done { changed, .. } => match asked.verb {
                    Verb::CancelOrders { .. } | Verb::Lock { .. } => canceled += changed,
                    Verb::AddInstrument(_) => added += changed,
                    _ => {}
                },
            }
        }
    }
    // Otherwise the days are too quiet to say anything.
    assert!(refused > 20 && canceled > 1_000 && kept_out > 500 && added > 5, "{refused} {canceled} {kept_out} {added}");
}

fn replay(floor: &Floor, venue: &mut Venue, commands: std::ops::Range<usize>) {
    for at in commands {
        venue.replay(&floor.command(at), &mut Nothing).expect("the state that the journal says");
    }
}

#[test]
fn all_of_it_follows_from_the_journal_and_from_an_image_of_any_moment() {
    for seed in 0..SEEDS {
        // Every other day is one of large books, so that there are moments between two slices.
        let busy = seed % 2 == 1;
        let floor = day(seed, if busy { 4_000 } else { STEPS }, busy);
        let all = floor.journal.len();
        let slices = (0..all).filter(|&at| floor.journal[at].2 == RecordKind::OperatorSlice);
        let mut moments: Vec<usize> = slices.take(5).collect();
        assert!(!busy || !moments.is_empty(), "no cancel of more than {CANCELS_PER_SLICE_MAX} orders in seed {seed}");
        moments.extend((1..=4).map(|part| all * part / 4));
        moments.sort_unstable();
        let venue = || recovery::venue(&floor.config, Key([7; 32]));
        let (mut whole, mut begin) = (venue(), 0);
        for moment in moments {
            replay(&floor, &mut whole, begin..moment);
            begin = moment;
            let mut bytes = Vec::new();
            image::write(&whole, 10, std::iter::empty(), &mut Vec::new(), &mut bytes).expect("a vector takes all");
            let mut again = venue();
            image::read(&mut again, &mut &bytes[..], |_| {}).expect("readable");
            again.stand_after(whole.seq(), whole.time());
            assert_eq!(again.exchange().state_hash(), whole.exchange().state_hash(), "seed {seed}, command {moment}");
            assert_eq!(again.exchange().book().audit(), Ok(()));
            let mut same = Vec::new();
            image::write(&again, 10, std::iter::empty(), &mut Vec::new(), &mut same).expect("a vector takes all");
            assert_eq!(same, bytes);
            replay(&floor, &mut again, moment..all);
            assert_eq!(again.exchange().state_hash(), floor.exchange.state_hash(), "seed {seed}, from {moment} on");
            assert_eq!(again.exchange().controls().answered(), floor.exchange.controls().answered());
        }
    }
}
