//! The kernel's side of the steering program: map, program, attachment, each a descriptor that goes with its process.
//!
//! The attachment is a link, not a setting of the interface: when the descriptor is closed, by us or by the kernel after a
//! crash, the program is off the interface again.
// Why unsafe: bpf(2) takes structures by pointer, and pointers inside them.
#![allow(unsafe_code)]

use std::ffi::CStr;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::thread;

use super::assembler::Instruction;

/// How the program is hooked into the way of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hook {
    /// In the driver, before the kernel makes a packet of it.
    Native,
    /// After that, on every interface.
    Generic,
}

/// A map from receive queues to AF_XDP sockets.
pub(super) fn create_sockets_map(queues: u32) -> io::Result<OwnedFd> {
    let attributes = MapCreate {
        map_type: MAP_TYPE_XSKMAP,
        key_size: 4,
        value_size: 4,
        max_entries: queues,
        map_flags: 0,
        inner_map_fd: 0,
        numa_node: 0,
        name: NAME,
    };
    // SAFETY: the structure has no pointers.
    descriptor(unsafe { call(COMMAND_MAP_CREATE, &attributes) })
}

/// Puts a socket into the map.
pub(super) fn set_socket(map: &OwnedFd, queue: u32, socket: &OwnedFd) -> io::Result<()> {
    let value = socket.as_raw_fd();
    let attributes = MapUpdate {
        map: map.as_raw_fd(),
        padding: 0,
        key: std::ptr::from_ref(&queue) as u64,
        value: std::ptr::from_ref(&value) as u64,
        flags: 0,
    };
    // SAFETY: key and value are as long as the map was told, and live until the call returns.
    unsafe { call(COMMAND_MAP_UPDATE, &attributes) }.map(drop)
}

/// Has the kernel check and take a program. When it refuses, the error holds what its verifier said.
pub(super) fn load(program: &[Instruction]) -> io::Result<OwnedFd> {
    match load_with(program, &mut []) {
        Err(error) if matches!(error.raw_os_error(), Some(libc::EACCES | libc::EINVAL)) => {
            let mut log = vec![0; LOG_BYTES];
            match load_with(program, &mut log) {
                Ok(loaded) => Ok(loaded),
                Err(again) => {
                    let said = CStr::from_bytes_until_nul(&log).unwrap_or_default().to_string_lossy();
                    let last = said.lines().rev().find(|line| !line.is_empty() && !line.starts_with("processed"));
                    let last = last.map(str::to_owned);
                    Err(last.map_or(error, |line| io::Error::new(again.kind(), format!("{again} ({line})"))))
                }
            }
        }
        other => other,
    }
}

fn load_with(program: &[Instruction], log: &mut [u8]) -> io::Result<OwnedFd> {
    let attributes = ProgramLoad {
        program_type: PROGRAM_TYPE_XDP,
        instruction_count: u32::try_from(program.len()).unwrap_or(u32::MAX),
        instructions: program.as_ptr() as u64,
        license: LICENSE.as_ptr() as u64,
        log_level: u32::from(!log.is_empty()),
        log_size: u32::try_from(log.len()).unwrap_or(u32::MAX),
        log: if log.is_empty() { 0 } else { log.as_mut_ptr() as u64 },
        kernel_version: 0,
        flags: 0,
        name: NAME,
        interface: 0,
        attach_type: ATTACH_TYPE_XDP,
    };
    let mut tries = 0;
    loop {
        tries += 1;
        // SAFETY: instructions, license and log live until the call returns and are as long as is said.
        match descriptor(unsafe { call(COMMAND_PROGRAM_LOAD, &attributes) }) {
            // The kernel stops looking at a program when anything is to be told to this thread meanwhile.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock && tries < LOAD_TRIES => thread::yield_now(),
            other => return other,
        }
    }
}

/// How often a program is offered that the kernel did not look at to its end.
const LOAD_TRIES: u32 = 64;

/// Lets an interface run a program for as long as the result lives.
pub(super) fn attach(program: &OwnedFd, interface: u32, hook: Hook) -> io::Result<Attached> {
    let attributes = LinkCreate {
        program: program.as_raw_fd(),
        interface,
        attach_type: ATTACH_TYPE_XDP,
        flags: match hook {
            Hook::Native => FLAG_DRIVER_MODE,
            Hook::Generic => FLAG_SKB_MODE,
        },
    };
    // SAFETY: the structure has no pointers.
    descriptor(unsafe { call(COMMAND_LINK_CREATE, &attributes) }).map(Attached)
}

/// A program on an interface.
#[derive(Debug)]
pub(super) struct Attached(OwnedFd);

