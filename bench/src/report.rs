//! What was measured, for people: on a screen, on a page with plots, in the README.
//!
//! Goal: all of them say the same, because all are made from a [`crate::run::Run`]. Non-goal: measuring; comparing, see [`crate::compare`].

pub mod glance;
pub mod html;
pub mod plot;
pub mod readme;
pub mod screen;
pub mod shown;
