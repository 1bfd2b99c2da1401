//! See [`fuzz::decoders::ouch_inbound`].
#![cfg_attr(fuzzing, no_main)]

fuzz::entry!(fuzz::decoders::ouch_inbound);
