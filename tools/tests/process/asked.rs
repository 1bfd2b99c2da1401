//! `pinion admin` on a terminal: before what cannot be undone it asks, and without a yes nothing is sent.

use crate::site::{PINION, Site};
use crate::terminal::{Screen, line_of};
use serde_json::Value;
use std::process::Command;

fn admin(site: &Site, words: &[&str]) -> Command {
    let mut command = Command::new(PINION);
    command.args(["admin", "--to", &site.ports.admin().to_string()]).args(words);
    command
}

/// What the appliance has been told by operators, as it says itself.
fn logged(site: &Site) -> Vec<Value> {
    let log = site.spawn(admin(site, &["log", "--json"]), "log").wait().expect_success().out;
    log.lines().map(|line| serde_json::from_str(line).expect("an object a line")).collect()
}

#[test]
fn nothing_is_sent_unless_somebody_says_yes() {
    let site = Site::new();
    let appliance = site.start();
    // Whatever is no yes is a no: a no, another word, an empty line, the end of the input.
    for (number, (words, keys)) in [
        (&["kill", "--venue"][..], &["n", "Enter"][..]),
        (&["close"], &["N", "o", "Enter"]),
        (&["cancel", "--all"], &["Enter"]),
        (&["kill", "--member", "alpha"], &["C-d"]),
        (&["session", "disconnect", "trader1"], &["y", "o", "Enter"]),
        (&["session", "key", "trader1"], &["n", "Enter"]),
    ]
    .into_iter()
    .enumerate()
    {
        let line = line_of(&admin(&site, words));
        let Some(screen) = Screen::run(&site.path(format!("no-{number}")), (100, 24), &line) else { return };
        screen.wait("a question", |text| text.contains("? [y/N]"));
        assert_eq!(logged(&site), [] as [Value; 0], "{words:?}: sent before it was confirmed");
        keys.iter().for_each(|key| screen.press(key));
        let text = screen.wait("the end", |text| text.contains("ended with"));
        assert!(text.contains("not confirmed; nothing was done") && text.contains("ended with 2"), "{words:?}: {text}");
        assert_eq!(logged(&site), [] as [Value; 0], "{words:?}");
    }
    for (number, (words, answer)) in [
        (&["kill", "--member", "alpha"], "y"),
        (&["reset", "--member", "alpha"], ""),
        (&["kill", "--member", "beta"], "YES"),
    ]
    .into_iter()
    .enumerate()
    {
        let line = line_of(&admin(&site, words));
        let Some(screen) = Screen::run(&site.path(format!("yes-{number}")), (100, 24), &line) else { return };
        // What can be undone is not asked about.
        if !answer.is_empty() {
            screen.wait("a question", |text| text.contains("? [y/N]"));
            screen.enter(answer);
        }
        let text = screen.wait("the end", |text| text.contains("ended with"));
        assert!(text.contains("ended with 0") && text.contains(&format!("member {}", words[2])), "{words:?}: {text}");
        assert_eq!(logged(&site).len(), number + 1, "{words:?}");
    }
    appliance.stop();
    let dump = site.journal_command("dump").expect_success().out;
    assert_eq!(dump.lines().filter(|line| line.contains(" Operator ")).count(), 3, "{dump}");
}
