//! See [`fuzz::venues::normalize`].
#![cfg_attr(fuzzing, no_main)]

fuzz::entry!(fuzz::venues::normalize);
