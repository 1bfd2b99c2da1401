//! What a process says when a page of its mapped journal cannot be had.
//!
//! A store into a mapped file has no return value. When the kernel cannot get the page, or may not make it writable any more (the disk has
//! failed, is full and copies on write, became read-only; somebody cut the file short), the thread that stored gets SIGBUS, and the process
//! would end without a word.
//!
//! Goal: it ends at once, with the reason, how far the journal is durable, and what to do. Non-goal: going on; the store did not happen, and
//! nothing that depends on it may leave.
// A signal handler is given a pointer, and may call almost nothing; both cannot be had without unsafe code.
#![allow(unsafe_code)]

use std::io::{self, Write};
use std::path::Path;
use std::sync::OnceLock;

use nix::libc::{_exit, BUS_MCEERR_AO, BUS_MCEERR_AR, c_int, c_void, siginfo_t};
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};

use super::{Durability, Watch};

/// The exit status, that of every other failure.
const STATUS: c_int = 1;
/// Where the text for the operator is put together; long enough for every path that the kernel takes.
const TEXT_LEN: usize = 8_192;

/// What is said; made before anything happens, because a handler must not allocate.
struct Text {
    before: String,
    after: String,
}

static TEXT: OnceLock<Text> = OnceLock::new();
static WATCH: OnceLock<Watch> = OnceLock::new();

/// From now on a bus error ends this process with an explanation. For one journal a process; a second call changes nothing.
///
/// # Errors
/// The system refuses the handler.
pub fn explain(dir: &Path, durability: Durability) -> io::Result<()> {
    let dir = dir.display();
    let released = match durability {
        Durability::Synced => "nothing that was not durable has left",
        Durability::Mapped => {
            "everything appended up to then has left, as journal.durability = \"mapped\" allows, and may be lost with the disk's cache"
        }
    };
    let before = format!(
        "pinion: SIGBUS: a page of a mapped file could not be read or made writable. The mapped files are the journal's, in {dir}: its disk \
         failed, is full, or became read-only, or a file was cut short. Stopped at once: "
    );
    let after = format!(
        "{released}. Read the kernel's log, mend the disk, look with `pinion journal verify {dir}`, and start again\n"
    );
    TEXT.get_or_init(|| Text { before, after });
    let flags = SaFlags::SA_SIGINFO | SaFlags::SA_RESETHAND;
    let action = SigAction::new(SigHandler::SigAction(on_bus_error), flags, SigSet::all());
    // SAFETY: `on_bus_error` calls only what a signal handler may: it reads two words that were set before, copies bytes on its own stack,
    // write(2) and _exit(2).
    unsafe { sigaction(Signal::SIGBUS, &action) }.map(|_| ()).map_err(io::Error::from)
}

/// From now on the explanation says how far this journal is durable.
pub fn tell(watch: Watch) {
    let _ = WATCH.set(watch);
}

extern "C" fn on_bus_error(_: c_int, info: *mut siginfo_t, _: *mut c_void) {
    // SAFETY: the kernel gives a handler that was installed with SA_SIGINFO a pointer to a siginfo_t, which lives as long as the call.
    let code = unsafe { info.as_ref() }.map_or(0, |info| info.si_code);
    let mut text = Line { bytes: [0; TEXT_LEN], len: 0 };
    if [BUS_MCEERR_AO, BUS_MCEERR_AR].contains(&code) {
        text.push(b"pinion: SIGBUS: the machine's memory has an error that could not be corrected, see the kernel's log. Stopped at once; ");
    } else if let Some(Text { before, .. }) = TEXT.get() {
        text.push(before.as_bytes());
    }
    if let Some(watch) = WATCH.get() {
        text.push(b"released up to seq ");
        text.push_number(watch.durable_seq().get());
        text.push(b"; ");
    }
    if let Some(Text { after, .. }) = TEXT.get() {
        text.push(after.as_bytes());
    }
    // Not locked and not buffered, unlike what `print` and `eprintln` use.
    let _ = nix::unistd::write(io::stderr(), &text.bytes[..text.len]);
    // SAFETY: ends the process; no destructor and no other thread has a say in it, which is the purpose.
    unsafe { _exit(STATUS) }
}

/// A text on the stack.
struct Line {
    bytes: [u8; TEXT_LEN],
    len: usize,
}

impl Line {
    fn push(&mut self, text: &[u8]) {
        // What does not fit is left out.
        let mut rest = &mut self.bytes[self.len..];
        self.len += rest.write(text).unwrap_or(0);
    }

    fn push_number(&mut self, number: u64) {
        let (mut digits, mut at, mut left) = ([0; 20], 20, number);
        loop {
            at -= 1;
            digits[at] = b"0123456789"[usize::try_from(left % 10).unwrap_or(0)];
            left /= 10;
            if left == 0 {
                break;
            }
        }
        self.push(&digits[at..]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_takes_numbers_and_what_fits() {
        let mut line = Line { bytes: [0; TEXT_LEN], len: 0 };
        line.push(b"seq ");
        for number in [0, 7, 1_234_567_890, u64::MAX] {
            line.push_number(number);
            line.push(b" ");
        }
        assert_eq!(&line.bytes[..line.len], b"seq 0 7 1234567890 18446744073709551615 ");
        line.push(&[b'x'; 2 * TEXT_LEN]);
        assert_eq!(line.len, TEXT_LEN);
    }
}
