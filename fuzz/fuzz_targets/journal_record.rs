//! See [`fuzz::decoders::journal_record`].
#![cfg_attr(fuzzing, no_main)]

fuzz::entry!(fuzz::decoders::journal_record);
