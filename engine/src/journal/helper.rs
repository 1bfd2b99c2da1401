//! The helpers, as plain calls or as threads.
//!
//! Goal: the appliance starts and stops them with one call each, a simulation takes their turns itself. Non-goal: choosing their cores;
//! a thread without one inherits the affinity of the one that spawns it, so spawn before pinning.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::preparer::Preparer;
use super::space::Space;
use super::syncer::Syncer;
use super::watch::Shared;
use super::window::Window;
use super::{Disk, Durability, JournalError, Status, Watch};
use crate::counters::Row;

/// Idle turns of the syncer before it sleeps. It does not yield: beside a busy thread that costs a slice of that one's time.
const SPIN_TURNS: u32 = 128;
/// Idle turns before it sleeps, most of them yielded, where it has a core that no tile asks for: about a millisecond. From its sleep a core wakes late, on a virtual machine by as much as
/// a sync takes; orders that come a thousand times a second do not meet that.
const PATIENT_YIELD_TURNS: u32 = 4_096;
/// How long an idle syncer sleeps; bounds what waiting adds to the first commit after a pause.
const SYNCER_SLEEP: Duration = Duration::from_micros(50);
/// How long the thread ahead of the appender sleeps: it is a window ahead.
const AHEAD_SLEEP: Duration = Duration::from_millis(1);
/// Between two looks at the disk's room: what the fastest appender writes in that time is a small part of any sensible floor.
const SPACE_SLEEP: Duration = Duration::from_millis(50);
/// How long an idle preparer sleeps, and an idle syncer for which nobody waits. A segment lies ready, and wakeups disturb who shares the core.
const PATIENT_SLEEP: Duration = Duration::from_millis(2);

/// Where the helpers' threads run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HelperPlacement {
    /// The syncer's core; `None` leaves it to the scheduler.
    pub sync: Option<usize>,
    /// The preparer's, and that of the thread that goes ahead of the appender.
    pub prepare: Option<usize>,
    /// The syncer never sleeps: for a core that nobody else wants.
    pub sync_spins: bool,
    /// There are more cores than threads of tiles: the syncer waits a while before it sleeps.
    pub spare_core: bool,
}

/// The helpers of one journal, not running yet.
#[derive(Debug)]
pub struct Helper {
    preparer: Preparer,
    syncer: Syncer,
    window: Option<Window>,
    space: Option<Space>,
    shared: Arc<Shared>,
}

impl Helper {
    pub(super) fn new(preparer: Preparer, syncer: Syncer, window: Option<Window>, shared: Arc<Shared>) -> Self {
        Self { preparer, syncer, window, space: None, shared }
    }

    /// From now on the disk's room is looked at, and [`Watch::is_low_on_space`] says whether it is less than this. Looks once before it
    /// returns.
    pub fn watch_space(&mut self, dir: PathBuf, floor_bytes: u64, disk: Arc<dyn Disk>) {
        let space = Space::new(dir, floor_bytes, disk, Arc::clone(&self.shared));
        space.turn();
        self.space = Some(space);
    }

    /// From now on the syncer counts in the journal's row.
    pub fn count_into(&mut self, row: Row) {
        self.syncer.count_into(row);
    }

    /// One turn of each, for a run on one thread. A failure is recorded in the status, and nothing is done any more after it. True when
    /// there was work.
    pub fn turn(&mut self) -> bool {
        let mut worked = false;
        if !self.shared.is_failed() {
            match self.syncer.turn() {
                Ok(did) => worked |= did,
                Err(error) => self.shared.fail(&error),
            }
        }
        if !self.shared.is_failed() {
            match self.preparer.turn() {
                Ok(did) => worked |= did,
                Err(error) => self.shared.fail(&error),
            }
        }
        if let Some(window) = &mut self.window {
            window.turn();
        }
        if let Some(space) = &self.space {
            space.turn();
        }
        worked
    }

    /// Starts a thread for each, wherever the scheduler likes.
    ///
    /// # Errors
    /// The system refuses a thread.
    pub fn spawn(self) -> io::Result<HelperThreads> {
        self.spawn_on(&HelperPlacement::default())
    }

