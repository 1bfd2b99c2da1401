//! See [`fuzz::decoders::journal_segment`].
#![cfg_attr(fuzzing, no_main)]

fuzz::entry!(fuzz::decoders::journal_segment);
