//! The feed half: packets in, each message once, depth out.

mod arbitration;
mod bench;
mod books;
mod depth;
mod handler;
mod network;
mod packets;
mod repairs;
mod simulation;
mod venue_model;
