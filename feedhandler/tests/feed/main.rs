//! The feed half: packets in, each message once, depth out.

mod arbitration;
mod depth;
mod packets;
