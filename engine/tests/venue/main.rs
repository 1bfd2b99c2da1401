//! The venue from outside: packets and time in; packets, ticks and journal out.
#![allow(missing_docs, clippy::cast_possible_truncation)]

mod asking;
mod closing;
mod harness;
mod image;
mod login;
mod numbering;
mod operators;
mod release;
mod rubbish;
mod settings;
mod stops;
mod trading;
