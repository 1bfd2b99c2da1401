//! See [`fuzz::decoders::admin`].
#![cfg_attr(fuzzing, no_main)]

fuzz::entry!(fuzz::decoders::admin);
