//! The engine: what Pinion decides, and the machine around it.
//!
//! The pure part is a function from commands to events; it uses `wire` only and knows no files, sockets, threads or clocks. The machine
//! part gives it time, packets and a journal. docs/architecture.md tells how they meet; `tests/law.rs` keeps them apart.

// The pure part.
pub mod book;
pub mod command;
pub mod depth;
pub mod exchange;
pub mod gateway;
pub mod image;
pub mod instrument;
pub mod limits;
pub mod mark;
pub mod market_event;
pub mod milestone;
pub mod record;
pub mod rules;
pub mod session;
pub mod sink;
pub mod store;
pub mod twin;
pub mod venue;

// The machine part.
pub mod answering;
pub mod appliance;
pub mod config;
pub mod counters;
pub mod entropy;
pub mod footprint;
pub mod glimpse;
pub mod ground;
pub mod journal;
pub mod link;
pub mod log;
pub mod messages;
pub mod meter;
pub mod past;
pub mod progress;
pub mod recovery;
pub mod rerequest;
pub mod retention;
pub mod snapshot;
pub mod tile;
pub mod told;
pub mod trace;
pub mod views;
