//! What `init` has changed, so that `fini` can change it back: a file of lines, the oldest first.
//!
//! ```text
//! STAGE <tab> write <tab> PATH <tab> VALUE
//! STAGE <tab> run <tab> WORD <tab> WORD …
//! ```
//! Goal: what undoes a change is in the file before the change is made. Non-goal: surviving a reboot, which undoes it all; so the file lies
//! below `/run`.

use super::machine::Machine;
use super::step::{Action, Undoing};
use std::fs;
use std::io::{self, ErrorKind};
use std::path::PathBuf;

/// The file.
const PATH: &str = "/run/pinion/host.changes";

/// The changes that stand.
#[derive(Debug)]
pub struct Changes {
    path: PathBuf,
    standing: Vec<(String, Action)>,
}

impl Changes {
    /// Reads them.
    ///
    /// # Errors
    /// The file is there and cannot be read, or says what this version does not understand.
    pub fn read(machine: &Machine) -> io::Result<Self> {
        let path = machine.path(PATH);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
            Err(error) => return Err(io::Error::new(error.kind(), format!("{}: {error}", path.display()))),
        };
        let wrong = |line: &str| {
            let expected = "expected a line STAGE, write, PATH, VALUE or STAGE, run, WORDS between tabs";
            io::Error::new(ErrorKind::InvalidData, format!("{}: {expected}, found '{line}'", path.display()))
        };
        let standing = text.lines().map(|line| entry(line).ok_or_else(|| wrong(line))).collect::<io::Result<_>>()?;
        Ok(Self { path, standing })
    }

    /// Notes what will undo a change that is about to be made. False when that is noted already: of the values that a file had, the oldest is
    /// the one to go back to.
    ///
    /// # Errors
    /// The file cannot be written; then the change must not be made.
    pub fn note(&mut self, stage: &str, undoing: &Undoing) -> io::Result<bool> {
        let is_known = |noted: &Action| match (noted, undoing) {
            (Action::Write { path: noted, .. }, Undoing::OldValue(Action::Write { path, .. })) => noted == path,
            (noted, undoing) => noted == undoing.action(),
        };
        if self.standing.iter().any(|(of, noted)| of == stage && is_known(noted)) {
            return Ok(false);
        }
        self.standing.push((stage.to_owned(), undoing.action().clone()));
        self.write().map(|()| true)
    }

    /// What undoes the changes of these stages, the newest first.
    #[must_use]
    pub fn standing(&self, stages: &[&str]) -> Vec<(String, Action)> {
        self.standing.iter().rev().filter(|(stage, _)| stages.contains(&stage.as_str())).cloned().collect()
    }

    /// Forgets a change that was undone, or not made.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn forget(&mut self, stage: &str, undoing: &Action) -> io::Result<()> {
        let Some(position) = self.standing.iter().rposition(|(of, noted)| of == stage && noted == undoing) else {
            return Ok(());
        };
        self.standing.remove(position);
        self.write()
    }

    fn write(&self) -> io::Result<()> {
        let told = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", self.path.display()));
        if self.standing.is_empty() {
            fs::remove_file(&self.path).map_err(told)?;
            // It stays when somebody else has something in it.
            let _ = self.path.parent().map(fs::remove_dir);
            return Ok(());
        }
        if let Some(folder) = self.path.parent() {
            fs::create_dir_all(folder).map_err(told)?;
        }
        let text: String = self.standing.iter().map(|(stage, action)| line(stage, action)).collect();
        // Whole or not at all.
        let fresh = self.path.with_extension("new");
        fs::write(&fresh, text).and_then(|()| fs::rename(&fresh, &self.path)).map_err(told)
    }
}

fn line(stage: &str, action: &Action) -> String {
    match action {
        Action::Write { path, value } => format!("{stage}\twrite\t{path}\t{value}\n"),
        Action::Run(command) => format!("{stage}\trun\t{}\n", command.join("\t")),
    }
}

fn entry(line: &str) -> Option<(String, Action)> {
    let mut words = line.split('\t').map(str::to_owned);
    let (stage, kind) = (words.next()?, words.next()?);
    let rest: Vec<String> = words.collect();
    let action = match (kind.as_str(), rest.as_slice()) {
        ("write", [path, value]) => Action::Write { path: path.clone(), value: value.clone() },
        ("run", [_, ..]) => Action::Run(rest),
        _ => return None,
    };
    Some((stage, action))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_noted_is_read_again_and_the_oldest_value_stays() {
        let dir = tempfile::tempdir().expect("a directory");
        let machine = Machine::below(dir.path());
        let mut changes = Changes::read(&machine).expect("none yet");
        let write = |value: &str| Action::Write { path: "/a b".to_owned(), value: value.to_owned() };
        let swapon = Action::run(&["swapon", "/dev/x y"]);
        assert!(changes.note("one", &Undoing::OldValue(write("old"))).expect("noted"));
        assert!(!changes.note("one", &Undoing::OldValue(write("new"))).expect("known"));
        assert!(changes.note("two", &Undoing::Other(swapon.clone())).expect("noted"));
        // What is no old value is another change, to the same file as it may be.
        assert!(changes.note("two", &Undoing::Other(write(""))).expect("noted"));
        assert!(changes.note("two", &Undoing::Other(write("x"))).expect("noted"));

        let mut again = Changes::read(&machine).expect("as written");
        assert_eq!(again.standing, changes.standing);
        assert_eq!(again.standing(&["one"]), [("one".to_owned(), write("old"))]);
        let newest: Vec<Action> = again.standing(&["two"]).into_iter().map(|(_, action)| action).collect();
        assert_eq!(newest, [write("x"), write(""), swapon]);
        assert!(again.standing(&["three"]).is_empty());
        for (stage, action) in again.standing(&["one", "two"]) {
            again.forget(&stage, &action).expect("written");
        }
        assert!(!machine.has(PATH), "nothing is left behind");
    }

    #[test]
    fn a_foreign_file_is_refused() {
        let dir = tempfile::tempdir().expect("a directory");
        let machine = Machine::below(dir.path());
        fs::create_dir_all(machine.path("/run/pinion")).expect("a folder");
        fs::write(machine.path(PATH), "pages\terase\teverything\n").expect("a file");
        let error = Changes::read(&machine).expect_err("not understood");
        assert!(error.to_string().contains("erase"), "{error}");
    }
}
