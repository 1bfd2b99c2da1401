//! IEX DEEP 1.0 over IEX-TP 1: another venue's price levels, as a normaliser reads them.
//!
//! Goal: every segment and every message of the two specifications (transport 1.26, DEEP 1.08) at its offsets. Non-goal:
//! asking for what is missing, what a message means for a book (see the feed handler). Unlike everything else on a wire here,
//! these fields are little-endian, the byte order of our files; the layouts say `Disk` for that reason alone.
//!
//! The venue may let a message grow at its end and add types without notice, so [`Message::decode`] passes over what it does
//! not know, and codes are kept as the bytes that came.

pub mod deep;
pub mod transport;

pub use deep::Message;
pub use transport::{Segment, SegmentBuilder, SegmentHeader};
