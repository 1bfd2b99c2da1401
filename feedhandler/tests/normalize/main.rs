//! The normaliser over real and made-up input: captures, whole files, two bad lines.

mod captures;
mod frames;
mod iex;
mod itch_sample;
mod lines;
mod lobster;
mod messages;
mod rerequests;
#[path = "../recorded/shared_data.rs"]
mod shared_data;
