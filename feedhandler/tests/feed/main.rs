//! The feed half: packets in, each message once, depth out.

mod arbitration;
mod books;
mod depth;
mod packets;
