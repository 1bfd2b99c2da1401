//! The administration session: operators log in over TCP, give commands and look.
//!
//! Goal: only who has an operator's key is heard, and only within its role; a command is answered once, when it is durable; matching waits
//! for nobody here. Non-goal: what a command does; that is the exchange's business.
//!
//! ```text
//!   TCP ─► [Conversation] ─► role? ─► [Desk] ─► link ─► matching tile ─► journal
//!              ▲                         ▲                    │
//!              │   rows                  └── durable? ◄─ link ┘
//!          [Seen] ◄── [Observer], on the follower's thread
//! ```
//!
//! What travels: `docs/protocol.md`, "Administration".

mod arrivals;
mod connection;
mod conversation;
mod counts;
mod desk;
pub mod keys;
mod observer;
mod permission;
mod record;
mod server;
mod shared;
mod standing;
mod thread;
pub mod words;

pub use counts::AdminCounts;
pub use desk::OperatorLinks;
pub use observer::Observer;
pub use permission::permits;
pub use server::AdminParts;
pub use standing::{Seen, Standing};
pub use thread::AdminThread;
