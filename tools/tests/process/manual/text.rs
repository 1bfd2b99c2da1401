//! Finds the commands in texts.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A command that somebody is told to type.
#[derive(Clone, Debug)]
pub struct Example {
    /// Where it says so.
    place: String,
    /// Without the words that explain it.
    pub command: String,
}

impl fmt::Display for Example {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.command)
    }
}

/// The project's.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The commands in the code blocks of a page that say no language; a line of them is a command, unless it is empty or a comment. A block that
/// begins with a table of TOML has none.
pub fn of_page(name: &str) -> Vec<Example> {
    let page = fs::read_to_string(root().join(name)).expect("it is there");
    let mut examples = Vec::new();
    let (mut language, mut begun): (Option<String>, Option<(usize, String)>) = (None, None);
    for (number, line) in page.lines().enumerate() {
        let line = line.trim();
        if let Some(fence) = line.strip_prefix("```") {
            language = if language.is_some() { None } else { Some(fence.to_owned()) };
        } else if line.starts_with('[') && language.as_deref() == Some("") {
            language = Some("toml".to_owned());
        } else if language.as_deref() == Some("") && !line.is_empty() && !line.starts_with('#') {
            let (first, before) = begun.take().unwrap_or((number, String::new()));
            let whole = format!("{before}{line}");
            match whole.strip_suffix('\\') {
                Some(part) => begun = Some((first, part.to_owned())),
                None => examples.push(Example { place: format!("{name}:{}", first + 1), command: bare(&whole) }),
            }
        }
    }
    assert!(!examples.is_empty(), "{name} has no commands");
    examples
}

/// Without the comment behind it.
fn bare(line: &str) -> String {
    let end = line.find(" # ").unwrap_or(line.len());
    line[..end].trim().to_owned()
}

fn output(program: &str, words: &[String]) -> String {
    let output = Command::new(program).args(words).arg("--help").output().expect("it runs");
    assert!(output.status.success(), "{words:?}");
    String::from_utf8(output.stdout).expect("text")
}

/// The subcommands that have none below them, each as its words.
pub fn leaves(program: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    below(program, &mut Vec::new(), &mut |words, is_leaf| {
        if is_leaf {
            found.push(words.to_vec());
        }
    });
    found
}

fn below(program: &str, words: &mut Vec<String>, see: &mut impl FnMut(&[String], bool)) {
    let help = output(program, words);
    let commands = help.split_once("\nCommands:\n").map_or("", |(_, rest)| rest);
    let names = commands.lines().take_while(|line| line.starts_with("  "));
    let names = names.filter(|line| !line.starts_with("   ")).filter_map(|line| line.split_whitespace().next());
    let names: Vec<&str> = names.filter(|name| *name != "help").collect();
    see(words, names.is_empty());
    for name in names {
        words.push(name.to_owned());
        below(program, words, see);
        words.pop();
    }
}

/// The lines of every `--help` that begin with two spaces and the program's name; three spaces begin their explanation.
pub fn of_help(program: &str) -> Vec<Example> {
    let mut examples = Vec::new();
    below(program, &mut Vec::new(), &mut |words, _| {
        let help = output(program, words);
        let mut lines = help.lines();
        while let Some(line) = lines.next() {
            let Some(line) = line.strip_prefix("  ").filter(|line| line.starts_with("pinion ")) else { continue };
            let mut command = line.split("   ").next().unwrap_or_default().to_owned();
            while let Some(part) = command.strip_suffix('\\') {
                command = format!("{part}{}", lines.next().unwrap_or_default().trim());
            }
            examples.push(Example { place: format!("pinion {} --help", words.join(" ")), command });
        }
    });
    examples
}
