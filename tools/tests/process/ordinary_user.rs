//! Nothing here needs root: the appliance and its client as a user without any rights.

use crate::recording::{assert_published, flow};
use crate::site::{PINION, Site};
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// `nobody` on most systems; any number without rights would do.
const NOBODY: u32 = 65_534;

fn owner(path: &Path) -> u32 {
    fs::metadata(path).expect("it exists").uid()
}

/// A site that nobody owns, with the program in it: where it was built may be closed to others. `None` for a user who has no rights to give
/// up.
fn nobodys(site: &Site) -> Option<PathBuf> {
    if owner(&site.path("")) != 0 {
        eprintln!("this user has no rights to give up: every other test shows the same");
        return None;
    }
    let program = site.path("pinion");
    fs::copy(PINION, &program).expect("a copy of the program");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("the test's own file");
    chown(site.path(""), Some(NOBODY), Some(NOBODY)).expect("root may give it away");
    Some(program)
}

#[test]
fn runs_and_replays() {
    let site = Site::new();
    let Some(program) = nobodys(&site) else { return };
    let recording = site.path("flow.txt.xz");
    fs::copy(flow(), &recording).expect("a copy of the recording");
    fs::set_permissions(&recording, fs::Permissions::from_mode(0o644)).expect("the test's own file");
    let demoted = |of: Command| {
        let mut command = Command::new(&program);
        command.args(of.get_args()).uid(NOBODY).gid(NOBODY);
        command
    };
    let appliance = site.start_command(demoted(site.run_command(&["journal.durability=synced"])));
    let replay = site.spawn(demoted(site.replay_command(&recording, &[])), "replay");
    assert_published(replay.wait());
    appliance.stop();
    assert_eq!(owner(&site.journal()), NOBODY, "it did not run as that user");
}

/// A limit on locked memory, which most users have, stops nobody who did not ask; who asked is told how to be rid of it.
#[test]
fn memory_that_may_not_be_locked_is_told() {
    let site = Site::new();
    let Some(program) = nobodys(&site) else { return };
    let limited = |lock: &str| {
        let mut command = Command::new("sh");
        command.args(["-c", "ulimit -l 64; exec \"$@\"", "sh"]).arg(&program);
        command.args(site.run_command(&[lock]).get_args()).uid(NOBODY).gid(NOBODY);
        command
    };
    let appliance = site.start_command(limited("memory.lock=auto"));
    assert!(appliance.err().contains("; not locked (a limit of 64 KiB)"), "{}", appliance.err());
    appliance.stop();
    let refused = site.spawn(limited("memory.lock=on"), "refused").wait();
    refused.expect_refusal(&["memory cannot be locked", "64 KiB", "ulimit -l unlimited", "LimitMEMLOCK=infinity"]);
    assert_eq!(refused.out, "", "it said that it was ready");
}
