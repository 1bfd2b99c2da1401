//! `pinion scenario` as a program: what it prints, how it ends; and what must fail that a file alone cannot show.

use std::fmt::Write;
use std::path::PathBuf;
use std::process::{Command, Output};
use tempfile::TempDir;
use tools::scenario::{parser, trial};

const GOOD: &str = "scenario good\ntags a\ncancel id=1\n-> reject\n";
const BAD: &str = "scenario bad\ntags b,c\nmarket buy id=1 qty=5\n-> expire id=1 qty=4\n";

struct Bench {
    folder: TempDir,
}

impl Bench {
    fn new(files: &[(&str, &str)]) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        for (name, text) in files {
            std::fs::write(folder.path().join(name), text).expect("a writable folder");
        }
        Self { folder }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn run(&self, options: &[&str], names: &[&str]) -> Output {
        let files = names.iter().map(|name| self.file(name));
        let mut command = Command::new(env!("CARGO_BIN_EXE_pinion"));
        command.arg("scenario").args(options).args(files).output().expect("the program starts")
    }
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("text")
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("text")
}

#[test]
fn a_line_for_each_scenario_and_the_sums() {
    let bench = Bench::new(&[("good.scn", GOOD), ("bad.scn", BAD)]);
    let output = bench.run(&[], &["good.scn"]);
    assert_eq!((output.status.code(), stdout(&output)), (Some(0), "ok good\n1 passed, 0 failed\n".to_owned()));
    let output = bench.run(&[], &["bad.scn", "good.scn"]);
    let expected = "FAIL bad: line 4: expected expire id=1 qty=4, got expire id=1 qty=5\nok good\n1 passed, 1 failed\n";
    assert_eq!((output.status.code(), stdout(&output)), (Some(1), expected.to_owned()));
}

#[test]
fn tags_choose() {
    let bench = Bench::new(&[("both.scn", &format!("{GOOD}{BAD}"))]);
    for (options, passed, failed) in [
        (&["--tag", "a"][..], 1, 0),
        (&["--tag", "c"], 0, 1),
        (&["--tag", "a", "--tag", "b"], 1, 1),
        (&["--skip-tag", "b"], 1, 0),
        (&["--skip-tag", "a", "--skip-tag", "c"], 0, 0),
        (&["--tag", "b", "--skip-tag", "c"], 0, 0),
        (&["--tag", "none"], 0, 0),
    ] {
        let output = bench.run(options, &["both.scn"]);
        let sums = format!("{passed} passed, {failed} failed\n");
        assert!(stdout(&output).ends_with(&sums), "{options:?}: {}", stdout(&output));
        assert_eq!(output.status.code(), Some(i32::from(failed > 0)), "{options:?}");
    }
}

