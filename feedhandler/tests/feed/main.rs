//! The feed half: packets in, each message once, depth out.

mod arbitration;
mod books;
mod depth;
mod handler;
mod packets;
mod simulation;
mod venue_model;
