//! Why a client cannot go on.

use wire::DecodeError;
use wire::address::Addr;
use wire::login::LoginRejectReason;

/// The session is over for this client. Nothing that was acknowledged is in doubt; see each variant for what is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClientError {
    /// Correct the name, the key, or try later.
    #[error("login refused: {}", explain(*.0))]
    LoginRefused(LoginRejectReason),
    /// Check address and port, and whether the appliance runs.
    #[error("expected an answer from {address}, heard nothing for {waited_ms} ms; is the appliance running there?")]
    Unreachable {
        /// Whom the client tried to reach.
        address: Addr,
        /// For how long.
        waited_ms: u64,
    },
    /// The venue goes on before what it had acknowledged: its journal was lost or replaced. Reconcile by hand.
    #[error(
        "the venue lost state: it expects message {found} next, but has acknowledged all below {expected}; \
         was its journal removed or replaced?"
    )]
    MessagesForgotten {
        /// The oldest message that may still be asked for.
        expected: u64,
        /// What the venue asks for.
        found: u64,
    },
    /// The venue's next report has a number that was seen before: its journal was lost or replaced. Reconcile by hand.
    #[error(
        "the venue lost state: its next report is {found}, but reports below {expected} were received; \
         was its journal removed or replaced?"
    )]
    ReportsForgotten {
        /// One past the highest report received.
        expected: u64,
        /// The venue's next.
        found: u64,
    },
    /// Reports are gone for good: the venue keeps a limited number. Reconcile, or raise `session_store_messages`.
    #[error("reports {expected} to {} are lost: the venue no longer holds them; it keeps those from {found} on", .found - 1)]
    ReportsGone {
        /// The next report wanted.
        expected: u64,
        /// The oldest that can be had.
        found: u64,
    },
    /// Somebody else used the same login meanwhile. Give each client a login of its own.
    #[error(
        "the venue has messages of this session up to {found}, this client has sent none from {expected} on; \
         is the login used elsewhere?"
    )]
    LoginShared {
        /// The next that this client would send.
        expected: u64,
        /// What the venue asks for.
        found: u64,
    },
    /// The venue speaks another protocol version.
    #[error("report {sequence} cannot be read: {error}")]
    Unreadable {
        /// Its number.
        sequence: u64,
        /// What is wrong with it.
        error: DecodeError,
    },
}

const fn explain(reason: LoginRejectReason) -> &'static str {
    match reason {
        LoginRejectReason::NotAuthorized => {
            "expected a configured user and its key, found an unknown user or another key; check user and key"
        }
        LoginRejectReason::StaleCookie => "the challenge was too old; try again",
        LoginRejectReason::Superseded => "a newer login of the same user stands; use one client for a login",
        LoginRejectReason::Capacity => "the venue takes no logins now; try again later",
    }
}
