//! Everything that reads bytes from outside, given any bytes.
//!
//! Goal: a target is a plain function; it runs in the bounded smoke test on stable Rust (`fuzz/tests/fuzz_smoke.rs`), under
//! libFuzzer, and on a file that once made it fail. Non-goal: values that only a correct peer would send; those have
//! tests beside their code.
//!
//! ```text
//! cargo test -p fuzz                                            the smoke run; PINION_FUZZ_SECONDS=60 for longer
//! cargo +nightly fuzz run --features entries ouch_inbound       libFuzzer, coverage-guided; needs a C++ compiler
//! cargo run -p fuzz --features entries --bin ouch_inbound FILE  one input again, on stable Rust
//! ```
//!
//! A target returns whether the bytes were accepted, so that a run can show that it reached both sides. It panics on a
//! defect.

pub mod corpus;
pub mod decoders;
pub mod mutation;
pub mod reproduce;
pub mod session;
pub mod venues;

/// A target: takes any bytes, says whether they were accepted, panics on a defect.
pub type Target = fn(&[u8]) -> bool;

/// Every target by name.
pub const TARGETS: &[(&str, Target)] = &[
    ("mold", decoders::mold),
    ("tick", decoders::tick),
    ("ouch_inbound", decoders::ouch_inbound),
    ("ouch_outbound", decoders::ouch_outbound),
    ("ouch_options", decoders::ouch_options),
    ("itch", decoders::itch),
    ("login", decoders::login),
    ("admin", decoders::admin),
    ("journal_record", decoders::journal_record),
    ("journal_segment", decoders::journal_segment),
    ("session", session::session),
    ("iex_segment", venues::iex_segment),
    ("iex_message", venues::iex_message),
    ("capture", venues::capture),
    ("normalize", venues::normalize),
];

/// Makes a target into a program: libFuzzer's entry under cargo-fuzz, otherwise one that runs files through it.
#[macro_export]
macro_rules! entry {
    ($target:path) => {
        #[cfg(fuzzing)]
        libfuzzer_sys::fuzz_target!(|data: &[u8]| {
            let _ = $target(data);
        });

        #[cfg(not(fuzzing))]
        fn main() -> std::process::ExitCode {
            $crate::reproduce::run_files($target, std::env::args().skip(1))
        }
    };
}
