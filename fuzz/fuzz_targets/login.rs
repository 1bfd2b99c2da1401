//! See [`fuzz::decoders::login`].
#![cfg_attr(fuzzing, no_main)]

fuzz::entry!(fuzz::decoders::login);
