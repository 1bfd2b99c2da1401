//! What a veth pair leaves undone because a card would do it.
// Why unsafe: an ioctl, for which there is no safe binding.
#![allow(unsafe_code)]

use std::ffi::c_void;
use std::io;
use std::os::fd::AsRawFd;

use nix::sys::socket::{AddressFamily, SockFlag, SockType, socket};

/// Lets the kernel write the checksums of what leaves through this device. Without that a frame carries part of one,
/// which is enough for a kernel at the other end and for nobody else.
pub(super) fn checksums_off(device: &str) -> io::Result<()> {
    let fd = socket(AddressFamily::Inet, SockType::Datagram, SockFlag::SOCK_CLOEXEC, None)?;
    let mut value = EthtoolValue { command: ETHTOOL_STXCSUM, data: 0 };
    let mut request = Request { name: [0; libc::IFNAMSIZ], data: (&raw mut value).cast(), padding: [0; 16] };
    let name = device.as_bytes();
    if name.len() >= request.name.len() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    request.name[..name.len()].copy_from_slice(name);
    // SAFETY: the request names a device by a string that ends in zero and points to a value of the form that this command
    // reads; both live until the call returns. The request is at least as long as the kernel's.
    let result = unsafe { libc::ioctl(fd.as_raw_fd(), SIOCETHTOOL, &raw mut request) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// The kernel's `struct ifreq`, with the pointer of its union.
#[repr(C)]
struct Request {
    name: [u8; libc::IFNAMSIZ],
    data: *mut c_void,
    padding: [u8; 16],
}

const _: () = assert!(size_of::<Request>() >= size_of::<libc::ifreq>());

/// The kernel's `struct ethtool_value`.
#[repr(C)]
struct EthtoolValue {
    command: u32,
    data: u32,
}

const SIOCETHTOOL: libc::Ioctl = 0x8946;
const ETHTOOL_STXCSUM: u32 = 0x17;