#[test]
fn an_unusable_file_is_told_with_line_and_reason() {
    let bench = Bench::new(&[("good.scn", GOOD), ("broken.scn", "scenario x\nlimit buy id=1\n")]);
    let output = bench.run(&[], &["broken.scn", "good.scn"]);
    assert_eq!(output.status.code(), Some(2));
    let place = format!("{}:2: 'limit' needs px=", bench.file("broken.scn").display());
    assert!(stderr(&output).contains(&place), "{}", stderr(&output));
    assert!(stdout(&output).contains("ok good"), "the other files are run all the same");
    let output = bench.run(&[], &["missing.scn"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("missing.scn: cannot be read"), "{}", stderr(&output));
    std::fs::write(bench.file("bytes.scn"), b"scenario x\n\xFF\n").expect("a writable folder");
    let output = bench.run(&[], &["bytes.scn"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("bytes.scn:2: expected UTF-8 text"), "{}", stderr(&output));
    assert_eq!(bench.run(&[], &[]).status.code(), Some(2), "no file at all is wrong usage");
}

#[test]
fn json_says_the_same() {
    let bench = Bench::new(&[("both.scn", &format!("{GOOD}{BAD}"))]);
    let output = bench.run(&["--json"], &["both.scn"]);
    assert_eq!(output.status.code(), Some(1));
    let file = bench.file("both.scn");
    let expected = format!(
        "{{\"passed\":1,\"failed\":1,\"files_unusable\":0,\"scenarios\":[{{\"name\":\"good\",\"file\":\"{0}\",\"ok\":true}},\
         {{\"name\":\"bad\",\"file\":\"{0}\",\"ok\":false,\"line\":8,\"expected\":\"expire id=1 qty=4\",\
         \"got\":\"expire id=1 qty=5\"}}]}}\n",
        file.display()
    );
    assert_eq!(stdout(&output), expected);
}

#[test]
fn help_names_the_reasons() {
    let output = Bench::new(&[]).run(&["--help"], &[]);
    for word in ["post-only", "duplicate-id", "not-live", "Example"] {
        assert!(stdout(&output).contains(word), "{word}");
    }
}

/// The outcome of a scenario given as its lines.
fn outcome(lines: &str) -> Result<(), String> {
    let scripts = parser::parse(&format!("scenario a\n{lines}")).expect("a good file");
    trial::run(&scripts[0]).map_err(|mismatch| mismatch.to_string())
}

#[test]
fn what_is_not_supported_fails() {
    for lines in [
        "phase halted\n",
        "phase pre-open\n-> reject\n",
        "uncross\n",
        "limit buy id=1 px=214748.3647 qty=1\n",
        "stoplimit buy id=1 stop=10 px=214748.3647 qty=1\n",
    ] {
        let failure = outcome(lines).expect_err(lines);
        assert!(
            failure.starts_with("line 2: expected ") && failure.contains("not supported yet: "),
            "{lines}: {failure}"
        );
    }
}

#[test]
fn an_input_without_lines_must_not_cause_anything() {
    assert_eq!(outcome("cancel id=1\nlimit buy id=1 px=1 qty=0\nlimit buy id=1 px=1 qty=1\n"), Ok(()));
    let failure = outcome("limit buy id=1 px=1 qty=1\ncancel id=1\n").expect_err("it cancels");
    assert_eq!(
        failure,
        "line 3: expected cancel id=1 to cause nothing, as no '->' line follows it, got cancelled id=1 qty=1"
    );
    assert!(outcome("market buy id=1 qty=1\n").is_err());
    assert!(outcome("limit buy id=1 px=1 qty=1\nlimit sell id=2 px=1 qty=1\n").is_err());
}

#[test]
fn every_line_must_be_met_in_order_and_none_may_be_missing() {
    let maker = "limit sell id=1 px=1 qty=1\nlimit sell id=2 px=2 qty=1\n";
    let taker = "limit buy id=3 px=2 qty=2\n";
    assert_eq!(outcome(&format!("{maker}{taker}-> trade maker=1\n-> trade maker=2\n")), Ok(()));
    for lines in [
        "-> trade maker=1\n",
        "-> trade maker=2\n-> trade maker=1\n",
        "-> trade\n-> trade\n-> trade\n",
        "-> quiet\n-> trade\n-> trade\n",
        "-> trade\n-> trade\n-> quiet\n",
        "-> reject\n",
    ] {
        assert!(outcome(&format!("{maker}{taker}{lines}")).is_err(), "{lines}");
    }
}

#[test]
fn a_sweep_of_five_thousand_makers() {
    let mut text = String::new();
    for maker in 1..=5_000 {
        writeln!(text, "limit sell id={maker} px={} qty=2", 1 + maker / 10).expect("memory");
    }
    text.push_str("limit buy id=t px=600 qty=10001 tif=ioc\n");
    for maker in 1..=5_000 {
        writeln!(text, "-> trade maker={maker} taker=t px={} qty=2", 1 + maker / 10).expect("memory");
    }
    let whole = format!("{text}-> expire id=t qty=1\nbook bids=[] asks=[]\n");
    assert_eq!(outcome(&whole), Ok(()));
    assert!(outcome(&format!("{text}-> expire id=t qty=2\n")).is_err());
}
