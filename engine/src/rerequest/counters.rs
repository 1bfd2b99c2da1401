//! What the re-request server counts.

use std::sync::atomic::{AtomicU64, Ordering};

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// Counted by the server's thread, looked at by anybody.
        #[derive(Debug, Default)]
        pub struct RerequestCounters {
            $($(#[$doc])* pub $name: AtomicU64,)*
        }

        /// The counters at one moment.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct RerequestCounts {
            $($(#[$doc])* pub $name: u64,)*
        }

        impl RerequestCounters {
            /// As they stand.
            #[must_use]
            pub fn read(&self) -> RerequestCounts {
                RerequestCounts { $($name: self.$name.load(Ordering::Relaxed),)* }
            }
        }

        impl RerequestCounts {
            /// Each with its name.
            pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> {
                [$((stringify!($name), self.$name),)*].into_iter()
            }
        }
    };
}

counters! {
    /// Requests that were looked at.
    requests,
    /// Packets sent.
    packets,
    /// Messages in them.
    messages,
    /// Bytes sent, with those of IP and UDP.
    bytes,
    /// Packets that only told what comes next.
    heartbeats,
    /// Requests from addresses that had not proved themselves.
    unproved,
    /// Requests for what is not there.
    missing,
    /// Requests beyond the quota of their address.
    over_asker,
    /// Requests beyond the quota of all.
    over_total,
    /// Requests for a session that is no stream of this venue.
    foreign,
    /// Datagrams that were no requests.
    garbage,
    /// Answers that were cut because the socket had no room.
    blocked,
}

impl RerequestCounters {
    pub(super) fn add(&self, which: impl FnOnce(&Self) -> &AtomicU64, amount: u64) {
        // One thread counts.
        let counter = which(self);
        counter.store(counter.load(Ordering::Relaxed).wrapping_add(amount), Ordering::Relaxed);
    }
}
