//! A thread that stands still, as one does on a core that somebody else has taken.

use netio::lab::excuse;
use std::fs;
use std::io::Read;
use std::process::{Child, Command, Stdio};

/// Holds one thread of a process and nothing else, as a debugger does, until it is dropped.
pub struct Held(Child);

impl Held {
    /// `None`, and told, where this is not allowed.
    pub fn thread(pid: u32, name: &str) -> Option<Self> {
        let tasks = fs::read_dir(format!("/proc/{pid}/task")).expect("it runs").flatten();
        let mut named =
            tasks.filter(|task| fs::read_to_string(task.path().join("comm")).is_ok_and(|comm| comm.trim() == name));
        let task = named.next().unwrap_or_else(|| panic!("no thread {name}")).file_name();
        // PTRACE_SEIZE and PTRACE_INTERRUPT, which stop this thread alone and leave no signal behind; then until its stdin ends.
        let script = "import ctypes,sys; libc=ctypes.CDLL(None,use_errno=True); tid=int(sys.argv[1]); \
                      r=libc.ptrace(0x4206,tid,0,0) or libc.ptrace(0x4207,tid,0,0); \
                      print(ctypes.get_errno() if r else 'held',flush=True); sys.stdin.read()";
        let mut command = Command::new("python3");
        command.args(["-c", script]).arg(task).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("python3 is there");
        let mut said = [0; 5];
        child.stdout.as_mut().expect("piped").read_exact(&mut said[..3]).expect("a word");
        if said.starts_with(b"hel") {
            return Some(Self(child));
        }
        let _ = child.kill();
        let _ = child.wait();
        excuse("a tile that stands still", &"ptrace is refused");
        None
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // Whoever holds a thread lets go of it when it ends.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
