//! The client side of order entry against the real venue, without sockets: recorded flow in, the published answer out.

mod flow;
mod venue_port;
