//! engine
pub mod book;
pub mod limits;
pub mod twin;
