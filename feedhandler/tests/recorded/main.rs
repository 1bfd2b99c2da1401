//! Readers against real recordings.

mod consensus;
mod itch;
mod lobster;
mod naive_matcher;
mod random_bytes;
mod shared_data;
mod workload;
