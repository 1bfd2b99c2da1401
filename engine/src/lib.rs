//! engine
pub mod book;
pub mod limits;
