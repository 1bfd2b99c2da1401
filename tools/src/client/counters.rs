//! What a client counts.

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// Counts since the client was made; all only grow.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct ClientCounters {
            $($(#[$doc])* pub $name: u64,)*
        }

        impl ClientCounters {
            /// Name and value of each counter, in a fixed order.
            pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> {
                [$((stringify!($name), self.$name),)*].into_iter()
            }
        }
    };
}

counters! {
    /// Messages sent for the first time.
    messages_sent,
    /// Messages sent again.
    messages_resent,
    /// Packets that carried them.
    packets_sent,
    /// Messages answered.
    answered,
    /// Reports delivered, each once.
    reports,
    /// Reports that had been delivered or kept before.
    duplicates,
    /// Reports that came early and were kept.
    early,
    /// Reports that came too early to be kept.
    dropped,
    /// Times that a hole in the reports showed itself.
    gaps,
    /// Requests for missed reports sent.
    requests_sent,
    /// Requests for missed messages received.
    requests_received,
    /// Heartbeats sent, those that look for a lost tail included.
    heartbeats_sent,
    /// Heartbeats received.
    heartbeats_received,
    /// Logins that succeeded.
    logins,
    /// Datagrams from elsewhere, of another session, or that cannot be read.
    ignored,
}
