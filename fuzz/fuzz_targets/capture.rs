//! See [`fuzz::venues::capture`].
#![cfg_attr(fuzzing, no_main)]

fuzz::entry!(fuzz::venues::capture);
