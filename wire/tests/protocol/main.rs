//! The layouts against what stands outside the code: docs/protocol.md, captured packets, and arbitrary bytes.

mod captures;
mod document;
mod golden;
mod golden_admin;
mod golden_admin_session;
mod golden_iex;
mod golden_itch;
mod golden_ouch;
mod golden_soup;
mod properties;
mod vectors;
