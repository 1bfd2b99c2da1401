//! feedhandler
