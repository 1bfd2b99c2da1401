//! See [`fuzz::session::session`].
#![cfg_attr(fuzzing, no_main)]

fuzz::entry!(fuzz::session::session);
