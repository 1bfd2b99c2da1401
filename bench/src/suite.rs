//! The measurements, one a file.

pub mod core;
pub mod journal;
pub mod rings;
