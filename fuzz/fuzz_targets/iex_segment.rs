//! See [`fuzz::venues::iex_segment`].
#![cfg_attr(fuzzing, no_main)]

fuzz::entry!(fuzz::venues::iex_segment);
