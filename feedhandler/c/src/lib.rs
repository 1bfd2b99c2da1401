//! The feed handler for C and C++: a static and a shared library, and a header that the build makes (`pinion_feed.h`, beside them).
//!
//! Goal: what [`feedhandler::handler`] does, behind functions that C can call. Non-goal: sockets; the caller has them.

mod abi;
mod values;

pub use abi::*;
pub use values::*;
