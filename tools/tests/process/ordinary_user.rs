//! Nothing here needs root: the appliance and its client as a user without any rights.

use crate::recording::{assert_published, flow};
use crate::site::{PINION, Site};
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

/// `nobody` on most systems; any number without rights would do.
const NOBODY: u32 = 65_534;

fn owner(path: &Path) -> u32 {
    fs::metadata(path).expect("it exists").uid()
}

#[test]
fn runs_and_replays() {
    let site = Site::new();
    if owner(&site.path("")) != 0 {
        eprintln!("this user has no rights to give up: every other test shows the same");
        return;
    }
    // Where the program was built and the recording lies may be closed to others.
    let [program, recording] = ["pinion", "flow.txt.xz"].map(|name| site.path(name));
    fs::copy(PINION, &program).expect("a copy of the program");
    fs::copy(flow(), &recording).expect("a copy of the recording");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("the test's own file");
    fs::set_permissions(&recording, fs::Permissions::from_mode(0o644)).expect("the test's own file");
    chown(site.path(""), Some(NOBODY), Some(NOBODY)).expect("root may give it away");
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
