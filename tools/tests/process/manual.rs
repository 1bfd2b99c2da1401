//! What the manual tells people to type: every example of every `--help`, every command in a code block of docs/operations.md and README.md.
//!
//! Each is run as it stands, in a sandbox with an appliance of the built-in configuration, or the table says why it cannot be run here. What
//! the table does not know fails, so a new example comes with its line there.

mod sandbox;
mod table;
mod text;

use crate::site::PINION;
use sandbox::Sandbox;
use std::time::Instant;
use table::{How, rule};
use text::Example;

const OPERATIONS: &str = "docs/operations.md";
const README: &str = "README.md";

/// Those of each `--help`, and none without.
fn help() -> Vec<Example> {
    text::of_help(PINION)
}

fn all() -> Vec<Example> {
    [help(), text::of_page(OPERATIONS), text::of_page(README)].concat()
}

#[test]
fn every_subcommand_has_an_example() {
    let (leaves, examples) = (text::leaves(PINION), help());
    assert!(leaves.len() >= 20, "{leaves:?}");
    for leaf in &leaves {
        let begins = format!("pinion {}", leaf.join(" "));
        let has = examples.iter().any(|example| example.command.starts_with(&begins));
        assert!(has, "`{begins} --help` has no example of it: add one below 'Examples:', indented by two spaces");
    }
}

#[test]
fn every_command_of_the_manual_has_its_line_in_the_table() {
    let examples = all();
    let unknown: Vec<String> =
        examples.iter().filter(|example| rule(&example.command).is_none()).map(ToString::to_string).collect();
    assert!(unknown.is_empty(), "not in tools/tests/process/manual/table.rs:\n{}", unknown.join("\n"));
    let unused = table::unused(examples.iter().map(|example| example.command.as_str()));
    assert!(unused.is_empty(), "in the table, and nowhere in the manual: {unused:?}");
    for example in &examples {
        match rule(&example.command) {
            Some(How::Not(reason)) => assert!(reason.len() > 10, "{example}: say why"),
            Some(How::Elsewhere(file)) => assert!(text::root().join(file).exists(), "{example}: there is no {file}"),
            _ => {}
        }
    }
}

/// Runs those that can be run, in their order, and tells all that fail.
fn run(examples: &[Example]) {
    let Some(sandbox) = Sandbox::new() else { return };
    let mut ran = 0;
    let mut failed = Vec::new();
    for example in examples {
        let how = rule(&example.command).unwrap_or_else(|| panic!("{example}: not in the table"));
        let begin = Instant::now();
        let outcome = sandbox.run(&example.command, how);
        eprintln!("{:6.2} s  {example}", begin.elapsed().as_secs_f64());
        match outcome {
            Ok(true) => ran += 1,
            Ok(false) => {}
            Err(reason) => failed.push(format!("{example}\n    {}", reason.trim().replace('\n', "\n    "))),
        }
    }
    assert!(failed.is_empty(), "{} of {} failed:\n{}", failed.len(), examples.len(), failed.join("\n"));
    assert!(ran > 0, "none was run");
}

#[test]
#[ignore = "half a minute: dozens of processes, one after the other"]
fn every_example_of_help_runs() {
    run(&help());
}

#[test]
#[ignore = "half a minute: dozens of processes, one after the other"]
fn every_command_of_the_runbook_runs() {
    run(&text::of_page(OPERATIONS));
}

#[test]
#[ignore = "half a minute: dozens of processes, one after the other"]
fn every_command_of_the_readme_runs() {
    run(&text::of_page(README));
}
