//! Trading by hand without processes: the grammar of orders, a seat at a real venue in memory, scripts, and pictures of the screen.

#[path = "../client/venue_port.rs"]
mod venue_port;

mod grammar;
mod pictures;
mod scripts;
mod seats;
