//! The laws of the project that a reviewer should not have to remember.
//!
//! Goal: who may use whom, what the pure part must not touch, where unsafe code stands, what a file looks like. Each law is a function
//! over text, with a test that it holds and a test that it finds a breach. Non-goal: style; rustfmt and clippy keep that.

#[path = "law/dependencies.rs"]
mod dependencies;
#[path = "law/purity.rs"]
mod purity;
#[path = "law/shape.rs"]
mod shape;
#[path = "law/source.rs"]
mod source;
#[path = "law/survival.rs"]
mod survival;
#[path = "law/unsafety.rs"]
mod unsafety;
