//! The generated flow against the one that the benchmark's own generator makes: files, and hashes of the text of flows that are not
//! kept as files.

use std::io::Write;

use feedhandler::flow::{Action, Recording, RecordingOptions, Scenario, Workload};
use sha2::{Digest, Sha256};
use wire::Symbol;

use crate::shared_data::shared_data;

const INSTRUMENT: Symbol = Symbol(*b"TEST    ");

fn generated(scenario: Scenario, new_orders: u32, seed: u32) -> Workload {
    Workload::new(scenario, new_orders, seed, INSTRUMENT)
}

/// The SHA-256 of a flow as consensus text, each line with its newline.
fn text_hash(flow: Workload) -> String {
    let mut hash = Sha256::new();
    for item in flow {
        match item.action {
            Action::Add { id, side, price, qty, immediate, .. } => {
                let immediate = if immediate { " I" } else { "" };
                writeln!(hash, "N {id} {} {} {qty}{immediate}", char::from(side.byte()), price.get())
            }
            Action::Cancel { id } => writeln!(hash, "C {id}"),
            Action::Modify { id, side, price, qty } => {
                writeln!(hash, "M {id} {} {} {qty}", char::from(side.byte()), price.get())
            }
            other => panic!("the generator makes no {other:?}"),
        }
        .expect("a hash takes everything");
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn is_the_file(scenario: Scenario, new_orders: u32, file: &str) {
    let Some(path) = shared_data(&format!("consensus/{file}")) else { return };
    let mut flow = generated(scenario, new_orders, 23);
    for recorded in Recording::open(&path, &RecordingOptions::default()).unwrap() {
        assert_eq!(flow.next(), Some(recorded.unwrap()));
    }
    assert_eq!(flow.next(), None);
}

#[test]
fn the_small_flows_are_the_recorded_ones() {
    is_the_file(Scenario::Normal, 20_000, "normal_s23_n20000.txt.xz");
    is_the_file(Scenario::Static, 20_000, "static_s23_n20000.txt.xz");
}

#[test]
fn the_full_normal_flow_is_the_recorded_one() {
    is_the_file(Scenario::Normal, 1_000_000, "normal_s23_n1000000.txt.xz");
}

/// Hashes of what the benchmark's generator wrote, its records turned into text.
#[test]
fn every_scenario_is_the_published_one() {
    for (scenario, seed, expected) in [
        (Scenario::Static, 23, "b4c2ed28e2f414b59827f674560ebd683b558ba9c6a2298c63eed318d5353090"),
        (Scenario::Static, 7, "b4f72ea769d7c5126ae21634a73647126763e8c5f79135b877ea0200b123de8a"),
        (Scenario::Normal, 23, "5c9ed3f5188a69b74891e44e2764c76d75fc35c58542099975a276c0278df2c0"),
        (Scenario::Normal, 7, "94b24ecd0790432632954418e2069570ec633508ca23214c717051f6e5587898"),
        (Scenario::Swing25, 23, "551431c8f64e5ccad89a424a89dfc62b65c6c536bc8fa26013c0f16b1bba9f40"),
        (Scenario::Swing25, 7, "29076c6bcd0aac35aafb329c50ab1137fdb3a720356d650589eeec6171abb523"),
        (Scenario::Swing40, 23, "f46742a066395f7ff50d056cc798f70b3cd174385b654fcab9c8c8f512c621bc"),
        (Scenario::Swing40, 7, "c972e6b681b9691c67b943a8199cd0ebef2d40e227d5cbe633426d326097f77f"),
        (Scenario::FlashCrash, 23, "1256f631cb72c8bffc0d99345cc86f9cea33884464da93e5593fa479987ca025"),
        (Scenario::FlashCrash, 7, "e36852faa513e8125dcb6a58559829c792e3903d33c934d631224acbc2b952fc"),
    ] {
        assert_eq!(text_hash(generated(scenario, 20_000, seed)), expected, "{scenario}, seed {seed}");
    }
}

#[test]
fn sequence_numbers_count_the_messages() {
    let flow = generated(Scenario::Swing25, 1_000, 1);
    let messages = flow.len() as u64;
    assert!(messages > 1_800);
    assert!(flow.map(|item| item.seq).eq(0..messages));
}
