//! Alerts and `pinion doctor`: each rule by a case that sets it off, hooks against real processes and a bad server, findings from made-up
//! machines.

mod doctor;
mod hooks;
#[path = "../host/machine.rs"]
#[allow(dead_code)]
mod machine;
#[path = "../stats/made.rs"]
#[allow(dead_code)]
mod made;
mod pages;
mod rules;
