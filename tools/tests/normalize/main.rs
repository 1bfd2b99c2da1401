//! `pinion normalize` from outside: recordings and live lines in; multicast lines, files and text out.
//!
//! Goal: what a subscriber gets is complete, whoever reads it. Non-goal: what becomes of each message; that has tests in the
//! feed handler. Traffic stays on the loopback interface.

mod files;
mod lines;
#[path = "../process/ports.rs"]
#[expect(dead_code, reason = "lines need no addresses of order entry")]
mod ports;
#[path = "../process/process.rs"]
#[expect(dead_code, reason = "shared with tests that do more to their children")]
mod process;
mod rerequests;

use std::io::Read;
use std::path::Path;
use std::process::Command;

use feedhandler::compressed;
use feedhandler::flow::itch_messages::ItchMessages;
use feedhandler::normalize::{Date, Day, Normalizer, Symbols, Zone};
use process::{Finished, Process};
use wire::tick::Tick;

/// The sample that ships with the tools.
const SAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/data/ex20101224.TEST_ITCH_50.gz");

fn pinion(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pinion"));
    command.args(args);
    command
}

fn run(dir: &Path, name: &str, args: &[&str]) -> Finished {
    Process::spawn(pinion(args), dir, name).wait()
}

/// The messages of the sample.
fn sample() -> Vec<Vec<u8>> {
    let mut plain = Vec::new();
    compressed::open(Path::new(SAMPLE)).expect("shipped").read_to_end(&mut plain).expect("whole");
    let mut reader = ItchMessages::new(plain.as_slice());
    let mut messages = Vec::new();
    while reader.advance().expect("well formed") {
        messages.push(reader.message().to_vec());
    }
    messages
}

/// The ticks that they make.
fn expected() -> Vec<Tick> {
    let day = Day::new(Date::parse("2010-12-24").expect("a date"), Zone::NewYork);
    let (mut normalizer, mut ticks) = (Normalizer::itch(day, Symbols::default()), Vec::new());
    sample().iter().for_each(|message| normalizer.message(message, &mut |tick| ticks.push(*tick)));
    ticks
}

/// A number of the summary that `--json` prints.
fn number(json: &str, section: &str, name: &str) -> u64 {
    let rest = json.split_once(&format!("\"{section}\":{{")).map(|(_, rest)| rest).expect("the section is there");
    let rest = rest.split_once(&format!("\"{name}\":")).map(|(_, rest)| rest).expect("the number is there");
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().expect("a number")
}
