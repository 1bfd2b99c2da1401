//! Identifiers as newtypes, so that one cannot be passed where another is meant.

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $repr:ty) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(transparent)]
        pub struct $name(pub $repr);

        impl $name {
            /// The bare number, for encoding and arithmetic at the edges.
            #[must_use]
            pub const fn get(self) -> $repr {
                self.0
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                core::fmt::Display::fmt(&self.0, f)
            }
        }

        impl From<$repr> for $name {
            fn from(value: $repr) -> Self {
                Self(value)
            }
        }
    };
}

id!(
    /// Position of a command in the one order that the exchange processes; the first command is 1.
    Seq,
    u64
);
id!(
    /// Venue-wide number of an order, assigned at acceptance, strictly increasing (OUCH "Order Reference Number").
    OrderRef,
    u64
);
id!(
    /// The client's own number of an order (OUCH 5.0 §1.2): strictly increasing within a session.
    UserRefNum,
    u32
);
id!(
    /// Number of a trade, shared by its two executions (OUCH "Match Number").
    MatchNumber,
    u64
);
id!(
    /// A firm: the unit of self-match prevention.
    MemberId,
    u16
);
id!(
    /// Position of a configured session (a login) in the session table.
    SessionIndex,
    u16
);
id!(
    /// Position of an instrument in the instrument table; on the tick channel this number is the `symbol_id`.
    InstrumentIndex,
    u32
);
