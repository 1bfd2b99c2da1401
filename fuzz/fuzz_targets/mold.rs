//! See [`fuzz::decoders::mold`].
#![cfg_attr(fuzzing, no_main)]

fuzz::entry!(fuzz::decoders::mold);
