//! The part of DPDK's C interface that `netio` uses, generated from the installed headers, and a shim for what these hold
//! as inline functions (`shim/shim.h` describes it).
//!
//! Without the feature `dpdk` there is nothing in it. Non-goals: safety, comfort, the rest of DPDK.
#![cfg(feature = "dpdk")]

#[allow(
    dead_code,
    missing_docs,
    non_camel_case_types,
    non_snake_case,
    non_upper_case_globals,
    unnecessary_transmutes,
    clippy::all,
    reason = "written by bindgen, named as in C"
)]
mod bindings {
    include!(concat!(env!("OUT_DIR"), "/bindings.rs"));
}

pub use bindings::*;
