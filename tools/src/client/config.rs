//! Who the client is, whom it talks to, and how much it keeps.

use wire::address::Addr;
use wire::login::{Key, Username};

/// Which reports a client wants that has never been logged in before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReportsFrom {
    /// Those that come after the login.
    Login,
    /// All that the venue still holds.
    Oldest,
    /// Those from this number on, as far as the venue still holds them; it is an error when it does not.
    Sequence(u64),
}

/// Everything fixed about a client.
#[derive(Clone, Debug)]
pub struct ClientConfig {
    /// Name of the configured session.
    pub username: Username,
    /// Its pre-shared key.
    pub key: Key,
    /// The venue's order-entry endpoint.
    pub order_entry: Addr,
    /// The venue's re-request endpoint.
    pub rerequest: Addr,
    /// How many messages may be unanswered; also how many are kept for sending again.
    pub window_messages: usize,
    /// How far ahead of a missing report others are kept instead of being asked for again.
    pub reorder_reports: usize,
    /// Whether the venue cancels the session's orders when it dies.
    pub cancel_on_disconnect: bool,
    /// Where a fresh client's reports begin.
    pub reports_from: ReportsFrom,
    /// How long the first login is tried before the client gives up.
    pub login_patience_ns: u64,
    /// How long a silence after that is borne, login attempts included.
    pub outage_patience_ns: u64,
}

impl ClientConfig {
    /// Usual sizes and patience.
    #[must_use]
    pub const fn new(username: Username, key: Key, order_entry: Addr, rerequest: Addr) -> Self {
        Self {
            username,
            key,
            order_entry,
            rerequest,
            window_messages: 1_024,
            reorder_reports: 8_192,
            cancel_on_disconnect: false,
            reports_from: ReportsFrom::Login,
            login_patience_ns: 10_000_000_000,
            outage_patience_ns: 120_000_000_000,
        }
    }
}
