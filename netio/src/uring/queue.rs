//! One io_uring instance: set up for a single polling thread, started by the thread that uses it.

use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::time::Duration;

use io_uring::types::{CancelBuilder, Napi, SubmitArgs, Timespec};
use io_uring::{CompletionQueue, IoUring, SubmissionQueue};

use super::How;
use super::options::{SqPoll, UringOptions};
use crate::port::PortError;

pub(super) struct Queue {
    ring: IoUring,
    started: bool,
    has_sqpoll: bool,
    has_fixed_files: bool,
}

impl Queue {
    /// `completions` must cover everything that can complete before we look, so that the kernel never has to put a
    /// completion aside.
    ///
    /// With a thread of the kernel's that polls, it shares that of `beside`.
    pub(super) fn new(
        submissions: u32,
        completions: u32,
        options: &UringOptions,
        beside: Option<&Self>,
        how: &mut How,
    ) -> Result<Self, PortError> {
        let build = |work: Work| {
            let mut builder = IoUring::builder();
            builder.setup_single_issuer().setup_r_disabled().setup_cqsize(completions).dontfork();
            match work {
                Work::Deferred => builder.setup_defer_taskrun().setup_taskrun_flag(),
                Work::Cooperative => builder.setup_coop_taskrun().setup_taskrun_flag(),
                Work::Polled => {
                    if let SqPoll::Core(core) = options.sqpoll {
                        builder.setup_sqpoll_cpu(core);
                    }
                    if let Some(beside) = beside.filter(|beside| beside.has_sqpoll) {
                        builder.setup_attach_wq(beside.ring.as_raw_fd());
                    }
                    builder.setup_sqpoll(options.sqpoll_idle_ms)
                }
            };
            builder.build(submissions)
        };
        let made = |ring, has_sqpoll| Self { ring, started: false, has_sqpoll, has_fixed_files: false };
        if options.sqpoll != SqPoll::Off {
            match build(Work::Polled) {
                Ok(ring) => {
                    how.note("SQPOLL", Ok(()));
                    return Ok(made(ring, true));
                }
                Err(error) => how.note("SQPOLL", Err(error)),
            };
        }
        if options.facilities.deferred_work {
            match build(Work::Deferred) {
                Ok(ring) => {
                    how.note("deferred work", Ok(()));
                    return Ok(made(ring, false));
                }
                // Older than Linux 6.1.
                Err(error) if error.raw_os_error() == Some(libc::EINVAL) => how.note("deferred work", Err(error)),
                Err(error) => return Err(unavailable(error)),
            };
        }
        build(Work::Cooperative).map(|ring| made(ring, false)).map_err(unavailable)
    }

    /// Lets the kernel look these sockets up once. Requests then name them by their place in this list.
    pub(super) fn fix_files(&mut self, sockets: &[RawFd], options: &UringOptions, how: &mut How) {
        if options.facilities.fixed_files {
            self.has_fixed_files = how.note("fixed files", self.ring.submitter().register_files(sockets));
        }
    }

    /// Whether requests name sockets by their place.
    #[inline]
    pub(super) const fn has_fixed_files(&self) -> bool {
        self.has_fixed_files
    }

    /// Gives the sockets back, so that closing them frees their addresses. Nothing may be in the kernel any more.
    pub(super) fn release_files(&mut self) {
        if std::mem::take(&mut self.has_fixed_files) {
            // Where it fails, from a thread that is not the owner, the end of the ring does it some time later.
            let _ = self.ring.submitter().unregister_files();
        }
    }

    /// Lets the kernel poll the card for this long whenever we wait and nothing is there, instead of being interrupted.
    pub(super) fn poll_card(&self, busy_poll_us: u32) -> io::Result<()> {
        let mut napi = Napi::new().set_busy_poll_timeout(busy_poll_us).set_prefer_busy_poll(true);
        self.ring.submitter().register_napi(&mut napi)
    }

    /// Whether a thread of the kernel takes submissions without being called.
    pub(super) const fn has_sqpoll(&self) -> bool {
        self.has_sqpoll
    }

    /// Makes the calling thread the owner. Cheap when it was done before.
    #[inline]
    pub(super) fn start(&mut self) -> Result<(), PortError> {
        if self.started {
            return Ok(());
        }
        self.ring.submitter().register_enable_rings().map_err(|source| broken("starting io_uring", source))?;
        self.started = true;
        Ok(())
    }

