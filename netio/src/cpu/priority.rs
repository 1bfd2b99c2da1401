//! How much a thread counts against others on the same core.
//!
//! Goal: one call, for threads whose work can wait. Non-goal: real-time classes.
// The standard library knows no priorities, and no binding that we have is safe.
#![allow(unsafe_code)]

use std::io;

/// What a thread that yields to others gets where they leave nothing over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Share {
    /// About a tenth of a core: for work that must keep up.
    Tenth,
    /// The least that the scheduler gives, about a seventieth: for work that can wait for ever.
    Least,
}

/// From now on the current thread gets what others on its core leave over, and this share where they leave nothing.
///
/// # Errors
/// The kernel refuses.
pub fn yield_to_others(share: Share) -> io::Result<()> {
    let nice = match share {
        Share::Tenth => 10,
        Share::Least => 19,
    };
    // SAFETY: the call takes numbers alone. Zero is the calling thread: on Linux a priority is a thread's, whatever the name says.
    match unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, nice) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nice() -> i64 {
        let stat = std::fs::read_to_string("/proc/thread-self/stat").expect("this is Linux");
        // Behind the name, which may hold anything, in parentheses: the 17th field.
        let mut fields = stat.rsplit(')').next().expect("a name").split_whitespace();
        fields.nth(16).and_then(|field| field.parse().ok()).expect("a number")
    }

    #[test]
    fn it_is_this_thread_that_yields_and_no_other() {
        let before = nice();
        std::thread::spawn(|| {
            yield_to_others(Share::Least).expect("allowed to anybody");
            assert_eq!(nice(), 19);
        })
        .join()
        .expect("no panic");
        assert_eq!(nice(), before);
    }
}
