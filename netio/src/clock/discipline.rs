//! Whether somebody keeps the system's clock right, as the kernel says.
// Why unsafe: adjtimex, which no safe binding offers.
#![allow(unsafe_code)]

use std::io;
use std::mem::MaybeUninit;

/// What the kernel says of its clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Discipline {
    /// Somebody (chronyd, ntpd, ptp4l) steers it.
    pub is_synchronized: bool,
    /// How far it may be off, µs, as that somebody estimates.
    pub error_us: u64,
}

/// Asks; changes nothing.
///
/// # Errors
/// The kernel does not let this process ask.
pub fn discipline() -> io::Result<Discipline> {
    let zeroed = MaybeUninit::<libc::timex>::zeroed();
    // SAFETY: a structure of numbers, for which zeros are values; no mode set means to read.
    let mut timex = unsafe { zeroed.assume_init() };
    // SAFETY: it points to a whole structure of this process that nobody else uses meanwhile.
    let state = unsafe { libc::adjtimex(&raw mut timex) };
    if state < 0 {
        return Err(io::Error::last_os_error());
    }
    let is_synchronized = timex.status & libc::STA_UNSYNC == 0;
    Ok(Discipline { is_synchronized, error_us: u64::try_from(timex.esterror).unwrap_or(0) })
}
