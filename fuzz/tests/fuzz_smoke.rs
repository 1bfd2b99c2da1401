//! Every target under mutated input, on stable Rust, from a fixed seed.
//!
//! By default a fixed number of inputs; `PINION_FUZZ_SECONDS` gives a time for all targets together instead, and
//! `PINION_FUZZ_SEED` another seed. A failure prints the input.

use fuzz::mutation::Mutator;
use fuzz::{TARGETS, Target, corpus, session};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

const INPUTS_PER_TARGET: usize = 30_000;
/// How many inputs a run accepts, and how many it refuses, at least.
const EACH_SIDE_MIN: usize = 1_000;
/// A session is a whole program: so many take as long as the inputs of a decoder.
const INPUTS_FOR_SESSION: usize = 5_000;
const EACH_SIDE_FOR_SESSION_MIN: usize = 100;
const SEED: u64 = 0x5EED_0F91_1210;

fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name}: expected a whole number, found '{text}'")))
}

/// Runs until `more` says no; returns how many inputs were accepted and refused.
fn run(name: &str, target: Target, seed: u64, mut more: impl FnMut(usize) -> bool) -> (usize, usize) {
    let mut mutator = Mutator::new(seed, corpus::for_target(target));
    let (mut accepted, mut refused) = (0, 0);
    while more(accepted + refused) {
        let input = mutator.next_input();
        match catch_unwind(AssertUnwindSafe(|| target(&input))) {
            Ok(true) => accepted += 1,
            Ok(false) => refused += 1,
            Err(_) => panic!("{name}: defect with seed {seed} on input {}", hex(&input)),
        }
    }
    (accepted, refused)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn smoke() {
    let seed = number("PINION_FUZZ_SEED").unwrap_or(SEED);
    let share = number("PINION_FUZZ_SECONDS")
        .map(|seconds| Duration::from_secs(seconds) / u32::try_from(TARGETS.len()).expect("few"));
    for (name, target) in TARGETS {
        let (inputs, each_side_min) = match *name {
            "session" => (INPUTS_FOR_SESSION, EACH_SIDE_FOR_SESSION_MIN),
            _ => (INPUTS_PER_TARGET, EACH_SIDE_MIN),
        };
        let begin = Instant::now();
        let (accepted, refused) = run(name, *target, seed, |done| match share {
            // The clock is asked every so often.
            Some(share) => !done.is_multiple_of(256) || begin.elapsed() < share,
            None => done < inputs,
        });
        println!("{name}: {accepted} inputs accepted, {refused} refused");
        assert!(
            accepted > each_side_min && refused > each_side_min,
            "{name} saw one side only: {accepted} accepted, {refused} refused"
        );
    }
}

#[test]
fn programs_reach_every_part_of_order_entry() {
    let mut mutator = Mutator::new(SEED, corpus::for_target(session::session));
    let mut reached = session::Reached::new();
    for _ in 0..INPUTS_FOR_SESSION {
        for (what, count) in session::run(&mutator.next_input()) {
            *reached.entry(what).or_default() += count;
        }
    }
    println!("{reached:?}");
    for (what, count) in &reached {
        assert!(*count > 10, "{what} hardly happens: {reached:?}");
    }
    for what in ["blocked_by_link", "blocked_by_store"] {
        assert!(reached.contains_key(what), "no {what}: {reached:?}");
    }
}

#[test]
fn a_defect_is_found_and_named() {
    let defective: Target = |data| {
        assert!(data.first() != Some(&b'O') || data.len() != 49, "made up");
        true
    };
    let caught = catch_unwind(|| run("made up", defective, SEED, |done| done < 200_000));
    let message = caught.expect_err("an Enter Order of two bytes too many comes up");
    let text = message.downcast_ref::<String>().expect("a text");
    assert!(text.contains("made up: defect with seed") && text.contains("on input 4f"), "{text}");
}

#[test]
fn every_target_has_its_program() {
    let manifest = include_str!("../Cargo.toml");
    for (name, _) in TARGETS {
        let path = format!("fuzz_targets/{name}.rs");
        let program = std::fs::read_to_string(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(&path));
        let program = program.unwrap_or_else(|error| panic!("{path}: {error}"));
        assert!(program.contains("fuzz::entry!(") && program.contains(&format!("::{name});")), "{path} enters {name}");
        assert!(manifest.contains(&format!("path = \"{path}\"")), "{path} is in the manifest");
    }
}
