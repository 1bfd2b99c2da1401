//! Snapshots for subscribers: the present state of one stream, and where the stream goes on from it.
//!
//! Goal: who comes late, or has lost more than is worth asking for, stands right in one round trip; matching knows nothing of it, and the
//! follower that makes the image waits for no socket. Non-goal: history; see [`crate::rerequest`].
//!
//! ```text
//!   connection ─► [Desk]: is there an image that is new enough? ─► sent, shared by all who came in its time
//!                    │ wanted                     ▲
//!                    ▼                            │
//!   follower, between two turns ─► [Imager] ─► Image: SoupBinTCP packets, ready to be sent
//! ```
//!
//! What the messages are: `docs/protocol.md`, "Snapshot".

mod connection;
mod desk;
mod image;
mod server;

pub use desk::{Desk, Imager};
pub use image::Image;
pub use server::{GlimpseCounts, GlimpseOptions, GlimpseThread, GlimpseWatch};
