//! `pinion journal` as a program: a whole journal, a torn one, a damaged one, a forged one, and what is no journal.

mod anchors;
mod dump;
mod verify;
mod written;