impl Drop for Attached {
    fn drop(&mut self) {
        // Closing the descriptor detaches, too, but somewhat later; who opens the interface again must not meet us.
        let attributes = LinkDetach { link: self.0.as_raw_fd() };
        // SAFETY: the structure has no pointers.
        let _ = unsafe { call(COMMAND_LINK_DETACH, &attributes) };
    }
}

/// The name of a program, for people.
pub(super) fn program_name(id: u32) -> io::Result<String> {
    let by_id = ById { id, next_id: 0, open_flags: 0 };
    // SAFETY: the structure has no pointers.
    let program = descriptor(unsafe { call(COMMAND_PROGRAM_BY_ID, &by_id) })?;
    let mut info = [0_u8; INFO_BYTES];
    let length = u32::try_from(info.len()).unwrap_or(0);
    let attributes = InfoByFd { descriptor: program.as_raw_fd(), length, info: info.as_mut_ptr() as u64 };
    // SAFETY: the kernel writes at most as many bytes as is said, into memory that lives until the call returns. Zeros
    // tell it that none of the lists it could copy is asked for.
    unsafe { call(COMMAND_INFO_BY_FD, &attributes) }?;
    let name = info.get(INFO_NAME_AT..INFO_NAME_AT + NAME.len()).unwrap_or_default();
    let end = name.iter().position(|byte| *byte == 0).unwrap_or(name.len());
    Ok(String::from_utf8_lossy(&name[..end]).into_owned())
}

/// # Safety
///
/// `attributes` is what this command takes: its addresses lead to memory of the length it says.
unsafe fn call<T>(command: libc::c_int, attributes: &T) -> io::Result<RawFd> {
    // SAFETY: the pointer and the length describe `attributes`, which is right for the command by the caller's promise.
    let result = unsafe { libc::syscall(libc::SYS_bpf, command, std::ptr::from_ref(attributes), size_of::<T>()) };
    match RawFd::try_from(result) {
        Ok(result) if result >= 0 => Ok(result),
        _ => Err(io::Error::last_os_error()),
    }
}

fn descriptor(result: io::Result<RawFd>) -> io::Result<OwnedFd> {
    // SAFETY: the kernel has just made it for us.
    result.map(|fd| unsafe { OwnedFd::from_raw_fd(fd) })
}

// The members of `union bpf_attr` that we use, each as far as we use it; the kernel takes the rest for zero.

#[repr(C)]
struct MapCreate {
    map_type: u32,
    key_size: u32,
    value_size: u32,
    max_entries: u32,
    map_flags: u32,
    inner_map_fd: u32,
    numa_node: u32,
    name: [u8; 16],
}

#[repr(C)]
struct MapUpdate {
    map: RawFd,
    padding: u32,
    key: u64,
    value: u64,
    flags: u64,
}

#[repr(C)]
struct ProgramLoad {
    program_type: u32,
    instruction_count: u32,
    instructions: u64,
    license: u64,
    log_level: u32,
    log_size: u32,
    log: u64,
    kernel_version: u32,
    flags: u32,
    name: [u8; 16],
    interface: u32,
    attach_type: u32,
}

#[repr(C)]
struct LinkCreate {
    program: RawFd,
    interface: u32,
    attach_type: u32,
    flags: u32,
}

#[repr(C)]
struct LinkDetach {
    link: RawFd,
}

#[repr(C)]
struct ById {
    id: u32,
    next_id: u32,
    open_flags: u32,
}

#[repr(C)]
struct InfoByFd {
    descriptor: RawFd,
    length: u32,
    info: u64,
}

const _: () = assert!(size_of::<ProgramLoad>() == 72 && size_of::<MapUpdate>() == 32);

/// What `bpftool` and `ip link` call the program.
const NAME: [u8; 16] = *b"pinion_steer\0\0\0\0";
const LICENSE: &CStr = c"Apache-2.0";
const LOG_BYTES: usize = 64 << 10;
/// Where `struct bpf_prog_info` has the name, and as much of it as we want.
const INFO_NAME_AT: usize = 64;
const INFO_BYTES: usize = 128;

const COMMAND_MAP_CREATE: libc::c_int = 0;
const COMMAND_MAP_UPDATE: libc::c_int = 2;
const COMMAND_PROGRAM_LOAD: libc::c_int = 5;
const COMMAND_PROGRAM_BY_ID: libc::c_int = 13;
const COMMAND_INFO_BY_FD: libc::c_int = 15;
const COMMAND_LINK_CREATE: libc::c_int = 28;
const COMMAND_LINK_DETACH: libc::c_int = 34;
const MAP_TYPE_XSKMAP: u32 = 17;
const PROGRAM_TYPE_XDP: u32 = 6;
const ATTACH_TYPE_XDP: u32 = 37;
const FLAG_SKB_MODE: u32 = 1 << 1;
const FLAG_DRIVER_MODE: u32 = 1 << 2;
