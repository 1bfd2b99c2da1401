//! The kinds of lines, by names that never change.

/// How important a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Somebody must act.
    Error,
    /// Somebody should look.
    Warning,
    /// What happens in ordinary service.
    Info,
    /// For whoever looks for a fault.
    Debug,
}

impl Level {
    /// All, the most important first.
    pub const ALL: [Self; 4] = [Self::Error, Self::Warning, Self::Info, Self::Debug];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Info => "info",
            Self::Debug => "debug",
        }
    }
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $name:literal, $level:ident;)*) => {
        /// What a line is about. A name never changes its meaning; docs/operations.md lists them.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Kind {
            $($(#[$doc])* $kind,)*
        }

        impl Kind {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$kind,)*];

            /// Its name.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$kind => $name,)* }
            }

            /// How important its lines are.
            #[must_use]
            pub const fn level(self) -> Level {
                match self { $(Self::$kind => Level::$level,)* }
            }
        }
    };
}

kinds! {
    /// The configuration, or the machine under it, is allowed and hardly meant.
    ConfigWarning = "config_warning", Warning;
    /// Which port was opened.
    Port = "port", Info;
    /// An address is still in use.
    PortWaits = "port_waits", Warning;
    /// What a capture holds.
    Capture = "capture", Info;
    /// How far a recovery is.
    Recovery = "recovery", Info;
    /// What the tables lie on.
    Memory = "memory", Info;
    /// They lie on less than was asked for.
    MemoryWarning = "memory_warning", Warning;
    /// The end of the journal was torn and has been cut.
    JournalCut = "journal_cut", Warning;
    /// The snapshot that the start began from.
    SnapshotUsed = "snapshot_used", Info;
    /// A snapshot could not be used.
    SnapshotPassedOver = "snapshot_passed_over", Warning;
    /// A snapshot could not be written.
    SnapshotFailed = "snapshot_failed", Warning;
    /// It serves: where, and from which command on.
    Serving = "serving", Info;
    /// Where a channel is published.
    Channel = "channel", Info;
    /// Where subscribers ask.
    Subscribers = "subscribers", Info;
    /// The market day has ended.
    MarketClosed = "market_closed", Info;
    /// The journal's disk is nearly full: new orders are rejected.
    DiskLow = "disk_low", Error;
    /// It has room again.
    DiskRoom = "disk_room", Info;
    /// What the keeper of the views tells.
    Views = "views", Warning;
    /// What the servers of subscribers and the message store tell.
    Feed = "feed", Warning;
    /// A segment could not be pruned or archived.
    Retention = "retention", Warning;
    /// A session's login was proved.
    SessionLogin = "session_login", Info;
    /// A session ended in order.
    SessionLogout = "session_logout", Info;
    /// A session died of silence.
    SessionLost = "session_lost", Warning;
    /// An alert fires.
    AlertFiring = "alert_firing", Error;
    /// An alert has resolved.
    AlertResolved = "alert_resolved", Info;
    /// Rules cannot be evaluated, or an alert's hook or webhook failed.
    AlertTrouble = "alert_trouble", Warning;
    /// A thread of tiles has begun.
    ThreadBegan = "thread_began", Debug;
    /// A thread of tiles stood still.
    ThreadStoodStill = "thread_stood_still", Warning;
    /// A tile cannot go on; the appliance stops.
    ThreadFailed = "thread_failed", Error;
    /// How far the journal goes for certain, when the appliance could not go on, and what to do.
    JournalDurable = "journal_durable", Error;
    /// What subscribers were answered, at the end.
    Answered = "answered", Info;
    /// How much each thread had to do, at the end.
    Duty = "duty", Info;
    /// A bug of ours that did no harm.
    Bug = "bug", Warning;
    /// It has stopped in order: where, in what state.
    Stopped = "stopped", Info;
    /// What the service manager cannot be told.
    ServiceManager = "service_manager", Warning;
    /// The file of the log was opened anew.
    LogReopened = "log_reopened", Info;
    /// The log itself: lines left out or lost, a file that cannot be written.
    Log = "log", Warning;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_the_only_ones_and_plain() {
        let mut names: Vec<_> = Kind::ALL.iter().map(|kind| kind.name()).collect();
        assert!(names.iter().all(|name| name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')));
        let before = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), before);
    }
}