    /// Starts a thread for each, on its core.
    ///
    /// # Errors
    /// The system refuses a thread, or the core.
    pub fn spawn_on(self, placement: &HelperPlacement) -> io::Result<HelperThreads> {
        let Self { mut preparer, mut syncer, window, space, shared } = self;
        let mut threads = HelperThreads { shared: Arc::clone(&shared), threads: Vec::with_capacity(4) };
        if let Some(mut window) = window {
            let shared = Arc::clone(&shared);
            let turn = move || {
                window.turn();
                Ok(false)
            };
            threads.spawn("journal-ahead", placement.prepare, move || {
                run(&shared, turn, |_| thread::sleep(AHEAD_SLEEP))
            })?;
        }
        if let Some(space) = space {
            let shared = Arc::clone(&shared);
            let turn = move || {
                space.turn();
                Ok(false)
            };
            threads.spawn("journal-space", placement.prepare, move || {
                run(&shared, turn, |_| thread::sleep(SPACE_SLEEP));
            })?;
        }
        let preparer_shared = Arc::clone(&shared);
        threads.spawn("journal-prepare", placement.prepare, move || {
            run(&preparer_shared, || preparer.turn(), |_| thread::sleep(PATIENT_SLEEP));
        })?;
        let idle = match (placement.sync_spins, syncer.durability()) {
            (true, _) => |_| std::hint::spin_loop(),
            (false, Durability::Synced) if placement.spare_core => |turns| wait(turns, PATIENT_YIELD_TURNS),
            (false, Durability::Synced) => |turns| wait(turns, SPIN_TURNS),
            (false, Durability::Mapped) => |_| thread::sleep(PATIENT_SLEEP),
        };
        threads.spawn("journal-sync", placement.sync, move || {
            run(&shared, || syncer.turn(), idle);
            if !shared.is_failed()
                && let Err(error) = syncer.finish()
            {
                shared.fail(&error);
            }
        })?;
        Ok(threads)
    }
}

/// The running helpers. Stopped when dropped; call [`Self::stop`] to hear whether the last sync went well.
#[derive(Debug)]
pub struct HelperThreads {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

impl HelperThreads {
    /// Ends both threads. What was appended before the call is durable when this returns without an error; append nothing after it.
    ///
    /// # Errors
    /// [`JournalError::Failed`] when the journal had failed before or fails now.
    pub fn stop(mut self) -> Result<(), JournalError> {
        self.join();
        match Watch::new(Arc::clone(&self.shared)).status() {
            Status::Failed(reason) => Err(JournalError::Failed(reason.to_owned())),
            Status::Running | Status::Stopped => Ok(()),
        }
    }

    fn spawn(&mut self, name: &str, core: Option<usize>, body: impl FnOnce() + Send + 'static) -> io::Result<()> {
        let bell = Bell(Arc::clone(&self.shared));
        let (say, hear) = mpsc::sync_channel(1);
        let thread = thread::Builder::new().name(name.to_owned()).spawn(move || {
            let _bell = bell;
            let pinned = core.map_or(Ok(()), netio::cpu::pin_current_thread);
            let go = pinned.is_ok();
            // Whoever spawns waits for it.
            let _ = say.send(pinned);
            if go {
                body();
            }
        })?;
        self.threads.push(thread);
        match hear.recv() {
            Ok(pinned) => pinned.map_err(io::Error::other),
            Err(_) => Err(io::Error::other("the thread ended at once")),
        }
    }

    fn join(&mut self) {
        self.shared.stop();
        for thread in self.threads.drain(..) {
            // A panic has been recorded by the thread's bell.
            let _ = thread.join();
        }
    }
}

impl Drop for HelperThreads {
    fn drop(&mut self) {
        self.join();
    }
}

/// Rings when a helper thread panics: a bug there must stop the appliance and not leave it waiting for durability forever.
struct Bell(Arc<Shared>);

impl Drop for Bell {
    fn drop(&mut self) {
        if thread::panicking() {
            let name = thread::current().name().unwrap_or("helper").to_owned();
            self.0.fail(&JournalError::Failed(format!("thread {name} panicked; its message is on stderr")));
        }
    }
}

/// Takes turns until told to stop or until something fails, here or in the other thread.
fn run(shared: &Shared, mut turn: impl FnMut() -> Result<bool, JournalError>, idle: impl Fn(u32)) {
    let mut idle_turns = 0_u32;
    while !shared.is_stopping() && !shared.is_failed() {
        match turn() {
            Ok(true) => idle_turns = 0,
            Ok(false) => {
                idle(idle_turns);
                idle_turns = idle_turns.saturating_add(1);
            }
            Err(error) => shared.fail(&error),
        }
    }
}

/// Spin, then yield where there is a core to spare, then sleep: the appender never has to wake anyone.
fn wait(idle_turns: u32, yield_turns: u32) {
    if idle_turns < SPIN_TURNS {
        std::hint::spin_loop();
    } else if idle_turns < yield_turns {
        thread::yield_now();
    } else {
        thread::sleep(SYNCER_SLEEP);
    }
}
