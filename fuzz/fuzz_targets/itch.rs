//! See [`fuzz::decoders::itch`].
#![cfg_attr(fuzzing, no_main)]

fuzz::entry!(fuzz::decoders::itch);
