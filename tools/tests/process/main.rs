//! The real `pinion` program from outside: processes, signals, sockets, files.
//!
//! Goal: what an operator and a client at the other end of a wire may rely on. Non-goal: the rules of the book, the bytes of the
//! protocol; those have tests without processes. Traffic stays on the loopback interface, or in namespaces
//! that the program makes.

mod added;
mod asked;
mod by_hand;
mod capture;
mod captured;
mod command_line;
mod counting;
mod crashes;
mod cut;
mod demo;
mod depth_book;
mod example_client;
mod export;
mod faults;
mod full_flow;
mod held;
mod journal_dump;
mod kills;
mod lifecycle;
mod listening;
mod loop_disk;
mod manual;
mod media;
mod mounts;
mod noise;
mod normalized;
mod operators;
mod operators_wire;
mod ordinary_user;
mod package;
mod past;
mod pcap;
mod ports;
mod power;
mod power_disk;
mod power_server;
mod process;
mod recording;
mod refusals;
mod relay;
mod rubbish;
mod service;
mod shipped;
mod shipped_config;
mod site;
mod stats;
mod steady;
mod subscribers;
#[path = "../terminal/screen.rs"]
mod terminal;
mod topologies;
mod trader;
mod versions;
mod views;
mod watching;
