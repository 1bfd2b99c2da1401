//! The network namespace that a device was opened in, and is closed in.
//!
//! Drivers over the kernel's interfaces go by an interface's name or number also when they close, and in another namespace
//! that is another interface.

use std::fs::File;
use std::io;
use std::os::linux::fs::MetadataExt;
use std::thread;

use nix::sched::{CloneFlags, setns};

/// See the module.
#[derive(Debug)]
pub(super) struct Home(Option<File>);

impl Home {
    /// That of this thread. Without `/proc` there is only one, as far as we know.
    pub(super) fn here() -> Self {
        Self(here().ok())
    }

    /// Does something there. A thread that stands elsewhere stays where it is: another one goes.
    pub(super) fn visit(&self, act: impl FnOnce() + Send) {
        let Some(home) = self.0.as_ref().filter(|home| !is_here(home)) else { return act() };
        thread::scope(|scope| {
            // Who may not go there could not have opened it from there, either.
            scope.spawn(|| {
                if setns(home, CloneFlags::CLONE_NEWNET).is_ok() {
                    act()
                }
            });
        });
    }
}

fn here() -> io::Result<File> {
    File::open("/proc/thread-self/ns/net")
}

fn is_here(home: &File) -> bool {
    let number = |file: &File| file.metadata().map(|metadata| (metadata.st_dev(), metadata.st_ino()));
    match (number(home), here().and_then(|file| number(&file))) {
        (Ok(home), Ok(here)) => home == here,
        _ => true,
    }
}