    /// Gives the kernel what was queued, and lets it do the work it has deferred to us.
    pub(super) fn enter(&self) -> Result<(), PortError> {
        match self.ring.submit() {
            Ok(_) => Ok(()),
            Err(error) if is_momentary(&error) => Ok(()),
            Err(source) => Err(broken("entering io_uring", source)),
        }
    }

    /// As `enter`, but returns only when a completion is there or the time is over.
    pub(super) fn enter_and_wait(&self, timeout: Duration) -> Result<(), PortError> {
        let time = Timespec::from(timeout);
        match self.ring.submitter().submit_with_args(1, &SubmitArgs::new().timespec(&time)) {
            Ok(_) => Ok(()),
            Err(error) if is_momentary(&error) || error.raw_os_error() == Some(libc::ETIME) => Ok(()),
            Err(source) => Err(broken("waiting in io_uring", source)),
        }
    }

    /// Whether the kernel waits for an `enter` before it can complete something, or has queued submissions of ours.
    #[inline]
    pub(super) fn wants_enter(&mut self) -> bool {
        let submissions = self.ring.submission();
        submissions.taskrun() || submissions.cq_overflow() || !submissions.is_empty()
    }

    #[inline]
    pub(super) fn submissions(&mut self) -> SubmissionQueue<'_> {
        self.ring.submission()
    }

    #[inline]
    pub(super) fn completions(&mut self) -> CompletionQueue<'_> {
        self.ring.completion()
    }

    pub(super) const fn ring(&self) -> &IoUring {
        &self.ring
    }

    /// Withdraws everything that is in the kernel, handing each completion (its tag and whether it is the last of its
    /// request) to `completed`, which says whether that was all. False when it did not come to that, for instance because
    /// another thread owns the ring: then memory that the kernel was given must not be freed.
    pub(super) fn withdraw(&mut self, mut completed: impl FnMut(u64, bool) -> bool) -> bool {
        if !self.started {
            return true;
        }
        let timeout = Timespec::from(WITHDRAW_STEP);
        // What it finds or not, the completions tell.
        let _ = self.ring.submitter().register_sync_cancel(Some(timeout), CancelBuilder::any());
        for _ in 0..WITHDRAW_STEPS {
            let mut all = false;
            for entry in self.ring.completion() {
                all = completed(entry.user_data(), !io_uring::cqueue::more(entry.flags()));
            }
            if all {
                return true;
            }
            if self.enter_and_wait(WITHDRAW_STEP).is_err() {
                return false;
            }
        }
        false
    }
}

/// When the kernel does its half of the work.
#[derive(Clone, Copy)]
enum Work {
    /// In our calls, when we ask for it.
    Deferred,
    /// In our calls, whichever.
    Cooperative,
    /// On a thread of its own.
    Polled,
}

impl std::fmt::Debug for Queue {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Queue").field("started", &self.started).finish_non_exhaustive()
    }
}

pub(super) fn broken(action: &'static str, source: io::Error) -> PortError {
    if source.raw_os_error() == Some(libc::EEXIST) {
        return PortError::Broken {
            action: "using an io_uring port from a second thread (it belongs to the one that used it first)",
            source,
        };
    }
    PortError::Broken { action, source }
}

pub(super) fn unavailable(source: io::Error) -> PortError {
    let remedy = match source.raw_os_error() {
        Some(libc::EPERM | libc::EACCES) => {
            "set /proc/sys/kernel/io_uring_disabled to 0, or allow io_uring in the container's seccomp profile; the socket \
             port works without"
        }
        Some(libc::ENOMEM) => "raise RLIMIT_MEMLOCK (ulimit -l), or ask for fewer buffers",
        Some(libc::EMFILE | libc::ENFILE) => "raise RLIMIT_NOFILE (ulimit -n)",
        _ => "Linux 6.0 or later is needed, and seccomp must allow io_uring; the socket port works without",
    };
    PortError::Unavailable { what: "io_uring", remedy: remedy.into(), source }
}

/// The kernel was interrupted, or is short of something for a moment: the next call goes on.
fn is_momentary(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EINTR | libc::EAGAIN | libc::EBUSY))
}

const WITHDRAW_STEP: Duration = Duration::from_millis(50);
const WITHDRAW_STEPS: usize = 20;
