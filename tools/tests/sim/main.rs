//! The simulator: what it finds, that it finds it again, and that there is nothing to be found.

mod canaries;
mod command;
mod seeds;
