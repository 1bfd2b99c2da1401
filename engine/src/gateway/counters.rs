//! What the gateway counts; each counter is a question an operator asks.

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// Counts since the start; all only grow.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct GatewayCounters {
            $($(#[$doc])* pub $name: u64,)*
        }

        impl GatewayCounters {
            /// Name and value of each counter, in a fixed order.
            pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> {
                [$((stringify!($name), self.$name),)*].into_iter()
            }
        }
    };
}

counters! {
    /// Datagrams looked at.
    datagrams,
    /// Datagrams that are no MoldUDP64 packet, or whose message blocks do not fit it.
    malformed,
    /// Packets whose token or source address is not that of a living login.
    forged,
    /// Messages handed on to be sequenced.
    messages,
    /// Messages that had been processed before.
    duplicates,
    /// Packets that began beyond the expected message.
    gaps,
    /// Requests for missed client messages sent.
    requests_sent,
    /// Requests for missed reports received.
    requests_received,
    /// Reports sent again on request.
    reports_resent,
    /// Report packets sent.
    packets_sent,
    /// Reports sent for the first time.
    reports_sent,
    /// Heartbeats sent.
    heartbeats_sent,
    /// Challenges sent.
    challenges,
    /// Logins that were proved.
    logins,
    /// Logins that were refused.
    logins_refused,
    /// Sessions that died of silence.
    deaths,
    /// Orderly logouts.
    logouts,
    /// Answers that were dropped because the send link was full; the client asks again.
    replies_dropped,
}
