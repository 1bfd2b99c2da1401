//! See [`fuzz::venues::iex_message`].
#![cfg_attr(fuzzing, no_main)]

fuzz::entry!(fuzz::venues::iex_message);
