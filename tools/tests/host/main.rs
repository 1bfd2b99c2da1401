//! `pinion host` on machines that are made up from files, and what does no harm on the real one.

mod machine;
mod network;
mod real;
mod stages;
