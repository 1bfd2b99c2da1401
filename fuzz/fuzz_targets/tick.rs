//! See [`fuzz::decoders::tick`].
#![cfg_attr(fuzzing, no_main)]

fuzz::entry!(fuzz::decoders::tick);
