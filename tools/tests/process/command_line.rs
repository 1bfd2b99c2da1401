//! What is made from the command line: completions that complete, manual pages that render.

use crate::site::{PINION, Site};
use std::fs;
use std::io::Write;
use std::process::{Command, Output, Stdio};

fn pinion(words: &[&str]) -> Output {
    let output = Command::new(PINION).args(words).output().expect("it runs");
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    output
}

/// What bash offers for the last of these words.
fn completed(words: &[&str]) -> Vec<String> {
    let (last, before) = (words[words.len() - 1], words[words.len() - 2]);
    let script = format!(
        "source <(\"$PINION\" completions bash)\nCOMP_WORDS=({})\nCOMP_CWORD={}\n_pinion pinion '{last}' '{before}'\n\
         printf '%s\\n' \"${{COMPREPLY[@]}}\"",
        words.join(" "),
        words.len() - 1
    );
    let output = Command::new("bash").args(["-c", &script]).env("PINION", PINION).output().expect("bash");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text").lines().map(str::to_owned).collect()
}

#[test]
fn bash_completes_subcommands_and_options() {
    assert_eq!(completed(&["pinion", "jour"]), ["journal"]);
    assert_eq!(completed(&["pinion", "journal", "ver"]), ["verify"]);
    assert_eq!(completed(&["pinion", "run", "--print"]), ["--print-config"]);
    assert_eq!(completed(&["pinion", "completions", "f"]), ["fish"]);
    assert!(completed(&["pinion", "nosuch"]).iter().all(String::is_empty));
}

/// The other shells read theirs, where they are installed.
#[test]
fn the_other_shells_take_theirs() {
    for (shell, begins) in [("zsh", "#compdef pinion"), ("fish", "# Print an optspec")] {
        let text = pinion(&["completions", shell]).stdout;
        assert!(text.starts_with(begins.as_bytes()), "{shell}");
        let child = Command::new(shell).arg("-n").stdin(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let Ok(mut child) = child else {
            eprintln!("{shell} is not installed");
            continue;
        };
        child.stdin.take().expect("piped").write_all(&text).expect("it reads");
        let read = child.wait_with_output().expect("it ends");
        assert!(read.status.success(), "{shell}: {}", String::from_utf8_lossy(&read.stderr));
    }
}

/// A reader that goes away is no bug of ours.
#[test]
fn completions_into_a_closed_pipe_do_not_panic() {
    let mut child = Command::new(PINION);
    child.args(["completions", "bash"]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = child.spawn().expect("it runs");
    drop(child.stdout.take());
    let ended = child.wait_with_output().expect("it ends");
    assert!(!String::from_utf8_lossy(&ended.stderr).contains("panicked"), "{ended:?}");
}

#[test]
fn every_manual_page_renders_without_a_warning() {
    let site = Site::new();
    let dir = site.path("man");
    pinion(&["man", dir.to_str().expect("a plain path")]);
    let mut pages: Vec<_> = fs::read_dir(&dir).expect("made").map(|entry| entry.expect("an entry").path()).collect();
    pages.sort();
    assert!(pages.len() > 25, "{pages:?}");
    let Ok(mut groff) = Command::new("groff").args(["-man", "-Tutf8", "-ww"]).args(&pages).output() else {
        assert!(std::env::var_os("CI").is_none(), "expected groff, found none: run scripts/setup");
        eprintln!("skipped: there is no groff");
        return;
    };
    assert!(groff.status.success() && groff.stderr.is_empty(), "{}", String::from_utf8_lossy(&groff.stderr));
    // Without the letters that overstrike themselves.
    groff.stdout.retain(|byte| byte.is_ascii());
    let text = String::from_utf8(groff.stdout).expect("ASCII");
    for words in ["pinion-journal-dump(1)", "pinion run --config pinion.toml", "SIGINT and SIGTERM stop it in order"] {
        let squeezed = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(squeezed.contains(words), "expected '{words}'");
    }
}
