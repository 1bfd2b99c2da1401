//! See [`fuzz::decoders::ouch_outbound`].
#![cfg_attr(fuzzing, no_main)]

fuzz::entry!(fuzz::decoders::ouch_outbound);
