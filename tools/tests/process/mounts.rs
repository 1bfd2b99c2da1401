//! Mounts that nobody else sees, and that vanish with the test.

use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use std::fs;
use std::os::unix::fs::MetadataExt;

/// A mount namespace for this thread and the processes that it starts: what is mounted vanishes with them. `None`, and told, where this
/// user may not have one.
pub fn own_mounts(what: &str) -> Option<()> {
    let own = unshare(CloneFlags::CLONE_NEWNS)
        .and_then(|()| mount(None::<&str>, "/", None::<&str>, MsFlags::MS_REC | MsFlags::MS_PRIVATE, None::<&str>));
    let missing = match own {
        Ok(()) => return Some(()),
        Err(errno) => format!("mounts of one's own are refused: {errno}"),
    };
    let root = fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0);
    assert!(std::env::var_os("CI").is_none() || !root, "expected to be able to test {what}: {missing}");
    eprintln!("skipped: {what}: {missing}");
    None
}

/// A network of this thread's own, and of the processes that it starts, with nothing in it: it vanishes with them. `None`, and told, where
/// this user may not have one.
pub fn own_network(what: &str) -> Option<()> {
    let Err(errno) = unshare(CloneFlags::CLONE_NEWNET) else { return Some(()) };
    let root = fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0);
    assert!(
        std::env::var_os("CI").is_none() || !root,
        "expected to be able to test {what}: a network is refused: {errno}"
    );
    eprintln!("skipped: {what}: a network of one's own is refused: {errno}");
    None
}
