//! The measurements, one a file.

pub mod book;
pub mod core;
pub mod counting;
pub mod depths;
pub mod feed;
pub mod instructions;
pub mod instruments;
pub mod journal;
pub mod operators;
pub mod pipeline;
pub mod recovery;
pub mod rings;
pub mod snapshot;
pub mod wire;
pub mod workloads;
