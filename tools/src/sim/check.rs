//! The checkers: each a file, each with a name that a failure is told by.
//!
//! | checker | says |
//! |---|---|
//! | `released` | what left the box is what the journal leads to, was durable by then, and is there after every crash that the durability survives |
//! | `feed` | the tick channel has one content for ever, without a hole; who has heard all of it holds the depth of the books |
//! | `once` | each message of a client was taken once, as it was sent; no order is entered twice, none trades more than it had |
//! | `conserved` | the two sides of each trade agree; bought and sold, paid and received come to nothing |
//! | `replay` | what the appliance came to is what a replay from the first record comes to, live, from a snapshot and after every restart |
//! | `agreed` | a client's orders, as it was told, are those that the venue holds |
//! | `recovery` | the appliance starts after what it has promised to survive, and refuses what was damaged, by name |
//! | `stopped` | after a failed write or sync the appliance stops, and nothing becomes durable any more |
//! | `stored` | what the message store gives is what the journal leads to; after a repair it gives all of it |
//! | `operators` | each command of an operator was done once and answered as it was done; what is locked holds no orders, what is halted does not trade |
//! | `live` | when the troubles are over, everything is answered in time |

pub mod agreed;
pub mod conserved;
pub mod feed;
pub mod live;
pub mod once;
pub mod operators;
pub mod recovery;
pub mod released;
pub mod replay;
pub mod stopped;
pub mod stored;

/// A checker found something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Its name.
    pub checker: &'static str,
    /// In which step.
    pub step: u64,
    /// What is wrong.
    pub what: String,
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} in step {}: {}", self.checker, self.step, self.what)
    }
}

/// What a checker says of one matter; the step is added by who asks.
pub type Verdict = Result<(), (&'static str, String)>;

/// A verdict of the checker of this name.
fn fail<T>(checker: &'static str, what: impl Into<String>) -> Result<T, (&'static str, String)> {
    Err((checker, what.into()))
}
