//! See [`fuzz::decoders::ouch_options`].
#![cfg_attr(fuzzing, no_main)]

fuzz::entry!(fuzz::decoders::ouch_options);
