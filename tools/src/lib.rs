//! What the `pinion` command is made of, as a library: the client side of order entry and the subcommands built on it.
//!
//! | to | use |
//! |---|---|
//! | log in, send orders, receive reports | [`client`]; with sockets, [`client::connection`] |
//! | send a recorded order flow to a running appliance | [`replay`] |
//! | trade by hand | [`hand`], [`send`], [`trade`] |
//! | follow the tick channel | [`listen`] |
//! | turn other venues' market data into ticks | [`normalize`] |
//! | run the appliance | [`run`] |
//! | administer one that runs | [`admin`] |
//! | see all of it at once, with proof | [`demo`] |
//! | hold the exchange against plain-text scenarios | [`scenario`] |
//! | check or print a journal | [`journal`] |
//! | see what happened in the last hours | [`view`] |
//! | live through whole days of faults on one thread, from a seed | [`sim`] |
//! | see how an appliance does, and why | [`stats`] |
//! | be told when something is wrong, find out what | [`alerts`], [`watch`], [`doctor`]; what was said: [`log`] |
//! | prepare the machine | [`host`] |
//! | complete the command line, print its manual, tell its version | [`completions`], [`man`], [`version`] |
#![forbid(unsafe_code)]

pub mod admin;
pub mod alerts;
pub mod cells;
pub mod client;
pub mod completions;
pub mod demo;
pub mod doctor;
pub mod hand;
pub mod host;
pub mod journal;
pub mod json;
pub mod listen;
pub mod log;
pub mod man;
pub mod normalize;
pub mod options;
pub mod recover;
pub mod recovering;
pub mod replay;
pub mod run;
pub mod scenario;
pub mod send;
pub mod sim;
pub mod stats;
pub mod symbols;
mod table;
pub mod tell;
pub mod terminal;
pub mod trade;
pub mod version;
pub mod view;
pub mod watch;
mod when;
